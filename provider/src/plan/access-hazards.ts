import { comparableLimit } from "../diff/access";
import { plainValue, renderLimit } from "../sql/access/limits";
import { renderInterval } from "../sql/access/quota";
import type { LimitSpec, Limits, MethodSpec, QuotaInterval, QuotaSpec, ToSpec, UserSpec } from "../sql/access/spec";
import { quoteIdentifier } from "../sql/identifiers";
import { hazard } from "./hazards";
import type { Hazard } from "./plan";

/** What other settings mean for those whom they apply to. */
export function limitHazards(from: Limits, to: Limits): Hazard[] {
  const found: Hazard[] = [];
  for (const name of from.profiles.filter((one) => !to.profiles.includes(one)))
    found.push(hazard("widens-access", `the limits of profile ${quoteIdentifier(name)} no longer hold`));
  for (const name of to.profiles.filter((one) => !from.profiles.includes(one)))
    found.push(hazard("narrows-access", `the limits of profile ${quoteIdentifier(name)} hold from now on`));
  const [before, after] = [byName(from), byName(to)];
  for (const name of new Set([...before.keys(), ...after.keys()]))
    found.push(...limitHazard(before.get(name), after.get(name)));
  return found;
}

function byName({ limits }: Limits): ReadonlyMap<string, LimitSpec> {
  return new Map(limits.map((one) => [one.name, one]));
}

/** A value alone is a default that everybody may change; bounds and CONST are limits. */
function limitHazard(from: LimitSpec | undefined, to: LimitSpec | undefined): Hazard[] {
  if (from !== undefined && to !== undefined && String(comparableLimit(from)) === String(comparableLimit(to)))
    return [];
  const text = `${from === undefined ? "(none)" : renderLimit(from)} → ${to === undefined ? "(none)" : renderLimit(to)}`;
  const ways = new Set<"widens-access" | "narrows-access">();
  compareBound(from?.max, to?.max, ways, 1);
  compareBound(from?.min, to?.min, ways, -1);
  const [was, is] = [from?.change === "CONST", to?.change === "CONST"];
  if (was !== is) ways.add(was ? "widens-access" : "narrows-access");
  if (was && is && from?.value !== to?.value)
    for (const way of ["widens-access", "narrows-access"] as const) ways.add(way);
  if ((from ?? to)?.name === "readonly") readonlyWays(from?.value, to?.value, ways);
  return [...ways].map((way) => hazard(way, text));
}

function compareBound(
  from: string | undefined,
  to: string | undefined,
  ways: Set<"widens-access" | "narrows-access">,
  sign: 1 | -1,
): void {
  if (from === to) return;
  if (from === undefined) ways.add("narrows-access");
  else if (to === undefined) ways.add("widens-access");
  else ways.add((Number(plainValue(to)) - Number(plainValue(from))) * sign > 0 ? "widens-access" : "narrows-access");
}

/** The one value that is a limit in itself: 1 forbids more than 2, and 0 nothing. */
function readonlyWays(
  from: string | undefined,
  to: string | undefined,
  ways: Set<"widens-access" | "narrows-access">,
): void {
  const strictness = (value = "0"): number => ({ "1": 2, "2": 1 })[plainValue(value)] ?? 0;
  const more = strictness(to) - strictness(from);
  if (more !== 0) ways.add(more > 0 ? "narrows-access" : "widens-access");
}

/**
 * Who gains or loses what a profile, a quota or a policy does.
 *
 * @param gains what it means to be among them.
 * @param what the beginning of the sentence, in front of their names: `its limits hold for`.
 */
