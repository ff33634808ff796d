import type { ClusterConnection } from "../cluster/cluster-connection";
import { SchemaError } from "../errors";
import { newOperation } from "../operation/names";
import { Runner } from "../operation/runner";
import { upstreamOf } from "../operation/upstream";
import type { Plan, Step, ViewStep } from "../plan";
import { keyOf, objectKey, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import { sendersTo } from "./distributed";

/**
 * Costs nothing for a plan of plain statements, and two queries if inserts have to be refused for one.
 *
 * @throws {SchemaError} for a change that is proven on one server only, or in this case.
 */
export async function refuseOnCluster(cluster: ClusterConnection, { steps }: Plan, to: ObjectSpec): Promise<void> {
  for (const step of steps) {
    if (step.kind === "statement") {
      if (step.gated) await refuseHeld(cluster, step.sql, to);
      continue;
    }
    // Whether it can be done there is found out where the preview looks at it.
    if (step.kind === "rebuild" || (step.kind === "retarget-view" && isIncremental(step))) continue;
    const [what, instead] = unsupportedWay(step);
    throw new SchemaError(
      "cluster-unsupported",
      `${quotedName(keyOf(to))}: ${what}, which is not done on a cluster (${cluster.cluster.name}) yet; nothing was changed. ${instead}`,
    );
  }
}

function isIncremental({ from, to }: ViewStep): boolean {
  return from.refresh === undefined && to.refresh === undefined;
}

const BESIDE =
  "Add a column with the new name and `default` the old one's, move the writers and readers to it, and drop the old one later";

/** Inserts are refused on all hosts meanwhile: nothing may have sent a part of one elsewhere, and the statement has to be harmless twice. */
async function refuseHeld(cluster: ClusterConnection, sql: string, to: ObjectSpec): Promise<void> {
  if (!("database" in to)) return;
  const label = quotedName(keyOf(to));
  if (/\bRENAME COLUMN\b/.test(sql) && /\bDROP COLUMN\b/.test(sql)) {
    throw new SchemaError(
      "cluster-unsupported",
      `${label}: a column would be renamed, and one with its new name dropped, in one ALTER, which the queue of a cluster (${cluster.cluster.name}) may run twice; nothing was changed. ${BESIDE}`,
    );
  }
  const runner = new Runner(cluster, newOperation());
  const feeders = await upstreamOf(runner, [{ database: to.database, name: to.name }]);
  const senders = await sendersTo(cluster, new Set(feeders.map(({ database, name }) => objectKey(database, name))));
  if (senders.length === 0) return;
  const names = senders.map(({ engine, key }) => `${quotedName(key)} (${engine})`).join(", ");
  throw new SchemaError(
    "cluster-unsupported",
    `${label}: inserts would be refused for a moment while a column is renamed or dropped, and ${names} may have sent a part of one by then, which would be stored twice when it is ` +
      `repeated; nothing was changed. ${BESIDE}; or stop the writers of ${senders.length === 1 ? "it" : "these"}, and remove ${senders.length === 1 ? "it" : "them"} for the change`,
  );
}

function unsupportedWay(
  step: Exclude<Step, { kind: "statement" } | { kind: "rebuild" }>,
): readonly [what: string, instead: string] {
  switch (step.kind) {
    case "rename":
      return [
        "it would get another name, behind a hold for inserts on every host",
        "Keep the name; or declare the new object beside it, move readers and writers, and remove the old one",
      ];
    default:
      return [
        `the view would be recreated (${step.reasons.join("; ")})`,
        "Declare a new view beside it, and remove the old one in the same program, with the writers stopped in between",
      ];
  }
}
