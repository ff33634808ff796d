import type { GrantSpec } from "../sql/access/grant";
import type { GrantsSpec, RoleGrant } from "../sql/access/grants";
import type { QualifiedName } from "../sql/spec";
import {
  describe,
  isObject,
  listAt,
  noDuplicates,
  objectAt,
  Problems,
  type Raw,
  requiredText,
  textList,
} from "./fields";

/**
 * Arguments of `Grants` → spec, with the rights as written: what they mean is up to the server. @throws {SchemaError} naming every wrong argument.
 */
export function declareGrants({ name }: QualifiedName, args: unknown): GrantsSpec {
  const problems = new Problems();
  // The grantee is the name.
  const raw = objectAt(args, "", ["to", "privileges", "except", "roles", "defaultRoles"], problems);
  const rights = rightsAt(raw, problems);
  const roles = raw["roles"] === undefined ? undefined : rolesAt(raw, problems);
  const defaultRoles = raw["defaultRoles"] === undefined ? undefined : defaultAt(raw, problems);
  if (rights === undefined && roles === undefined && defaultRoles === undefined)
    problems.add("privileges", "is missing, and so are roles and defaultRoles; an empty list takes every right away");
  problems.throwIfAny();
  return {
    kind: "grants",
    name,
    ...(rights !== undefined && { rights }),
    ...(roles !== undefined && { roles }),
    ...(defaultRoles !== undefined && { defaultRoles }),
  };
}

/** Arguments of `Grant` → spec, likewise. @throws {SchemaError} naming every wrong argument. */
export function declareGrant({ name }: QualifiedName, args: unknown): GrantSpec {
  const problems = new Problems();
  const raw = objectAt(args, "", ["to", "privileges", "roles"], problems);
  const rights = rightsAt(raw, problems) ?? [];
  const roles = raw["roles"] === undefined ? [] : rolesAt(raw, problems);
  if (rights.length + roles.length === 0)
    problems.add("privileges", "is empty or missing, and so is roles; expected what it adds to the grantee's rights");
  problems.throwIfAny();
  return { kind: "grant", name, ...(rights.length > 0 && { rights }), ...(roles.length > 0 && { roles }) };
}

function rightsAt(raw: Raw, problems: Problems): string[] | undefined {
  const except = textList(listAt(raw, "except", "", problems), "except", problems);
  if (raw["privileges"] === undefined) {
    if (except.length > 0) problems.add("except", "takes something out of privileges, which are missing");
    return undefined;
  }
  const given = textList(listAt(raw, "privileges", "", problems), "privileges", problems);
  refuseVerbs(given, "privileges", problems);
  refuseVerbs(except, "except", problems);
  return [...given, ...except.map((text) => `REVOKE ${text}`)];
}

function refuseVerbs(texts: readonly string[], path: string, problems: Problems): void {
  for (const [index, text] of texts.entries()) {
    const [, verb] = /^\s*(GRANT(?!\s+OPTION\s+FOR)|REVOKE)\s/i.exec(text) ?? [];
    if (verb !== undefined)
      problems.add(
        `${path}[${index}]`,
        `write what comes between ${verb.toUpperCase()} and ${verb.toUpperCase() === "GRANT" ? "TO" : "FROM"}, e.g. "SELECT ON shop.*"`,
      );
  }
}

function rolesAt(raw: Raw, problems: Problems): RoleGrant[] {
  const roles = listAt(raw, "roles", "", problems).flatMap((value, index): RoleGrant[] => {
    if (typeof value === "string" && value !== "") return [{ role: value, admin: false }];
    const path = `roles[${index}]`;
    if (!isObject(value)) {
      problems.add(path, `expected a Role, its name, or { role, adminOption }, found ${describe(value)}`);
      return [];
    }
    const { adminOption = false } = objectAt(value, path, ["role", "adminOption"], problems);
    if (typeof adminOption !== "boolean")
      problems.add(`${path}.adminOption`, `expected true or false, found ${describe(adminOption)}`);
    return [{ role: requiredText(value, "role", path, problems), admin: adminOption === true }];
  });
  noDuplicates(
    roles.map(({ role }) => role),
    "roles",
    problems,
  );
  return roles.sort((a, b) => (a.role < b.role ? -1 : 1));
}

function defaultAt(raw: Raw, problems: Problems): GrantsSpec["defaultRoles"] {
  const value = raw["defaultRoles"];
  if (value === "all" || value === "none") return value;
  if (!Array.isArray(value)) {
    problems.add("defaultRoles", `expected "all", "none" or a list of roles, found ${describe(value)}`);
    return "all";
  }
  const names = textList(value, "defaultRoles", problems);
  return names.length === 0 ? "none" : [...new Set(names)].sort();
}
