import { SchemaError } from "../../errors";
import { COPY_SETTINGS, HASH_SETTINGS } from "../../operation/copy-settings";
import { chunkStatement } from "../../operation/helper-definitions";
import { inParts, type Part, partNames, partsOf } from "../../operation/parts";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { type Spans, spansFingerprint, spansOf, spansStatement } from "./by-number";
import type { RebuildContext } from "./context";
import { type Chunk, chunkIndexes, chunksOf, uncovered } from "./coverage";
import { grouped, inOrder, withoutTails } from "./groups";
import { guardHeadroom } from "./headroom";

/** How many times new rows are copied at first, so that little is left for the end. */
export const PASSES = 3;
/** How many times rows of some blocks are copied, when a mutation changes them meanwhile. */
const TRIES = 3;
/** Names that no column has: in the engine, an alias would replace a column of the same name. */
const ALIASES = { rows: "_schema_rows", hash: "_schema_hash", all: "_schema_all" } as const;
type Aliased = Readonly<Record<(typeof ALIASES)[keyof typeof ALIASES], string>>;

/** Number of rows, and sum of their hashes. */
export interface Fingerprint {
  readonly rows: string;
  readonly hash: string;
}

/** What the statements of a copy need. */
export type Copying = Pick<RebuildContext, "runner" | "mapping" | "keepsOrder">;

/** Copies the existing rows while merges run; a partition whose parts are merged away during the copy is left for later. */
export async function copyBulk(context: RebuildContext): Promise<void> {
  const { journal, names, runner } = context;
  const startAt = journal.get<number>("passes") ?? 0;
  for (let pass = startAt; pass < PASSES; pass += 1) {
    const parts = await partsOf(runner, names.table);
    context.expect(rowsIn(parts));
    context.report(0);
    const open = await uncovered(context, parts);
    await copyPieces(context, piecesOf(context, pass === 0 ? withoutTails(open) : open, parts));
    await journal.set("passes", pass + 1);
  }
}

/**
 * Copies the remaining rows: all of them where no more can come.
 *
 * @returns numbers of the chunks it created; undefined when earlier chunks turned out to be no longer right, so that all are to be attached anew.
 */
export async function catchUp(context: RebuildContext): Promise<number[] | undefined> {
  const before = new Set(chunkIndexes(context));
  const valid = chunksOf(context).length;
  let missed: readonly Piece[] = [];
  for (let tries = 0; tries < (context.byNumber ? TRIES : 1); tries += 1) {
    const parts = await partsOf(context.runner, context.names.table);
    missed = await copyPieces(context, piecesOf(context, await uncovered(context, parts), parts));
    if (missed.length === 0) break;
  }
  if (missed[0] !== undefined) {
    const names = missed[0].parts.map((part) => part.name).join(", ");
    throw new SchemaError(
      "rows-hidden",
      `${qualifiedName(context.names.table)}: the rows of ${names} cannot be read as they are stored. Is there a row policy for this user, ` +
        "or did somebody run OPTIMIZE, DELETE or DROP PARTITION? No data was lost; run again, or abort the operation.",
    );
  }
  const added = chunkIndexes(context).filter((index) => !before.has(index));
  return chunksOf(context).length === valid + added.length ? added : undefined;
}

/** Rows and hashes of some parts. */
export async function fingerprint(
  context: Copying,
  table: QualifiedName,
  hash: string,
  parts?: readonly Part[],
): Promise<Fingerprint> {
  const where = parts === undefined ? "" : ` WHERE ${inParts(parts)}`;
  const sql = `SELECT toString(count()) AS ${ALIASES.rows}, toString(sum(${hash})) AS ${ALIASES.hash} FROM ${qualifiedName(table)}${where} SETTINGS ${HASH_SETTINGS}`;
  return named(await context.runner.one(sql));
}

