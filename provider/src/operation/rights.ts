import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { lackingRights } from "../connection/rights";
import { SchemaError } from "../errors";
import { grantStatements, type Right } from "../sql/grants";
import { qualifiedName, quoteIdentifier } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { JOURNAL_TABLE } from "./journal";

/**
 * @param what the action that is refused, as it follows "not".
 * @throws {SchemaError} with the GRANT statements for the missing privileges.
 */
export async function refuseRights(
  connection: Connection,
  label: string,
  what: string,
  rights: readonly Right[],
): Promise<void> {
  const lacking = await lackingHere(connection, rights);
  if (lacking.length === 0) return;
  const [row] = await connection.query<{ user: string }>("SELECT currentUser() AS user");
  const user = row?.user ?? "";
  throw new SchemaError(
    "right-missing",
    `${label}: not ${what}, because user ${user} lacks rights; nothing was changed. Grant them (if they are granted, its profile has ` +
      `readonly or allow_ddl = 0), and run again: ${grantStatements(lacking, user).join(" ")}`,
  );
}

/** Privileges that are certainly missing: not those that a role may grant, nor those that the server does not know. */
export async function lackingHere(connection: Connection, rights: readonly Right[]): Promise<readonly Right[]> {
  const unique = new Map(rights.map((right) => [`${right.privilege} ON ${right.level}`, right]));
  try {
    const { missing, roles } = await lackingRights(connection, [...unique.values()]);
    return roles.length > 0 ? [] : missing;
  } catch (error) {
    if (error instanceof ServerError) return [];
    throw error;
  }
}

/** Privileges that every protocol needs for its journal. */
export function journalRights(database: string): Right[] {
  const level = qualifiedName({ database, name: JOURNAL_TABLE });
  return ["CREATE TABLE", "SELECT", "INSERT"].map((privilege) => ({ privilege, level }));
}

/** Privileges on everything in a database, for helper tables there. */
export function rightsIn(database: string, privileges: readonly string[]): Right[] {
  return privileges.map((privilege) => ({ privilege, level: `${quoteIdentifier(database)}.*` }));
}

/** Privileges for refusing inserts for a moment. */
export function gateRights(tables: readonly QualifiedName[]): Right[] {
  return tables.map((table) => ({ privilege: "ALTER CONSTRAINT", level: qualifiedName(table) }));
}
