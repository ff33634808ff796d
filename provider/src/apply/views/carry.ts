import { formattedDefinitions, isTable } from "../../clickhouse/catalog";
import { hasTtl } from "../../clickhouse/merge-tree";
import { SchemaError } from "../../errors";
import { READ_SETTINGS, WRITE_SETTINGS } from "../../operation/copy-settings";
import { Postponed } from "../../operation/errors";
import { pauseMerges, resumeMerges, stopMerges } from "../../operation/fence";
import { deltaStatement } from "../../operation/helper-definitions";
import { createHelper } from "../../operation/helper-table";
import { baselineOf, missingParts } from "../../operation/part-counts";
import { partsOf } from "../../operation/parts";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import type { QualifiedName, TableSpec } from "../../sql/spec";
import type { Mapping } from "../rebuild/columns";
import { parseTable } from "../rebuild/context";
import type { ViewContext } from "./context";

const COPY_SETTINGS = `${READ_SETTINGS}, ${WRITE_SETTINGS}, max_block_size = 1048449`;

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
      `${qualifiedName(names.view)}: partition ${partition} of its rows was copied with other values, or incompletely. No data was lost: ` +
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
  const wanted = chunks.flatMap(({ parts }, index) => parts.map((part) => ({ ...part, index })));
  // Chunks have a mark codec of their own, so only a part that was attached earlier in the same way has an equal hash.
  if (!journal.has("baseline")) {
    await journal.set("baseline", baselineOf(wanted, await partsOf(runner, target)));
  }
  await journal.assertOwner();
  const baseline = journal.need<Record<string, number>>("baseline");
  for (const { index, partition } of missingParts(wanted, baseline, await partsOf(runner, target))) {
    await runner.run(
      `ALTER TABLE ${qualifiedName(target)} ATTACH PARTITION ID ${quoteString(partition)} FROM ${qualifiedName(names.chunk(index))}`,
    );
  }
}

/** The current table, from the server's own text. @throws {SchemaError} when it does not exist. */
export async function liveTable({ runner }: Pick<ViewContext, "runner">, table: QualifiedName): Promise<TableSpec> {
  const [row] = await formattedDefinitions(runner, isTable(table, "name"));
  if (row === undefined)
    throw new SchemaError("object-missing", `${qualifiedName(table)}: does not exist. Create it first.`);
  return parseTable(row.statement);
}
