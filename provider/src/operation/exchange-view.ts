import { readColumns, readTable, uuidOf } from "../clickhouse/catalog";
import { atLeast } from "../clickhouse/version";
import { ServerError } from "../connection/errors";
import { backtick, qualifiedName } from "../sql/identifiers";
import type { MaterializedViewSpec, QualifiedName } from "../sql/spec";
import type { Gate } from "./gate";
import { cover, uncover } from "./guard";
import { blockInsertsUntilReleased, releaseInserts } from "./hold";
import type { Runner } from "./runner";

/** A raised gate, and the tables it closes. */
export interface Closed {
  readonly gate: Gate;
  readonly tables: readonly QualifiedName[];
}

/** Name under which the new view is created before the names are exchanged; after that the old one has it until it is dropped. */
export function besideName({ database, name }: QualifiedName, operation: string): QualifiedName {
  return { database, name: `${name}__new_${operation}` };
}

/**
 * Gives a view with a target another definition on a server without `CREATE OR REPLACE MATERIALIZED VIEW`: the new view is created beside
 * the old one, the two are exchanged, and the old one is dropped. Both are fed in between, so nothing may be inserted until all of that is
 * done, even if the runner dies: inserts are held. Where some users may see only part of the view, row policies hide it from them under
 * the other name, too. CREATE, which can fail for good, comes first and is rolled back.
 *
 * @param closed what to hold; omitted when the caller already holds it.
 * @returns false when the gate opened before the hold was in place: nothing was changed.
 */
export async function exchangeView(runner: Runner, to: MaterializedViewSpec, closed?: Closed): Promise<boolean> {
  if (closed !== undefined && !(await blockInsertsUntilReleased(runner, closed.tables, closed.gate))) {
    await releaseInserts(runner, closed.tables);
    return false;
  }
  const beside = besideName(to, runner.operation);
  if (losesTriggers(runner)) await runner.run(`ATTACH TABLE IF NOT EXISTS ${qualifiedName(to)}`).catch(() => undefined);
  const old = await uuidOf(runner, to);
  try {
    await dropBeside(runner, to);
    if (old === undefined) await runner.create(to);
    else {
      // Tried while nothing depends on it: if DROP is not permitted, two views would remain.
      await runner.run(`CREATE VIEW ${qualifiedName(beside)} AS SELECT 1 AS one`);
      await dropBeside(runner, to);
      await cover(runner, beside);
      await runner.create({ ...to, ...beside });
      await runner.run(`EXCHANGE TABLES ${qualifiedName(to)} AND ${qualifiedName(beside)}`);
    }
  } catch (error) {
    // Best effort: if the connection is what failed, a resumed operation does the same.
    await takeBack(runner, to, old, closed).catch(() => undefined);
    throw error;
  }
  await dropBeside(runner, to).catch(async (error: unknown) => {
    // The old view gets no more rows, so no data is wrong; the run that ends the operation tries again.
    if ((await uuidOf(runner, idleName(to, runner.operation))) === undefined) throw error;
  });
  if (losesTriggers(runner)) await reattach(runner, to);
  if (closed !== undefined) await releaseInserts(runner, closed.tables);
  return true;
}

/**
 * On 25.5 a view gets no more rows, without an error, once it has been exchanged with one whose query an ALTER had changed. Not on 24.8 and
 * 25.8; the releases in between were not tried.
 */
function losesTriggers({ connection: { version } }: Runner): boolean {
  return atLeast(version, "24.9") && !atLeast(version, "25.8");
}

/** Registers the view with its source again. If the runner dies in between, inserts are still held, and the next one attaches it. */
async function reattach(runner: Runner, view: QualifiedName): Promise<void> {
  await runner.run(`DETACH TABLE IF EXISTS ${qualifiedName(view)} SYNC`);
  await runner.run(`ATTACH TABLE IF NOT EXISTS ${qualifiedName(view)}`);
}

/**
 * Drops the view under the helper's name: the new view before the exchange, the old one after it. Inserts must be refused.
 *
 * @throws {ServerError} when it cannot be dropped; it gets no more rows then.
 */
export async function dropBeside(runner: Runner, view: QualifiedName): Promise<void> {
  const [beside, idle] = [besideName(view, runner.operation), idleName(view, runner.operation)];
  if ((await uuidOf(runner, beside)) !== undefined) {
    try {
      await runner.run(`DROP VIEW ${qualifiedName(beside)} SYNC`);
    } catch (error) {
      if (error instanceof ServerError) await silence(runner, beside, idle).catch(() => undefined);
      throw error;
    }
  }
  await uncover(runner, beside);
  if ((await uuidOf(runner, idle)) !== undefined) await runner.run(`DROP TABLE IF EXISTS ${qualifiedName(idle)} SYNC`);
}

/** Makes a view read a table that nobody writes to. */
async function silence(runner: Runner, view: QualifiedName, idle: QualifiedName): Promise<void> {
  // Not by querying the view: its target may have another name now.
  if ((await readTable(runner, view))?.engine !== "MaterializedView") return;
  const columns = await readColumns(runner, view);
  if (columns.length === 0) return;
  const list = columns.map(({ name, type }) => `${backtick(name)} ${type}`).join(", ");
  await runner.run(`CREATE TABLE IF NOT EXISTS ${qualifiedName(idle)} (${list}) ENGINE = Null`);
  await runner.run(`ALTER TABLE ${qualifiedName(view)} MODIFY QUERY SELECT * FROM ${qualifiedName(idle)}`);
}

/** What a view that could not be dropped reads from. */
function idleName({ database, name }: QualifiedName, operation: string): QualifiedName {
  return { database, name: `${name}__idle_${operation}` };
}

async function takeBack(runner: Runner, view: QualifiedName, old: string | undefined, closed?: Closed): Promise<void> {
  if (old === undefined || (await uuidOf(runner, view)) !== old) return;
  await dropBeside(runner, view);
  if (closed !== undefined) await releaseInserts(runner, closed.tables);
}
