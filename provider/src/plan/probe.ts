import { backtick, qualifiedName, quoteString } from "../sql/identifiers";
import { parseType } from "../sql/query/types";
import type { QualifiedName } from "../sql/spec";
import type { AbsentProbe, MergeProbe, NullProbe, PastProbe, ValueProbe } from "./plan";
import { plain } from "./type-shape";

/** The queries of a probe, all without side effects. */
export interface ProbeQueries {
  /** Fails if the engine has no conversion at all. Reads no row. */
  readonly converts: string;
  /** Fails if there is no conversion back, to compare with. Reads no row. */
  readonly returns: string;
  /** `rows`, how many of them are NULL, `changed`, and an example. Fails on a value that cannot be converted, or not back. */
  readonly changes: string;
  /** Fails on the first value that cannot be converted; returns one row, `rows` as above. */
  readonly failures: string;
  /** How many values cannot be converted, and an example; undefined if the engine cannot determine it itself. */
  readonly misfits: string | undefined;
}

/** Names that no column of the table has, so that none hides another. */
const [OLD, NEW, BACK] = ["__probe_old", "__probe_new", "__probe_back"];

/**
 * The queries on the rows before a column gets another type. They use `_CAST`, as the engine does in the mutation, and not CAST: it
 * converts an Enum by number. A value is unchanged if converting it back gives the original.
 *
 * @param table quoted, qualified name, as it is on the server now.
 * @param where which rows are queried; all if empty.
 */
export function probeQueries(table: string, { column, from, to }: ValueProbe, where = ""): ProbeQueries {
  const name = backtick(column);
  const cast = (value: string, type: string): string => `_CAST(${value}, ${quoteString(type)})`;
  const { old, back } = comparison(from, to, cast);
  const isNull = `isNull(${name})`;
  // A mutation also converts rows that DELETE has hidden.
  const source = `FROM ${table} WHERE ${where === "" ? "" : `${where} AND `}NOT ${isNull}`;
  const tried = `SELECT ${name} AS ${OLD}, ${cast(name, to)} AS ${NEW}`;
  const compared = `${tried}, ${back} AS ${BACK} ${source}`;
  const example = `concat(${shown(OLD)}, ' → ', ${shown(NEW)})`;
  const changed = areBothPlain(from, to) ? `${BACK} != ${old}` : `${text(BACK)} != ${text(old)}`;
  return {
    converts: `SELECT ${cast(name, to)} FROM ${table} LIMIT 0`,
    returns: `SELECT ${BACK} FROM (${tried}, ${back} AS ${BACK} FROM ${table}) LIMIT 0`,
    changes:
      `SELECT toString(count()) AS rows, toString(countIf(${changed})) AS changed, anyIf(${example}, ${changed}) AS example ` +
      `FROM (${compared})`,
    failures: `SELECT toString(count()) AS rows, max(ignore(${shown(NEW)})) AS ignored FROM (${tried} ${source})`,
    misfits: isAccurate(to)
      ? `SELECT toString(count()) AS failing, any(${shown(name)}) AS example ${source} AND isNull(accurateCastOrNull(${name}, ${quoteString(plain(to))}))`
      : undefined,
  };
}

/** `rows`: how many values of the column are NULL. */
export function nullQuery(table: string, { column }: NullProbe): string {
  return `SELECT toString(count()) AS rows FROM ${table} WHERE isNull(${backtick(column)})`;
}

/** `rows`: how many rows will be joined with another one of the same key. */
export function unmergedQuery(table: string, { key, within = "_partition_id" }: MergeProbe): string {
  const keys = [within, key].filter((part) => part !== "");
  const by = keys.length === 0 ? "" : ` GROUP BY ${keys.join(", ")}`;
  return `SELECT toString(sum(n)) AS rows FROM (SELECT count() AS n FROM ${table}${by} HAVING n > 1)`;
}

/** `past`: how many of the `rows` have expired by a TTL. */
export function pastQuery(table: string, { condition }: PastProbe): string {
  return `SELECT toString(countIf(${condition})) AS past, toString(count()) AS rows FROM ${table}`;
}

