import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { quoteString } from "../sql/identifiers";
import { ForwardOnly } from "./errors";
import { inGoodOrder } from "./good-order";
import { refuseOtherUser } from "./guard";
import { Journal, readJournals } from "./journal";
import { basePlanOf, refuseUnreadable } from "./lines";
import type { BasePlan, OperationContext, OperationHooks, OperationRef, Protocol, Step } from "./protocol";
import { Runner } from "./runner";

/** How an operation begins. */
export interface Beginning<Plan extends BasePlan, Hooks extends OperationHooks> extends OperationRef {
  readonly hooks: Hooks;
  /** The object, for messages: quoted and qualified. */
  readonly label: string;
  /** Whether an operation of this name that exists does what is wanted: then it is resumed. */
  isWanted(plan: Plan): boolean;
  /**
   * Checks everything and makes the plan, before anything is changed. Lines that it leaves in the journal, which it opens, are those of an
   * operation that was never begun.
   *
   * @throws {SchemaError} when it is refused.
   */
  plan(runner: Runner, openJournal: () => Promise<Journal>): Promise<Plan>;
}

/**
 * Begins an operation and runs it to its end; resumes it if it was begun. Whatever happens to the runner, the operation is then over, or it is
 * in the journal and can be resumed.
 *
 * @throws {SchemaError} when it is refused, before anything is changed; or when a problem is found later, with what to do.
 */
export async function start<P extends BasePlan, H extends OperationHooks, C extends OperationContext, R>(
  protocol: Protocol<P, H, C, R>,
  connection: Connection,
  beginning: Beginning<P, H>,
): Promise<R> {
  const { database, hooks, label, operation } = beginning;
  refuseOperationName(operation);
  const lines = (await readJournals(connection, database)).get(operation);
  if (lines?.has("plan")) {
    const plan = lines.get("plan") as P;
    if (plan.kind !== protocol.kind || !beginning.isWanted(plan)) {
      throw new SchemaError(
        "operation-exists",
        `${label}: operation ${operation} exists and does something else. Resume or abort it, or choose another name.`,
      );
    }
    return resume(protocol, connection, beginning, hooks);
  }
  const runner = new Runner(connection, operation, hooks);
  let journal: Journal | undefined;
  const openJournal = async (): Promise<Journal> => {
    journal ??= await Journal.open(runner, database);
    return journal;
  };
  const plan = { ...(await beginning.plan(runner, openJournal)), version: protocol.version };
  // Nobody could resume what nobody can read.
  if (!protocol.plan(JSON.parse(JSON.stringify(plan)))) {
    throw new SchemaError("internal", `${label}: the plan of this ${protocol.kind} is not one that can be read again`);
  }
  const opened = await openJournal();
  await opened.set("plan", plan);
  return proceed(protocol, protocol.open(runner, opened, plan, hooks));
}

/** Resumes an interrupted operation, on this machine or any other; returns the result of one that is over. */
export async function resume<P extends BasePlan, H extends OperationHooks, C extends OperationContext, R>(
  protocol: Protocol<P, H, C, R>,
  connection: Connection,
  ref: OperationRef,
  hooks: H = {} as H,
): Promise<R> {
  if (protocol.restart !== undefined) {
    const { plan } = await openOperation(protocol, connection, ref, hooks);
    await abort(protocol, connection, ref, hooks);
    return protocol.restart(connection, ref, plan as P, hooks);
  }
  return proceed(protocol, await openOperation(protocol, connection, ref, hooks));
}

/**
 * Restores the state before the operation; one that is aborted stays so.
 *
 * @throws {ForwardOnly} when it can only be resumed.
 */
export async function abort<P extends BasePlan, H extends OperationHooks, C extends OperationContext, R>(
  protocol: Protocol<P, H, C, R>,
  connection: Connection,
  ref: OperationRef,
  hooks: H = {} as H,
): Promise<void> {
  const context = await openOperation(protocol, connection, ref, hooks);
  const { journal } = context;
  // What begins again need not go back, either.
  if (journal.has("aborted") || (protocol.restart !== undefined && journal.has(protocol.end))) return;
  await takeOver(context);
  const why = await protocol.forwardOnly(context);
  if (why !== undefined) throw new ForwardOnly(why);
  if (!journal.has("aborting")) await journal.set("aborting", true);
  await protocol.undo(context);
  await journal.set("aborted", true);
}