/** The INSERT … SELECT statements that copy parts into a helper. */
export function copyStatements(
  context: Copying,
  source: QualifiedName,
  target: QualifiedName,
  parts: readonly Part[],
): string[] {
  const { columns, values } = context.mapping;
  const insert = `INSERT INTO ${qualifiedName(target)} (${columns}) SELECT ${values} FROM ${qualifiedName(source)}`;
  if (!context.keepsOrder)
    return [`${insert} WHERE ${inParts(parts)} SETTINGS ${COPY_SETTINGS}, max_insert_threads = 2`];
  // The last of several rows wins, so rows are copied in their insertion order, by one thread.
  return inOrder(parts).map((batch) => {
    const order = batch.length > 1 ? ` ORDER BY indexOf([${partNames(batch)}], _part), _part_offset` : "";
    return `${insert} WHERE ${inParts(batch)}${order} SETTINGS ${COPY_SETTINGS}, max_threads = 1, max_insert_threads = 1`;
  });
}

/** Rows that are copied into one chunk: whole parts, or rows of some blocks where merges keep their numbers. */
interface Piece {
  readonly parts: readonly Part[];
  readonly spans?: Spans;
}

/** @param all all parts, listed together with the uncovered ones. */
function piecesOf(context: RebuildContext, open: readonly Part[], all: readonly Part[]): Piece[] {
  const groups = grouped(open, context.chunkRows);
  if (!context.byNumber) return groups.map((parts) => ({ parts }));
  const spans = spansOf(chunksOf(context), groups, all);
  return groups.map((parts, index) => ({ parts, spans: spans[index] as Spans }));
}

function withoutPartitions({ parts, spans }: Piece, gone: ReadonlySet<string>): Piece {
  const stays = ({ partition }: { readonly partition: string }): boolean => !gone.has(partition);
  return {
    parts: parts.filter(stays),
    ...(spans !== undefined && { spans: { ...spans, spans: spans.spans.filter(stays) } }),
  };
}

/** A copied chunk, which is compared while the next one is copied. */
interface CopiedChunk {
  readonly index: number;
  readonly piece: Piece;
  readonly compared: Promise<Chunk | undefined>;
}

/**
 * Copies each piece into its own chunk, compares it by count and hash, and records it.
 *
 * @returns the pieces that were not copied, because a part was merged away before it was read.
 */
async function copyPieces(context: RebuildContext, pieces: readonly Piece[]): Promise<Piece[]> {
  const missed: Piece[] = [];
  const moved = new Set<string>();
  const finish = async ({ index, piece, compared }: CopiedChunk): Promise<void> => {
    const chunk = await compared;
    // Within a partition, a chunk after a missing one does not count.
    if (chunk !== undefined && !piece.parts.some(({ partition }) => moved.has(partition)))
      return writeDown(context, index, chunk);
    missed.push(piece);
    for (const { partition } of piece.parts) moved.add(partition);
  };
  let pending: CopiedChunk | undefined;
  for (const whole of pieces) {
    const piece = withoutPartitions(whole, moved);
    if (piece.parts.length === 0) continue;
    await guardHeadroom(context);
    const index = 1 + Math.max(-1, pending?.index ?? -1, ...chunkIndexes(context));
    await copyInto(context, index, piece, rowsIn(pending?.piece.parts ?? []));
    if (pending !== undefined) await finish(pending);
    const compared = compareChunk(context, index, piece);
    // Awaited when the next chunk has been copied; until then a rejection must not be unhandled.
    compared.catch(() => undefined);
    pending = { index, piece, compared };
  }
  if (pending !== undefined) await finish(pending);
  return missed;
}

function rowsIn(parts: readonly Part[]): number {
  return parts.reduce((sum, { rows }) => sum + rows, 0);
}

async function writeDown(context: RebuildContext, index: number, chunk: Chunk): Promise<void> {
  await context.journal.set(`chunk:${index}`, chunk);
  context.report(0);
}

/** @param ahead rows that were copied earlier, and are being compared. */
async function copyInto(context: RebuildContext, index: number, piece: Piece, ahead: number): Promise<void> {
  const [chunk, { table }] = [context.names.chunk(index), context.names];
  await context.create(chunk, chunkStatement(context.to, chunk));
  let [done, last] = [ahead, 0];
  const { parts, spans } = piece;
  const statements =
    spans === undefined ? copyStatements(context, table, chunk, parts) : [spansStatement(context, table, chunk, spans)];
  for (const sql of statements) {
    await context.runner.runLong(sql, (written) => {
      last = written;
      context.report(done + last);
    });
    done += last;
    last = 0;
  }
}

