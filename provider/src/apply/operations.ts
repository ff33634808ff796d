import type { Connection } from "../connection/connection";
import { readJournals } from "../operation/journal";
import type { RunnerHooks } from "../operation/runner";
import { keyOf, objectKey } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { abortRepair, type RepairOperation, resumeRepair, unfinishedRepairs } from "../verify/repair";
import { abortBackfill, type BackfillOperation, resumableBackfills, resumeBackfill } from "./backfill";
import { tellBackfill, tellRebuild } from "./progress";
import { abortRebuild, type Operation, resumable, resumeRebuild } from "./rebuild";
import { abortRename, type Renamed, type RenameOperation, resumableRenames, resumeRename } from "./rename";
import { abortViewStep, resumableViews, resumeViewStep, type ViewOperation } from "./views";

/** An interrupted operation of many statements, as recorded in the database. */
export interface Unfinished {
  readonly kind: "rebuild" | "view" | "rename" | "backfill" | "repair";
  readonly operation: string;
  /** Database whose journal has it. */
  readonly database: string;
  /** Keys of the object it changes: before and after. */
  readonly keys: readonly [string, string];
  /** Canonical CREATE statement of the object before and after; a rename has none. */
  readonly from?: string;
  readonly to?: string;
  /** Progress in readable form. */
  readonly progress: string;
  /** When it began, in milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
  /** Whether it can still be aborted. */
  readonly canAbort: boolean;
  /** An abort was begun: only that can be resumed. */
  readonly aborting: boolean;
}

/** The interrupted operations in a database, oldest first; one query if it has no journal. */
export async function unfinishedOperations(connection: Connection, database: string): Promise<Unfinished[]> {
  const journals = await readJournals(connection, database);
  if (journals.size === 0) return [];
  // Operations that began after the journals were read belong to another runner, and are running.
  const planOf = ({ operation }: { readonly operation: string }): JournalPlan[] => {
    const plan = journals.get(operation)?.get("plan");
    return plan === undefined ? [] : [plan as JournalPlan];
  };
  const [rebuilds, renames] = [await resumable(connection, database), await resumableRenames(connection, database)];
  const found = [
    ...rebuilds.flatMap((one) => planOf(one).map((plan) => fromRebuild(one, plan))),
    ...(await resumableViews(connection, database)).map(fromView),
    ...renames.flatMap((one) => planOf(one).map((plan) => fromRename(one, plan))),
    ...(await resumableBackfills(connection, database)).map(fromBackfill),
    ...(await unfinishedRepairs(connection, database)).map(fromRepair),
  ];
  return found.sort((a, b) => a.startedAt - b.startedAt);
}

/** Completes an interrupted operation. @param tell receives its progress. */
export async function resumeOperation(
  connection: Connection,
  one: Unfinished,
  tell: (message: string) => void,
  hooks: RunnerHooks = {},
): Promise<void> {
  if (one.kind === "view") await resumeViewStep(connection, one, hooks);
  else if (one.kind === "rename") await resumeRename(connection, one, hooks);
  else if (one.kind === "repair") await resumeRepair(connection, one, hooks);
  else if (one.kind === "backfill") {
    await resumeBackfill(connection, one, { ...hooks, onProgress: tellBackfill(tell) });
  } else {
    await resumeRebuild(connection, one, { ...hooks, onProgress: tellRebuild(tell) });
  }
}

/** Restores the earlier state. @throws {SchemaError} when the operation can only be resumed. */
export async function abortOperation(connection: Connection, one: Unfinished, hooks: RunnerHooks = {}): Promise<void> {
  const abort = {
    rebuild: abortRebuild,
    view: abortViewStep,
    rename: abortRename,
    backfill: abortBackfill,
    repair: abortRepair,
  }[one.kind];
  await abort(connection, one, hooks);
}

type JournalPlan = Readonly<Record<string, unknown>>;

function fromRebuild(one: Operation, plan: JournalPlan): Unfinished {
  const count = (n: number): string => n.toLocaleString("en-US");
  const progress = one.step === "copy" ? `copy, ${count(one.rows)} of ${count(one.total)} rows` : one.step;
  const [from, to] = [String(plan["from"]), String(plan["to"])];
  return { ...stateOf(one), kind: "rebuild", keys: keysOf(from, to), from, to, progress };
}

function fromView(one: ViewOperation): Unfinished {
  const { from, to, phase } = one;
  return { ...stateOf(one), kind: "view", keys: keysOf(from, to), from, to, progress: phase };
}

function fromRename(one: RenameOperation, plan: JournalPlan): Unfinished {
  const key = (name: Renamed): string =>
    "name" in name ? objectKey(name.database, name.name) : objectKey(name.database);
  const keys = [key(plan["from"] as Renamed), key(plan["to"] as Renamed)] as const;
  const progress = `${one.from} → ${one.to}${one.renamed ? ", has its new name" : ""}`;
  return { ...stateOf(one), kind: "rename", keys, progress };
}

function fromBackfill(one: BackfillOperation): Unfinished {
  const count = (n: number): string => n.toLocaleString("en-US");
  const { rows, statement, step, total, views } = one;
  const far = step === "fill" ? `fill, ${count(rows)} of ${count(total)} rows` : step;
  const progress = views.length > 1 ? `${far}; with ${views.slice(1).join(", ")}` : far;
  return {
    ...stateOf(one),
    kind: "backfill",
    keys: keysOf(statement, statement),
    from: statement,
    to: statement,
    progress,
  };
}

/** Whether it is resumed or aborted: what it has not reached still differs, for `verify` to find. */
function fromRepair({ database, key, operation, startedAt }: RepairOperation): Unfinished {
  const state = { operation, database, startedAt, canAbort: true, aborting: false };
  return {
    ...state,
    kind: "repair",
    keys: [key, key],
    progress: "replacing partitions that differ from their sources",
  };
}

function stateOf({
  operation,
  database,
  startedAt,
  canAbort,
  aborting,
}: Omit<Unfinished, "kind" | "keys" | "progress">) {
  return { operation, database, startedAt, canAbort, aborting };
}

function keysOf(from: string, to: string): [string, string] {
  return [keyOf(parseCreate(from)), keyOf(parseCreate(to))];
}
