import type { Connection } from "../connection/connection";
import { isAccessDenied } from "../connection/server-message";
import { SchemaError } from "../errors";
import { quoteIdentifier } from "../sql/identifiers";
import { keyParts, quotedName } from "../sql/object-key";

/** The system tables do not show an object to this user, so it is unknown whether it is gone. */
export class HiddenError extends SchemaError {
  override readonly name = "HiddenError";

  constructor(message: string) {
    super("objects-hidden", message);
  }
}

/**
 * Makes sure that an object which the system tables do not show does not exist. They silently omit what the user may not see and what a row
 * policy on them filters; EXISTS reports the former and does not know about the latter.
 *
 * @param key see `sql/object-key.ts`.
 * @throws {HiddenError} when the user may not know whether it exists (the error names the GRANT), or when it does exist.
 */
export async function refuseHidden(connection: Connection, key: string): Promise<void> {
  // The embedded engine has one user, who may see everything.
  if (connection.url.startsWith("chdb:")) return;
  const isDatabase = keyParts(key).name === undefined;
  const label = quotedName(key);
  const exists = await existsOn(connection, isDatabase ? "DATABASE" : "TABLE", label);
  if (exists === false) return;
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  const user = row?.user ?? "";
  const rights = isDatabase ? `SHOW DATABASES ON ${label}.*` : `SHOW TABLES, SHOW COLUMNS ON ${label}`;
  const grant = `GRANT ${rights} TO ${quoteIdentifier(user)};`;
  if (exists === undefined) {
    throw new HiddenError(
      `${label}: user \`${user}\` may not see it, so whether it exists is unknown. It is left as it is. Grant the right: ${grant}`,
    );
  }
  const table = isDatabase ? "system.databases" : "system.tables";
  throw new HiddenError(
    `${label}: exists, but ${table} does not show it to user \`${user}\`. It is kept as it is. A row policy hides it ` +
      `(SHOW ROW POLICIES ON ${table}; exempt this user with ALTER ROW POLICY … TO ALL EXCEPT ${quoteIdentifier(user)}), or a right is missing: ${grant}`,
  );
}

/** Undefined when the user may not run the query. */
async function existsOn(connection: Connection, kind: string, label: string): Promise<boolean | undefined> {
  try {
    const [row] = await connection.query<{ result: number }>(`EXISTS ${kind} ${label}`);
    return Number(row?.result) === 1;
  } catch (error) {
    if (isAccessDenied(error)) return undefined;
    throw error;
  }
}

/**
 * Row policies on `system.tables` that apply to the current user: the rows they filter are missing from every list of a database's objects.
 * Empty where the user may not see policies.
 */
export async function listFilters(connection: Connection): Promise<string[]> {
  if (connection.url.startsWith("chdb:")) return [];
  try {
    const rows = await connection.query<{ name: string }>(POLICIES);
    return rows.map(({ name }) => name);
  } catch (error) {
    if (isAccessDenied(error)) return [];
    throw error;
  }
}

const POLICIES = `SELECT name FROM system.row_policies
WHERE database = 'system' AND table IN ('tables', '')
  AND (apply_to_all OR hasAny(apply_to_list, arrayConcat([currentUser()], enabledRoles())))
  AND NOT hasAny(apply_to_except, arrayConcat([currentUser()], enabledRoles()))
ORDER BY name`;
