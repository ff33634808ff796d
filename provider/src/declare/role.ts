import type { RoleSpec, SettingsProfileSpec } from "../sql/access/spec";
import type { QualifiedName } from "../sql/spec";
import { limitsAt, toAt } from "./access";
import { objectAt, Problems } from "./fields";

/** Arguments of `Role` → spec. @throws {SchemaError} naming every wrong argument. */
export function declareRole({ name }: QualifiedName, args: unknown): RoleSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", ["profiles", "settings"], problems);
  const limits = limitsAt(raw, "profiles", problems);
  problems.throwIfAny();
  return { kind: "role", name, ...limits };
}

/** Arguments of `SettingsProfile` → spec. @throws {SchemaError} naming every wrong argument. */
export function declareSettingsProfile({ name }: QualifiedName, args: unknown): SettingsProfileSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", ["inherits", "settings", "to"], problems);
  const limits = limitsAt(raw, "inherits", problems);
  const appliesTo = toAt(raw, problems);
  if (limits.profiles.includes(name)) problems.add("inherits", `\`${name}\` is the profile itself`);
  problems.throwIfAny();
  return { kind: "settingsProfile", name, ...limits, appliesTo };
}
