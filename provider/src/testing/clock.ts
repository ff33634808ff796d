import { splitArguments } from "../sql/fragments";
import { lex, type Token } from "../sql/lexer";

/** A moment as a test gives it, in milliseconds since 1970. */
export type Moment = number;

/** Functions that read the clock, in lower case, and what replaces a call. */
const FUNCTIONS: Readonly<Record<string, (at: Moment, args: readonly string[]) => string>> = {
  now: second,
  nowinblock: second,
  current_timestamp: second,
  localtimestamp: second,
  utctimestamp: (at) => second(at, ["'UTC'"]),
  utc_timestamp: (at) => second(at, ["'UTC'"]),
  now64: subsecond,
  nowinblock64: subsecond,
  today: day,
  curdate: day,
  current_date: day,
  yesterday: (at) => `(${day(at)} - 1)`,
};

/**
 * SQL whose clock stands still: calls of `now()`, `now64()`, `today()`, `yesterday()` and their synonyms become constants of the same type.
 * Everything else stays as it is written, strings and comments too.
 */
export function atMoment(sql: string, moment: Moment): string {
  let text = sql;
  for (const { start, end, name, inner } of clockCalls(sql).reverse()) {
    const constant = FUNCTIONS[name]?.(
      moment,
      splitArguments(inner).map((one) => one.trim()),
    );
    if (constant !== undefined) text = text.slice(0, start) + constant + text.slice(end);
  }
  return text;
}

/** Whether SQL asks the clock. */
export function asksClock(sql: string): boolean {
  return clockCalls(sql).length > 0;
}

/**
 * A moment as people write it: `2026-03-01`, `2026-03-01 12:00:00`, `2026-03-01T12:00:00.250Z`; UTC unless it says otherwise.
 *
 * @returns undefined for anything else.
 */
export function readMoment(text: string): Moment | undefined {
  if (!/^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/.test(text)) return undefined;
  const iso = text.replace(" ", "T");
  const zoned = /T/.test(iso) && !/(?:Z|[+-]\d\d:?\d\d)$/.test(iso) ? `${iso}Z` : iso;
  const moment = Date.parse(zoned);
  return Number.isNaN(moment) ? undefined : moment;
}

function second(at: Moment, [zone]: readonly string[]): string {
  return `toDateTime(${Math.floor(at / 1000)}${zone === undefined ? "" : `, ${zone}`})`;
}

function subsecond(at: Moment, [scale = "3", zone]: readonly string[]): string {
  const value = `toDecimal64('${(at / 1000).toFixed(3)}', 3)`;
  return `toDateTime64(${value}, ${scale}${zone === undefined ? "" : `, ${zone}`})`;
}

function day(at: Moment): string {
  return `toDate(${second(at, [])})`;
}

interface Call {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  /** Between the parentheses. */
  readonly inner: string;
}

function clockCalls(sql: string): Call[] {
  const tokens = lex(sql).filter(({ kind }) => kind !== "comment");
  return tokens.flatMap((token, index): Call[] => {
    const name = token.text.toLowerCase();
    const open = tokens[index + 1];
    const isCall = token.kind === "word" && name in FUNCTIONS && open?.text === "(" && tokens[index - 1]?.text !== ".";
    const close = isCall ? closing(tokens, index + 1) : undefined;
    if (open === undefined || close === undefined) return [];
    return [{ name, start: token.start, end: close.end, inner: sql.slice(open.end, close.start) }];
  });
}

function closing(tokens: readonly Token[], open: number): Token | undefined {
  let depth = 0;
  return tokens.slice(open).find(({ kind }) => {
    depth += kind === "open" ? 1 : kind === "close" ? -1 : 0;
    return depth === 0;
  });
}
