import type { ObjectName } from "../diff/changes";
import { renderHosts } from "../sql/access/hosts";
import { renderLimits } from "../sql/access/limits";
import { runnableMethods } from "../sql/access/methods";
import { renderTo } from "../sql/access/names";
import { renderInterval, renderKeys } from "../sql/access/quota";
import type { AccessSpec, QuotaSpec, RoleSpec, SettingsProfileSpec, UserSpec } from "../sql/access/spec";
import { renderGrantees } from "../sql/access/user";
import { quoteIdentifier } from "../sql/identifiers";
import { sqlKindOf } from "../sql/kinds";
import { limitHazards, quotaHazards, toHazards, userHazards } from "./access-hazards";
import { gather, hazard } from "./hazards";
import type { Hazard, Statement } from "./plan";

/** One ALTER with all settings: what it does not list is gone. */
export function planRole(from: RoleSpec, to: RoleSpec): Statement[] {
  return [alter(from, to, [`SETTINGS ${renderLimits(to)}`], limitHazards(from, to))];
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
  const whom = toHazards(from.appliesTo, to.appliesTo, "narrows-access", "its limits hold for");
  return [alter(from, to, clauses, [...limitHazards(from, to), ...whom])];
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
  const whom = toHazards(from.appliesTo, to.appliesTo, "narrows-access", "its limits hold for");
  return [alter(from, to, clauses, [...quotaHazards(from, to), ...whom])];
}

/** One ALTER with what differs; a change of one way to log in sends all of them, because it replaces all. */
export function planUser(from: UserSpec, to: UserSpec, changes: ReadonlySet<string>): Statement[] {
  const { defaultDatabase } = to;
  // 24.8 keeps the end of the way before, unless it is told another.
  const ended = (from.methods ?? []).some(({ validUntil }) => validUntil !== undefined);
  const methods = (to.methods ?? []).map((one) => (ended ? { validUntil: "infinity", ...one } : one));
  const clauses = [
    ...(changes.has("identification") ? [`IDENTIFIED WITH ${runnableMethods(methods)}`] : []),
    ...(changes.has("hosts") ? [`HOST ${renderHosts(to.hosts)}`] : []),
    ...(changes.has("default-database")
      ? [`DEFAULT DATABASE ${defaultDatabase === undefined ? "NONE" : quoteIdentifier(defaultDatabase)}`]
      : []),
    ...(changes.has("limits") ? [`SETTINGS ${renderLimits(to)}`] : []),
    ...(changes.has("grantees") ? [`GRANTEES ${renderGrantees(to.grantees)}`] : []),
  ];
  return [alter(from, to, clauses, userHazards(from, to, changes))];
}

/**
 * Rights, members and whatever names it follow: the server knows it by its UUID.
 *
 * @param alone nothing else changes; otherwise the name is part of the ALTER, so that one statement does all or nothing.
 */
export function planAccessRename(to: AccessSpec, before: ObjectName, after: ObjectName, alone: boolean): Statement[] {
  if (!alone) return [];
  const words = sqlKindOf(to.kind).words.join(" ");
  const [old, now] = [before, after].map(({ name = "" }) => quoteIdentifier(name));
  return [statement(`ALTER ${words} ${old} RENAME TO ${now}`, [renameHazard(to)])];
}

function renameHazard({ kind }: AccessSpec): Hazard {
  return kind === "user"
    ? hazard(
        "breaks-reader",
        "clients have to log in under the new name; its rights and everything that refers to it stay",
      )
    : hazard("metadata-only", "keeps its rights and everything that refers to it");
}

/** `ALTER … name clause clause`. */
function alter(from: AccessSpec, to: AccessSpec, clauses: readonly string[], hazards: readonly Hazard[]): Statement {
  const words = sqlKindOf(to.kind).words.join(" ");
  const isRenamed = from.name !== to.name;
  const parts = [...(isRenamed ? [`RENAME TO ${quoteIdentifier(to.name)}`] : []), ...clauses];
  return statement(
    `ALTER ${words} ${quoteIdentifier(from.name)}\n${parts.join("\n")}`,
    gather([...(isRenamed ? [renameHazard(to)] : []), ...hazards], "running queries continue as they began"),
  );
}

function statement(sql: string, hazards: readonly Hazard[]): Statement {
  return Object.freeze({ kind: "statement", sql, hazards });
}
