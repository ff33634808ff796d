import {
  atWords,
  type Cursor,
  fail,
  isAtEnd,
  peek,
  sliceTokens,
  splitAtCommas,
  takeName,
  takeOperator,
  takeWords,
} from "../cursor";
import { quoteIdentifier, quoteString, unquoteString } from "../identifiers";
import { takeClause } from "./names";
import type { LimitSpec, Limits } from "./spec";

/** No settings. */
export const NO_LIMITS: Limits = Object.freeze({ profiles: [], limits: [] });

const CHANGES = ["CONST", "READONLY", "WRITABLE", "CHANGEABLE_IN_READONLY"];
const WORDS = ["MIN", "MAX", ...CHANGES];
/** A profile's and a user's settings end here; names of settings are never among them. */
const ENDS: ReadonlySet<string> = new Set(["TO", "GRANTEES", "DEFAULT", "IN"]);

/** What follows SETTINGS. */
export function takeLimits(cursor: Cursor): Limits {
  const list = takeClause(cursor, ENDS);
  if (takeWords(list, "NONE") && isAtEnd(list)) return NO_LIMITS;
  const profiles: string[] = [];
  const limits: LimitSpec[] = [];
  for (const part of splitAtCommas(list)) {
    if (takeWords(part, "PROFILE") || takeWords(part, "INHERIT")) profiles.push(profileAt(part));
    // A dropped profile leaves an empty name on 24.8.
    else if (peek(part)?.text !== "``") limits.push(takeLimit(part));
    if (peek(part)?.text === "``") part.position++;
    if (!isAtEnd(part))
      throw fail(part, `Found ${peek(part)?.text}: expected MIN, MAX, CONST, WRITABLE or "," behind a setting`);
  }
  return limitsOf(
    profiles.filter((name) => name !== ""),
    limits,
  );
}

/** As every server means it: of a setting that is given twice, the last counts; only the order of profiles matters. */
export function limitsOf(profiles: readonly string[], limits: readonly LimitSpec[]): Limits {
  const last = new Map(limits.map((one) => [one.name, one]));
  return {
    profiles: profiles.filter((name, index) => profiles.lastIndexOf(name) === index),
    limits: [...last.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function profileAt(part: Cursor): string {
  const token = peek(part);
  if (token?.kind !== "string") return takeName(part, "profile");
  part.position++;
  return unquoteString(token.text);
}

function takeLimit(part: Cursor): LimitSpec {
  const name = takeName(part, "setting");
  takeOperator(part, "=");
  const value = takeValue(part);
  let [min, max, change]: (string | undefined)[] = [];
  while (!isAtEnd(part)) {
    if (takeWords(part, "MIN")) min = boundAt(part);
    else if (takeWords(part, "MAX")) max = boundAt(part);
    else {
      change = CHANGES.find((word) => takeWords(part, word));
      if (change === undefined) break;
    }
  }
  return {
    name,
    ...(value !== undefined && { value }),
    ...(min !== undefined && { min }),
    ...(max !== undefined && { max }),
    ...(change !== undefined && {
      change: (change === "READONLY" ? "CONST" : change) as NonNullable<LimitSpec["change"]>,
    }),
  };
}

function boundAt(part: Cursor): string | undefined {
  takeOperator(part, "=");
  return takeValue(part);
}

function takeValue(part: Cursor): string | undefined {
  const from = part.position;
  while (!isAtEnd(part) && !WORDS.some((word) => atWords(part, word))) {
    part.position = (part.closers.get(part.position) ?? part.position) + 1;
  }
  return part.position === from ? undefined : sliceTokens(part, from, part.position);
}

/** One element a line, in the server's order: profiles first. */
export function renderLimits({ profiles, limits }: Limits): string {
  const parts = [...profiles.map((name) => `PROFILE ${quoteIdentifier(name)}`), ...limits.map(renderLimit)];
  return parts.length === 0 ? "NONE" : parts.join(",\n    ");
}

/** The clause with the line break before it; nothing for none. */
export function limitsClause(limits: Limits): string {
  return isEmpty(limits) ? "" : `\nSETTINGS ${renderLimits(limits)}`;
}

export function isEmpty({ profiles, limits }: Limits): boolean {
  return profiles.length === 0 && limits.length === 0;
}

export function renderLimit({ name, value, min, max, change }: LimitSpec): string {
  const words = [
    quoteIdentifier(name),
    value !== undefined && `= ${value}`,
    min !== undefined && `MIN ${min}`,
    max !== undefined && `MAX ${max}`,
    change,
  ];
  return words.filter(Boolean).join(" ");
}

/** A value as the system tables have it: without quotes, a boolean as a number. */
export function plainValue(literal: string): string {
  if (/^'/.test(literal)) return unquoteString(literal);
  // 25.8 prints `90.` for a fraction that is none.
  if (/^-?\d+\.\d*$/.test(literal)) return String(Number(literal));
  return literal === "true" ? "1" : literal === "false" ? "0" : literal;
}

/** A value as a literal. @param isText the setting holds text, which a server does not take as a number. */
export function literalOf(plain: string, isText: boolean): string {
  return !isText && /^-?\d+(?:\.\d+)?$/.test(plain) ? plain : quoteString(plain);
}
