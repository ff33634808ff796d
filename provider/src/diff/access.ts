import { plainValue, renderLimits } from "../sql/access/limits";
import { renderTo } from "../sql/access/names";
import { renderInterval } from "../sql/access/quota";
import type { LimitSpec, Limits, QuotaSpec, RoleSpec, SettingsProfileSpec, ToSpec } from "../sql/access/spec";
import type { AccessChange } from "./changes";

/** Settings of a role. */
export function diffRole(from: RoleSpec, to: RoleSpec): AccessChange[] {
  return diffLimits(from, to);
}

/** Settings of a profile, and whom they apply to. */
export function diffSettingsProfile(from: SettingsProfileSpec, to: SettingsProfileSpec): AccessChange[] {
  return [...diffLimits(from, to), ...diffTo(from, to)];
}

/** Keys and limits of a quota, and whom it applies to. */
export function diffQuota(from: QuotaSpec, to: QuotaSpec): AccessChange[] {
  const text = ({ intervals }: QuotaSpec): string => intervals.map(renderInterval).join(", ");
  return [
    ...change("keyed-by", from.keys.join(", "), to.keys.join(", ")),
    ...change("intervals", text(from), text(to)),
    ...diffTo(from, to),
  ];
}

/** Values are compared as the server means them: `true` and `1` are the same. */
export function diffLimits(from: Limits, to: Limits): AccessChange[] {
  return change("limits", renderLimits(from), renderLimits(to), comparable(from) !== comparable(to));
}

/** Users and roles that something applies to. */
export function diffTo(from: { readonly appliesTo: ToSpec }, to: { readonly appliesTo: ToSpec }): AccessChange[] {
  return change("applies-to", renderTo(from.appliesTo), renderTo(to.appliesTo));
}

/** Nothing if both texts are the same. */
export function change(
  kind: AccessChange["kind"],
  from: string,
  to: string,
  differs: boolean = from !== to,
): AccessChange[] {
  return differs ? [Object.freeze({ kind, from, to })] : [];
}

function comparable({ profiles, limits }: Limits): string {
  return JSON.stringify([profiles, limits.map(comparableLimit)]);
}

/** A setting without its literals' quotes. */
export function comparableLimit({ name, value, min, max, change: who }: LimitSpec): readonly unknown[] {
  const plain = (literal: string | undefined): string | null => (literal === undefined ? null : plainValue(literal));
  return [name, plain(value), plain(min), plain(max), who ?? null];
}
