import { SchemaError } from "../errors";
import { splitArguments } from "../sql/fragments";
import { backtick, unquoteIdentifier } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import type { TableSpec } from "../sql/spec";
import { interval, parseInterval } from "./bucket";
import { inherits, isItself, type Rollup } from "./definition";
import { columnsIn, replaceColumns } from "./qualify";

/** When rows of a rollup expire, and the columns this depends on, which the sorting key must also contain. */
export interface TargetTtl {
  readonly expression?: string;
  /** Columns of the source. */
  readonly columns: readonly string[];
}

/**
 * The TTL of a rollup's target.
 *
 * An inherited one is the source's, counted from the end of the bucket: a rollup row never expires before a row it was made from. The
 * columns it depends on (days of the account's plan) become part of the key, so that a rollup row represents rows that expire together.
 *
 * @param source the table it inherits from; undefined when its definition is unknown.
 * @throws {SchemaError} when there is nothing to inherit, or it cannot be translated.
 */
export function targetTtl(rollup: Rollup, source: TableSpec | undefined, label: string): TargetTtl {
  const { ttl, bucket } = rollup;
  const end = `${backtick(bucket.name)} + ${interval(bucket.width)}`;
  if (!inherits(ttl)) {
    if (typeof ttl !== "string") return { columns: [] };
    const width = parseInterval(ttl);
    return { expression: width === undefined ? ttl : `${end} + ${interval(width)}`, columns: [] };
  }
  const inherited = inheritedTtl(rollup, source, label, end);
  const least = typeof ttl === "object" ? parseInterval(ttl.atLeast) : undefined;
  if (least === undefined) return inherited;
  return { ...inherited, expression: `greatest(${inherited.expression}, ${end} + ${interval(least)})` };
}

/** The TTL of a level: an inherited one is that of the rollup's source, counted from the end of the level's bucket. */
export function levelTtl(level: Rollup, base: Rollup, source: TableSpec | undefined, label: string): TargetTtl {
  return targetTtl({ ...level, keys: base.keys, bucket: { ...level.bucket, time: base.bucket.time } }, source, label);
}

/** The last of the keys: the columns of an inherited TTL that are not keys already. */
export function hiddenKeys(rollup: Rollup, { columns }: TargetTtl): string[] {
  return columns.filter((column) => !rollup.keys.some((key) => key.name === column && isItself(key)));
}

function inheritedTtl(rollup: Rollup, source: TableSpec | undefined, label: string, end: string): TargetTtl {
  const refuse = (problem: string): never => {
    throw new SchemaError("argument-invalid", `ttl: "inherit" ${problem}. Give a time instead, e.g. ttl: "90 days"`);
  };
  if (source === undefined) return refuse(`needs the definition of ${label}: pass its Table resource, not its name`);
  if (source.storage.ttl === undefined) return refuse(`finds no TTL on ${label}, whose rows stay forever`);
  const ttl =
    deletingTtl(source.storage.ttl) ??
    refuse(`cannot follow the TTL of ${label}, which has conditions or several deletes: ${source.storage.ttl}`);
  const time =
    plainColumn(rollup.bucket.time) ?? refuse(`needs a plain column in bucket.time, found ${rollup.bucket.time}`);
  const known = new Set(source.columns.map((column) => column.name));
  const columns = [...new Set(columnsIn(ttl).filter((name) => known.has(name)))];
  if (!columns.includes(time))
    return refuse(`cannot follow the TTL of ${label}, which does not count from bucket.time (${time}): ${ttl}`);
  const others = columns.filter((name) => name !== time);
  for (const name of others) refuseTaken(rollup, name, label);
  const expression = replaceColumns(ttl, (name) => (name === time ? `(${end})` : undefined));
  return { expression: expression.replaceAll(`((${end}))`, () => `(${end})`), columns: others };
}

function refuseTaken(rollup: Rollup, name: string, label: string): void {
  const taken = rollup.keys.some((key) => key.name === name && !isItself(key)) || rollup.bucket.name === name;
  if (!taken && !rollup.measures.some((measure) => measure.name === name)) return;
  throw new SchemaError(
    "argument-invalid",
    `ttl: "inherit" makes \`${name}\` part of the rollup's key, because the TTL of ${label} depends on it, and something else has that name. Rename that`,
  );
}

/** The one element that drops rows; moves and recompressions only concern the source's own storage. */
function deletingTtl(ttl: string): string | undefined {
  const deletes: string[] = [];
  for (const element of splitArguments(ttl)) {
    const words = lex(element).map((token) => (token.kind === "word" ? token.text.toUpperCase() : token.text));
    const has = (...sequence: string[]): boolean =>
      words.some((_, index) => sequence.every((word, offset) => words[index + offset] === word));
    if (has("TO", "DISK") || has("TO", "VOLUME") || words.includes("RECOMPRESS")) continue;
    if (words.includes("WHERE") || has("GROUP", "BY")) return undefined;
    deletes.push(element.replace(/\s+DELETE\s*$/i, ""));
  }
  return deletes.length === 1 ? deletes[0] : undefined;
}

function plainColumn(expression: string): string | undefined {
  const [token, ...rest] = lex(expression);
  const isName = token?.kind === "word" || token?.kind === "quoted";
  return isName && rest.length === 0 ? unquoteIdentifier(token.text) : undefined;
}
