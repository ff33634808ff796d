import type { ObjectName } from "../diff/changes";
import { renderLimits } from "../sql/access/limits";
import { renderTo } from "../sql/access/names";
import { renderInterval, renderKeys } from "../sql/access/quota";
import type { AccessSpec, QuotaSpec, RoleSpec, SettingsProfileSpec } from "../sql/access/spec";
import { quoteIdentifier } from "../sql/identifiers";
import { sqlKindOf } from "../sql/kinds";
import { limitHazards, quotaHazards, toHazards } from "./access-hazards";
import { gather, hazard } from "./hazards";
import type { Hazard, Statement } from "./plan";

/** One ALTER with all settings: what it does not list is gone. */
export function planRole(from: RoleSpec, to: RoleSpec): Statement[] {
  return [alter(to, [`SETTINGS ${renderLimits(to)}`], limitHazards(from, to))];
}

/** One ALTER with what differs. */
export function planSettingsProfile(
  from: SettingsProfileSpec,
  to: SettingsProfileSpec,
  changes: ReadonlySet<string>,
): Statement[] {
  const clauses = [
    ...(changes.has("limits") ? [`SETTINGS ${renderLimits(to)}`] : []),
    ...(changes.has("applies-to") ? [`TO ${renderTo(to.appliesTo)}`] : []),
  ];
  const whom = toHazards(from.appliesTo, to.appliesTo, "narrows-access", "its limits hold");
  return [alter(to, clauses, [...limitHazards(from, to), ...whom])];
}

/** One ALTER with what differs: it changes the intervals that it names, and leaves the others. */
export function planQuota(from: QuotaSpec, to: QuotaSpec, changes: ReadonlySet<string>): Statement[] {
  const before = new Map(from.intervals.map((one) => [one.seconds, renderInterval(one)]));
  const changed = to.intervals.filter((one) => before.get(one.seconds) !== renderInterval(one)).map(renderInterval);
  const kept = new Set(to.intervals.map(({ seconds }) => seconds));
  const gone = from.intervals
    .filter(({ seconds }) => !kept.has(seconds))
    .map((one) => renderInterval({ ...one, randomized: false, max: {} }).replace(/TRACKING ONLY$/, "NO LIMITS"));
  const intervals = [...changed, ...gone];
  const clauses = [
    ...(changes.has("keyed-by") ? [renderKeys(to.keys)] : []),
    ...(intervals.length > 0 ? [intervals.join(",\n")] : []),
    ...(changes.has("applies-to") ? [`TO ${renderTo(to.appliesTo)}`] : []),
  ];
  const whom = toHazards(from.appliesTo, to.appliesTo, "narrows-access", "its limits hold");
  return [alter(to, clauses, [...quotaHazards(from, to), ...whom])];
}

/** Rights, members and whatever names it follow: the server knows it by its UUID. */
export function planAccessRename(to: AccessSpec, before: ObjectName, after: ObjectName): Statement[] {
  const words = sqlKindOf(to.kind).words.join(" ");
  const [old, now] = [before, after].map(({ name = "" }) => quoteIdentifier(name));
  return [
    statement(`ALTER ${words} ${old} RENAME TO ${now}`, [
      hazard("metadata-only", "keeps its rights and everything that refers to it"),
    ]),
  ];
}

/** `ALTER … name clause clause`. */
export function alter(to: AccessSpec, clauses: readonly string[], hazards: readonly Hazard[]): Statement {
  const words = sqlKindOf(to.kind).words.join(" ");
  return statement(
    `ALTER ${words} ${quoteIdentifier(to.name)}\n${clauses.join("\n")}`,
    gather(hazards, "running queries continue as they began"),
  );
}

function statement(sql: string, hazards: readonly Hazard[]): Statement {
  return Object.freeze({ kind: "statement", sql, hazards });
}
