import { objectKey } from "../../sql/object-key";
import { parseCreate } from "../../sql/parse";
import type { QualifiedName } from "../../sql/spec";
import type { Runner } from "./runner";

/** A table in the way of rows: it is inserted into, and views carry the rows on. */
export interface Feeder extends QualifiedName {
  readonly engine: string;
  /** Incremental views that read it. */
  readonly views: readonly QualifiedName[];
}

/** What views do with a table. */
export interface ViewsAround {
  /** Incremental views that read it. */
  readonly readers: readonly QualifiedName[];
  /** Tables whose rows come to it through views, entry tables first; the table itself is last. */
  readonly feeders: readonly Feeder[];
  /** Refreshable views that write to it. */
  readonly refreshing: readonly QualifiedName[];
}

interface Node extends Feeder {
  readonly to: QualifiedName | undefined;
  readonly refreshable: boolean;
}

/** Finds the views that read a table and the tables that feed it, however many views lie between. */
export async function viewsAround(runner: Runner, table: QualifiedName): Promise<ViewsAround> {
  const nodes = await loadNodes(runner);
  const own = objectKey(table.database, table.name);
  const feeders: Feeder[] = [];
  const seen = new Set<string>();
  const visit = (key: string, target: QualifiedName): void => {
    if (seen.has(key)) return;
    seen.add(key);
    const node = nodes.get(key);
    // Views may read from a view; its rows come from where it reads itself.
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

function writersOf(nodes: ReadonlyMap<string, Node>, key: string): Node[] {
  return [...nodes.values()].filter(
    ({ to, refreshable }) => !refreshable && to !== undefined && objectKey(to.database, to.name) === key,
  );
}

function sameName(a: QualifiedName, b: QualifiedName): boolean {
  return a.database === b.database && a.name === b.name;
}

async function loadNodes(runner: Runner): Promise<Map<string, Node>> {
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
