import { formattedDefinitions, isTable } from "../../clickhouse/catalog";
import { hasTtl } from "../../clickhouse/merge-tree";
import { SchemaError } from "../../errors";
import { Postponed } from "../../operation/errors";
import { pauseMerges, resumeMerges, stopMerges } from "../../operation/fence";
import { deltaStatement } from "../../operation/helper-definitions";
import { createHelper } from "../../operation/helper-table";
import { partsOf } from "../../operation/parts";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import type { QualifiedName, TableSpec } from "../../sql/spec";
import type { Mapping } from "../rebuild/columns";
import { parseTable } from "../rebuild/context";
import type { ViewContext } from "./context";

/** Whatever the user's profile says, a copy reads all rows, exactly once, unchanged. */
const READ_SETTINGS =
  "final = 0, max_execution_time = 0, apply_mutations_on_fly = 0, max_rows_to_read = 0, max_bytes_to_read = 0";
const COPY_SETTINGS = `${READ_SETTINGS}, optimize_on_insert = 0, insert_deduplicate = 0, max_partitions_per_insert_block = 0, async_insert = 0, max_block_size = 1048449`;

/** The rows of one partition of the snapshot, in the layout of the new storage: journal line `chunk:<n>`. */
interface Chunk {
  readonly rows: number;
  /** One part per partition of the new storage. */
  readonly parts: readonly { readonly partition: string; readonly hash: string }[];
}

/**
 * Brings the rows of the snapshot to the new storage, while that takes new rows: they are copied partition by partition into separate
 * tables, compared, and attached exactly once.
 */
export async function carry(context: ViewContext, columns: Mapping, layout: TableSpec): Promise<void> {
  const { journal, names, runner } = context;
  if (!journal.has("carried")) {
    await stopMerges(runner, names.snapshot);
    const partitions = [...new Set((await partsOf(runner, names.snapshot)).map(({ partition }) => partition))];
    for (const [index, partition] of partitions.entries()) {
      if (!journal.has(`chunk:${index}`)) {
        await journal.set(`chunk:${index}`, await copyPartition(context, columns, layout, index, partition));
      }
    }
    await attachChunks(context, partitions.length);
    // Before the fence is lowered: merges change the hashes that identify an attached part.
    await journal.set("carried", { chunks: partitions.length, rows: carriedRows(context) });
  }
  await resumeMerges(runner, context.target, layout.storage.settings, true);
}

/** Rows copied so far. */
export function carriedRows({ journal }: ViewContext): number {
  return journal.entries<Chunk>("chunk:").reduce((sum, [, { rows }]) => sum + rows, 0);
}

/** Drops the tables of the copy, including one whose journal line may be missing. */
export async function dropChunks(context: ViewContext): Promise<void> {
  const count = context.journal.entries("chunk:").length;
  for (let index = 0; index <= count; index += 1) await context.drop(context.names.chunk(index));
}

async function copyPartition(
  context: ViewContext,
  { columns, newHash, oldHash, values }: Mapping,
  layout: TableSpec,
  index: number,
  partition: string,
): Promise<Chunk> {
  const { names, runner } = context;
  const chunk = names.chunk(index);
  const where = ` WHERE _partition_id = ${quoteString(partition)}`;
  await context.drop(chunk);
  await createHelper(runner, deltaStatement(layout, chunk));
  if (hasTtl(layout)) await runner.run(`SYSTEM STOP TTL MERGES ${qualifiedName(chunk)}`);
  await runner.runLong(
    `INSERT INTO ${qualifiedName(chunk)} (${columns}) SELECT ${values} FROM ${qualifiedName(names.snapshot)}${where} SETTINGS ${COPY_SETTINGS}`,
  );
  const source = await fingerprint(context, names.snapshot, oldHash, where);
  const copied = await fingerprint(context, chunk, newHash, "");
  if (source !== copied) {
    throw new SchemaError(
      "self-check-failed",
      `${qualifiedName(names.view)}: partition ${partition} of its rows was copied with other values, or not whole. Nothing was given up: ` +
        `all rows are in ${qualifiedName(names.snapshot)}; run again.`,
    );
  }
  // With one part per partition, each can be attached by one rename, which is atomic even in a crash.
  await runner.runLong(`OPTIMIZE TABLE ${qualifiedName(chunk)} FINAL`);
  const made = await partsOf(runner, chunk);
  if (new Set(made.map((part) => part.partition)).size !== made.length) {
    throw new Postponed(`${qualifiedName(chunk)}: has several parts in one partition after OPTIMIZE FINAL; run again.`);
  }
  return {
    rows: Number(source.split(" ")[0]),
    parts: made.map(({ partition: id, hash }) => ({ partition: id, hash })),
  };
}

/** Number of rows and sum of their hashes. */
async function fingerprint(
  { runner }: ViewContext,
  table: QualifiedName,
  hash: string,
  where: string,
): Promise<string> {
  const row = await runner.one<{ _schema_print: string }>(
    `SELECT concat(toString(count()), ' ', toString(sum(${hash}))) AS _schema_print FROM ${qualifiedName(table)}${where} SETTINGS ${READ_SETTINGS}`,
  );
  return row._schema_print;
}

async function attachChunks(context: ViewContext, count: number): Promise<void> {
  const { journal, names, runner, target } = context;
  const chunks = Array.from({ length: count }, (_, index) => journal.need<Chunk>(`chunk:${index}`));
  await pauseMerges(runner, target);
  const keyOf = ({ partition, hash }: { partition: string; hash: string }): string => `${partition} ${hash}`;
  const present = async (): Promise<Map<string, number>> => {
    const found = new Map<string, number>();
    for (const part of await partsOf(runner, target)) found.set(keyOf(part), (found.get(keyOf(part)) ?? 0) + 1);
    return found;
  };
  // Chunks have a mark codec of their own, so only a part that was attached earlier in the same way has an equal hash.
  if (!journal.has("baseline")) {
    const found = await present();
    const own = chunks.flatMap(({ parts }) => parts.map(keyOf)).filter((key) => found.has(key));
    await journal.set("baseline", Object.fromEntries(own.map((key) => [key, found.get(key)])));
  }
  await journal.assertOwner();
  const needed = new Map(Object.entries(journal.need<Record<string, number>>("baseline")));
  const found = await present();
  for (const [index, { parts }] of chunks.entries()) {
    for (const part of parts) {
      const key = keyOf(part);
      needed.set(key, (needed.get(key) ?? 0) + 1);
      if ((found.get(key) ?? 0) >= (needed.get(key) ?? 0)) continue;
      await runner.run(
        `ALTER TABLE ${qualifiedName(target)} ATTACH PARTITION ID ${quoteString(part.partition)} FROM ${qualifiedName(names.chunk(index))}`,
      );
    }
  }
}

/** The current table, from the server's own text. @throws {SchemaError} when it does not exist. */
export async function liveTable({ runner }: Pick<ViewContext, "runner">, table: QualifiedName): Promise<TableSpec> {
  const [row] = await formattedDefinitions(runner, isTable(table, "name"));
  if (row === undefined)
    throw new SchemaError("object-missing", `${qualifiedName(table)}: does not exist. Create it first.`);
  return parseTable(row.statement);
}
