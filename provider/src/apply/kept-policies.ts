import type { Connection } from "../connection/connection";
import { isAccessDenied } from "../connection/server-message";
import { policyName, policyParts } from "../sql/access/row-policy";
import { quoteIdentifier, quoteString } from "../sql/identifiers";
import { keyParts } from "../sql/object-key";

/** End of the name of a policy that goes as soon as its table is dropped. */
const KEPT = "__until_its_table_is_dropped";

/**
 * Keeps a row policy whose table is about to be dropped: Pulumi removes the policy first, and without it everybody would see all rows until the table is
 * gone. As a restrictive one for everybody but this user it lets nobody see more than before, and names no role or user that is dropped meanwhile.
 *
 * @returns its name from then on.
 */
export async function keepPolicy(connection: Connection, name: string): Promise<string> {
  const parts = policyParts(name);
  const policy = `${parts.policy}${KEPT}`;
  const kept = policyName({ ...parts, policy });
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  await connection.command(`DROP ROW POLICY IF EXISTS ${kept}`);
  await connection.command(
    `ALTER ROW POLICY ${name} RENAME TO ${quoteIdentifier(policy)} AS RESTRICTIVE TO ALL EXCEPT ${quoteIdentifier(row?.user ?? "")}`,
  );
  return kept;
}

/** Drops the policies that were kept for a table, or a database, that is gone. @param key of either. */
export async function dropKeptPolicies(connection: Connection, key: string): Promise<void> {
  if (connection.url.startsWith("chdb:")) return;
  const { database, name } = keyParts(key);
  // Users and policies are changed on one host; see `docs/decisions/0038-access-once-where-hosts-share-it.md`.
  const host = connection.here ?? connection;
  for (const policy of await keptOn(host, database, name ?? ""))
    await host.command(
      `DROP ROW POLICY IF EXISTS ${policyName({ policy, database, ...(name !== undefined && { table: name }) })}`,
    );
}

async function keptOn(connection: Connection, database: string, table: string): Promise<string[]> {
  try {
    const rows = await connection.query<{ name: string }>(
      `SELECT short_name AS name FROM system.row_policies WHERE database = ${quoteString(database)} AND table = ${quoteString(table)} ` +
        `AND endsWith(short_name, ${quoteString(KEPT)})`,
    );
    return rows.map(({ name }) => name);
  } catch (error) {
    // Who may not see policies has kept none.
    if (isAccessDenied(error)) return [];
    throw error;
  }
}
