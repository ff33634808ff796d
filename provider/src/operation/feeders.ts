import { keyOf, keyParts, objectKey } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { QualifiedName } from "../sql/spec";
import { JOURNAL_TABLE, readJournals } from "./journal";
import type { Runner } from "./runner";

/** A table on the path of rows: clients insert into it, and views carry the rows on. */
export interface Feeder extends QualifiedName {
  readonly engine: string;
  /** Incremental views that read it. */
  readonly views: readonly QualifiedName[];
}

/** How views use a table. */
export interface ViewsAround {
  /** Incremental views that read it. */
  readonly readers: readonly QualifiedName[];
  /** Tables whose rows reach it through views, entry tables first; the table itself is last. */
  readonly feeders: readonly Feeder[];
  /** Refreshable views that write to it. */
  readonly refreshing: readonly QualifiedName[];
}

interface Node extends Feeder {
  readonly to: QualifiedName | undefined;
  readonly refreshable: boolean;
}

/** Finds the views that read a table and the tables that feed it, through any number of views in between. */
export async function viewsAround(runner: Runner, table: QualifiedName): Promise<ViewsAround> {
  return aroundOf(await loadNodes(runner), table);
}

function aroundOf(nodes: ReadonlyMap<string, Node>, table: QualifiedName): ViewsAround {
  const own = objectKey(table.database, table.name);
  const feeders: Feeder[] = [];
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

/** An unfinished operation of any kind. */
export interface Standing {
  readonly operation: string;
  /** Database whose journal has it. */
  readonly database: string;
  readonly kind: string;
  /** Keys of the objects it replaces, renames or redefines; the key of the database when that is renamed. */
  readonly changes: ReadonlySet<string>;
  /** Keys of the tables that it carries rows to, or that receive rows afterwards. */
  readonly targets: ReadonlySet<string>;
}

/** Journal lines of an operation that is over. A rename writes `finished`, because `done` means that an old table was kept. */
const ENDS = ["done", "finished", "aborted"];

/** Unfinished operations of other runners on the server, whichever database has their journal. */
export async function standing(runner: Runner): Promise<Standing[]> {
  const databases = await runner.rows<{ database: string }>(
    `SELECT database FROM system.tables WHERE name = '${JOURNAL_TABLE}' ORDER BY database`,
  );
  const found: Standing[] = [];
  for (const { database } of databases) {
    for (const [operation, lines] of await readJournals(runner.connection, database)) {
      const plan = lines.get("plan") as JournalPlan | undefined;
      const isOther = operation !== runner.operation && !runner.isEnding(operation);
      if (!isOther || plan === undefined || ENDS.some((key) => lines.has(key))) continue;
      found.push({ operation, database, kind: plan.kind, ...reachOf(plan, lines.get("dependents")) });
    }
  }
  return found;
}

/** What plans of all kinds contain: names, or CREATE statements. */
interface JournalPlan {
  readonly kind: string;
  readonly from: string | Partial<QualifiedName>;
  readonly to: string | Partial<QualifiedName>;
}

function reachOf({ from, to }: JournalPlan, dependents: unknown): Pick<Standing, "changes" | "targets"> {
  const [changes, targets] = [new Set<string>(), new Set<string>()];
  for (const side of [from, to]) {
    if (typeof side !== "string") {
      changes.add(objectKey(side.database ?? "", side.name));
      continue;
    }
    const spec = parseCreate(side);
    changes.add(keyOf(spec));
    if (spec.kind === "materializedView" && spec.to) targets.add(objectKey(spec.to.database, spec.to.name));
  }
  for (const { database, name } of (dependents ?? []) as QualifiedName[]) changes.add(objectKey(database, name));
  return { changes, targets };
}

/**
 * Finds an operation that must end before another one on some objects may begin: it changes one of them or has it as a target, or it
 * changes a table that feeds them. With such a table, an EXCHANGE would remove the other operation's gate, or the gate here would refuse
 * its rows.
 *
 * @param names what is to be changed, including the tables that are written to.
 * @param toViews also finds operations on what the rows go on to: for callers that exchange or rename a table under its views.
 * @param but kinds to ignore.
 */
export async function standingAround(
  runner: Runner,
  names: readonly QualifiedName[],
  { toViews = false, but = [] }: { readonly toViews?: boolean; readonly but?: readonly string[] } = {},
): Promise<Standing | undefined> {
  const others = (await standing(runner)).filter(({ kind }) => !but.includes(kind));
  if (others.length === 0) return undefined;
  const own = new Set(names.map(({ database, name }) => objectKey(database, name)));
  const around = new Set(own);
  const nodes = await loadNodes(runner);
  for (const name of names) {
    for (const feeder of aroundOf(nodes, name).feeders) around.add(objectKey(feeder.database, feeder.name));
  }
  if (toViews) for (const key of behind(nodes, own)) around.add(key);
  const touches = (keys: ReadonlySet<string>, changed: string): boolean =>
    keys.has(changed) || [...keys].some((key) => keyParts(key).database === changed);
  return others.find(
    ({ changes, targets }) =>
      [...changes].some((key) => touches(around, key)) || [...targets].some((key) => own.has(key)),
  );
}

/** Keys of the views that the tables pass rows to, and of the tables those write to, transitively. */
function behind(nodes: ReadonlyMap<string, Node>, tables: ReadonlySet<string>): Set<string> {
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
