import { SchemaError } from "../../errors";
import { insertGraphAround } from "../../operation/insert-graph";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";

/**
 * Only inserts trigger views, but rows reach the target by attaching parts and exchanging tables.
 *
 * @throws {SchemaError} when incremental views read the target: their own targets would miss the new rows.
 */
export async function refuseDependentViews(
  runner: Runner,
  target: QualifiedName,
  mode: "create" | "refill",
): Promise<void> {
  const { readers } = await insertGraphAround(runner, target);
  if (readers.length === 0) return;
  const views = readers.map(qualifiedName).join(", ");
  throw new SchemaError(
    "breaks-reader",
    `${qualifiedName(target)}: is read by ${views}, which would not see the rows that a backfill adds. ` +
      (mode === "create"
        ? "Create the views that read it afterwards (dependsOn), each with a backfill of its own."
        : "Drop these first, and create them afterwards with a backfill into an empty target; " +
          "or let `clickhouse-schema verify --repair` repair what differs."),
  );
}
