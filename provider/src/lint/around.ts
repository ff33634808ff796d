import { unquoteIdentifier } from "../sql/identifiers";
import { keyNamed } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import { keyOfTarget, rightsOf } from "./rights";
import { Subject } from "./subject";

/** Keys that rules ask for beyond what the statement's text mentions as `database.name`: there may be no object of such a key. */
export function keysAround(spec: ObjectSpec): string[] {
  if (spec.kind === "grants" || spec.kind === "grant")
    return rightsOf(new Subject(spec, { find: () => undefined })).flatMap((right) => keyOfTarget(right) ?? []);
  if (spec.kind === "user") return [keyNamed("role", undefined, spec.name)];
  if (spec.kind === "role") return [keyNamed("user", undefined, spec.name)];
  if (spec.kind === "settingsProfile") return spec.profiles.map((name) => keyNamed("settingsProfile", undefined, name));
  const definer = definerOf(spec);
  return definer === undefined ? [] : [keyNamed("user", undefined, definer)];
}

/** The user that a view names as the one with whose rights it runs. */
export function definerOf(spec: ObjectSpec): string | undefined {
  const definer = "security" in spec ? spec.security?.definer : undefined;
  return definer === undefined || /^CURRENT_USER$/i.test(definer) ? undefined : unquoteIdentifier(definer);
}
