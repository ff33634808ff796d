import { setTimeout as sleep } from "node:timers/promises";
import { ConnectionError } from "../../connection/errors";
import { READ_SETTINGS, WRITE_SETTINGS } from "../../operation/copy-settings";
import { Postponed } from "../../operation/errors";
import { cover } from "../../operation/guard";
import { partsOf } from "../../operation/parts";
import { backtick, qualifiedName, quoteString } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { beforeCut } from "./by-time";
import type { BackfillContext, View } from "./context";
import { stageStatement } from "./definitions";
import { keepExpired } from "./helpers";
import { DEFAULT_MEMORY } from "./options";
import { readingFrom } from "./query";
import { frozenParts, type Slice, sliced } from "./slices";

/** Nor does anything in the profile limit what a chunk groups or reads. */
const CHUNK_SETTINGS = `${READ_SETTINGS}, max_rows_to_group_by = 0, limit = 0, offset = 0, optimize_use_projections = 0, force_primary_key = 0, force_index_by_date = 0`;

/** A chunk that is in the stage: journal line `chunk:<item>:<n>`. */
export interface Chunk {
  /** Rows of the source. */
  readonly rows: number;
  /** Highest block number in the stage; higher ones were written by an interrupted statement. */
  readonly high: number;
}

/** A source of the stage's rows, computed slice by slice. */
interface Item {
  readonly key: string;
  readonly snapshot: QualifiedName;
  readonly columns: readonly string[];
  readonly query: string;
  readonly where: string | undefined;
  readonly filter: string | undefined;
  /** Whether its rows count as progress. */
  readonly counted: boolean;
}

/** Computes the views' results over the snapshots into a separate table that nobody else uses. */
export async function fill(context: BackfillContext): Promise<void> {
  const { journal, names, plan, runner } = context;
  const { limits } = plan;
  const work: { item: Item; slices: Slice[] }[] = [];
  for (const item of await items(context)) {
    work.push({ item, slices: sliced(await frozenParts(context, item.snapshot), limits.chunk) });
  }
  const counted = work.filter(({ item }) => item.counted).flatMap(({ slices }) => slices);
  context.expect(counted.reduce((sum, { rows }) => sum + rows, 0));
  context.report();
  await prepareStage(context);
  for (const { item, slices } of work) {
    for (const [index, slice] of slices.entries()) {
      const key = `chunk:${item.key}:${index}`;
      if (journal.has(key)) continue;
      // The rows of two runners in one stage could not be distinguished.
      await journal.assertOwner();
      await compute(context, item, slice);
      const high = Math.max(0, ...(await partsOf(runner, names.stage)).map((part) => part.high));
      await journal.set(key, { rows: item.counted ? slice.rows : 0, high } satisfies Chunk);
      context.report();
    }
  }
  for (const { item } of work) await frozenParts(context, item.snapshot);
}

async function items(context: BackfillContext): Promise<Item[]> {
  const { layout, names, plan, views } = context;
  const found: Item[] = views.map((view) => ({
    key: `${view.index}`,
    snapshot: view.snapshotName,
    columns: view.columns,
    query: snapshotQuery(view),
    where: plan.since,
    filter: beforeCut(context, view),
    counted: true,
  }));
  if (!context.isRefill || plan.since === undefined) return found;
  // Older rows stay unchanged.
  const columns = layout.columns.filter(({ default: value }) => value === undefined || value.kind === "DEFAULT");
  const stored = columns.map(({ name }) => name);
  return [
    ...found,
    {
      ...{ key: "kept", snapshot: names.before, columns: stored, filter: undefined, counted: false },
      query: `SELECT ${stored.map(backtick).join(", ")} FROM ${qualifiedName(names.before)}`,
      where: `NOT (${plan.since})`,
    },
  ];
}

/** A view's result over the rows of its snapshot. */
export function snapshotQuery({ snapshotName, source, spec }: View): string {
  return readingFrom(spec.query, source, qualifiedName(snapshotName));
}

