import { isTable, readTable } from "../clickhouse/catalog";
import { isMergeTreeFamily } from "../clickhouse/engines";
import { ServerError } from "../connection/errors";
import { isAccessDenied } from "../connection/server-message";
import { messageOf, SchemaError } from "../errors";
import { backtick, qualifiedName, quoteIdentifier, quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import type { Journal } from "./journal";
import { lackingHere, rightsIn } from "./rights";
import type { Runner } from "./runner";

/** Journal line of an operation on tables of which some users may see only part of the rows or columns. */
export const GUARD = "guard";

/**
 * Makes sure that nobody reads in an operation's working tables what a row policy, a column grant or a revoke hides from them: those are
 * bound to the original table's name. Until it is dropped, each working table has two row policies: one that hides it from everybody but
 * the user of this connection, and one that lets that user in (where `users_without_row_policies_can_read_rows` is off, a table with a
 * policy for others shows no rows to anybody else).
 *
 * If the user may not see policies and grants, the tables are assumed to have none; the preview says so, by {@link unseenRestrictions}.
 *
 * @param tables whose rows are copied to working tables; views that another one is made beside.
 * @throws {SchemaError} when a guard is needed and cannot be set: then nothing is begun.
 */
export async function guardRows(runner: Runner, journal: Journal, tables: readonly QualifiedName[]): Promise<void> {
  if (runner.guardedBy !== undefined) return;
  await refuseUnguardable(runner, tables);
  const [restricted] = (await restrictionsOn(runner, tables)).found;
  if (restricted === undefined) return;
  const { user } = await runner.one<{ user: string }>("SELECT currentUser() AS user");
  runner.guardedBy = user;
  await dropTrials(runner, restricted);
  const trial = { database: restricted.database, name: `${restricted.name}__guard_${runner.operation}` };
  try {
    await cover(runner, trial);
    await uncover(runner, trial);
  } catch (error) {
    runner.guardedBy = undefined;
    if (!(error instanceof ServerError)) throw error;
    throw unguarded(restricted, `That failed: ${messageOf(error)} ${toGrant(restricted, user)}`, error);
  }
  await journal.set(GUARD, user);
}

/**
 * Finds what {@link guardRows} would fail for, without changing anything.
 *
 * @throws {SchemaError} when a guard is needed, and this user may not make row policies or the server stores none.
 */
export async function refuseUnguardable(runner: Runner, tables: readonly QualifiedName[]): Promise<void> {
  const [restricted] = (await restrictionsOn(runner, tables)).found;
  if (restricted === undefined) return;
  const needed = rightsIn(restricted.database, ["CREATE ROW POLICY", "DROP ROW POLICY"]);
  if ((await lackingHere(runner.connection, needed)).length > 0) {
    const { user } = await runner.one<{ user: string }>("SELECT currentUser() AS user");
    throw unguarded(restricted, toGrant(restricted, user));
  }
  if (await storesPolicies(runner)) return;
  throw unguarded(
    restricted,
    "The server stores none: add a <local_directory> to the <user_directories> of its configuration, and run again.",
  );
}

function unguarded(restricted: Restricted, next: string, cause?: unknown): SchemaError {
  return new SchemaError(
    "rows-hidden",
    `${qualifiedName(restricted)}: has ${restricted.what}, and its working copies need row policies too, or everyone who may read the ` +
      `database would see all rows there. ${next}`,
    { cause },
  );
}

function toGrant({ database }: Restricted, user: string): string {
  return `Grant CREATE ROW POLICY and DROP ROW POLICY on ${quoteIdentifier(database)}.* to ${user}, and run again.`;
}

/** False only if the server says so. */
async function storesPolicies(runner: Runner): Promise<boolean> {
  const rows = await runner
    .rows<{ type: string }>(
      "SELECT type FROM system.user_directories WHERE type NOT IN ('users_xml', 'ldap') AND NOT JSONExtractBool(params, 'readonly')",
    )
    .catch((error: unknown) => {
      if (error instanceof ServerError) return undefined;
      throw error;
    });
  return rows === undefined || rows.length > 0;
}

/** What says that this user may not see whether others are restricted; undefined if it may. For a preview. */
export async function unseenRestrictions(
  runner: Runner,
  tables: readonly QualifiedName[],
): Promise<string | undefined> {
  const { found, unseen } = await restrictionsOn(runner, tables);
  const [table] = tables;
  if (table === undefined || unseen.length === 0 || found.length > 0) return undefined;
  const { user } = await runner.one<{ user: string }>("SELECT currentUser() AS user");
  const rights = unseen.map((name) => `SELECT ON system.${name}`).join(", ");
  return (
    `unknown: whether some users may see only part of ${qualifiedName(table)}, and would see all of it in the working copies; ` +
    `to have these protected: GRANT ${rights} TO ${quoteIdentifier(user)}`
  );
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
  return (await restrictionsOn(runner, [table])).found.length > 0;
}

interface Restricted extends QualifiedName {
  readonly what: string;
}

interface Restrictions {
  readonly found: readonly Restricted[];
  /** System tables that this user may not read. */
  readonly unseen: readonly string[];
}

async function restrictionsOn(runner: Runner, tables: readonly QualifiedName[]): Promise<Restrictions> {
  // Nobody else reads the embedded engine, which has no users.
  if (tables.length === 0 || runner.connection.url.startsWith("chdb:")) return { found: [], unseen: [] };
  const condition = tables.map((table) => `(${isTable(table, "table")})`).join(" OR ");
  const questions = {
    row_policies: `SELECT database, table AS name, 'row policies' AS what FROM system.row_policies WHERE ${condition} LIMIT 1`,
    grants:
      "SELECT database, table AS name, 'rights that differ by column or are revoked for it alone' AS what FROM system.grants " +
      `WHERE (${condition}) AND (is_partial_revoke OR column IS NOT NULL) LIMIT 1`,
  };
  const unseen: string[] = [];
  const found = await Promise.all(
    Object.entries(questions).map(([name, sql]) =>
      runner.rows<Restricted>(sql).catch((error: unknown) => {
        if (!isAccessDenied(error)) throw error;
        unseen.push(name);
        return [];
      }),
    ),
  );
  return { found: found.flat(), unseen: unseen.sort() };
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
    "rows-hidden",
    `Operation ${runner.operation}: was started by ${runner.guardedBy}, and its working tables show no rows to ${user}. Run again as ${runner.guardedBy}.`,
  );
}

