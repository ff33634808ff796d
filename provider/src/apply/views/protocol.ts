import { uuidOf } from "../../clickhouse/catalog";
import { innerTable } from "../../clickhouse/names";
import { SchemaError } from "../../errors";
import { dropBeside } from "../../operation/exchange-view";
import { uncover } from "../../operation/guard";
import { releaseAll } from "../../operation/hold";
import type { Protocol, Step } from "../../operation/protocol";
import { fields, isAnything, isFlag, isNumber, isText, listOf, oneOf, optional, recordOf } from "../../operation/shape";
import { qualifiedName } from "../../sql/identifiers";
import { dropChunks } from "./carry";
import { type Inner, ViewContext, type ViewPlan } from "./context";
import { openGate } from "./gated";
import type { ViewHooks, ViewPhase, ViewStepResult } from "./options";
import { pauseRefresh, resumeRefresh } from "./refresh";
import { carryInner, cutInner, dropOld, dropOther, replace, retireInner, swapInner, type ViewDone } from "./swap";

/** A step of a view with an inner table, until the names are exchanged. */
function unswapped(name: ViewPhase, run: (context: ViewContext, inner: Inner) => Promise<unknown>): Step<ViewContext> {
  return {
    name,
    when: async (context) => context.inner !== undefined && (await context.phase()) !== "retire",
    run: (context) => run(context, innerOf(context)),
  };
}

const STEPS: readonly Step<ViewContext>[] = [
  { name: "replace", run: openGate },
  { name: "replace", when: ({ inner }) => inner === undefined, run: replace },
  // After the exchange the name belongs to the new view, which must refresh.
  unswapped("cut", pauseRefresh),
  {
    name: "cut",
    when: async (context) => context.inner !== undefined && (await context.phase()) === "cut",
    run: (context) => cutInner(context, innerOf(context)),
  },
  {
    name: "carry",
    line: "new",
    when: ({ inner }) => inner !== undefined,
    run: ({ names, runner }) => uuidOf(runner, names.other),
  },
  unswapped("carry", carryInner),
  unswapped("swap", swapInner),
  { name: "retire", when: ({ inner }) => inner !== undefined, run: (context) => dropOld(context, innerOf(context)) },
];

const mapping = fields<{ columns: string; values: string; oldHash: string; newHash: string }>({
  ...{ columns: isText, values: isText, oldHash: isText, newHash: isText },
});

/** Another target of a view, another kind, or another inner table. */
export const VIEW: Protocol<ViewPlan, ViewHooks, ViewContext, ViewStepResult> = {
  kind: "view",
  version: 1,
  end: "done",
  plan: fields<ViewPlan>({
    ...{ kind: oneOf("view"), version: optional(isNumber), from: isText, to: isText, startedAt: isNumber },
    step: oneOf("retarget-view", "externalise-view", "recreate-view"),
    ...{ keepOld: isNumber, allow: listOf(isText) },
    inner: optional(
      fields<Inner>({
        ...{ view: isText, linked: isFlag },
        carry: optional(fields<NonNullable<Inner["carry"]>>({ columns: mapping, layout: isText })),
      }),
    ),
  }),
  lines: {
    paused: isFlag,
    new: isText,
    "chunk:": fields<{ rows: number; parts: unknown }>({ rows: isNumber, parts: listOf(isAnything) }),
    baseline: recordOf(isNumber),
    carried: fields<{ chunks: number; rows: number }>({ chunks: isNumber, rows: isNumber }),
    done: fields<ViewDone>({
      ...{ rows: isNumber, retired: optional(isText), uuid: optional(isText), keepUntil: optional(isNumber) },
    }),
  },
  steps: STEPS,
  open: (runner, journal, plan, hooks) => new ViewContext(runner, journal, plan, hooks),
  async finish(context): Promise<ViewDone> {
    const done = context.inner === undefined ? { rows: 0 } : await retireInner(context, context.inner);
    // A gate that could not be opened in time has opened by itself, but is still in the definition.
    await openGate(context);
    return done;
  },
  result({ journal, names, runner }) {
    const { rows, retired, keepUntil } = journal.need<ViewDone>("done");
    return {
      operation: runner.operation,
      rows,
      ...(retired !== undefined && keepUntil !== undefined && { retired: qualifiedName(names.retired), keepUntil }),
    };
  },
  async forwardOnly(context) {
    const { journal, names, runner, to } = context;
    if (journal.has("aborting") || (!journal.has("done") && canAbort(await context.phase(), context))) return undefined;
    const why = journal.has("done")
      ? "is done"
      : to.to === undefined
        ? "has given the name to the new view, which already receives rows"
        : `has created the new view, and ${qualifiedName(to.to)} gets rows from it`;
    return `${qualifiedName(names.view)}: operation ${runner.operation} ${why}, so it cannot be rolled back. Resume it. To go back, change the declaration back afterwards.`;
  },
  /** Returns to the old view, which was not changed: drops what was created beside it and lets it refresh again. */
  async undo(context) {
    const { inner, names, runner } = context;
    await openGate(context);
    if (inner !== undefined) await dropNew(context, inner.view);
    else {
      await dropBeside(runner, names.view);
      await releaseAll(runner);
    }
    await resumeRefresh(context);
  },
  async describe(context) {
    const phase = await context.phase().catch((error: unknown) => {
      if (error instanceof SchemaError) return context.journal.has("carried") ? "swap" : "carry";
      throw error;
    });
    return { step: phase };
  },
  isBrief: ({ inner }) => inner === undefined,
};

/** Whether the old view can be restored: not once the new view has its name, or the declared target has been written to. */
function canAbort(phase: ViewPhase, { to }: ViewContext): boolean {
  if (phase === "replace" || phase === "cut") return true;
  return phase !== "retire" && to.to === undefined;
}

async function dropNew(context: ViewContext, old: string): Promise<void> {
  const { names, runner } = context;
  const made = await uuidOf(runner, names.other);
  if (made !== undefined && made !== old) {
    await dropOther(context, made);
    await uncover(runner, innerTable(names.other.database, made));
  }
  await uncover(runner, names.other);
  await context.drop(context.names.idle);
  await dropChunks(context);
  await context.drop(names.snapshot);
}

function innerOf({ inner, runner }: ViewContext): Inner {
  if (inner !== undefined) return inner;
  throw new SchemaError("internal", `Operation ${runner.operation}: the view has no inner table`);
}
