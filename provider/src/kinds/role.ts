import { limitArguments, namesArgument } from "../code/access";
import { declareRole } from "../declare/role";
import { diffRole } from "../diff/access";
import { planAccessRename, planRole } from "../plan/access";
import { SQL_KINDS } from "../sql/kinds";
import { accessRights } from "./access-rights";
import type { Kind } from "./kind";

export const role: Kind<"role"> = {
  ...SQL_KINDS.role,
  id: "role",
  type: "Role",
  word: "role",
  dropWord: "ROLE",
  rank: 1,
  options: ["adopt", "allow", "lint"],
  isOnScratch: false,
  declare: declareRole,
  code: (spec) => ({ profiles: namesArgument(spec.profiles), settings: limitArguments(spec) }),
  diff: diffRole,
  plan: (from, to) => planRole(from, to),
  rename: planAccessRename,
  ...accessRights("ROLE"),
  keepsRows: () => false,
  whatGoes: "goes",
};
