import { isTable, uuidOf } from "../../clickhouse/catalog";
import type { Protocol } from "../../operation/protocol";
import { anyOf, fields, isFlag, isNumber, isText, listOf, oneOf, optional, recordOf } from "../../operation/shape";
import { qualifiedName } from "../../sql/identifiers";
import { keyOf } from "../../sql/object-key";
import { parseCreate } from "../../sql/parse";
import { attach } from "./attach";
import { dropGuards } from "./by-time";
import { checkCoverage } from "./check";
import { BackfillContext, type BackfillPlan, type PlannedView } from "./context";
import { cut } from "./cut";
import { exchange, isExchanged, retireOld } from "./exchange";
import { type Chunk, fill } from "./fill";
import { openGate } from "./gate";
import { dropHelpers } from "./helpers";
import type { BackfillHooks, BackfillLimits, BackfillResult, BackfillStep } from "./options";
import { noWayBack, undoBackfill } from "./undo";

/** The result of an operation; `retired`, `uuid` and `keepUntil` are as in a rebuild, for the removal of retired tables. */
interface Done {
  readonly rows: number;
  readonly written: number;
  readonly retired?: string;
  readonly uuid?: string;
  readonly keepUntil?: number;
}

/** Whether the new rows are still to be put in place. */
async function isOpen(context: BackfillContext): Promise<boolean> {
  return !context.isRefill || !(await isExchanged(context));
}

const isOpenRefill = async (context: BackfillContext): Promise<boolean> => context.isRefill && isOpen(context);

const planned = fields<PlannedView>({
  ...{ statement: isText, snapshot: isText, columns: listOf(isText) },
  byTime: optional(fields<NonNullable<PlannedView["byTime"]>>({ column: isText, columns: listOf(isText) })),
});

const limits = fields<BackfillLimits>({
  ...{ from: optional(isText), timeColumn: optional(isText), chunk: optional(isNumber) },
  ...{ maxMemory: optional(isNumber), maxThreads: optional(isNumber) },
});

/** What the sources of views held before them, computed into their target. */
export const BACKFILL: Protocol<BackfillPlan, BackfillHooks, BackfillContext, BackfillResult> = {
  kind: "backfill",
  version: 1,
  end: "done",
  plan: fields<BackfillPlan>({
    ...{
      kind: oneOf("backfill"),
      version: optional(isNumber),
      mode: oneOf("create", "refill"),
      views: listOf(planned),
    },
    ...{ from: isText, to: isText, uuid: optional(isText), limits, since: optional(isText), lenient: optional(isFlag) },
    ...{ keepOld: isNumber, allow: listOf(isText), startedAt: isNumber },
  }),
  lines: {
    ...{ empty: isFlag, "deadline:": isNumber, late: isFlag, at: isNumber, snapped: isFlag },
    cut: anyOf(isFlag, fields<{ at: number }>({ at: isNumber })),
    ...{
      "parts:": isText,
      "chunk:": fields<Chunk>({ rows: isNumber, high: isNumber }),
      filled: isFlag,
      checked: isFlag,
    },
    ...{ merged: isText, baseline: recordOf(isNumber), attached: isNumber, cutOff: isNumber },
    done: fields<Done>({
      ...{ rows: isNumber, written: isNumber, retired: optional(isText), uuid: optional(isText) },
      keepUntil: optional(isNumber),
    }),
  },
  steps: [
    { name: "cut", run: openGate },
    { name: "cut", when: isOpen, run: cut },
    { name: "fill", line: "filled", when: isOpen, run: fill },
    { name: "check", line: "checked", when: isOpenRefill, run: checkCoverage },
    { name: "attach", when: isOpen, run: attach },
    { name: "attach", when: ({ isRefill }) => !isRefill, run: dropGuards },
    { name: "exchange", when: isOpenRefill, run: exchange },
  ],
  open: (runner, journal, plan, hooks) => new BackfillContext(runner, journal, plan, hooks),
  async finish(context): Promise<Done> {
    const { journal, names, plan, runner } = context;
    context.enter("retire");
    // A gate that could not be opened in time has opened by itself, but is still in the definition.
    await openGate(context);
    if (context.isRefill) await retireOld(context);
    await dropHelpers(context);
    const done = { rows: context.rows, written: journal.need<number>("attached") };
    if (plan.uuid === undefined) return done;
    const keepUntil = Math.ceil((await runner.now()) / 1000) + plan.keepOld;
    return { ...done, retired: names.retired.name, uuid: plan.uuid, keepUntil };
  },
  result(context) {
    const { journal, names, runner } = context;
    context.enter("done");
    const { rows, written, retired, keepUntil } = journal.need<Done>("done");
    return {
      ...{ operation: runner.operation, rows, written, gated: journal.has("gate") },
      ...(retired !== undefined && keepUntil !== undefined && { retired: qualifiedName(names.retired), keepUntil }),
    };
  },
  async forwardOnly(context) {
    const { journal, names, runner } = context;
    if (journal.has("aborting")) return undefined;
    const why = journal.has("done") ? "is done" : await noWayBack(context);
    if (why === undefined) return undefined;
    return (
      `${qualifiedName(names.target)}: operation ${runner.operation} ${why}, so it cannot be rolled back. Resume it: ` +
      `clickhouse-schema operations --resume ${runner.operation}.`
    );
  },
  undo: undoBackfill,
  async describe(context) {
    const { plan, views } = context;
    const total = await rowsToRead(context);
    const step = await stepOf(context);
    const count = (n: number): string => n.toLocaleString("en-US");
    const far = step === "fill" ? `fill, ${count(context.rows)} of ${count(total)} rows` : step;
    const [, ...others] = views.map(({ spec }) => qualifiedName(spec));
    const statement = plan.views[0]?.statement ?? "";
    const key = keyOf(parseCreate(statement));
    return {
      ...{ step, rows: context.rows, total, keys: [key, key] as const, from: statement, to: statement },
      progress: others.length > 0 ? `${far}; with ${others.join(", ")}` : far,
    };
  },
};

async function rowsToRead({ runner, views }: BackfillContext): Promise<number> {
  const condition = views.map(({ snapshotName }) => `(${isTable(snapshotName, "table")})`).join(" OR ");
  const { total } = await runner.one<{ total: string }>(
    `SELECT toString(sum(rows)) AS total FROM system.parts WHERE active AND (${condition || "0"})`,
  );
  return Number(total);
}

async function stepOf({ isRefill, journal, names, plan, runner }: BackfillContext): Promise<BackfillStep> {
  if (plan.uuid !== undefined && (await uuidOf(runner, names.target)) !== plan.uuid) return "retire";
  if (journal.has("attached")) return isRefill ? "exchange" : "retire";
  if (journal.has("baseline")) return "attach";
  if (journal.has("filled")) return isRefill && !journal.has("checked") ? "check" : "attach";
  return journal.has("cut") || journal.entries("chunk:").length > 0 ? "fill" : "cut";
}
