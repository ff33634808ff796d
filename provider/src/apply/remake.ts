import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { rightsToCreate } from "../kinds/object";
import { insertGraphAround } from "../operation/insert-graph";
import { refuseRights } from "../operation/rights";
import { Runner } from "../operation/runner";
import { replaceStatement } from "../plan";
import { qualifiedName } from "../sql/identifiers";
import type { TableSpec } from "../sql/spec";

/** Options for recreating a table without rows. */
export interface RemakeOptions {
  readonly rebuild: "online" | "offline";
}

/**
 * Replaces the definition of a table that stores no rows of its own (Null, Distributed, Kafka …), in one statement.
 *
 * @throws {SchemaError} when materialized views read it and nobody has declared that its writers are stopped: while the engine exchanges
 *   tables during inserts, views miss rows, and such a table accepts no constraint that could hold the inserts back.
 */
export async function remakeTable(connection: Connection, to: TableSpec, options: RemakeOptions): Promise<void> {
  await refuseRemake(connection, to, options.rebuild);
  await connection.command(replaceStatement(to));
}

/** @throws {SchemaError} when it would be refused as things are now. Read-only. */
export async function refuseRemake(
  connection: Connection,
  to: TableSpec,
  mode: RemakeOptions["rebuild"],
): Promise<void> {
  const { readers } = await insertGraphAround(new Runner(connection, "preview"), to);
  if (readers.length > 0 && mode !== "offline") {
    const name = qualifiedName(to);
    throw new SchemaError(
      "inserts-not-refusable",
      `${name}: ${readers.map(qualifiedName).join(", ")} would miss rows that are inserted during the change, and ` +
        'this engine cannot hold inserts back. Stop its writers while it runs, and set rebuild: "offline" on the table.',
    );
  }
  const rights = [...rightsToCreate(to), { privilege: "DROP TABLE", level: qualifiedName(to) }];
  await refuseRights(connection, qualifiedName(to), "recreated", rights);
}
