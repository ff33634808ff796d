import type { Connection } from "../../connection/connection";
import { ServerError } from "../../connection/errors";
import { BLOCK_NUMBER, keepNumbers } from "../../operation/block-numbers";
import { Journal } from "../../operation/journal";
import { selfTestPrefix } from "../../operation/names";
import { Runner, type RunnerHooks } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { SELF_TEST } from "./self-test";

/** Key of the journal line with the result for a server's version. */
export function numbersKey({ version }: Connection): string {
  return `numbers:${version}`;
}

/**
 * Tests, on a small table, whether merges on this server keep the number of the block in which each row was inserted. Runs once
 * for each version; the result is kept in the journal.
 */
export async function keepsNumbers(
  connection: Connection,
  database: string,
  hooks: RunnerHooks = {},
): Promise<boolean> {
  const runner = new Runner(connection, SELF_TEST, hooks);
  const journal = await Journal.open(runner, database);
  const known = journal.get<boolean>(numbersKey(connection));
  if (known !== undefined) return known;
  const table = { database, name: `${selfTestPrefix(await runner.now())}numbers` };
  const drop = (): Promise<void> => runner.run(`DROP TABLE IF EXISTS ${qualifiedName(table)} SYNC`);
  const kept = await areKept(runner, table).catch(async (error: unknown) => {
    await drop().catch(() => undefined);
    // A server that refuses it today may allow it tomorrow; until then, merges are held back.
    if (error instanceof ServerError) return undefined;
    throw error;
  });
  await drop();
  if (kept === undefined) return false;
  await journal.set(numbersKey(connection), kept);
  return kept;
}

async function areKept(runner: Runner, table: { readonly database: string; readonly name: string }): Promise<boolean> {
  const name = qualifiedName(table);
  const insert = (x: number): Promise<void> => runner.run(`INSERT INTO ${name} (x, y) SELECT ${x}, ${9 - x}`);
  const merge = (): Promise<void> => runner.run(`OPTIMIZE TABLE ${name} FINAL SETTINGS optimize_throw_if_noop = 1`);
  const numbers = async (): Promise<string> => {
    const sql = `SELECT arrayStringConcat(arraySort(groupArray((x, ${BLOCK_NUMBER})::String)), ' ') AS list FROM ${name} SETTINGS optimize_use_projections = 0`;
    return (await runner.one<{ list: string }>(sql)).list;
  };
  await runner.run(`CREATE TABLE ${name} (x UInt8, y UInt8) ENGINE = MergeTree ORDER BY y`);
  for (const x of [1, 2]) await insert(x);
  await merge();
  await keepNumbers(runner, table);
  for (const x of [3, 4]) await insert(x);
  const old = "(1,1) (2,1)";
  const seen = [await numbers()];
  await merge();
  seen.push(await numbers());
  if (seen.some((list) => list !== `${old} (3,3) (4,4)`)) return false;
  await insert(6);
  const before = await numbers();
  await merge();
  const range = `${BLOCK_NUMBER} >= 3 AND ${BLOCK_NUMBER} <= 3 SETTINGS optimize_use_projections = 0`;
  const { found } = await runner.one<{ found: string }>(
    `SELECT arrayStringConcat(groupArray(toString(x))) AS found FROM ${name} WHERE _partition_id = 'all' AND ${range}`,
  );
  return before === (await numbers()) && before.startsWith(`${old} (3,3) (4,4) (6,`) && found === "3";
}
