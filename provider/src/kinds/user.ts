import { limitArguments, namesArgument } from "../code/access";
import type { Value, ValueMap } from "../code/value";
import { declareUser } from "../declare/user";
import { diffUser } from "../diff/access";
import { planAccessRename, planUser } from "../plan/access";
import type { UserSpec } from "../sql/access/spec";
import { runnableUser } from "../sql/access/user";
import { unquoteString } from "../sql/identifiers";
import { SQL_KINDS } from "../sql/kinds";
import { lex } from "../sql/lexer";
import { accessRights } from "./access-rights";
import type { Kind } from "./kind";
import { refuseUserSecrets, withUserSecrets } from "./user-secrets";

export const user: Kind<"user"> = {
  ...SQL_KINDS.user,
  id: "user",
  type: "User",
  word: "user",
  dropWord: "USER",
  rank: 2,
  options: ["adopt", "allow", "lint"],
  isOnScratch: false,
  declare: declareUser,
  code,
  diff: diffUser,
  plan: (from, to, changes) => planUser(from, to, new Set(changes.map(({ kind }) => kind))),
  rename: planAccessRename,
  runnable: runnableUser,
  withSecrets: withUserSecrets,
  refuseSecrets: refuseUserSecrets,
  ...accessRights("USER"),
  keepsRows: () => false,
  whatGoes: "goes",
};

/** Nobody knows a password, so how a user logs in stays as it is. */
function code(spec: UserSpec): ValueMap {
  return {
    auth: "unmanaged",
    hosts: spec.hosts[0] === "ANY" ? undefined : hostArguments(spec.hosts),
    defaultDatabase: spec.defaultDatabase,
    profiles: namesArgument(spec.profiles),
    settings: limitArguments(spec),
    grantees: spec.grantees.all ? undefined : [...spec.grantees.names],
  };
}

const WORDS: Readonly<Record<string, string>> = { IP: "ip", NAME: "names", LIKE: "like", REGEXP: "regexp" };

function hostArguments(hosts: readonly string[]): Value {
  const found: Record<string, string[]> = {};
  for (const host of hosts) {
    const [word, literal] = lex(host);
    const key = WORDS[word?.text ?? ""] ?? "names";
    found[key] = [...(found[key] ?? []), literal === undefined ? "localhost" : unquoteString(literal.text)];
  }
  return found;
}
