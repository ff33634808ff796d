import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { viewsAround } from "../operation/feeders";
import { refuseRights } from "../operation/rights";
import { Runner } from "../operation/runner";
import { replaceStatement } from "../plan";
import { rightsToCreate } from "../plan/rights";
import { qualifiedName } from "../sql/identifiers";
import type { TableSpec } from "../sql/spec";

/** What a table without rows needs to be made anew. */
export interface RemakeOptions {
  readonly rebuild: "online" | "offline";
}

/**
 * Puts a table that keeps no rows of its own (Null, Distributed, Kafka …) under another definition in one statement.
 *
 * @throws {SchemaError} when materialized views read it and nobody says that its writers rest: while the engine exchanges tables
 * under inserts, views miss rows, and such a table takes no constraint that could hold the inserts back.
 */
export async function remakeTable(connection: Connection, to: TableSpec, options: RemakeOptions): Promise<void> {
  await refuseRemake(connection, to, options.rebuild);
  await connection.command(replaceStatement(to));
}

/** @throws {SchemaError} when it would be refused as things are now; only reads. */
export async function refuseRemake(
  connection: Connection,
  to: TableSpec,
  mode: RemakeOptions["rebuild"],
): Promise<void> {
  const { readers } = await viewsAround(new Runner(connection, "preview"), to);
  if (readers.length > 0 && mode !== "offline") {
    const name = qualifiedName(to);
    throw new SchemaError(
      `${name}: ${readers.map(qualifiedName).join(", ")} would miss rows that are inserted at the moment of the change, and ` +
        'this engine cannot hold inserts back. Stop its writers for that moment and write rebuild: "offline" on the table.',
    );
  }
  const rights = [...rightsToCreate(to), { privilege: "DROP TABLE", level: qualifiedName(to) }];
  await refuseRights(connection, qualifiedName(to), "made anew", rights);
}