/** Creates the stage, or removes what an interrupted statement left in it. */
async function prepareStage(context: BackfillContext): Promise<void> {
  const { journal, names, runner } = context;
  const chunks = journal.entries<Chunk>("chunk:");
  if (chunks.length === 0) {
    await context.drop(names.stage);
    await cover(runner, names.stage);
    await runner.run(stageStatement(context, names.stage));
    return keepExpired(context);
  }
  await keepExpired(context);
  await clearAbove(context, Math.max(...chunks.map(([, { high }]) => high)));
}

async function clearAbove({ names, runner }: BackfillContext, high: number): Promise<void> {
  for (const part of await partsOf(runner, names.stage)) {
    if (part.low > high)
      await runner.run(`ALTER TABLE ${qualifiedName(names.stage)} DROP PART ${quoteString(part.name)}`);
  }
}

async function compute(context: BackfillContext, item: Item, slice: Slice): Promise<void> {
  const { runner } = context;
  const sql = insertStatement(context, item, slice);
  const tell = (read: number): void => context.report(item.counted ? Math.min(read, slice.rows) : 0);
  try {
    await runner.watched(sql, "read_rows", tell, () => runner.run(sql));
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    // The response was lost; the statement continues on the server.
    await waitForEnd(context);
    await requireWhole(context, item, slice);
  }
}

function insertStatement(context: BackfillContext, item: Item, slice: Slice): string {
  const { maxMemory = DEFAULT_MEMORY, maxThreads } = context.limits;
  const columns = item.columns.map(backtick).join(", ");
  const threads = maxThreads === undefined ? "" : `, max_threads = ${maxThreads}`;
  // Two threads for sorting and writing: one would slow down the reading threads.
  const writers = `, max_insert_threads = ${Math.min(2, maxThreads ?? 2)}`;
  const half = Math.floor(maxMemory / 2);
  const memory = `max_memory_usage = ${maxMemory}, max_bytes_before_external_group_by = ${half}, max_bytes_before_external_sort = ${half}`;
  return (
    `INSERT INTO ${qualifiedName(context.names.stage)} (${columns}) SELECT ${columns} FROM ${rowsOf(item)} ` +
    `SETTINGS ${filterSetting(item, slice)}, ${CHUNK_SETTINGS}, ${WRITE_SETTINGS}, ${memory}${threads}${writers}`
  );
}

function rowsOf({ query, where }: Item): string {
  return `(${query})${where === undefined ? "" : ` WHERE ${where}`}`;
}

/** Filters the rows where the snapshot is read, whatever the query does around it; the engine uses it to skip parts and granules. */
function filterSetting({ filter, snapshot }: Item, { where }: Slice): string {
  const condition = filter === undefined ? where : `(${where}) AND (${filter})`;
  return `additional_table_filters = {${quoteString(`${snapshot.database}.${snapshot.name}`)}: ${quoteString(condition)}}`;
}

async function waitForEnd({ names, runner }: BackfillContext): Promise<void> {
  const head = quoteString(`INSERT INTO ${qualifiedName(names.stage)} `);
  const running = (): Promise<object[]> =>
    runner.rows(
      `SELECT 1 AS one FROM system.processes WHERE query_kind = 'Insert' AND position(query, ${quoteString(`schema-op ${runner.operation} `)}) > 0 AND position(query, ${head}) > 0`,
    );
  while ((await running()).length > 0) await sleep(1000);
}

/** @throws {SchemaError} when only part of a slice's rows was written. */
async function requireWhole(context: BackfillContext, item: Item, slice: Slice): Promise<void> {
  const { journal, names, runner } = context;
  const known = Math.max(-1, ...journal.entries<Chunk>("chunk:").map(([, { high }]) => high));
  const parts = (await partsOf(runner, names.stage)).filter(({ low }) => low > known);
  const written = parts.reduce((sum, { rows }) => sum + rows, 0);
  const { wanted } = await runner.one<{ wanted: string }>(
    `SELECT toString(count()) AS wanted FROM ${rowsOf(item)} SETTINGS ${filterSetting(item, slice)}, ${CHUNK_SETTINGS}`,
  );
  if (Number(wanted) === written) return;
  throw new Postponed(
    `${qualifiedName(names.target)}: the connection was lost, and of ${wanted} row(s) ${written} were written. Run again: this chunk is computed again. If it ` +
      "takes longer than a request may, use smaller chunks.",
  );
}
