import { isTable } from "../../clickhouse/catalog";
import { SchemaError } from "../../errors";
import { allowInserts } from "../../operation/gate";
import { deltaStatement } from "../../operation/helper-definitions";
import { partsOf } from "../../operation/parts";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { type Built, digestOf } from "./build";
import type { RebuildContext } from "./context";
import { copyStatements, fingerprint } from "./copy";
import { chunksOf, differences, highOf, spanning } from "./coverage";

/** Rows that reached the old storage after the last copy: journal line `delta`. */
export interface Delta {
  /** One part per partition. */
  readonly parts: readonly { readonly partition: string; readonly hash: string }[];
  readonly rows: number;
  /** Rows on disk. */
  readonly stored: number;
}

/** Lets writers in again, after the exchange. */
export async function openAll(context: RebuildContext): Promise<void> {
  await allowInserts(context.runner, context.journal.need<QualifiedName[]>("gate"));
  context.gateIs(false);
}

/** Copies what running inserts have written to the old storage. */
export async function makeDelta(context: RebuildContext): Promise<Delta> {
  const { mapping, names, runner, to } = context;
  const parts = await partsOf(runner, names.shadow);
  const chunks = chunksOf(context);
  const [mixed] = spanning(chunks, parts);
  if (mixed !== undefined)
    throw changed(context, `part ${mixed.name} holds copied and uncopied rows (was OPTIMIZE run?)`);
  const rest = parts.filter((part) => part.low > highOf(chunks, part.partition));
  if (rest.length === 0) return { parts: [], rows: 0, stored: 0 };
  await context.create(names.delta, deltaStatement(to, names.delta));
  for (const sql of copyStatements(context, names.shadow, names.delta, rest)) await runner.runLong(sql);
  const source = await fingerprint(context, names.shadow, mapping.oldHash, rest);
  const copied = await fingerprint(context, names.delta, mapping.newHash);
  if (source.rows !== copied.rows || source.hash !== copied.hash) {
    throw changed(context, `the last ${source.rows} row(s) were copied as ${copied.rows} row(s), or with other values`);
  }
  // With one part per partition, each can be attached by one rename, which is atomic even in a crash.
  await runner.run(`OPTIMIZE TABLE ${qualifiedName(names.delta)} FINAL`);
  const made = await partsOf(runner, names.delta);
  if (new Set(made.map((part) => part.partition)).size !== made.length) {
    throw changed(context, `${qualifiedName(names.delta)} has several parts in one partition after OPTIMIZE FINAL`);
  }
  return {
    parts: made.map(({ partition, hash }) => ({ partition, hash })),
    rows: Number(source.rows),
    stored: rest.reduce((sum, part) => sum + part.rows, 0),
  };
}

/** Attaches those rows, each once. */
export async function attachDelta(context: RebuildContext): Promise<void> {
  const { journal, names, runner } = context;
  await journal.assertOwner();
  for (const { partition, hash } of journal.need<Delta>("delta").parts) {
    if (await hasPart(context, partition, hash)) continue;
    await runner.run(
      `ALTER TABLE ${qualifiedName(names.table)} ATTACH PARTITION ID ${quoteString(partition)} FROM ${qualifiedName(names.delta)}`,
    );
  }
}

async function hasPart({ names, runner }: RebuildContext, partition: string, hash: string): Promise<boolean> {
  const { found } = await runner.one<{ found: string }>(
    `SELECT toString(count()) AS found FROM system.parts WHERE ${isTable(names.table, "table")} AND active ` +
      `AND partition_id = ${quoteString(partition)} AND hash_of_all_files = ${quoteString(hash)}`,
  );
  return found !== "0";
}

/**
 * Checked before anything is dropped: every row of the old storage is in a chunk or in the delta, both compared with it by count and hash;
 * and the new storage has exactly their parts, by the hash of their files.
 */
export async function verify(context: RebuildContext): Promise<{ rows: number }> {
  const { journal, names, runner } = context;
  const chunks = chunksOf(context);
  const delta = journal.need<Delta>("delta");
  const old = await partsOf(runner, names.shadow);
  for (const [partition, what] of differences(context, chunks, old))
    throw changed(context, `partition ${partition} ${what}`);
  const rest = old
    .filter((part) => part.high > highOf(chunks, part.partition))
    .reduce((sum, part) => sum + part.rows, 0);
  if (rest !== delta.stored) throw changed(context, `${rest} row(s) came last, and ${delta.stored} were copied`);

  const built = journal.need<Built>("built");
  const current = await partsOf(runner, names.table);
  const ours = current.filter((part) => part.high <= (built.high[part.partition] ?? 0));
  // Expired rows may have been deleted after a restart; the parts may then legitimately differ.
  // They may also differ if merges had to be allowed again.
  if (journal.has("unfenced")) return { rows: chunks.reduce((sum, chunk) => sum + chunk.rows, 0) + delta.rows };
  if (digestOf(ours) !== built.digest && !context.hasTtl)
    throw changed(context, "the copied parts of the new table are not as they were built");
  for (const part of delta.parts) {
    if (!(await hasPart(context, part.partition, part.hash)))
      throw changed(context, `the last rows of partition ${part.partition} are missing`);
  }
  return { rows: chunks.reduce((sum, chunk) => sum + chunk.rows, 0) + delta.rows };
}

function changed({ names, runner }: RebuildContext, what: string): SchemaError {
  return new SchemaError(
    "self-check-failed",
    `${qualifiedName(names.table)}: verification of operation ${runner.operation} failed: ${what}. Nothing was dropped: the table has its new ` +
      `definition, and the old one with all its rows is ${qualifiedName(names.shadow)}.`,
  );
}
