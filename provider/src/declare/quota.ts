import { intervalsOf, secondsOf } from "../sql/access/quota";
import type { QuotaInterval, QuotaSpec } from "../sql/access/spec";
import type { QualifiedName } from "../sql/spec";
import { didYouMean } from "../util/near";
import { toAt } from "./access";
import { describe, isObject, join, objectAt, Problems, type Raw } from "./fields";

/** What `keyedBy` says, as behind KEYED BY. */
export const QUOTA_KEYS: Readonly<Record<string, readonly string[]>> = {
  user: ["user_name"],
  ip: ["ip_address"],
  forwardedIp: ["forwarded_ip_address"],
  clientKey: ["client_key"],
  clientKeyOrUser: ["client_key", "user_name"],
  clientKeyOrIp: ["client_key", "ip_address"],
};

/** What a quota counts, as arguments name it, and in SQL. */
export const QUOTA_LIMITS: Readonly<Record<string, string>> = {
  queries: "queries",
  querySelects: "query_selects",
  queryInserts: "query_inserts",
  errors: "errors",
  resultRows: "result_rows",
  resultBytes: "result_bytes",
  readRows: "read_rows",
  readBytes: "read_bytes",
  writtenBytes: "written_bytes",
  executionTime: "execution_time",
  failedSequentialAuthentications: "failed_sequential_authentications",
};

/** Arguments of `Quota` → spec. @throws {SchemaError} naming every wrong argument. */
export function declareQuota({ name }: QualifiedName, args: unknown): QuotaSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", ["keyedBy", "limits", "to"], problems);
  const keys = keysAt(raw, problems);
  const given = raw["limits"] ?? {};
  if (!isObject(given)) problems.add("limits", `expected a map from interval to limits, found ${describe(given)}`);
  const intervals = Object.entries(isObject(given) ? given : {}).flatMap(([duration, one]) =>
    intervalAt(duration, one, problems),
  );
  const appliesTo = toAt(raw, problems);
  const all = intervalsOf(intervals);
  if (all.length < intervals.length) problems.add("limits", "two intervals are of the same length; give each once");
  problems.throwIfAny();
  return { kind: "quota", name, keys, intervals: all, appliesTo };
}

function keysAt(raw: Raw, problems: Problems): readonly string[] {
  const given = raw["keyedBy"];
  if (given === undefined) return [];
  const keys = typeof given === "string" ? QUOTA_KEYS[given] : undefined;
  if (keys !== undefined) return keys;
  const known = Object.keys(QUOTA_KEYS);
  const near = typeof given === "string" ? didYouMean(given, known) : "";
  problems.add("keyedBy", `expected one of ${known.join(", ")}, found ${describe(given)}${near}`);
  return [];
}

function intervalAt(duration: string, given: unknown, problems: Problems): QuotaInterval[] {
  const path = join("limits", duration);
  const seconds = secondsOf(duration);
  if (seconds === undefined) problems.add(path, 'expected a number and a unit of time, e.g. "1 hour", "30 days"');
  const { randomized = false, ...raw } = objectAt(given, path, ["randomized", ...Object.keys(QUOTA_LIMITS)], problems);
  if (typeof randomized !== "boolean")
    problems.add(join(path, "randomized"), `expected true or false, found ${describe(randomized)}`);
  const max = Object.entries(raw).flatMap(([key, value]) => {
    const name = QUOTA_LIMITS[key];
    if (name === undefined || value === undefined) return [];
    const isFraction = name === "execution_time";
    if (typeof value === "number" && value >= 0 && (isFraction || Number.isInteger(value)))
      return [[name, String(value)]];
    problems.add(
      join(path, key),
      `expected a ${isFraction ? "" : "whole "}number, 0 or more, found ${describe(value)}`,
    );
    return [];
  });
  return seconds === undefined ? [] : [{ seconds, randomized: randomized === true, max: Object.fromEntries(max) }];
}
