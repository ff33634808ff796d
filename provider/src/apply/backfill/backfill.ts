import { uuidOf } from "../../clickhouse/catalog";
import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { mentionedNames } from "../../lineage/mentions";
import { resume, start } from "../../operation/engine";
import { guardRows } from "../../operation/guard";
import { newOperation } from "../../operation/names";
import { liveView } from "../../operation/replace-view";
import { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { keyOf } from "../../sql/object-key";
import { parseCreate } from "../../sql/parse";
import { renderCreate } from "../../sql/render";
import type { QualifiedName } from "../../sql/spec";
import { selfTest } from "../rebuild/self-test";
import { type BackfillPlan, backfillNames, parseView } from "./context";
import { findUnfinished, type UnfinishedBackfill } from "./journals";
import type { BackfillOptions, BackfillResult, RefillOptions } from "./options";
import { type BackfillRequest, preflight } from "./preflight";
import { BACKFILL } from "./protocol";

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
      return resume(BACKFILL, connection, own, options);
    throw new SchemaError(
      "operation-unfinished",
      `${specs.map(qualifiedName).join(", ")}: backfill ${own.operation} of it is not finished, and it was started with another definition. Finish or abort it: ` +
        `clickhouse-schema operations --resume ${own.operation} (or --abort ${own.operation}), and run again.`,
    );
  }
  // Unfinished creations on the same tables would block this one; their runs wanted a create as well, so finish them.
  for (const other of found.filter((one) => one.plan.mode === "create" && !one.aborting && concerns(one, specs))) {
    await resume(BACKFILL, connection, other, { ...options });
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
  if (own !== undefined) return resume(BACKFILL, connection, own, options);
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

function begin(connection: Connection, wanted: BackfillRequest): Promise<BackfillResult> {
  const { mode, options, statements } = wanted;
  const spec = statements[0] === undefined ? undefined : parseView(statements[0]);
  return start(BACKFILL, connection, {
    // What has no target is refused by the checks.
    database: spec?.to?.database ?? spec?.database ?? "default",
    operation: options.operation ?? newOperation(),
    label: spec === undefined ? "backfill" : qualifiedName(spec),
    hooks: options,
    isWanted: () => false,
    plan: async (runner, openJournal): Promise<BackfillPlan> => {
      const { plan, sources, target } = await preflight(runner, wanted);
      const { database } = target;
      if ((await uuidOf(runner, backfillNames(target, runner.operation).stage)) !== undefined) {
        throw new SchemaError(
          "operation-exists",
          `Operation ${runner.operation} exists in database ${database}. Resume or abort it, or choose another name.`,
        );
      }
      await selfTest(connection, database, options);
      const journal = await openJournal();
      await guardRows(runner, journal, [...sources, target]);
      const named = [...plan.views.map(({ statement }) => parseView(statement)), ...sources];
      await journal.set(
        "dependents",
        named.map(({ database: of, name }) => ({ database: of, name })),
      );
      const uuid = mode === "refill" ? await uuidOf(runner, target) : undefined;
      return { ...plan, ...(uuid !== undefined && { uuid }) };
    },
  });
}
