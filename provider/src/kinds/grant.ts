import { declareGrant } from "../declare/grants";
import { diffGrant } from "../diff/grants";
import { planGrant } from "../plan/grant";
import { SQL_KINDS } from "../sql/kinds";
import { RIGHTS_OF_GRANTEE } from "./access-rights";
import { grantsCode } from "./grants";
import type { Kind } from "./kind";

/** As `Grants`, but for what others have granted. */
export const grant: Kind<"grant"> = {
  ...SQL_KINDS.grant,
  ...RIGHTS_OF_GRANTEE,
  id: "grant",
  type: "Grant",
  word: "grant",
  dropWord: "GRANT",
  options: ["allow", "lint"],
  declare: declareGrant,
  code: grantsCode,
  diff: diffGrant,
  plan: planGrant,
};
