import type { Connection } from "../../connection/connection";
import { lackingRights } from "../../connection/rights";
import type { Need } from "../../doctor/needs";
import { SchemaError } from "../../errors";
import { listFilters } from "../../introspect/visibility";
import { grantStatements } from "../../sql/grants";
import { quoteIdentifier } from "../../sql/identifiers";

/**
 * Makes sure that a list of everything in these databases is complete: what a user may not see would leave the program, and then, with
 * the next `pulumi up`, the server.
 *
 * @throws {SchemaError} naming the GRANT for each database in which the user may not see everything.
 */
export async function refusePartlyVisible(
  connection: Connection,
  user: string,
  databases: readonly string[],
): Promise<void> {
  if (connection.url.startsWith("chdb:") || databases.length === 0) return;
  const needs = databases.map(
    (name): Need => ({ privilege: "SHOW TABLES", level: `${quoteIdentifier(name)}.*`, purpose: "read" }),
  );
  const { missing, roles } = await lackingRights(connection, needs);
  if (missing.length > 0 && roles.length === 0) {
    throw new SchemaError("objects-hidden", [
      `User \`${user}\` may not see everything in ${missing.map(({ level }) => level.slice(0, -2)).join(", ")}, so the program would lack ` +
        "objects that exist. Allow it, or import named objects only with --include:",
      ...grantStatements(missing, user),
    ]);
  }
  const policies = await listFilters(connection);
  if (policies.length > 0) {
    throw new SchemaError(
      "objects-hidden",
      `Row policies filter what user \`${user}\` sees of system.tables (${policies.join(", ")}), so the program would lack objects that exist. ` +
        "Import as a user whom they exempt, or named objects only with --include",
    );
  }
}
