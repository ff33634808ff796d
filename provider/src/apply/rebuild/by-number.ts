import { BLOCK_NUMBER } from "../../operation/block-numbers";
import { COPY_SETTINGS, HASH_SETTINGS } from "../../operation/copy-settings";
import { type Part, partNames } from "../../operation/parts";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import type { RebuildContext } from "./context";
import { type Chunk, highOf, type Range } from "./coverage";

/** Rows of a partition, by the numbers of the blocks in which they were inserted: above `above`, up to `high`. */
export interface Span {
  readonly partition: string;
  readonly above: number;
  readonly high: number;
  /** Number of the newest mutation that has changed them; 0 if none. */
  readonly mutation: number;
  /** Rows on disk, including hidden ones; undefined where a merged part also has rows outside of the span. */
  readonly stored: number | undefined;
}

/** Rows that are copied together. They stay the same rows whatever is merged meanwhile. */
export interface Spans {
  readonly spans: readonly Span[];
  /** Parts without such rows, which need not be read. */
  readonly beside: readonly Part[];
  readonly masked: boolean;
}

/** Most names of parts that need not be read: the statement must not get too long. */
const BESIDE = 500;

/** With a projection, the engine may take the numbers of blocks for those of the projection. */
const NUMBER_SETTINGS = "optimize_use_projections = 0, optimize_use_implicit_projections = 0";

/**
 * The rows of groups of parts that are not in a chunk yet.
 *
 * @param groups uncovered parts, in their order.
 * @param parts all parts, as listed together with them.
 */
export function spansOf(
  chunks: readonly Chunk[],
  groups: readonly (readonly Part[])[],
  parts: readonly Part[],
): Spans[] {
  const borders = new Map<string, number>();
  return groups.map((group) => {
    const spans = [...new Set(group.map(({ partition }) => partition))].map((partition): Span => {
      const own = group.filter((part) => part.partition === partition);
      const above = borders.get(partition) ?? highOf(chunks, partition);
      const high = Math.max(above, ...own.map((part) => part.high));
      borders.set(partition, high);
      const mutation = Math.max(0, ...own.map((part) => part.mutation));
      const stored = own.every(({ low }) => low > above) ? own.reduce((sum, { rows }) => sum + rows, 0) : undefined;
      return { partition, above, high, mutation, stored };
    });
    const byPartition = new Map(spans.map((span) => [span.partition, span]));
    const beside = parts.filter(({ partition, low, high }) => {
      const span = byPartition.get(partition);
      return span !== undefined && (high <= span.above || low > span.high);
    });
    return { spans, beside, masked: group.some(({ masked }) => masked) };
  });
}

/** Condition for exactly these rows, in a single SELECT. */
function inSpans({ spans, beside }: Spans): string {
  const partitions = spans.map(({ partition }) => quoteString(partition)).join(", ");
  const largest = [...beside].sort((a, b) => b.rows - a.rows).slice(0, BESIDE);
  // A part that is merged meanwhile no longer has the name by which it is left out, and its rows are told by their numbers.
  const rest = largest.length > 0 ? ` AND _part NOT IN (${partNames(largest)})` : "";
  return `_partition_id IN (${partitions})${rest} AND ${BLOCK_NUMBER} >= ${border(spans, ({ above }) => above + 1)} AND ${BLOCK_NUMBER} <= ${border(spans, ({ high }) => high)}`;
}

/** A number for each partition, as an expression. */
function border(spans: readonly Span[], of: (span: Span) => number): string {
  const numbers = spans.map(of);
  const [first] = numbers;
  if (numbers.every((number) => number === first)) return `${first}`;
  const partitions = spans.map(({ partition }) => quoteString(partition)).join(", ");
  return `transform(toString(_partition_id), [${partitions}], [${numbers.join(", ")}], 0)`;
}

/** What the copied rows of some blocks are. */
export interface SpansFound {
  readonly rows: string;
  readonly hash: string;
  readonly ranges: Readonly<Record<string, Range>>;
  /** Rows on disk, including hidden ones. */
  readonly stored: number;
}

type Copying = Pick<RebuildContext, "runner" | "mapping" | "keepsOrder">;
/** Memory for sorting rows by the order of their insertion, in bytes; beyond it they are sorted on disk. */
const SORTED_BYTES = 1_000_000_000;

/** INSERT … SELECT that copies the rows. */
export function spansStatement(
  { keepsOrder, mapping }: Copying,
  source: QualifiedName,
  target: QualifiedName,
  rows: Spans,
): string {
  const select = `SELECT ${mapping.values} FROM ${qualifiedName(source)} WHERE ${inSpans(rows)}`;
  const how = keepsOrder
    ? ` ORDER BY _partition_id, ${BLOCK_NUMBER}, _part_offset SETTINGS max_insert_threads = 1, max_bytes_before_external_sort = ${SORTED_BYTES}, `
    : " SETTINGS max_insert_threads = 2, ";
  return `INSERT INTO ${qualifiedName(target)} (${mapping.columns}) ${select}${how}${COPY_SETTINGS}, ${NUMBER_SETTINGS}`;
}

/** Names that no column has: in the engine, an alias would replace a column of the same name. */
const ALIASES = {
  partition: "_schema_partition",
  rows: "_schema_rows",
  hash: "_schema_hash",
  all: "_schema_all",
} as const;
type Found = Readonly<Record<(typeof ALIASES)[keyof typeof ALIASES], string>>;

/** Rows and hashes of these rows as they are in the table; undefined when whole parts should have had another number of rows. */
export async function spansFingerprint(
  { mapping, runner, table }: Copying & { readonly table: QualifiedName },
  wanted: Spans,
): Promise<SpansFound | undefined> {
  const visible = wanted.masked
    ? [`countIf(_row_exists)`, `sumIf(${mapping.oldHash}, _row_exists)`]
    : ["count()", `sum(${mapping.oldHash})`];
  const values = [
    ["toString(_partition_id)", ALIASES.partition],
    [`toString(${visible[0]})`, ALIASES.rows],
  ];
  values.push([`toString(${visible[1]})`, ALIASES.hash], ["toString(count())", ALIASES.all]);
  const settings = `${HASH_SETTINGS}, ${NUMBER_SETTINGS}${wanted.masked ? ", apply_deleted_mask = 0" : ""}`;
  const found = await runner.rows<Found>(
    `SELECT ${values.map(([value, alias]) => `${value} AS ${alias}`).join(", ")} FROM ${qualifiedName(table)} WHERE ${inSpans(wanted)} ` +
      `GROUP BY _partition_id SETTINGS ${settings}`,
  );
  const stored = new Map(found.map((row) => [row[ALIASES.partition], Number(row[ALIASES.all])]));
  const isOff = ({ partition, stored: listed }: Span): boolean =>
    !wanted.masked && listed !== undefined && listed !== (stored.get(partition) ?? 0);
  if (wanted.spans.some(isOff)) return undefined;
  const hash = found.reduce((sum, row) => BigInt.asUintN(64, sum + BigInt(row[ALIASES.hash])), 0n);
  const ranges = wanted.spans.map(({ partition, high, mutation }) => {
    return [partition, { high, mutation, stored: stored.get(partition) ?? 0 }] as const;
  });
  return {
    rows: `${found.reduce((sum, row) => sum + Number(row[ALIASES.rows]), 0)}`,
    hash: `${hash}`,
    ranges: Object.fromEntries(ranges),
    stored: [...stored.values()].reduce((sum, count) => sum + count, 0),
  };
}
