import { formattedDefinitions, isSubscribed, isTable } from "../clickhouse/catalog";
import { ServerError } from "../connection/errors";
import { SchemaError } from "../errors";
import { qualifiedName, quoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { MaterializedViewSpec, QualifiedName } from "../sql/spec";
import { type Closed, dropBeside, exchangeView } from "./exchange-view";
import { hasTimeLeft } from "./gate";
import type { Journal } from "./journal";
import type { Runner } from "./runner";

/** Prefix of the name that the engine gives the new view until it takes the old one's. */
const TEMPORARY = "_tmp_replace_";

/** Which view is replaced: a journal line for each view and new definition, written before the replacement. */
export interface Replacement {
  /** UUID of the old view; once it is replaced, the name has another UUID. */
  readonly uuid: string;
  /** CREATE statements of both, to distinguish them and to repair manually if necessary. */
  readonly from: string;
  readonly to: string;
}

interface LiveView {
  readonly uuid: string;
  readonly spec: MaterializedViewSpec;
}

/**
 * Gives a materialized view another definition in one statement: `CREATE OR REPLACE`, which creates the new view, exchanges the two and
 * drops the old one; on a server without it, or where the view has to be guarded, by {@link exchangeView}, which holds inserts while it runs. A runner that dies leaves the old
 * view or the new one, never none and never both, so even if the gate then opens by itself, no row is missing from both targets or stored
 * in both. (DROP and CREATE lose the rows in between; CREATE under another name first duplicates them.) Called again after a crash, it
 * detects by the UUID whether the replacement has happened.
 *
 * The caller has taken over the journal, and has gated and drained everything that feeds the view: during inserts the statement loses and
 * duplicates rows.
 *
 * @param from the current view, with the name of `to`; must have a target (`TO`).
 * @param closed the raised gate; with less than a second left of it nothing is done. Omitted where inserts are held.
 * @returns false when too little of the gate is left: nothing was changed, and the caller should raise it again.
 * @throws {SchemaError} when the view keeps its rows in an inner table, which would be dropped with it; when it does not exist; or when it
 *   is not subscribed to its source afterwards.
 */
export async function replaceView(
  runner: Runner,
  journal: Journal,
  from: MaterializedViewSpec,
  to: MaterializedViewSpec,
  closed?: Closed,
): Promise<boolean> {
  const statement = renderCreate(to);
  // The statement is part of the key: one operation may replace a view and then change it back.
  const key = `replace:${qualifiedName(to)}:${statement}`;
  const begun = journal.get<Replacement>(key);
  const live = await liveView(runner, to);
  if (begun === undefined) {
    if (live === undefined)
      throw new SchemaError("object-missing", `${qualifiedName(to)}: does not exist, so it cannot be replaced.`);
    refuseInner(live.spec);
    refuseInner(from);
    await journal.set(key, { uuid: live.uuid, from: renderCreate(from), to: statement } satisfies Replacement);
  } else await dropUnfinished(runner, to, [from, to]);
  if (begun === undefined || live === undefined || live.uuid === begun.uuid) {
    await journal.assertOwner();
    // Checked again: between the check above and the drop, it might have been replaced by a view that keeps rows.
    if (live !== undefined) refuseInner(live.spec);
    if (closed !== undefined && !(await hasTimeLeft(runner, closed.gate))) return false;
    if (!(await tryReplace(runner, from, to)) && !(await exchangeView(runner, to, closed))) return false;
  } else await dropBeside(runner, to);
  await requireSubscribed(runner, to);
  return true;
}

/** @returns false where the server has no such statement, or rejects it: there may be another way. */
async function tryReplace(runner: Runner, from: MaterializedViewSpec, to: MaterializedViewSpec): Promise<boolean> {
  // The engine's temporary name is not known before, so that no row policy can be bound to it.
  if (!runner.connection.capabilities.replaceMaterializedView || runner.guardedBy !== undefined) return false;
  try {
    await runner.run(renderCreate(to, runner.connection.capabilities).replace(/^CREATE /, "CREATE OR REPLACE "));
    return true;
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    await dropUnfinished(runner, to, [from, to]);
    return false;
  }
}

/** Whether {@link replaceView} has happened: the name now belongs to a different view. */
export async function isReplaced(
  runner: Runner,
  journal: Pick<Journal, "get">,
  to: MaterializedViewSpec,
): Promise<boolean> {
  const begun = journal.get<Replacement>(`replace:${qualifiedName(to)}:${renderCreate(to)}`);
  const live = begun === undefined ? undefined : await liveView(runner, to);
  return live !== undefined && live.uuid !== begun?.uuid;
}

/** A materialized view as it is on the server; undefined when nothing has the name. @throws {SchemaError} for another kind of object. */
export async function liveView(runner: Runner, name: QualifiedName): Promise<LiveView | undefined> {
  const [row] = await views(runner, isTable(name, "name"));
  if (row === undefined) return undefined;
  if (row.spec.kind === "materializedView") return { uuid: row.uuid, spec: row.spec };
  throw new SchemaError(
    "change-unsupported",
    `${qualifiedName(name)}: is not a materialized view but a ${row.spec.kind}.`,
  );
}

async function views(runner: Runner, condition: string) {
  const rows = await formattedDefinitions(runner, condition);
  return rows.map(({ uuid, statement }) => ({ uuid, spec: parseCreate(statement) }));
}

function refuseInner(view: MaterializedViewSpec): void {
  if (view.to !== undefined) return;
  throw new SchemaError(
    "change-unsupported",
    `${qualifiedName(view)}: keeps its rows in an inner table, which would be dropped with it; it is not replaced.`,
  );
}

/** A server killed in the middle of the statement may keep both views, one under a temporary name: rows would be duplicated. */
async function dropUnfinished(
  runner: Runner,
  { database }: QualifiedName,
  known: readonly MaterializedViewSpec[],
): Promise<void> {
  const condition = `database = ${quoteString(database)} AND startsWith(name, ${quoteString(TEMPORARY)}) AND engine = 'MaterializedView'`;
  for (const { spec } of await views(runner, condition)) {
    if (spec.kind !== "materializedView" || spec.to === undefined) continue;
    const ours = known.some(({ to, query }) => to && sameName(to, spec.to) && words(query) === words(spec.query));
    if (ours) await runner.run(`DROP VIEW IF EXISTS ${qualifiedName(spec)} SYNC`);
  }
}

/** A query regardless of its layout. */
function words(query: string): string {
  const tokens = lex(query).filter(({ kind }) => kind !== "comment");
  return tokens.map(({ text }) => text).join(" ");
}

function sameName(a: QualifiedName, b: QualifiedName | undefined): boolean {
  return a.database === b?.database && a.name === b.name;
}

/**
 * Checks that rows reach an incremental view: some engine versions lost the subscription of an exchanged view, and then no rows arrive,
 * without an error.
 *
 * @throws {SchemaError} when no table passes rows to the view.
 */
export async function requireSubscribed(runner: Runner, view: MaterializedViewSpec): Promise<void> {
  if (view.refresh !== undefined) return;
  if (await isSubscribed(runner, view)) return;
  throw new SchemaError(
    "self-check-failed",
    `${qualifiedName(view)}: was replaced, but no table passes its inserts on to it. Does its query read a table that exists? ` +
      `If so: DETACH TABLE ${qualifiedName(view)}; ATTACH TABLE ${qualifiedName(view)}.`,
  );
}
