import { keyOf, keyParts, objectKey } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { QualifiedName } from "../sql/spec";
import { aroundOf, downstream, loadNodes } from "./insert-graph";
import { databasesWithJournal, readJournals } from "./journal";
import { basePlanOf, isOver } from "./lines";
import type { BasePlan } from "./protocol";
import type { Runner } from "./runner";

/** An unfinished operation of any kind. */
export interface ActiveOperation {
  readonly operation: string;
  /** Database whose journal has it. */
  readonly database: string;
  readonly kind: string;
  /** Keys of the objects it replaces, renames or redefines; the key of the database when that is renamed. */
  readonly changes: ReadonlySet<string>;
  /** Keys of the tables that it carries rows to, or that receive rows afterwards. */
  readonly targets: ReadonlySet<string>;
}

/** Unfinished operations of other runners on the server, whichever database has their journal. */
export async function listActive(runner: Runner): Promise<ActiveOperation[]> {
  const databases = await databasesWithJournal(runner);
  const found: ActiveOperation[] = [];
  for (const database of databases) {
    for (const [operation, lines] of await readJournals(runner.connection, database)) {
      const isOther = operation !== runner.operation && !runner.isEnding(operation);
      if (!isOther || isOver(lines)) continue;
      const plan = basePlanOf(lines);
      const reach = plan === undefined ? wholeDatabase(database) : reachOf(plan, lines.get("dependents"));
      found.push({ operation, database, kind: plan?.kind ?? "unreadable operation", ...reach });
    }
  }
  return found;
}

type Reach = Pick<ActiveOperation, "changes" | "targets">;

/** What an operation works on that another version began, and whose plan this one cannot read. */
function wholeDatabase(database: string): Reach {
  return { changes: new Set([objectKey(database)]), targets: new Set() };
}

/** Plans of all kinds, also of later ones, say it alike. */
function reachOf({ from, to }: BasePlan, dependents: unknown): Reach {
  const [changes, targets] = [new Set<string>(), new Set<string>()];
  for (const side of [from, to]) {
    if (typeof side !== "string") {
      changes.add(objectKey(side.database, side.name));
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
 * @param toViews also finds operations on the tables that get the rows next: for callers that exchange or rename a table under its views.
 * @param but kinds to ignore.
 */
export async function findConflict(
  runner: Runner,
  names: readonly QualifiedName[],
  { toViews = false, but = [] }: { readonly toViews?: boolean; readonly but?: readonly string[] } = {},
): Promise<ActiveOperation | undefined> {
  const others = (await listActive(runner)).filter(({ kind }) => !but.includes(kind));
  if (others.length === 0) return undefined;
  const own = new Set(names.map(({ database, name }) => objectKey(database, name)));
  const around = new Set(own);
  const nodes = await loadNodes(runner);
  for (const name of names) {
    for (const feeder of aroundOf(nodes, name).feeders) around.add(objectKey(feeder.database, feeder.name));
  }
  if (toViews) for (const key of downstream(nodes, own)) around.add(key);
  const touches = (keys: ReadonlySet<string>, changed: string): boolean =>
    keys.has(changed) || [...keys].some((key) => keyParts(key).database === changed);
  return others.find(
    ({ changes, targets }) =>
      [...changes].some((key) => touches(around, key)) || [...targets].some((key) => own.has(key)),
  );
}
