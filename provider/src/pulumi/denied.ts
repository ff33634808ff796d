import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { isAccessDenied } from "../connection/server-message";
import { SchemaError } from "../errors";
import { keyOf, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";

/**
 * Checks on the server that the user may read what a view's query reads, column by column: the creator of a view must be allowed to.
 *
 * @throws {SchemaError} in the server's words. Any other error of the query is ignored: this run may still create what it reads.
 */
export async function refuseDenied(connection: Connection, spec: ObjectSpec): Promise<void> {
  if (spec.kind !== "view" && spec.kind !== "materializedView") return;
  try {
    await connection.query(`DESCRIBE TABLE (${spec.query})`);
  } catch (error) {
    if (!(error instanceof ServerError) || !isAccessDenied(error)) return;
    throw new SchemaError(
      "right-missing",
      `${quotedName(keyOf(spec))}: its query may not be run by this user. ${error.message}`,
      {
        cause: error,
      },
    );
  }
}
