import { readColumns } from "../../clickhouse/catalog";
import { namesIn } from "../../diff/text";
import type { Runner } from "../../operation/runner";
import { backtick, quoteString } from "../../sql/identifiers";
import { nullableInner } from "../../sql/query/types";
import type { QualifiedName } from "../../sql/spec";
import { noColumnLives } from "./refusals";

/** How rows are copied from the old table to the new one. Recorded in the journal, because the exchange swaps the names. */
export interface Mapping {
  /** Columns of the new table that are filled, for `INSERT INTO t (…)`. */
  readonly columns: string;
  /** Their values, as expressions over the old table. */
  readonly values: string;
  /** Hash of a row's copied values, over the old table. */
  readonly oldHash: string;
  /** The same over the new table. */
  readonly newHash: string;
}

interface LiveColumn {
  readonly name: string;
  readonly type: string;
  readonly kind: string;
  readonly expression: string;
}

/** Types whose in-memory layout may differ for equal values; their text does not. */
const BY_TEXT = /\b(?:JSON|Object|Dynamic|Variant)\b/;
/** States whose elements have no fixed order: these are only counted. */
const UNORDERED = /^AggregateFunction\((?:\d+, ?)?(?:group|topK|approx_top|any|sumMap|minMap|maxMap|theta)/i;

/** Maps columns by name; `renamed` gives old names by new ones. */
export async function mapColumns(
  runner: Runner,
  from: QualifiedName,
  to: QualifiedName,
  renamed: Readonly<Record<string, string>>,
): Promise<Mapping> {
  const old = new Map((await readColumns(runner, from)).map((column) => [column.name, column]));
  const pairs = (await readColumns(runner, to)).flatMap((column) => {
    if (!isStored(column)) return [];
    const source = old.get(renamed[column.name] ?? column.name);
    // An EPHEMERAL column has no value to copy; an ALIAS column has.
    return source === undefined || source.kind === "EPHEMERAL" ? [] : [{ column, source }];
  });
  if (pairs.length === 0) throw noColumnLives(from);
  const value = ({ column, source }: (typeof pairs)[number]): string =>
    copiedValue(source, column, new Set(old.keys()));
  return {
    columns: pairs.map(({ column }) => backtick(column.name)).join(", "),
    values: pairs.map(value).join(", "),
    oldHash: hashOf(pairs.map((pair) => [value(pair), pair.column.type])),
    newHash: hashOf(pairs.map(({ column }) => [backtick(column.name), column.type])),
  };
}

/** The old value as the new type, converted as ALTER would; NULL becomes what it would become there. */
function copiedValue(source: LiveColumn, column: LiveColumn, names: ReadonlySet<string>): string {
  if (source.type === column.type) return backtick(source.name);
  const cast = (value: string): string => `_CAST(${value}, ${quoteString(column.type)})`;
  const name = backtick(source.name);
  const holdsNull = (type: string): boolean => nullableInner(type) !== undefined;
  if (!holdsNull(source.type) || holdsNull(column.type) || /^(?:Variant|Dynamic)\b/.test(column.type))
    return cast(name);
  const isOwn = column.kind === "DEFAULT" && ![...namesIn(column.expression)].some((word) => names.has(word));
  const value = isOwn ? cast(`(${column.expression})`) : `defaultValueOfTypeName(${quoteString(column.type)})`;
  return `if(isNull(${name}), ${value}, ${cast(`assumeNotNull(${name})`)})`;
}

function hashOf(values: readonly (readonly [string, string])[]): string {
  const hashed = values.flatMap(([value, type]) => {
    if (UNORDERED.test(type)) return [];
    if (type.startsWith("AggregateFunction(")) return withNull(`toString(finalizeAggregation(${value}))`, "''");
    const inner = nullableInner(type) ?? type;
    if (BY_TEXT.test(type) || /\bNullable\(/.test(inner)) return withNull(`toString(${value})`, "''");
    return inner === type ? [value] : withNull(value, `defaultValueOfTypeName(${quoteString(inner)})`);
  });
  return `cityHash64(tuple(${["1", ...hashed].join(", ")}))`;
}

/** For a hash: that of a bare NULL is NULL, and 24.8 takes none in a tuple or array. */
function withNull(value: string, placeholder: string): string[] {
  return [`ifNull(${value}, ${placeholder})`, `isNull(${value})`];
}

function isStored({ kind }: LiveColumn): boolean {
  return kind !== "ALIAS" && kind !== "EPHEMERAL";
}
