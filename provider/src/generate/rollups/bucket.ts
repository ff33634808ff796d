import { bucketStart, describeWidth, parseWidth } from "../../rollup/bucket";
import { callsIn, literalText, parseExpression } from "../../sql/query";
import { looksLike } from "./text";

/** A rollup's bucket. */
export interface FoundBucket {
  readonly every: string;
  readonly time: string;
  readonly timezone?: string;
}

const PLAIN: Readonly<Record<string, string>> = {
  toStartOfMinute: "minute",
  toStartOfHour: "hour",
  toDate: "day",
  toMonday: "week",
  toStartOfMonth: "month",
  toStartOfQuarter: "quarter",
  toStartOfYear: "year",
};

/** The bucket whose start an expression computes, the inverse of {@link bucketStart}; undefined for anything else. */
export function bucketOf(text: string): FoundBucket | undefined {
  const expression = parseExpression(text);
  const [call] = expression ? callsIn(expression) : [];
  if (call === undefined) return undefined;
  const every = PLAIN[call.name] ?? widthIn(call.arguments[1]?.text ?? "");
  const [time, zone] = PLAIN[call.name] === undefined ? [call.arguments[0], call.arguments[2]] : call.arguments;
  const width = parseWidth(every);
  if (time === undefined || typeof width === "string") return undefined;
  const timezone = zone && literalText(zone);
  if (!looksLike(text, bucketStart(width, time.text, zone?.text))) return undefined;
  if (zone !== undefined && timezone === undefined) return undefined;
  return { every: describeWidth(width), time: time.text, ...(timezone !== undefined && { timezone }) };
}

/** `toIntervalMinute(5)` as `5 minutes`; empty for anything else. */
export function widthIn(text: string): string {
  const [, unit = "", count = ""] = /^toInterval([A-Z][a-z]+)\((\d+)\)$/.exec(text.trim()) ?? [];
  return unit === "" ? "" : `${count} ${unit.toLowerCase()}${count === "1" ? "" : "s"}`;
}
