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

/** Something that takes many statements and was cut off, as the database remembers it. */
export interface Unfinished {
  readonly kind: "rebuild" | "view" | "rename" | "backfill" | "repair";
  readonly operation: string;
  /** Whose journal knows it. */
  readonly database: string;
  /** Keys of the object it changes: before and after. */
  readonly keys: readonly [string, string];
  /** Canonical CREATE text of the object before and after; a rename has none. */
  readonly from?: string;
  readonly to?: string;
  /** How far it is, for people. */
  readonly progress: string;
  /** When it began, in milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
  /** Whether the way back is open. */
  readonly canAbort: boolean;
  /** An abort was begun: only that can be gone on with. */
  readonly aborting: boolean;
}

/** What was cut off in a database, oldest first; one query where there is no journal. */
export async function unfinishedOperations(connection: Connection, database: string): Promise<Unfinished[]> {
  const journals = await readJournals(connection, database);
  if (journals.size === 0) return [];
  // What began after the journals were read is another runner's, and under way.
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

/** Finishes what was cut off. @param tell told how far it is. */
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

/** Goes back to what was before. @throws {SchemaError} when the only way is forward. */
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

/** Resumed or given up, what it has not reached differs still, for `verify`. */
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