export function toHazards(from: ToSpec, to: ToSpec, gains: "widens-access" | "narrows-access", what: string): Hazard[] {
  const loses = gains === "narrows-access" ? "widens-access" : "narrows-access";
  const named = (names: readonly string[]): string => names.map(quoteIdentifier).join(", ");
  const gone = "no longer as before: now";
  if (!from.all && to.all)
    return [hazard(gains, `${what} everybody${to.names.length > 0 ? ` but ${named(to.names)}` : ""} from now on`)];
  if (from.all && !to.all)
    return [hazard(loses, `${gone} ${what} ${to.names.length > 0 ? named(to.names) : "nobody"}`)];
  const added = to.names.filter((name) => !from.names.includes(name));
  const removed = from.names.filter((name) => !to.names.includes(name));
  const [joining, leaving] = to.all ? [removed, added] : [added, removed];
  return [
    ...(joining.length > 0 ? [hazard(gains, `${what} ${named(joining)} from now on`)] : []),
    ...(leaving.length > 0 ? [hazard(loses, `no longer so: ${what} ${named(leaving)}`)] : []),
  ];
}

/** What other limits of a quota mean for those whom it applies to. */
export function quotaHazards(from: QuotaSpec, to: QuotaSpec): Hazard[] {
  const [before, after] = [bySeconds(from), bySeconds(to)];
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((seconds) => {
    const [old, now] = [before.get(seconds), after.get(seconds)];
    const text = `${old === undefined ? "(none)" : renderInterval(old)} → ${now === undefined ? "(none)" : renderInterval(now)}`;
    return [...intervalWays(old?.max ?? {}, now?.max ?? {})].map((way) => hazard(way, text));
  });
}

function bySeconds({ intervals }: QuotaSpec): ReadonlyMap<number, QuotaInterval> {
  return new Map(intervals.map((one) => [one.seconds, one]));
}

function intervalWays(from: QuotaInterval["max"], to: QuotaInterval["max"]): Set<"widens-access" | "narrows-access"> {
  const ways = new Set<"widens-access" | "narrows-access">();
  for (const name of new Set([...Object.keys(from), ...Object.keys(to)])) compareBound(from[name], to[name], ways, 1);
  return ways;
}

/** What it means for a user that it logs in another way or from elsewhere, or that other settings hold. */
export function userHazards(from: UserSpec, to: UserSpec, changes: ReadonlySet<string>): Hazard[] {
  const found: Hazard[] = [];
  if (changes.has("identification")) found.push(...methodHazards(from.methods ?? [], to.methods ?? []));
  if (changes.has("hosts")) found.push(...hostHazards(from.hosts, to.hosts));
  if (changes.has("grantees"))
    found.push(...toHazards(from.grantees, to.grantees, "widens-access", "it may pass on its rights to"));
  return [...found, ...limitHazards(from, to)];
}

function methodHazards(from: readonly MethodSpec[], to: readonly MethodSpec[]): Hazard[] {
  const text = (one: MethodSpec): string => [one.method, one.args].filter(Boolean).join(" ");
  const [before, after] = [from.map(text), to.map(text)];
  const won = after.filter((one) => !before.includes(one));
  const lost = before.filter((one) => !after.includes(one));
  return [
    ...(won.length > 0 ? [hazard("widens-access", `it can log in by ${won.join(", ")}`)] : []),
    ...(lost.length > 0 ? [hazard("narrows-access", `it can no longer log in by ${lost.join(", ")}`)] : []),
    ...(won.length === 0 && lost.length === 0 && String(before) === String(after)
      ? [
          hazard(
            "breaks-reader",
            "clients that log in with the old password are refused; sessions that are open stay open",
          ),
        ]
      : []),
  ];
}

function hostHazards(from: readonly string[], to: readonly string[]): Hazard[] {
  const isAny = (hosts: readonly string[]): boolean => hosts[0] === "ANY";
  const won = isAny(from) ? [] : to.filter((one) => !from.includes(one));
  const lost = isAny(to) ? [] : from.filter((one) => !to.includes(one));
  return [
    ...(won.length > 0 ? [hazard("widens-access", `it can log in from ${won.join(", ")}`)] : []),
    ...(lost.length > 0 ? [hazard("narrows-access", `it can no longer log in from ${lost.join(", ")}`)] : []),
  ];
}
