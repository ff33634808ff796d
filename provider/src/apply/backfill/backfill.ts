import { uuidOf } from "../../clickhouse/catalog";
import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { mentionedNames } from "../../lineage/mentions";
import { proceed } from "../../operation/good-order";
import { guardRows } from "../../operation/guard";
import { Journal } from "../../operation/journal";
import { newOperation } from "../../operation/names";
import { liveView } from "../../operation/replace-view";
import { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { keyOf } from "../../sql/object-key";
import { parseCreate } from "../../sql/parse";
import { renderCreate } from "../../sql/render";
import type { QualifiedName } from "../../sql/spec";
import { selfTest } from "../rebuild/self-test";
import { attach } from "./attach";
import { dropGuards } from "./by-time";
import { checkCoverage } from "./check";
import { type BackfillPlan, backfillNames, Context, parseView } from "./context";
import { cut } from "./cut";
import { exchange, isExchanged, retireOld } from "./exchange";
import { fill } from "./fill";
import { openGate } from "./gate";
import { dropHelpers } from "./helpers";
import { findUnfinished, type UnfinishedBackfill } from "./journals";
import { abortBackfill } from "./operations";
import type { BackfillHooks, BackfillOptions, BackfillResult, RefillOptions } from "./options";
import { type BackfillRequest, preflight } from "./preflight";

/**
 * Creates materialized views of one target and fills it with what their sources held before, while clients continue to write: each row
 * counts once. Inserts into the sources are refused for a moment (error 469; nothing is stored, clients should retry), unless the rows
 * record when they were inserted. The target may hold rows, and other views may write to it. Called again after an interruption, it
 * resumes, whatever the operation was called.
 *
 * @param statements canonical CREATE MATERIALIZED VIEW statements with the same `TO`.
 * @throws {SchemaError} when it is refused, before anything is changed; or when a problem is found later, with what to do.
 */
export async function createWithBackfill(
  connection: Connection,
  statements: readonly string[],
  options: BackfillOptions = {},
): Promise<BackfillResult> {
  const found = await findUnfinished(connection);
  const specs = statements.map(parseView);
  const texts = specs.map((spec) => renderCreate(spec));
  const own = found.find(({ plan }) => plan.mode === "create" && specs.some((spec) => creates(plan, spec)));
  if (own !== undefined && !own.aborting) {
    if (texts.every((text) => own.plan.views.some((view) => view.statement === text)))
      return resumeBackfill(connection, own, options);
    throw new SchemaError(
      "operation-unfinished",
      `${specs.map(qualifiedName).join(", ")}: backfill ${own.operation} of it is not finished, and was begun with another definition. Finish or abort it: ` +
        `clickhouse-schema operations --resume ${own.operation} (or --abort ${own.operation}), and run again.`,
    );
  }
  // Unfinished creations on the same tables would block this one; whoever started them wanted a create as well, so finish them.
  for (const other of found.filter((one) => one.plan.mode === "create" && !one.aborting && concerns(one, specs))) {
    await resumeBackfill(connection, other, { ...options });
  }
  return begin(connection, { mode: "create", statements: texts, options });
}

/**
 * Recomputes the rows of a target from everything in the sources of its views, while clients continue to write, and swaps them in
 * atomically. Readers see the old rows until then. The old table is kept for a while. Called again after an interruption, it resumes.
 *
 * @param views all views of one target.
 * @throws {SchemaError} as {@link createWithBackfill}; also when the target has rows whose source rows are gone.
 */
export async function backfillViews(
  connection: Connection,
  views: readonly QualifiedName[],
  options: RefillOptions = {},
): Promise<BackfillResult> {
  const statements = await liveStatements(connection, views);
  const own = (await findUnfinished(connection)).find(({ aborting, plan }) => {
    const texts = plan.views.map(({ statement }) => statement);
    return (
      plan.mode === "refill" &&
      !aborting &&
      texts.length === statements.length &&
      statements.every((text) => texts.includes(text))
    );
  });
  if (own !== undefined) return resumeBackfill(connection, own, options);
  return begin(connection, { mode: "refill", statements, options });
}

/** CREATE statements of the existing views. @throws {SchemaError} when one does not exist. */
export async function liveStatements(connection: Connection, views: readonly QualifiedName[]): Promise<string[]> {
  const runner = new Runner(connection, "preview");
  const statements: string[] = [];
  for (const name of views) {
    const live = await liveView(runner, name);
    if (live === undefined) throw new SchemaError("object-missing", `${qualifiedName(name)}: there is no such view.`);
    statements.push(renderCreate(live.spec));
  }
  return statements;
}

/** Resumes an interrupted backfill, on this machine or any other. */
export async function resumeBackfill(
  connection: Connection,
  operation: { readonly database: string; readonly operation: string },
  hooks: BackfillHooks = {},
): Promise<BackfillResult> {
  const runner = new Runner(connection, operation.operation, hooks);
  const journal = await Journal.ofOperation(runner, operation.database);
  return goOn(new Context(runner, journal, hooks));
}

function creates({ views }: BackfillPlan, { database, name }: QualifiedName): boolean {
  return views.some(({ statement }) => {
    const spec = parseView(statement);
    return spec.database === database && spec.name === name;
  });
}

/** Whether a backfill's target is a table that some views write to, or read. */
function concerns({ plan, target }: UnfinishedBackfill, specs: readonly ReturnType<typeof parseView>[]): boolean {
  const key = keyOf(parseCreate(plan.to));
  return specs.some(({ query, to }) => (to && qualifiedName(to) === target) || mentionedNames(query).has(key));
}

async function begin(connection: Connection, wanted: BackfillRequest): Promise<BackfillResult> {
  const { options } = wanted;
  const operation = options.operation ?? newOperation();
  const runner = new Runner(connection, operation, options);
  const first = wanted.statements[0];
  const database = first === undefined ? "" : (parseView(first).to?.database ?? "");
  const { plan, sources, target } = await preflight(runner, wanted);
  const journal = await Journal.open(runner, database);
  const names = backfillNames(target, operation);
  if (journal.has("plan") || (await uuidOf(runner, names.stage)) !== undefined) {
    throw new SchemaError(
      "operation-exists",
      `Operation ${operation} exists in database ${database}. Resume or abort it, or take another name.`,
    );
  }
  await selfTest(connection, database, options);
  await guardRows(runner, journal, [...sources, target]);
  const named = [...plan.views.map(({ statement }) => parseView(statement)), ...sources];
  await journal.set(
    "dependents",
    named.map(({ database: of, name }) => ({ database: of, name })),
  );
  const uuid = wanted.mode === "refill" ? await uuidOf(runner, target) : undefined;
  await journal.set("plan", { ...plan, ...(uuid !== undefined && { uuid }) } satisfies BackfillPlan);
  return goOn(new Context(runner, journal, options));
}

async function goOn(context: Context): Promise<BackfillResult> {
  const { journal, names, runner } = context;
  const undo = (): Promise<void> =>
    abortBackfill(runner.connection, { database: names.target.database, operation: runner.operation });
  await proceed({ runner, journal, ends: "done", undo, opened: () => context.gateIs(false) }, () => work(context));
  return resultOf(context);
}

async function work(context: Context): Promise<void> {
  // Statements that another runner started before it could see that it had been replaced.
  await context.runner.endLeftovers();
  await openGate(context);
  if (!context.isRefill) {
    await cut(context);
    await fill(context);
    await attach(context);
    await dropGuards(context);
  } else if (!(await isExchanged(context))) {
    await cut(context);
    await fill(context);
    await checkCoverage(context);
    await attach(context);
    await exchange(context);
  }
  await retire(context);
}

/**
 * The result of an operation: journal line `done`. `retired`, `uuid` and `keepUntil` are as in a rebuild, for the removal of retired
 * tables.
 */
interface Done {
  readonly rows: number;
  readonly written: number;
  readonly retired?: string;
  readonly uuid?: string;
  readonly keepUntil?: number;
}

async function retire(context: Context): Promise<void> {
  const { journal, names, plan, runner } = context;
  context.enter("retire");
  // A gate that could not be opened in time has opened by itself, but is still in the definition.
  await openGate(context);
  if (context.isRefill) await retireOld(context);
  await dropHelpers(context);
  let done: Done = { rows: context.rows, written: journal.need<number>("attached") };
  if (plan.uuid !== undefined) {
    const keepUntil = Math.ceil((await runner.now()) / 1000) + plan.keepOld;
    done = { ...done, retired: names.retired.name, uuid: plan.uuid, keepUntil };
  }
  await journal.set("done", done);
  context.enter("done");
}

function resultOf({ journal, names, runner }: Context): BackfillResult {
  const { rows, written, retired, keepUntil } = journal.need<Done>("done");
  return {
    ...{ operation: runner.operation, rows, written, gated: journal.has("gate") },
    ...(retired !== undefined && keepUntil !== undefined && { retired: qualifiedName(names.retired), keepUntil }),
  };
}
