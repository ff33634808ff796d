import { type Grants, missingRights, type Right } from "../sql/grants";
import type { Connection } from "./connection";
import { ServerError } from "./errors";
import { isSyntaxError } from "./server-message";

/** The privileges that the connecting user lacks. Costs one query if none are missing, otherwise one for each privilege, and one for all that are to be passed on. */
export async function lackingRights<R extends Right>(connection: Connection, rights: readonly R[]): Promise<Grants<R>> {
  if (rights.length === 0) return { missing: [], roles: [] };
  // CHECK GRANT does not know about the option to pass a right on.
  const passed = rights.filter(({ option }) => option);
  if (passed.length > 0) {
    const own = await lackingRights(
      connection,
      rights.filter(({ option }) => !option),
    );
    const { missing, roles } = missingRights(await shownGrants(connection), passed);
    return { missing: [...own.missing, ...missing], roles: [...new Set([...own.roles, ...roles])] };
  }
  try {
    if (await isGranted(connection, rights)) return { missing: [], roles: [] };
    const missing: R[] = [];
    for (const right of rights) if (!(await isGranted(connection, [right]))) missing.push(right);
    return { missing, roles: [] };
  } catch (error) {
    // Older servers lack CHECK GRANT.
    if (!(error instanceof ServerError) || !isSyntaxError(error)) throw error;
    return missingRights(await shownGrants(connection), rights);
  }
}

/** Only the server knows about roles, wildcards, and partial revokes. */
async function isGranted(connection: Connection, rights: readonly Right[]): Promise<boolean> {
  const list = rights.map(({ privilege, level }) => `${privilege} ON ${level}`).join(", ");
  const [row] = await connection.query<{ result: number }>(`CHECK GRANT ${list}`);
  return Number(row?.result) === 1;
}

/** FINAL resolves roles. */
async function shownGrants(connection: Connection): Promise<string[]> {
  const rows = await connection
    .query<Record<string, string>>("SHOW GRANTS FINAL")
    .catch(() => connection.query<Record<string, string>>("SHOW GRANTS"));
  return rows.flatMap((row) => Object.values(row));
}
