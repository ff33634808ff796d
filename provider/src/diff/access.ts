import { renderHosts } from "../sql/access/hosts";
import { plainValue, renderLimits } from "../sql/access/limits";
import { hasSecret, renderMethods } from "../sql/access/methods";
import { renderTo } from "../sql/access/names";
import { renderInterval } from "../sql/access/quota";
import type {
  LimitSpec,
  Limits,
  QuotaSpec,
  RoleSpec,
  RowPolicySpec,
  SettingsProfileSpec,
  ToSpec,
  UserSpec,
} from "../sql/access/spec";
import { renderGrantees } from "../sql/access/user";
import type { AccessChange, DiffOptions } from "./changes";

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

/** What a policy lets through, and whom it applies to. */
export function diffRowPolicy(from: RowPolicySpec, to: RowPolicySpec): AccessChange[] {
  const words = ({ restrictive }: RowPolicySpec): string => (restrictive ? "restrictive" : "permissive");
  return [
    ...change("restrictive", words(from), words(to)),
    ...change("using", from.using ?? "", to.using ?? ""),
    ...diffTo(from, to),
  ];
}

/** How and from where a user logs in, and what holds for its sessions. A new secret is a change that no text shows. */
export function diffUser(from: UserSpec, to: UserSpec, { newSecrets = [] }: DiffOptions): AccessChange[] {
  const { methods } = to;
  const identification =
    methods === undefined
      ? []
      : change(
          "identification",
          renderMethods(from.methods ?? []),
          renderMethods(methods),
          (newSecrets.length > 0 && methods.some(hasSecret)) ||
            renderMethods(from.methods ?? []) !== renderMethods(methods),
        );
  return [
    ...identification,
    ...change("hosts", renderHosts(from.hosts), renderHosts(to.hosts)),
    ...change("default-database", from.defaultDatabase ?? "", to.defaultDatabase ?? ""),
    ...diffLimits(from, to),
    ...change("grantees", renderGrantees(from.grantees), renderGrantees(to.grantees)),
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