/**
 * Finds row policies and profile filters that hide rows from this user: what it copies, compares or computes from such a table would be
 * incomplete without an error.
 *
 * @param so what that would mean.
 * @throws {SchemaError} before anything is read.
 */
export async function refuseFiltered(
  runner: Runner,
  tables: readonly QualifiedName[],
  so = "so a copy of it would be incomplete without an error",
): Promise<void> {
  for (const table of tables) {
    const row = await readTable(runner, table);
    if (row === undefined || !isMergeTreeFamily(row.engine) || row.rows === 0) continue;
    const lines = await runner.rows<{ explain: string }>(`EXPLAIN actions = 1 SELECT 1 FROM ${qualifiedName(table)}`);
    const plan = lines.map(({ explain }) => explain).join("\n");
    if (!isFiltered(plan)) continue;
    const { user } = await runner.one<{ user: string }>("SELECT currentUser() AS user");
    throw new SchemaError(
      "rows-hidden",
      `${qualifiedName(table)}: ${user} does not see all of its rows (a row policy, or additional_table_filters in the profile), ${so}. ` +
        `Let this user see them: CREATE ROW POLICY _all ON ${qualifiedName(table)} USING 1 TO ${backtick(user)}; ` +
        "or run as a user who does.",
    );
  }
}

/** Whether a plan of `SELECT 1` for a MergeTree table with rows, with its actions, leaves some out. */
export function isFiltered(plan: string): boolean {
  // A policy that lets no rows through leaves nothing to read.
  return !/ReadFromMergeTree/.test(plan) || /Prewhere|Row.level filter|^\s*Filter\b/im.test(plan);
}

function policies(operation: string): [string, string] {
  return [quoteIdentifier(`_guard_${operation}`), quoteIdentifier(`_guard_own_${operation}`)];
}
