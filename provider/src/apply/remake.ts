import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { replaceStatement } from "../plan";
import { qualifiedName } from "../sql/identifiers";
import type { TableSpec } from "../sql/spec";
import { viewsAround } from "./protocol/feeders";
import { Runner } from "./protocol/runner";

/** What a table without rows needs to be made anew. */
export interface RemakeOptions {
  readonly operation: string;
  readonly rebuild: "online" | "offline";
}

/**
 * Puts a table that keeps no rows of its own (Null, Distributed, Kafka …) under another definition in one statement.
 *
 * @throws {SchemaError} when materialized views read it and nobody says that its writers rest: while the engine exchanges tables
 * under inserts, views miss rows, and such a table takes no constraint that could hold the inserts back.
 */
export async function remakeTable(connection: Connection, to: TableSpec, options: RemakeOptions): Promise<void> {
  const { readers } = await viewsAround(new Runner(connection, options.operation), to);
  if (readers.length > 0 && options.rebuild !== "offline") {
    throw new SchemaError(
      `${qualifiedName(to)}: ${readers.map(qualifiedName).join(", ")} would miss rows that are inserted at the moment of the change, and ` +
        'this engine cannot hold inserts back. Stop its writers for that moment and write rebuild: "offline" on the table.',
    );
  }
  await connection.command(replaceStatement(to));
}
