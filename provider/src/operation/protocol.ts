import type { Connection } from "../connection/connection";
import type { Journal } from "./journal";
import type { Runner, RunnerHooks } from "./runner";
import type { Shape } from "./shape";

/**
 * What the first journal line of every operation has, whatever its kind: other operations, and listings, find by it what it works on. It is a
 * wire format in users' databases.
 */
export interface BasePlan {
  readonly kind: string;
  /** Format of the plan and of the other lines; 1 if absent. */
  readonly version?: number;
  /** The object before and after: its CREATE statement or its name, which is only `database` for a database. */
  readonly from: string | PlannedName;
  readonly to: string | PlannedName;
  /** In milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
}

/** A name in a plan; a database has no `name`. */
export interface PlannedName {
  readonly database: string;
  readonly name?: string;
}

/** Where an operation is found. */
export interface OperationRef {
  /** Database whose journal has it. */
  readonly database: string;
  readonly operation: string;
}

/** What a caller may pass to an operation, its resumption or its abort. */
export interface OperationHooks extends RunnerHooks {
  /** Called with `true` when inserts begin to be refused, and with `false` when they are accepted again. */
  readonly onGate?: (closed: boolean) => void;
}

/** State that the steps of an operation share. Every decision is based on the journal and the server. */
export interface OperationContext {
  readonly runner: Runner;
  readonly journal: Journal;
  readonly plan: BasePlan;
  /** Reports that inserts are refused from now on, or accepted again. */
  gateIs(closed: boolean): void;
  /** Reports the step that begins. */
  enter?(step: string): void;
  /**
   * Ends what a dead runner left running on other hosts than that of the runner's connection.
   *
   * @throws {SchemaError} when these cannot be reached.
   */
  endLeftovers?(): Promise<void>;
}

/**
 * One step of a protocol. It may be cut off at any statement, and is then run again from its beginning: it must be idempotent, or find out
 * on the server what of it was done.
 */
export interface Step<Context> {
  /** Shown as progress; successive steps may share a name. */
  readonly name: string;
  /** Journal line that is written after the step, with its result; a step whose line is there is over. Without one, `when` decides alone. */
  readonly line?: string;
  /** Whether there is anything to do: for variants of a protocol, and for steps of which the server shows that they are over. */
  when?(context: Context): boolean | Promise<boolean>;
  /** @returns the value of the line; `true` if undefined. */
  run(context: Context): Promise<unknown>;
}

/** An unfinished operation, as its protocol sees it. */
export interface Description {
  /** The current step: one of the protocol's names of steps. */
  readonly step: string;
  /** Keys of the object before and after. Default: those in the plan. */
  readonly keys?: readonly [string, string];
  /** Canonical CREATE statement of the object before and after. Default: those in the plan, if it has statements. */
  readonly from?: string;
  readonly to?: string;
  /** Rows that are done, of how many; for protocols that copy. */
  readonly rows?: number;
  readonly total?: number;
  /** Progress in readable form. Default: the step. */
  readonly progress?: string;
}

/** The kinds of the journal lines of a protocol, by key; a key that ends with a colon stands for all that begin with it. */
export type Lines = Readonly<Record<string, Shape>>;

/** A kind of operation: data and steps. `engine.ts` begins, resumes, aborts and lists it. */
export interface Protocol<
  Plan extends BasePlan,
  Hooks extends OperationHooks,
  Context extends OperationContext,
  Result,
> {
  readonly kind: Plan["kind"];
  /** Version of the plan and of the lines that this code writes, and the newest that it reads. */
  readonly version: number;
  /** Journal line that ends the operation, with its result. */
  readonly end: "done" | "finished";
  /** What a plan must have. */
  readonly plan: Shape;
  /** All lines besides those that every operation may have. */
  readonly lines: Lines;
  readonly steps: readonly Step<Context>[];
  /** Opens the state of an operation that was begun. Reads nothing. */
  open(runner: Runner, journal: Journal, plan: Plan, hooks: Hooks): Context;
  /** The last step. @returns the value of the line that ends the operation. */
  finish(context: Context): Promise<unknown>;
  /** The result for the caller, of an operation that is over. */
  result(context: Context): Result;
  /**
   * Why the operation cannot be rolled back any more, as a message; undefined while it can be. Also called when an abort is resumed, and for
   * listings.
   *
   * @throws {SchemaError} when somebody has changed what the operation works on.
   */
  forwardOnly(context: Context): Promise<string | undefined>;
  /** Restores the earlier state. May be cut off at any statement, and is then run again. */
  undo(context: Context): Promise<void>;
  describe(context: Context): Promise<Description>;
  /** Whether it takes only moments and holds inserts while it runs: then failures that a retry might fix are rolled back too. */
  isBrief?(context: Context): boolean;
  /** What is done after a permanent failure that cannot be rolled back. */
  stuck?(context: Context): Promise<void>;
  /** The database that has the journal now, if the operation renames it. */
  home?(context: Context): Promise<string>;
  /** For protocols that are not continued but begun again: run by a resumption, after an abort. */
  restart?(connection: Connection, ref: OperationRef, plan: Plan, hooks: Hooks): Promise<Result>;
}

/** A protocol of which only what all have in common is known. */
export type AnyProtocol = Protocol<BasePlan, OperationHooks, OperationContext, unknown>;
