import { isMergeTreeFamily } from "../clickhouse/engines";
import { ServerError } from "../connection/errors";
import { isAccessDenied } from "../connection/server-message";
import { messageOf, SchemaError } from "../errors";
import { backtick, qualifiedName, quoteIdentifier, quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import type { Journal } from "./journal";
import { isTable } from "./parts";
import type { Runner } from "./runner";

/** Journal line of an operation on tables of which some users may see only part of the rows or columns. */
export const GUARD = "guard";

/**
 * Makes sure that nobody reads in an operation's working tables what a row policy, a column grant or a revoke hides from them: those are
 * bound to the original table's name. Until it is dropped, each working table has two row policies: one that hides it from everybody but
 * the user of this connection, and one that lets that user in (where `users_without_row_policies_can_read_rows` is off, a table with a
 * policy for others shows no rows to anybody else).
 *
 * If the user may not see policies and grants, the tables are assumed to have none.
 *
 * @param tables whose rows are copied to working tables.
 * @throws {SchemaError} when a guard is needed and cannot be set: then nothing is begun.
 */
export async function guardRows(runner: Runner, journal: Journal, tables: readonly QualifiedName[]): Promise<void> {
  const [restricted] = await restrictionsOn(runner, tables);
  if (restricted === undefined) return;
  const { user } = await runner.one<{ user: string }>("SELECT currentUser() AS user");
  runner.guardedBy = user;
  await dropTrials(runner, restricted);
  const trial = { database: restricted.database, name: `${restricted.name}__guard_${runner.operation}` };
  try {
    await cover(runner, trial);
    await uncover(runner, trial);
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    throw new SchemaError(
      `${qualifiedName(restricted)}: has ${restricted.what}, and its working tables have to be guarded by row policies of their own, or whoever may read the ` +
        `database would see everything there. That failed: ${messageOf(error)} Grant CREATE ROW POLICY and DROP ROW POLICY on ` +
        `${quoteIdentifier(restricted.database)}.* to ${user}, and run again.`,
      { cause: error },
    );
  }
  await journal.set(GUARD, user);
}

/** Drops the trial policies that dead runners left behind; no user's table has such a name. */
async function dropTrials(runner: Runner, { database }: QualifiedName): Promise<void> {
  const left = await runner
    .rows<{ policy: string; name: string }>(
      `SELECT short_name AS policy, table AS name FROM system.row_policies WHERE database = ${quoteString(database)} ` +
        "AND match(table, '__guard_[A-Za-z0-9_]+$') AND startsWith(short_name, '_guard_')",
    )
    .catch(() => []);
  for (const { name, policy } of left) {
    const sql = `DROP ROW POLICY IF EXISTS ${quoteIdentifier(policy)} ON ${qualifiedName({ database, name })}`;
    await runner.run(sql).catch((error: unknown) => {
      if (!(error instanceof ServerError)) throw error;
    });
  }
}

/** Whether some users may see only part of the rows or columns of a table. */
export async function isRestricted(runner: Runner, table: QualifiedName): Promise<boolean> {
  return (await restrictionsOn(runner, [table])).length > 0;
}

interface Restricted extends QualifiedName {
  readonly what: string;
}

async function restrictionsOn(runner: Runner, tables: readonly QualifiedName[]): Promise<Restricted[]> {
  if (tables.length === 0) return [];
  const condition = tables.map((table) => `(${isTable(table, "table")})`).join(" OR ");
  const questions = [
    `SELECT database, table AS name, 'row policies' AS what FROM system.row_policies WHERE ${condition} LIMIT 1`,
    `SELECT database, table AS name, 'rights that differ by column or are revoked for it alone' AS what FROM system.grants ` +
      `WHERE (${condition}) AND (is_partial_revoke OR column IS NOT NULL) LIMIT 1`,
  ];
  const found = await Promise.all(
    questions.map((sql) =>
      runner.rows<Restricted>(sql).catch((error: unknown) => {
        if (isAccessDenied(error)) return [];
        throw error;
      }),
    ),
  );
  return found.flat();
}

/** Hides a table that is about to be created from everybody but this user, if the operation needs that. */
export async function cover(runner: Runner, table: QualifiedName): Promise<void> {
  if (runner.guardedBy === undefined) return;
  const user = quoteIdentifier(runner.guardedBy);
  const [guard, own] = policies(runner.operation);
  const name = qualifiedName(table);
  await runner.run(
    `CREATE ROW POLICY IF NOT EXISTS ${guard} ON ${name} AS RESTRICTIVE FOR SELECT USING 0 TO ALL EXCEPT ${user}`,
  );
  await runner.run(`CREATE ROW POLICY IF NOT EXISTS ${own} ON ${name} FOR SELECT USING 1 TO ${user}`);
}

/** Undoes {@link cover} once the table is gone. The policy that keeps others out goes last. */
export async function uncover(runner: Runner, table: QualifiedName): Promise<void> {
  if (runner.guardedBy === undefined) return;
  const [guard, own] = policies(runner.operation);
  for (const policy of [own, guard]) {
    await runner.run(`DROP ROW POLICY IF EXISTS ${policy} ON ${qualifiedName(table)}`);
  }
}

/** Drops a working table, whatever its size, and its guard. */
export async function dropHelper(runner: Runner, table: QualifiedName): Promise<void> {
  await runner.run(`DROP TABLE IF EXISTS ${qualifiedName(table)} SYNC SETTINGS max_table_size_to_drop = 0`);
  await uncover(runner, table);
}

/** Renames a working table to the name under which it is kept. */
export async function renameHelper(runner: Runner, from: QualifiedName, to: QualifiedName): Promise<void> {
  await cover(runner, to);
  await runner.run(`RENAME TABLE ${qualifiedName(from)} TO ${qualifiedName(to)}`);
  await uncover(runner, from);
}

/** @throws {SchemaError} when an operation with guarded tables is resumed by a user who sees no rows in them. */
export async function refuseOtherUser(runner: Runner): Promise<void> {
  if (runner.guardedBy === undefined) return;
  const { user } = await runner.one<{ user: string }>("SELECT currentUser() AS user");
  if (user === runner.guardedBy) return;
  throw new SchemaError(
    `Operation ${runner.operation}: was begun by ${runner.guardedBy}, and its working tables show no rows to ${user}. Run again as ${runner.guardedBy}.`,
  );
}

/**
 * Finds row policies and profile filters that hide rows from this user: what it copies, compares or computes from such a table would be
 * incomplete without an error.
 *
 * @throws {SchemaError} before anything is read.
 */
export async function refuseFiltered(runner: Runner, tables: readonly QualifiedName[]): Promise<void> {
  for (const table of tables) {
    const [row] = await runner.rows<{ engine: string; rows: string }>(
      `SELECT engine, toString(ifNull(total_rows, 0)) AS rows FROM system.tables WHERE ${isTable(table, "name")}`,
    );
    if (row === undefined || !isMergeTreeFamily(row.engine) || row.rows === "0") continue;
    const lines = await runner.rows<{ explain: string }>(`EXPLAIN actions = 1 SELECT 1 FROM ${qualifiedName(table)}`);
    const plan = lines.map(({ explain }) => explain).join("\n");
    // A policy that lets no rows through leaves nothing to read.
    if (/ReadFromMergeTree/.test(plan) && !/Prewhere|Row.level filter|^\s*Filter\b/im.test(plan)) continue;
    const { user } = await runner.one<{ user: string }>("SELECT currentUser() AS user");
    throw new SchemaError(
      `${qualifiedName(table)}: ${user} does not see all of its rows (a row policy, or additional_table_filters in the profile), so what is copied or computed from it would ` +
        `be short without an error. Let this user see them: CREATE ROW POLICY _all ON ${qualifiedName(table)} USING 1 TO ${backtick(user)}; ` +
        "or run as a user who does.",
    );
  }
}

function policies(operation: string): [string, string] {
  return [quoteIdentifier(`_guard_${operation}`), quoteIdentifier(`_guard_own_${operation}`)];
}
