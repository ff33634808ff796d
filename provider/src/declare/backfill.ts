import { describe, objectAt, optionalText, type Problems, type Raw } from "./fields";
import { parseSize } from "./size";

/** How a new materialized view is filled from its source, as declared. Undefined: the protocol's default. */
export interface BackfillDeclaration {
  readonly from?: string;
  readonly timeColumn?: string;
  readonly chunk?: number;
  readonly maxMemory?: number;
  readonly maxThreads?: number;
  readonly insertTime?: string | false;
}

const KEYS = ["from", "timeColumn", "chunk", "maxMemory", "maxThreads", "insertTime"] as const;

/** `backfill` of a materialized view; undefined if omitted or false. */
export function backfillAt(raw: Raw, problems: Problems): BackfillDeclaration | undefined {
  const value = raw["backfill"];
  if (value === undefined || value === null || value === false) return undefined;
  if (value === true) return {};
  const given = objectAt(value, "backfill", KEYS, problems);
  const declared = {
    from: momentAt(given, problems),
    timeColumn: optionalText(given, "timeColumn", "backfill", problems),
    chunk: countAt(given, "chunk", problems),
    maxMemory: sizeAt(given, problems),
    maxThreads: countAt(given, "maxThreads", problems),
    insertTime: given["insertTime"] === false ? false : optionalText(given, "insertTime", "backfill", problems),
  };
  return Object.fromEntries(Object.entries(declared).filter(([, one]) => one !== undefined));
}

function momentAt(raw: Raw, problems: Problems): string | undefined {
  const text = optionalText(raw, "from", "backfill", problems);
  if (text !== undefined && Number.isNaN(Date.parse(text))) {
    problems.add("backfill.from", 'expected a moment in ISO 8601, e.g. "2026-01-31" or "2026-01-31T12:00:00Z"');
  }
  return text;
}

function countAt(raw: Raw, key: string, problems: Problems): number | undefined {
  const value = raw[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  problems.add(`backfill.${key}`, `expected a whole number above 0, found ${describe(value)}`);
  return undefined;
}

/** Bytes, or a string with a unit: `"4 GiB"`. */
function sizeAt(raw: Raw, problems: Problems): number | undefined {
  const value = raw["maxMemory"];
  if (typeof value !== "string") return countAt(raw, "maxMemory", problems);
  const size = parseSize(value);
  if (size !== undefined) return size;
  problems.add("backfill.maxMemory", 'expected bytes above 0, as a number or with a unit, e.g. "4 GiB"');
  return undefined;
}
