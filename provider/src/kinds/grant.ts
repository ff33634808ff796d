import { declareGrant } from "../declare/grants";
import { diffGrant } from "../diff/grants";
import { planGrant } from "../plan/grant";
import { SQL_KINDS } from "../sql/kinds";
import { grants, grantsCode } from "./grants";
import type { Kind } from "./kind";

/** As {@link grants}, but for what others have granted. */
export const grant: Kind<"grant"> = {
  ...SQL_KINDS.grant,
  id: "grant",
  type: "Grant",
  word: "grant",
  dropWord: "GRANT",
  rank: grants.rank,
  options: ["allow", "lint"],
  isOnScratch: false,
  declare: declareGrant,
  code: grantsCode,
  diff: diffGrant,
  plan: planGrant,
  rename: () => [],
  // As for all of them: the server says what is missing.
  rightsToCreate: () => [],
  rightsToRun: () => [],
  keepsRows: () => false,
  whatGoes: "is taken back",
  isOf: "a user or role",
};