/** @throws {SchemaError} when an operation's name cannot be part of names on the server. */
export function refuseOperationName(operation: string): void {
  if (/^[A-Za-z0-9_]{1,40}$/.test(operation)) return;
  throw new SchemaError(
    "operation-name-invalid",
    `Operation ${quoteString(operation)}: use 1 to 40 letters, digits and underscores: it becomes part of names on the server.`,
  );
}

/** Opens an operation that was begun. @throws {SchemaError} when it is unknown, or this version cannot read its journal. */
async function openOperation<P extends BasePlan, H extends OperationHooks, C extends OperationContext, R>(
  protocol: Protocol<P, H, C, R>,
  connection: Connection,
  { database, operation }: OperationRef,
  hooks: H,
): Promise<C> {
  const known = (await readJournals(connection, database)).get(operation);
  if (known?.has("plan") !== true) throw unknown(operation, database);
  const kind = basePlanOf(known)?.kind ?? protocol.kind;
  if (kind !== protocol.kind) {
    throw new SchemaError("operation-unknown", `Operation ${operation}: is not a ${protocol.kind} but a ${kind}.`);
  }
  // Read before it is opened, so that nothing is written to the journal of an operation that is not understood.
  refuseUnreadable(protocol, operation, known);
  const runner = new Runner(connection, operation, hooks);
  const journal = await Journal.open(runner, database);
  return protocol.open(runner, journal, journal.need<P>("plan"), hooks);
}

function unknown(operation: string, database: string): SchemaError {
  return new SchemaError(
    "operation-unknown",
    `Operation ${operation} does not exist in database ${database}. The journal of a renamed database moves with it: give its current name.`,
  );
}

/** Does the rest of an operation; nothing if it is done. */
async function proceed<P extends BasePlan, H extends OperationHooks, C extends OperationContext, R>(
  protocol: Protocol<P, H, C, R>,
  context: C,
): Promise<R> {
  const { journal, runner } = context;
  if (journal.has(protocol.end)) return protocol.result(context);
  if (journal.has("aborting")) {
    const unfinished = journal.has("aborted") ? "" : ", but not completely; abort it again";
    throw new SchemaError("operation-aborted", `Operation ${runner.operation} was aborted${unfinished}.`);
  }
  await refuseOtherUser(runner);
  await takeOver(context);
  const order = {
    runner,
    undo: () => takeBack(protocol, context),
    brief: protocol.isBrief?.(context) === true,
    opened: () => context.gateIs(false),
  };
  await inGoodOrder(order, async () => {
    await runSteps(protocol, context);
    await journal.set(protocol.end, await protocol.finish(context));
  });
  return protocol.result(context);
}

async function runSteps<Context extends OperationContext>(
  { steps }: { readonly steps: readonly Step<Context>[] },
  context: Context,
): Promise<void> {
  let shown = "";
  for (const step of steps) {
    if (step.line !== undefined && context.journal.has(step.line)) continue;
    if (step.when !== undefined && !(await step.when(context))) continue;
    // A runner that was replaced stops here, if not earlier.
    await context.journal.assertOwner();
    if (step.name !== shown) context.enter?.(step.name);
    shown = step.name;
    const value = await step.run(context);
    if (step.line !== undefined) await context.journal.set(step.line, value ?? true);
  }
}

/** A new runner aborts: what the failed one was told to do before a statement, or to stop for, is not meant for the way back. */
async function takeBack<P extends BasePlan, H extends OperationHooks, C extends OperationContext, R>(
  protocol: Protocol<P, H, C, R>,
  context: C,
): Promise<void> {
  const { journal, runner } = context;
  const database = (await protocol.home?.(context)) ?? journal.database;
  try {
    await abort(protocol, runner.connection, { database, operation: runner.operation });
  } catch (error) {
    if (error instanceof ForwardOnly) await protocol.stuck?.(context);
    throw error;
  }
}

/** Ends what another runner has left running, and takes the operation from one that is still alive. */
async function takeOver(context: OperationContext): Promise<void> {
  const { journal, runner } = context;
  const endLeftovers = async (): Promise<void> => {
    await context.endLeftovers?.();
    await runner.endLeftovers();
  };
  await endLeftovers();
  await journal.take();
  // Statements that it began before it could see that.
  await endLeftovers();
}
