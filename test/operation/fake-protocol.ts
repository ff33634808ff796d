/** Protocols that put things on a fake server, step by step, and take them back. */
import fc from "fast-check";
import type { Connection } from "../../provider/src/connection/connection";
import { start } from "../../provider/src/operation/engine";
import type { Journal } from "../../provider/src/operation/journal";
import type { BasePlan, OperationContext, OperationHooks, Protocol } from "../../provider/src/operation/protocol";
import type { Runner } from "../../provider/src/operation/runner";
import { fields, isNumber, isText } from "../../provider/src/operation/shape";

/** One step. */
export interface FakeStep {
  /** How many things it puts. */
  readonly puts: number;
  /** What tells that it is over: its journal line, or the things themselves; or nothing, so that each run repeats it. */
  readonly seenBy: "journal" | "server" | "nothing";
}

export interface Shape {
  readonly steps: readonly FakeStep[];
  /** The step after whose first thing there is no way back; none if that is beyond the last. */
  readonly noReturn: number;
  readonly isBrief: boolean;
}

export const SHAPES: fc.Arbitrary<Shape> = fc.record({
  steps: fc.array(
    fc.record({
      puts: fc.integer({ min: 1, max: 2 }),
      seenBy: fc.constantFrom("journal" as const, "server" as const, "nothing" as const),
    }),
    { minLength: 1, maxLength: 4 },
  ),
  noReturn: fc.integer({ min: 0, max: 5 }),
  isBrief: fc.boolean(),
});

interface Plan extends BasePlan {
  readonly kind: "fake";
}

interface Context extends OperationContext {
  readonly plan: Plan;
}

export type FakeProtocol = Protocol<Plan, OperationHooks, Context, number>;

/** What a step puts, in order. */
export function thingsOf({ steps }: Shape, index: number): string[] {
  return Array.from({ length: steps[index]?.puts ?? 0 }, (_, at) => `${index}.${at}`);
}

/** All things, in the order in which they are put. */
export function allThings(shape: Shape): string[] {
  return shape.steps.flatMap((_, index) => thingsOf(shape, index));
}

async function things({ runner }: Pick<Context, "runner">): Promise<string[]> {
  const { things: text } = await runner.one<{ things: string }>("THINGS");
  return text.split(" ");
}

export function protocolOf(shape: Shape): FakeProtocol {
  const putAll = async ({ runner }: Context, wanted: readonly string[]): Promise<void> => {
    for (const thing of wanted) await runner.run(`PUT ${thing}`);
  };
  return {
    kind: "fake",
    version: 1,
    end: "done",
    plan: fields<Plan>({ kind: isText, version: isNumber, from: () => true, to: () => true, startedAt: isNumber }),
    lines: { "step:": isNumber, done: isNumber },
    steps: shape.steps.map(({ seenBy }, index) => ({
      name: `step ${index}`,
      ...(seenBy === "journal" && { line: `step:${index}` }),
      ...(seenBy === "server" && {
        when: async (context: Context) => {
          const there = await things(context);
          return !thingsOf(shape, index).every((thing) => there.includes(thing));
        },
      }),
      run: async (context: Context) => {
        await putAll(context, thingsOf(shape, index));
        return index;
      },
    })),
    open: (runner: Runner, journal: Journal, plan: Plan, hooks: OperationHooks) => ({
      ...{ runner, journal, plan },
      gateIs: (closed: boolean) => hooks.onGate?.(closed),
    }),
    finish: async () => shape.steps.length,
    result: ({ journal }) => journal.need<number>("done"),
    forwardOnly: async (context) => {
      const isBeyond = (await things(context)).includes(`${shape.noReturn}.0`);
      return isBeyond ? `step ${shape.noReturn} has begun, so it cannot be rolled back` : undefined;
    },
    undo: async ({ runner }) => {
      for (const thing of allThings(shape).reverse()) await runner.run(`TAKE ${thing}`);
    },
    describe: async ({ journal }) => ({ step: `after ${journal.entries("step:").length} lines` }),
    isBrief: () => shape.isBrief,
  };
}

export const REF = { database: "d", operation: "op" };

/** Begins the operation, or goes on with it. */
export function begin(shape: Shape, connection: Connection, name = "t"): Promise<number> {
  const object = { database: "d", name };
  return start(protocolOf(shape), connection, {
    ...REF,
    hooks: {},
    label: name,
    isWanted: ({ to }) => typeof to !== "string" && to.name === name,
    plan: async (): Promise<Plan> => ({ kind: "fake", from: object, to: object, startedAt: 1 }),
  });
}
