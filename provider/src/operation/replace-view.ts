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
import { isTable } from "./parts";
import type { Runner } from "./runner";

/** How the engine names the new view until it has the name of the old one. */
const TEMPORARY = "_tmp_replace_";

/** What is to be replaced: a journal line for each view and new definition, written before the replacement. */
export interface Replacement {
  /** UUID of the view that was there; the name has another one when it is replaced. */
  readonly uuid: string;
  /** CREATE text of both, to be told apart and mended by hand if it must be. */
  readonly from: string;
  readonly to: string;
}

interface LiveView {
  readonly uuid: string;
  readonly spec: MaterializedViewSpec;
}

/**
 * Gives a materialized view another definition, in one statement: `CREATE OR REPLACE`, which makes the new view, exchanges the two
 * and drops the old one; on a server without it by {@link exchangeView}, which holds inserts meanwhile. A runner that dies leaves the old view or the new one, never none and never both, so a gate that opens by
 * itself lets no row through that is in neither target or in two. (DROP and CREATE lose what comes between; CREATE under another
 * name first doubles it.) Called again after a crash it finds by the UUID whether it has happened.
 *
 * The caller has taken the journal, and has gated and drained everything that feeds the view: under inserts the statement loses and
 * doubles rows.
 *
 * @param from the view as it stands, with the name of `to`; must have a target (`TO`).
 * @param closed the raised gate; with less than a second left of it nothing is done. Absent where inserts are held.
 * @returns false when too little of the gate is left: nothing was changed, raise it again.
 * @throws {SchemaError} when the view keeps its rows in an inner table, which would go with it; when it is not there, or is not
 *   subscribed to its source afterwards.
 */
export async function replaceView(
  runner: Runner,
  journal: Journal,
  from: MaterializedViewSpec,
  to: MaterializedViewSpec,
  closed?: Closed,
): Promise<boolean> {
  const statement = renderCreate(to);
  // The text is part of the key: one operation may replace a view there and back.
  const key = `replace:${qualifiedName(to)}:${statement}`;
  const begun = journal.get<Replacement>(key);
  const live = await liveView(runner, to);
  if (begun === undefined) {
    if (live === undefined) throw new SchemaError(`${qualifiedName(to)}: is not there, so it cannot be replaced.`);
    refuseInner(live.spec);
    refuseInner(from);
    await journal.set(key, { uuid: live.uuid, from: renderCreate(from), to: statement } satisfies Replacement);
  } else await dropUnfinished(runner, to, [from, to]);
  if (begun === undefined || live === undefined || live.uuid === begun.uuid) {
    await journal.assertOwner();
    // Looked at again: between the look above and the drop, the view must not have become one with rows.
    if (live !== undefined) refuseInner(live.spec);
    if (closed !== undefined && !(await hasTimeLeft(runner, closed.gate))) return false;
    if (!(await tryReplace(runner, from, to)) && !(await exchangeView(runner, to, closed))) return false;
  } else await dropBeside(runner, to);
  await requireSubscribed(runner, to);
  return true;
}

/** @returns false where the server does not do it in one statement, or refuses it: there may be another way. */
async function tryReplace(runner: Runner, from: MaterializedViewSpec, to: MaterializedViewSpec): Promise<boolean> {
  if (!runner.connection.capabilities.replaceMaterializedView) return false;
  try {
    await runner.run(renderCreate(to, runner.connection.capabilities).replace(/^CREATE /, "CREATE OR REPLACE "));
    return true;
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    await dropUnfinished(runner, to, [from, to]);
    return false;
  }
}

/** Whether {@link replaceView} has happened: the view of that name is another one than before. */
export async function isReplaced(
  runner: Runner,
  journal: Pick<Journal, "get">,
  to: MaterializedViewSpec,
): Promise<boolean> {
  const begun = journal.get<Replacement>(`replace:${qualifiedName(to)}:${renderCreate(to)}`);
  const live = begun === undefined ? undefined : await liveView(runner, to);
  return live !== undefined && live.uuid !== begun?.uuid;
}

/** A materialized view as the server has it; undefined when nothing has the name. @throws {SchemaError} for another kind of object. */
export async function liveView(runner: Runner, name: QualifiedName): Promise<LiveView | undefined> {
  const [row] = await views(runner, isTable(name, "name"));
  if (row === undefined) return undefined;
  if (row.spec.kind === "materializedView") return { uuid: row.uuid, spec: row.spec };
  throw new SchemaError(`${qualifiedName(name)}: is no materialized view but a ${row.spec.kind}.`);
}

async function views(runner: Runner, condition: string) {
  const rows = await runner.rows<{ uuid: string; statement: string }>(
    `SELECT toString(uuid) AS uuid, formatQuery(create_table_query) AS statement FROM system.tables WHERE ${condition}`,
  );
  return rows.map(({ uuid, statement }) => ({ uuid, spec: parseCreate(statement) }));
}

function refuseInner(view: MaterializedViewSpec): void {
  if (view.to !== undefined) return;
  throw new SchemaError(
    `${qualifiedName(view)}: keeps its rows in an inner table, which would be dropped with it; it is not replaced.`,
  );
}

/** A server killed in the middle of the statement may keep both views, one under a name of its own: rows would be doubled. */
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

/** A query without regard to its layout. */
function words(query: string): string {
  const tokens = lex(query).filter(({ kind }) => kind !== "comment");
  return tokens.map(({ text }) => text).join(" ");
}

function sameName(a: QualifiedName, b: QualifiedName | undefined): boolean {
  return a.database === b?.database && a.name === b.name;
}

/**
 * Checks that rows reach an incremental view: the engine has had versions that lost the subscription of an exchanged view, and
 * without it rows stay away without a word.
 *
 * @throws {SchemaError} when no table passes its rows on to the view.
 */
export async function requireSubscribed(runner: Runner, view: MaterializedViewSpec): Promise<void> {
  if (view.refresh !== undefined) return;
  const pair = `(${quoteString(view.database)}, ${quoteString(view.name)})`;
  const { found } = await runner.one<{ found: string }>(
    `SELECT toString(count()) AS found FROM system.tables WHERE has(arrayZip(dependencies_database, dependencies_table), ${pair})`,
  );
  if (found !== "0") return;
  throw new SchemaError(
    `${qualifiedName(view)}: was replaced, but no table passes its rows on to it. Does its query read a table that exists? ` +
      `If so: DETACH TABLE ${qualifiedName(view)}; ATTACH TABLE ${qualifiedName(view)}.`,
  );
}
