import { readDatabase } from "../clickhouse/catalog";
import { isReplicated } from "../clickhouse/engines";
import { SchemaError } from "../errors";
import { quoteIdentifier } from "../sql/identifiers";
import { quotedName } from "../sql/object-key";
import type { ActiveOperation } from "./conflicts";
import { HOW_TO_ALLOW } from "./errors";
import type { Runner } from "./runner";

/** The error while another operation is unfinished. @param label what has to wait for it; @param then what can be done afterwards. */
export function unfinished(
  label: string,
  { changes, database, kind, operation }: Pick<ActiveOperation, "changes" | "database" | "kind" | "operation">,
): SchemaError {
  const what = [...changes].map(quotedName).join(", ");
  return new SchemaError(
    "operation-unfinished",
    `${label}: operation ${operation} (${kind} of ${what}, journal in ${quoteIdentifier(database)}) is not finished. ` +
      "Resume or abort it first: clickhouse-schema operations.",
  );
}

/**
 * @param doing what is tested for Atomic databases only, as the subject of a sentence.
 * @throws {SchemaError} when the database has another engine.
 */
export async function refuseDatabaseEngine(
  runner: Runner,
  label: string,
  database: string,
  doing: string,
  allow: readonly string[],
): Promise<void> {
  const { engine = "" } = (await readDatabase(runner, database)) ?? {};
  if (engine === "Atomic" || (isReplicated(engine) && allow.includes("unproven"))) return;
  // The others cannot exchange tables at all.
  const how = isReplicated(engine) ? ` ${HOW_TO_ALLOW}` : "";
  throw new SchemaError(
    "unproven",
    `${label}: database ${quoteIdentifier(database)} has the engine ${engine}; ${doing} is tested for Atomic only.${how}`,
  );
}

/** @throws {SchemaError} when something is stored by replicas, or in ClickHouse Cloud. @param holder what has the engine. */
export function refuseReplicated(label: string, holder: string, engine: string, allow: readonly string[]): void {
  if (!isReplicated(engine) || allow.includes("unproven")) return;
  throw new SchemaError(
    "unproven",
    `${label}: ${holder} has the engine ${engine}, and this operation is tested on a single server only. ${HOW_TO_ALLOW}`,
  );
}
