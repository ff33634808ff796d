import { isWord } from "../sql/cursor";
import { splitArguments } from "../sql/fragments";
import { backtick } from "../sql/identifiers";
import { type ColumnReference, callsIn, columnsIn, parseExpression, plainColumn } from "../sql/query";
import type { TableSpec } from "../sql/spec";
import { type Bucket, keyColumn } from "./bucket";
import { itemOf, onlySelect } from "./rewrite";
import type { Feed, Subject } from "./subject";

/** Which rows may be gone on one side but not yet on the other. */
export interface Expiry {
  /** Conditions over the target's columns; `@now` is replaced by the time of the comparison. */
  readonly conditions: readonly string[];
  /** Sources whose shortest retention must be queried, with the expression of its seconds; the time is {@link Bucket}'s. */
  readonly ask: readonly { readonly source: string; readonly seconds: string }[];
  /** Why expired rows cannot be distinguished from missing ones. */
  readonly unclear: readonly string[];
}

/** Monotonic functions: a later time stays later. */
const RISING =
  /^(?:toDateTime(?:32|64)?|toDate(?:32)?|toStartOf\w+|toMonday|add\w+|subtract\w+|plus|minus|CAST|_CAST)$/;
const FLOORS = /^(?:toStartOf\w+|toDate(?:32)?|toDateTime(?:32)?|toMonday|date_trunc|dateTrunc)$/;

/** Works out from the TTLs of a target and of its sources which keys must not be compared. */
export function expiryOf(subject: Subject, spec: TableSpec, keys: readonly string[], bucket: Bucket): Expiry {
  const names = new Set(keys.map(keyColumn));
  const conditions = deletes(spec).map((ttl) => `${ttl} <= @now`);
  const ask: { source: string; seconds: string }[] = [];
  const unclear: string[] = [];
  for (const feed of subject.feeds) {
    const source = feed.source;
    for (const ttl of source?.spec === undefined ? [] : deletes(source.spec)) {
      const mapped = overTarget(ttl, feed, names);
      if (mapped !== undefined) conditions.push(`${mapped} <= @now`);
      else if (source !== undefined) {
        const time = bucket.kind === "time" ? timeColumn(feed, bucket.column) : undefined;
        if (time === undefined)
          unclear.push(`rows of ${source.name} expire (TTL ${ttl}), and the target does not tell which`);
        else {
          const seconds = `dateDiff('second', toDateTime(${backtick(time)}), toDateTime(${ttl}))`;
          ask.push({ source: `${backtick(source.database)}.${backtick(source.name)}`, seconds });
        }
      }
    }
  }
  return { conditions: [...new Set(conditions)], ask, unclear };
}

/** TTL expressions that delete rows, or values of columns. */
function deletes({ columns, storage }: TableSpec): string[] {
  const found = columns.flatMap(({ ttl }) => (ttl === undefined ? [] : [ttl]));
  for (const element of splitArguments(storage.ttl ?? "")) {
    const cursor = parseExpression(element)?.cursor;
    if (cursor === undefined) continue;
    let at = cursor.position;
    const isAction = (): boolean =>
      ["DELETE", "TO", "RECOMPRESS", "WHERE", "GROUP", "SET"].some((word) => isWord(cursor.tokens[at], word));
    while (at < cursor.end && !isAction()) at = (cursor.closers.get(at) ?? at) + 1;
    const action = cursor.tokens[at];
    if (isWord(action, "TO") || isWord(action, "RECOMPRESS")) continue;
    const text = element.slice(0, action?.start ?? element.length).trim();
    // `SET a = max(a), b = …` of a TTL with GROUP BY.
    if (/^`?\w+`?\s*=/.test(text)) continue;
    if (text !== "") found.push(text);
  }
  return found;
}

/**
 * A source's TTL in terms of the target's columns, for the oldest row behind a target row: each column is a key of the target, as it is or
 * rounded down.
 */
function overTarget(ttl: string, { view }: Feed, keys: ReadonlySet<string | undefined>): string | undefined {
  const [select, expression] = [onlySelect(view.query), parseExpression(ttl)];
  if (select === undefined || expression === undefined) return undefined;
  const replace = (reference: ColumnReference): string | undefined => {
    const name = reference.parts[0] ?? "";
    if (reference.parts.length > 1) return undefined;
    for (const item of select.items) {
      if (item.name === undefined || !keys.has(item.name)) continue;
      if (plainColumn(item.expression) === name) return item.name;
    }
    if (!reference.within.every((call) => RISING.test(call))) return undefined;
    return select.items.find((item) => keys.has(item.name) && flooredColumn(item.expression) === name)?.name;
  };
  let text = ttl;
  for (const reference of [...columnsIn(expression)].reverse()) {
    const name = replace(reference);
    if (name === undefined) return undefined;
    const token = expression.cursor.tokens.find(({ start }) => start === reference.start);
    if (token === undefined) return undefined;
    text = text.slice(0, token.start) + backtick(name) + text.slice(token.end);
  }
  return text;
}

/** The column that the target's time is computed from. */
function timeColumn({ view }: Feed, bucket: string): string | undefined {
  const select = onlySelect(view.query);
  const item = select === undefined ? undefined : itemOf(select, bucket);
  if (item === undefined) return undefined;
  return plainColumn(item.expression) ?? flooredColumn(item.expression);
}

/** `c` of `toStartOfHour(c)`. */
function flooredColumn(expression: Parameters<typeof columnsIn>[0]): string | undefined {
  const [column, ...rest] = columnsIn(expression);
  if (column === undefined || rest.length > 0 || column.parts.length !== 1) return undefined;
  return callsIn(expression).every(({ name }) => FLOORS.test(name) || /^toInterval/.test(name))
    ? column.parts[0]
    : undefined;
}