/** The query on rows in parts that do not store a column: `rows` and, if it can be computed, how many `changed`, with an example. */
export function absentQueries(
  table: QualifiedName,
  { column, from, to, value, keep, reads = [] }: AbsentProbe,
): { readonly rows: string; readonly changes: string | undefined } {
  // Also parts that are no longer active: one that was merged since the query began is still read by it.
  const holding =
    `SELECT name FROM system.parts_columns WHERE database = ${quoteString(table.database)} AND table = ${quoteString(table.name)} ` +
    `AND column = ${quoteString(column)}`;
  const source = `FROM ${qualifiedName(table)}${keep === "afterwards" ? "" : ` WHERE _part NOT IN (${holding})`}`;
  const rows = `SELECT toString(count()) AS rows ${source}`;
  if (value === undefined) return { rows, changes: undefined };
  const cast = (what: string, type: string): string => `_CAST(${what}, ${quoteString(type)})`;
  const { old, back } = comparison(from, to, cast);
  const selected = [
    `${backtick(column)} AS ${OLD}`,
    ...reads.map((read) => `${cast(backtick(read.column), read.type)} AS ${read.name}`),
    `${cast(value, to)} AS ${NEW}`,
    `${back} AS ${BACK}`,
  ];
  const changed = `${text(BACK)} != ${text(old)}`;
  const example = `concat(${shown(OLD)}, ' → ', ${shown(NEW)})`;
  const changes =
    `SELECT toString(count()) AS rows, toString(countIf(${changed})) AS changed, anyIf(${example}, ${changed}) AS example ` +
    `FROM (SELECT ${selected.join(", ")} ${source})`;
  return { rows, changes };
}

/** The old value, and the new one converted back, in a form that is equal exactly if they are. */
function comparison(from: string, to: string, cast: (value: string, type: string) => string) {
  const asTexts = TEXTS.filter((pattern) => pattern.test(from) && pattern.test(to));
  const [oldType, newType] = [withTexts(from, asTexts), withTexts(to, asTexts)];
  // A time as text is ambiguous when clocks are set back.
  const instants = inUtc(oldType);
  const steps = (value: string, types: readonly string[]): string => types.reduce(cast, value);
  const changed = (types: readonly string[]): string[] =>
    types.filter((type, index) => index === 0 || type !== types[index - 1]);
  return {
    old: steps(OLD, changed([from, oldType, instants]).slice(1)),
    back: steps(NEW, changed([to, newType, oldType, instants]).slice(1)),
  };
}

/**
 * Compared as strings if both can be. From Enum to Enum the number stays, but its label may be another one. A longer FixedString
 * only converts back through its text, without the NUL bytes that pad it.
 */
const TEXTS: readonly RegExp[] = [/\bEnum(?:8|16)\(/, /\bFixedString\(/];

function withTexts(type: string, patterns: readonly RegExp[]): string {
  return replaceType(type, (name) => (patterns.some((pattern) => pattern.test(`${name}(`)) ? "String" : undefined));
}

function inUtc(type: string): string {
  return replaceType(type, (name, args) => {
    if (name === "DateTime") return "DateTime('UTC')";
    return name === "DateTime64" ? `DateTime64(${args[0]}, 'UTC')` : undefined;
  });
}

/** The type with some of its parts replaced; the element names of tuples stay. */
function replaceType(type: string, replace: (name: string, args: readonly string[]) => string | undefined): string {
  const named = /^(`(?:[^`\\]|\\.|``)*`|[A-Za-z_][A-Za-z0-9_]*)(\s+)(\S[\s\S]*)$/.exec(type);
  if (named) return `${named[1]}${named[2]}${replaceType(named[3] ?? "", replace)}`;
  const { name, args } = parseType(type);
  const other = replace(name, args);
  if (other !== undefined) return other;
  const holds = /^(?:Array|Nullable|LowCardinality|Map|Tuple|Variant|Nested)$/.test(name);
  return holds ? `${name}(${args.map((arg) => replaceType(arg, replace)).join(", ")})` : type;
}

/** A string that distinguishes NULL from the empty string, and -0 from 0. */
function text(value: string): string {
  return `toString(tuple(${value}))`;
}

/** A value for people: quoted if it is a string, and truncated if long. */
function shown(value: string): string {
  const whole = `substring(toString(tuple(${value})), 2)`;
  return `substringUTF8(substring(${whole}, 1, length(${whole}) - 1), 1, 60)`;
}

/** Scalars that can be compared directly: without NaN, -0 and NULL. */
function areBothPlain(from: string, to: string): boolean {
  return [from, to].every((type) => PLAIN.test(parseType(plain(type)).name));
}

const PLAIN = /^(?:U?Int\d+|Bool|Decimal|Date(?:32|Time|Time64)?|String|FixedString|UUID|IPv[46])$/;

/** What `accurateCastOrNull` accepts. */
function isAccurate(type: string): boolean {
  return /^(?:U?Int\d+|Float\d+|Bool|Decimal|Date(?:32|Time|Time64)?|UUID|IPv[46])$/.test(parseType(plain(type)).name);
}
