import { ClusterConnection } from "../cluster/cluster-connection";
import type { Connection } from "../connection/connection";
import { messageOf } from "../errors";
import type { Plan, RebuildStep, RenameStep, Step, ViewStep } from "../plan";
import { renderCreate } from "../sql/render";
import type { QualifiedName } from "../sql/spec";
import { changeColumns } from "./change-columns";
import { awaitMutations } from "./mutations";
import { interruptible, tellRebuild } from "./progress";
import { newOperation, rebuildTable } from "./rebuild";
import { remakeTable } from "./remake";
import { renameObject } from "./rename";
import { runStatement } from "./statement";
import { inTurn } from "./turns";
import { applyViewStep } from "./views";

/** How to apply a plan. */
export interface ApplyOptions {
  /** Name of the first step's operation in journals. An operation does one thing, so each further step gets its own name. */
  readonly operation: string;
  readonly allow: readonly string[];
  readonly rebuild: "online" | "offline";
  /** Seconds to keep the old table of a rebuild. */
  readonly keepOld?: number;
  /** Reports what is being done, shown on the resource's row. */
  readonly tell: (message: string) => void;
  /** Reports what should remain readable afterwards. Default: `tell`. */
  readonly say?: (message: string) => void;
  /** The statement with its secrets in their places. Default: as it is. */
  readonly withSecrets?: (sql: string) => string;
}

/** A step failed after others had been done. */
export class PartlyApplied extends Error {
  /** How many steps were done. */
  readonly done: number;

  constructor(done: number, cause: unknown) {
    super(messageOf(cause), { cause });
    this.done = done;
  }
}

/**
 * Runs the steps of a plan one after the other, and waits for the mutations they start.
 *
 * @throws whatever the first step throws; {@link PartlyApplied} when a later one fails.
 */
export async function applyPlan(
  connection: Connection,
  object: QualifiedName | undefined,
  { steps }: Plan,
  options: ApplyOptions,
): Promise<void> {
  for (const [done, step] of steps.entries()) {
    try {
      await applyStep(connection, object, step, done === 0 ? options : { ...options, operation: newOperation() });
      if (step.kind === "statement" && step.mutation && object) await awaitMutations(connection, object, options.tell);
    } catch (error) {
      throw done === 0 ? error : new PartlyApplied(done, error);
    }
  }
}

async function applyStep(
  connection: Connection,
  object: QualifiedName | undefined,
  step: Step,
  options: ApplyOptions,
): Promise<void> {
  switch (step.kind) {
    case "statement": {
      const run = (): Promise<void> => runStatement(connection, step, options.tell, options.withSecrets);
      if (!step.gated || object === undefined) return run();
      // Once every host refuses inserts, one that dies gets the rest later.
      const held = connection instanceof ClusterConnection ? (): Promise<void> => connection.insist(step.sql) : run;
      return inTurn(() =>
        changeColumns(connection, object, held, { operation: options.operation, onGate: tellGate(options.tell) }),
      );
    }
    case "rebuild":
      return inTurn(() =>
        step.holdsRows ? rebuild(connection, step, options) : remakeTable(connection, step.to, options),
      );
    case "rename":
      return inTurn(() => rename(connection, step, options));
    case "retarget-view":
    case "externalise-view":
    case "recreate-view":
      return inTurn(() => changeView(connection, step, options));
    default:
      return unreachable(step);
  }
}

async function rename(connection: Connection, { object, from, to }: RenameStep, options: ApplyOptions): Promise<void> {
  const { operation, allow, tell } = options;
  const onGate = tellGate(tell);
  const { repointed } = await renameObject(connection, { object, from, to, operation, allow, onGate });
  if (repointed.length > 0) tell(`re-pointed to the new name: ${repointed.join(", ")}`);
}

async function changeView(connection: Connection, step: ViewStep, options: ApplyOptions): Promise<void> {
  const { operation, allow, keepOld, tell } = options;
  tell(step.reasons.join("; "));
  const onGate = tellGate(tell);
  const kept = keepOld === undefined ? {} : { keepOld };
  const { rows, retired } = await applyViewStep(connection, step, { operation, allow, ...kept, onGate });
  if (retired !== undefined)
    tell(`${rows.toLocaleString("en-US")} rows carried over; as they were they are in ${retired}`);
}

function tellGate(tell: (message: string) => void): (closed: boolean) => void {
  return (closed) => tell(closed ? "inserts are refused for a moment" : "inserts continue");
}

async function rebuild(connection: Connection, step: RebuildStep, options: ApplyOptions): Promise<void> {
  const { operation, allow, keepOld, rebuild: mode, say, tell } = options;
  const [tellProgress, warnOfInterrupts] = [tellRebuild(tell), interruptible(say ?? tell)];
  const { rows, retired } = await rebuildTable(connection, {
    from: renderCreate(step.from),
    to: renderCreate(step.to),
    operation,
    mode,
    allow,
    renamed: step.renamedColumns,
    ...(keepOld !== undefined && { keepOld }),
    onGate: tellGate(tell),
    onProgress: (progress) => {
      if (progress.step === "copy") warnOfInterrupts(progress);
      tellProgress(progress);
    },
  });
  tell(`${rows.toLocaleString("en-US")} rows copied and compared; the old table is ${retired}`);
}

function unreachable(step: never): never {
  throw new Error(`No way to apply ${JSON.stringify(step)}`);
}
