import { sql } from "../code/text";
import type { ValueMap } from "../code/value";
import { declareGrants } from "../declare/grants";
import { diffGrants } from "../diff/grants";
import { planGrants } from "../plan/grants";
import { type GrantSpec, granteeOf } from "../sql/access/grant";
import type { GrantsSpec } from "../sql/access/grants";
import { quoteIdentifier } from "../sql/identifiers";
import { SQL_KINDS } from "../sql/kinds";
import { RIGHTS_OF_GRANTEE } from "./access-rights";
import type { Kind } from "./kind";

export const grants: Kind<"grants"> = {
  ...SQL_KINDS.grants,
  ...RIGHTS_OF_GRANTEE,
  id: "grants",
  type: "Grants",
  word: "set of grants",
  dropWord: "GRANTS",
  options: ["adopt", "allow", "lint"],
  declare: declareGrants,
  code: (spec) => ({ ...grantsCode(spec), defaultRoles: spec.defaultRoles }),
  diff: diffGrants,
  plan: planGrants,
  dropStatements,
};

/** What takes back all that it manages. */
function dropStatements({ name, rights, roles = [] }: GrantsSpec): string[] {
  const who = quoteIdentifier(name);
  return [
    ...(rights === undefined || rights.length === 0 ? [] : [`GRANT NONE ON *.* TO ${who} WITH REPLACE OPTION`]),
    ...(roles.length === 0 ? [] : [`REVOKE ${roles.map(({ role }) => quoteIdentifier(role)).join(", ")} FROM ${who}`]),
  ];
}

/** Arguments that say the same. */
export function grantsCode(spec: GrantsSpec | GrantSpec): ValueMap {
  const { rights, roles } = spec;
  const [given, taken] = [
    (rights ?? []).filter((line) => !REVOKE.test(line)),
    (rights ?? []).filter((line) => REVOKE.test(line)),
  ];
  return {
    to: granteeOf(spec),
    privileges: rights && given.map((line) => sql(line)),
    except: taken.length === 0 ? undefined : taken.map((line) => sql(line.replace(REVOKE, ""))),
    roles: roles?.map(({ role, admin }) => (admin ? { role, adminOption: true } : role)),
  };
}

const REVOKE = /^REVOKE /;
