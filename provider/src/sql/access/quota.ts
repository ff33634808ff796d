import { type Cursor, fail, isAtEnd, peek, takeName, takeWords } from "../cursor";
import { quoteIdentifier } from "../identifiers";
import { failLeftover } from "../parse/clauses";
import type { QualifiedName } from "../spec";
import { NOBODY, takeTo } from "./names";
import { toClause } from "./settings-profile";
import type { QuotaInterval, QuotaSpec } from "./spec";

/** Seconds of a unit, as the server counts them; the largest first. */
const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ["year", 31_556_952],
  ["quarter", 7_889_238],
  ["month", 2_629_746],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

/** Seconds of `1 hour`, `90 minutes`; undefined for anything else. */
export function secondsOf(text: string): number | undefined {
  const [, count, unit] = /^\s*(\d+)\s+([a-z]+?)s?\s*$/i.exec(text) ?? [];
  const seconds = UNITS.find(([name]) => name === unit?.toLowerCase())?.[1];
  return seconds === undefined || Number(count) === 0 ? undefined : Number(count) * seconds;
}

/** `1 hour`: in the largest unit of which it is a multiple. */
export function durationOf(seconds: number): string {
  const [unit, length] = UNITS.find(([, each]) => seconds % each === 0) ?? ["second", 1];
  return `${seconds / length} ${unit}`;
}

/** Each duration once, the last one that is given, in order. */
export function intervalsOf(given: readonly QuotaInterval[]): QuotaInterval[] {
  const last = new Map(given.map((one) => [one.seconds, one]));
  return [...last.values()]
    .sort((a, b) => a.seconds - b.seconds)
    .map((one) => ({ ...one, max: Object.fromEntries(Object.entries(one.max).sort(([a], [b]) => (a < b ? -1 : 1))) }));
}

/** Parses what follows the name of a quota. */
export function parseQuota(cursor: Cursor, { name }: QualifiedName): QuotaSpec {
  const keys: string[] = [];
  if (takeWords(cursor, "KEYED", "BY")) {
    do keys.push(takeName(cursor, "key"));
    while (takeComma(cursor));
  } else takeWords(cursor, "NOT", "KEYED");
  const intervals: QuotaInterval[] = [];
  while (takeWords(cursor, "FOR")) {
    const interval = takeInterval(cursor);
    if (interval !== undefined) intervals.push(interval);
    takeComma(cursor);
  }
  const appliesTo = takeWords(cursor, "TO") ? takeTo(cursor) : NOBODY;
  if (!isAtEnd(cursor)) throw failLeftover(cursor, "KEYED BY, FOR INTERVAL …, then TO …");
  return { kind: "quota", name, keys: keys.sort(), intervals: intervalsOf(intervals), appliesTo };
}

function takeInterval(cursor: Cursor): QuotaInterval | undefined {
  const randomized = takeWords(cursor, "RANDOMIZED");
  takeWords(cursor, "INTERVAL");
  const [count, unit] = [peek(cursor), peek(cursor, 1)];
  const seconds = secondsOf(`${count?.text} ${unit?.text}`);
  if (seconds === undefined) throw fail(cursor, "Expected a number and a unit of time behind INTERVAL, e.g. 1 hour");
  cursor.position += 2;
  if (takeWords(cursor, "NO", "LIMITS")) return undefined;
  if (takeWords(cursor, "TRACKING", "ONLY")) return { seconds, randomized, max: {} };
  if (!takeWords(cursor, "MAX")) throw fail(cursor, "Expected MAX, NO LIMITS or TRACKING ONLY behind the interval");
  const max: Record<string, string> = {};
  do {
    takeWords(cursor, "MAX");
    const name = takeName(cursor, "what is counted").toLowerCase();
    if (peek(cursor)?.text === "=") cursor.position++;
    const value = peek(cursor);
    if (value?.kind !== "number" && value?.kind !== "string")
      throw fail(cursor, `Expected a number as the limit of ${name}`);
    cursor.position++;
    max[name] = value.text.replaceAll("'", "");
  } while (peek(cursor)?.text === "," && !isForNext(cursor) && takeComma(cursor));
  return { seconds, randomized, max };
}

function isForNext(cursor: Cursor): boolean {
  return peek(cursor, 1)?.text.toUpperCase() === "FOR";
}

function takeComma(cursor: Cursor): boolean {
  const found = peek(cursor)?.text === ",";
  if (found) cursor.position++;
  return found;
}

export function renderQuota(spec: QuotaSpec): string {
  const keys = spec.keys.length === 0 ? "" : `\n${renderKeys(spec.keys)}`;
  const intervals = spec.intervals.length === 0 ? "" : `\n${spec.intervals.map(renderInterval).join(",\n")}`;
  return `CREATE QUOTA ${quoteIdentifier(spec.name)}${keys}${intervals}${toClause(spec.appliesTo)}`;
}

export function renderKeys(keys: readonly string[]): string {
  return keys.length === 0 ? "NOT KEYED" : `KEYED BY ${keys.join(", ")}`;
}

export function renderInterval({ seconds, randomized, max }: QuotaInterval): string {
  const limits = Object.entries(max).map(([name, value]) => `${name} = ${value}`);
  const what = limits.length === 0 ? "TRACKING ONLY" : `MAX ${limits.join(", ")}`;
  return `FOR ${randomized ? "RANDOMIZED " : ""}INTERVAL ${durationOf(seconds)} ${what}`;
}
