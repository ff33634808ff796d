import { objectKey } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { QualifiedName } from "../sql/spec";
import type { Runner } from "./runner";

/** A table on the path of rows: clients insert into it, and views carry the rows on. */
export interface UpstreamTable extends QualifiedName {
  readonly engine: string;
  /** Incremental views that read it. */
  readonly views: readonly QualifiedName[];
}

/** How views use a table. */
export interface ViewsAround {
  /** Incremental views that read it. */
  readonly readers: readonly QualifiedName[];
  /** Tables whose rows reach it through views, entry tables first; the table itself is last. */
  readonly feeders: readonly UpstreamTable[];
  /** Refreshable views that write to it. */
  readonly refreshing: readonly QualifiedName[];
}

export interface Node extends UpstreamTable {
  readonly to: QualifiedName | undefined;
  readonly refreshable: boolean;
}

/** Finds the views that read a table and the tables that feed it, through any number of views in between. */
export async function insertGraphAround(runner: Runner, table: QualifiedName): Promise<ViewsAround> {
  return aroundOf(await loadNodes(runner), table);
}

export function aroundOf(nodes: ReadonlyMap<string, Node>, table: QualifiedName): ViewsAround {
  const own = objectKey(table.database, table.name);
  const feeders: UpstreamTable[] = [];
  const seen = new Set<string>();
  const visit = (key: string, target: QualifiedName): void => {
    if (seen.has(key)) return;
    seen.add(key);
    const node = nodes.get(key);
    // A view may read from another view; its rows come from what that one reads.
    const writers = node?.engine === "MaterializedView" ? [node, ...writersOf(nodes, key)] : writersOf(nodes, key);
    for (const view of writers) {
      for (const source of nodes.values()) {
        if (source.views.some((name) => sameName(name, view))) visit(objectKey(source.database, source.name), source);
      }
    }
    feeders.push({ ...target, engine: node?.engine ?? "", views: node?.views ?? [] });
  };
  visit(own, { database: table.database, name: table.name });
  const refreshing = [...nodes.values()].filter(({ refreshable, to }) => refreshable && to && sameName(to, table));
  return { readers: nodes.get(own)?.views ?? [], feeders, refreshing };
}

/** Keys of the views that the tables pass rows to, and of the tables those write to, transitively. */
export function downstream(nodes: ReadonlyMap<string, Node>, tables: ReadonlySet<string>): Set<string> {
  const found = new Set(tables);
  for (const key of found) {
    const node = nodes.get(key);
    const next = [...(node?.views ?? []), ...(node?.to === undefined || node.refreshable ? [] : [node.to])];
    for (const { database, name } of next) found.add(objectKey(database, name));
  }
  return found;
}

function writersOf(nodes: ReadonlyMap<string, Node>, key: string): Node[] {
  return [...nodes.values()].filter(
    ({ to, refreshable }) => !refreshable && to !== undefined && objectKey(to.database, to.name) === key,
  );
}

function sameName(a: QualifiedName, b: QualifiedName): boolean {
  return a.database === b.database && a.name === b.name;
}

export async function loadNodes(runner: Runner): Promise<Map<string, Node>> {
  const rows = await runner.rows<{
    database: string;
    name: string;
    engine: string;
    databases: string[];
    views: string[];
    statement: string;
  }>(
    "SELECT database, name, engine, dependencies_database AS databases, dependencies_table AS views, " +
      "if(engine = 'MaterializedView', create_table_query, '') AS statement FROM system.tables " +
      "WHERE notEmpty(dependencies_table) OR engine = 'MaterializedView'",
  );
  return new Map(
    rows.map(({ databases, views, statement, ...row }) => {
      const spec = statement === "" ? undefined : parseCreate(statement);
      const view = spec?.kind === "materializedView" ? spec : undefined;
      const dependents = views.map((name, index) => ({ database: databases[index] ?? row.database, name }));
      const node = { ...row, views: dependents, to: view?.to, refreshable: view?.refresh !== undefined };
      return [objectKey(row.database, row.name), node] as const;
    }),
  );
}
