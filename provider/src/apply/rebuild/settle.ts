import { isTable } from "../../clickhouse/catalog";
import { SchemaError } from "../../errors";
import { pauseMerges } from "../../operation/fence";
import { allowInserts } from "../../operation/gate";
import { deltaStatement } from "../../operation/helper-definitions";
import { hasOpenPatches, type Part, partsOf } from "../../operation/parts";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { type Built, digestOf } from "./build";
import { spansFingerprint, spansOf, spansStatement } from "./by-number";
import type { RebuildContext } from "./context";
import { copyStatements, type Fingerprint, fingerprint } from "./copy";
import { type Chunk, chunksOf, differences, isUncovered, spanning } from "./coverage";

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
  const rest = await restOf(context);
  if (rest === undefined) return { parts: [], rows: 0, stored: 0 };
  await context.create(names.delta, deltaStatement(to, names.delta));
  for (const sql of rest.statements) await runner.runLong(sql);
  const [source, copied] = [await rest.source(), await fingerprint(context, names.delta, mapping.newHash)];
  if (source?.rows !== copied.rows || source.hash !== copied.hash) {
    throw changed(
      context,
      `the last ${source?.rows} row(s) were copied as ${copied.rows} row(s), or with other values`,
    );
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
    stored: source.stored,
  };
}

/** How the rows are copied that no chunk has. */
interface Rest {
  readonly statements: readonly string[];
  /** What they are in the old storage. */
  source(): Promise<(Fingerprint & { readonly stored: number }) | undefined>;
}

async function restOf(context: RebuildContext): Promise<Rest | undefined> {
  const { keepsOrder, mapping, names, runner } = context;
  const parts = await partsOf(runner, names.shadow);
  const chunks = chunksOf(context);
  const rest = parts.filter((part) => isUncovered(context, chunks, part));
  if (context.byNumber) {
    const [spans] = spansOf(chunks, [rest], parts);
    if (rest.length === 0 || spans === undefined) return undefined;
    const copying = { keepsOrder, mapping, runner, table: names.shadow };
    return {
      statements: [spansStatement(context, names.shadow, names.delta, spans)],
      source: () => spansFingerprint(copying, spans),
    };
  }
  const [mixed] = spanning(chunks, parts);
  if (mixed !== undefined)
    throw changed(context, `part ${mixed.name} holds copied and uncopied rows (was OPTIMIZE run?)`);
  if (rest.length === 0) return undefined;
  const stored = rest.reduce((sum, part) => sum + part.rows, 0);
  return {
    statements: copyStatements(context, names.shadow, names.delta, rest),
    source: async () => ({ ...(await fingerprint(context, names.shadow, mapping.oldHash, rest)), stored }),
  };
}

/** Attaches those rows, each once. */
export async function attachDelta(context: RebuildContext): Promise<void> {
  const { journal, names, runner } = context;
  await journal.assertOwner();
  const { parts } = journal.need<Delta>("delta");
  // Its parts are known by their hashes, which merges would change. The next step lets merges run again.
  if (parts.length > 0 && journal.has("unfenced")) await pauseMerges(runner, names.table);
  for (const { partition, hash } of parts) {
    if (await hasPart(context, partition, hash)) continue;
    await runner.run(
      `ALTER TABLE ${qualifiedName(names.table)} ATTACH PARTITION ID ${quoteString(partition)} FROM ${qualifiedName(names.delta)}`,
    );
    if (!(await hasPart(context, partition, hash)))
      throw changed(context, `the last rows of partition ${partition} are missing`);
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
  if (await hasOpenPatches(runner, names.shadow)) throw changed(context, "rows were changed by a lightweight update");
  if (context.byNumber) refuseMissing(context, chunks, delta, old);
  else {
    const rest = old.filter((part) => isUncovered(context, chunks, part)).reduce((sum, part) => sum + part.rows, 0);
    if (rest !== delta.stored) throw changed(context, `${rest} row(s) came last, and ${delta.stored} were copied`);
  }

  const built = journal.need<Built>("built");
  const current = await partsOf(runner, names.table);
  const ours = current.filter((part) => part.high <= (built.high[part.partition] ?? 0));
  // Expired rows may have been deleted after a restart; the parts may then legitimately differ.
  // They also differ once merges run again, in every operation of this version; both were compared right before the exchange.
  if (journal.has("unfenced")) return { rows: chunks.reduce((sum, chunk) => sum + chunk.rows, 0) + delta.rows };
  if (digestOf(ours) !== built.digest && !context.hasTtl)
    throw changed(context, "the copied parts of the new table are not as they were built");
  for (const part of delta.parts) {
    if (!(await hasPart(context, part.partition, part.hash)))
      throw changed(context, `the last rows of partition ${part.partition} are missing`);
  }
  return { rows: chunks.reduce((sum, chunk) => sum + chunk.rows, 0) + delta.rows };
}

/** @throws {SchemaError} when the old storage has other rows than were copied, by their number. */
function refuseMissing(context: RebuildContext, chunks: readonly Chunk[], delta: Delta, old: readonly Part[]): void {
  const ranges = chunks.flatMap((chunk) => Object.values(chunk.ranges));
  const copied = ranges.reduce((sum, { stored }) => sum + stored, 0) + delta.stored;
  const now = old.reduce((sum, part) => sum + part.rows, 0);
  // Merges remove rows that a DELETE has hidden.
  if (chunks.some(({ masked }) => masked) ? now > copied : now !== copied)
    throw changed(context, `it has ${now} row(s), and ${copied} were copied`);
}

function changed({ names, runner }: RebuildContext, what: string): SchemaError {
  return new SchemaError(
    "self-check-failed",
    `${qualifiedName(names.table)}: verification of operation ${runner.operation} failed: ${what}. Nothing was dropped: the table has its new ` +
      `definition, and the old one with all its rows is ${qualifiedName(names.shadow)}.`,
  );
}
