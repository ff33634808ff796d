import { uuidOf } from "../../clickhouse/catalog";
import type { Connection } from "../../connection/connection";
import { allowInserts } from "../../operation/gate";
import { Journal, readJournals } from "../../operation/journal";
import { helperNames } from "../../operation/names";
import { Runner, type RunnerHooks } from "../../operation/runner";
import { objectKey } from "../../sql/object-key";
import type { QualifiedName } from "../../sql/spec";
import type { RepairOperation } from "./options";
import { dropStage } from "./stage";

/** The plan of a repair: the first line of its journal. */
export interface RepairPlan {
  readonly kind: "repair";
  readonly from: QualifiedName;
  readonly to: QualifiedName;
  readonly startedAt: number;
}

/** The table that a repair of a target fills before it replaces partitions. */
export function stageOf(target: QualifiedName, operation: string): QualifiedName {
  return helperNames(target, operation).chunk(0);
}

/** The interrupted repairs in a database. */
export async function unfinishedRepairs(connection: Connection, database: string): Promise<RepairOperation[]> {
  const found: RepairOperation[] = [];
  for (const [operation, lines] of await readJournals(connection, database)) {
    const plan = lines.get("plan") as RepairPlan | undefined;
    if (plan?.kind !== "repair" || lines.has("done") || lines.has("aborted")) continue;
    found.push({ operation, database, key: objectKey(plan.to.database, plan.to.name), startedAt: plan.startedAt });
  }
  return found;
}

/**
 * Cleans up after an interrupted repair. The target needs nothing: each of its partitions is the old one or the new one, and whatever the
 * repair did not reach still differs, for the next repair to fix. A repair that is still running stops before its next replacement.
 */
export async function abortRepair(
  connection: Connection,
  { database, operation }: { readonly database: string; readonly operation: string },
  hooks: RunnerHooks = {},
): Promise<void> {
  const runner = new Runner(connection, operation, hooks);
  const journal = await Journal.ofOperation(runner, database);
  if (journal.has("aborted") || journal.has("done")) return;
  await journal.take();
  await runner.endLeftovers();
  const closed: QualifiedName[] = [];
  for (const table of journal.get<QualifiedName[]>("gate") ?? []) {
    if ((await uuidOf(runner, table)) !== undefined) closed.push(table);
  }
  await allowInserts(runner, closed);
  await dropStage(runner, stageOf(journal.need<RepairPlan>("plan").to, operation));
  await journal.set("aborted", true);
}