/** The content of a chunk; undefined when it does not have all rows of the piece. */
async function compareChunk(context: RebuildContext, index: number, piece: Piece): Promise<Chunk | undefined> {
  const { mapping, names } = context;
  const { parts, spans } = piece;
  const chunk = names.chunk(index);
  const [source, copied] = await Promise.all([
    sourceOfPiece(context, piece),
    fingerprint(context, chunk, mapping.newHash),
  ]);
  if (source === undefined || source.rows !== copied.rows) return undefined;
  if (source.hash !== copied.hash) {
    if (spans !== undefined && (await isMutated(context, spans))) return undefined;
    throw new SchemaError(
      "self-check-failed",
      `${qualifiedName(names.table)}: the copy of ${parts.length} part(s) has as many rows as they have (${source.rows}), but not the same values. ` +
        `No data was lost; the copy is in ${qualifiedName(chunk)}.`,
    );
  }
  const masked = parts.some((part) => part.masked);
  return { ranges: source.ranges, rows: Number(source.rows), hash: source.hash, masked };
}

/** What a piece holds in the table; undefined when some of it could not be read. */
async function sourceOfPiece(
  context: RebuildContext,
  { parts, spans }: Piece,
): Promise<(Fingerprint & Pick<Chunk, "ranges">) | undefined> {
  if (spans !== undefined) return spansFingerprint(sourceOf(context), spans);
  const found = await sourceFingerprint(sourceOf(context), parts);
  return found === undefined ? undefined : { ...found, ranges: rangesOf(parts) };
}

/** Whether a mutation has changed rows of the table since these were listed. */
async function isMutated({ names, runner }: RebuildContext, { spans }: Spans): Promise<boolean> {
  const parts = await partsOf(runner, names.table);
  return spans.some((span) =>
    parts.some((part) => part.partition === span.partition && part.low <= span.high && part.mutation > span.mutation),
  );
}

/** Fingerprint of parts of the table; undefined when some of them could no longer be read. */
export async function sourceFingerprint(
  context: Copying & { readonly table: QualifiedName },
  parts: readonly Part[],
): Promise<Fingerprint | undefined> {
  const { mapping, runner, table } = context;
  const stored = parts.reduce((sum, part) => sum + part.rows, 0);
  if (!parts.some((part) => part.masked)) {
    const found = await fingerprint(context, table, mapping.oldHash, parts);
    return Number(found.rows) === stored ? found : undefined;
  }
  // Hidden rows are counted as well, to see that every part was read, but they are not copied.
  const row = await runner.one<Aliased>(
    `SELECT toString(countIf(_row_exists)) AS ${ALIASES.rows}, toString(sumIf(${mapping.oldHash}, _row_exists)) AS ${ALIASES.hash}, ` +
      `toString(count()) AS ${ALIASES.all} FROM ${qualifiedName(table)} WHERE ${inParts(parts)} SETTINGS ${HASH_SETTINGS}, apply_deleted_mask = 0`,
  );
  return Number(row[ALIASES.all]) === stored ? named(row) : undefined;
}

/** The table that a rebuild copies. */
function sourceOf({ keepsOrder, mapping, names, runner }: RebuildContext): Copying & { readonly table: QualifiedName } {
  return { keepsOrder, mapping, runner, table: names.table };
}

function named(row: Aliased): Fingerprint {
  return { rows: row[ALIASES.rows], hash: row[ALIASES.hash] };
}

function rangesOf(parts: readonly Part[]): Chunk["ranges"] {
  const ranges: Record<string, Chunk["ranges"][string]> = {};
  for (const { partition, high, mutation, rows } of parts) {
    const before = ranges[partition] ?? { high: -1, mutation: 0, stored: 0 };
    ranges[partition] = {
      high: Math.max(before.high, high),
      mutation: Math.max(before.mutation, mutation),
      stored: before.stored + rows,
    };
  }
  return ranges;
}
