import { toArgument } from "../code/access";
import { sql } from "../code/text";
import { declareRowPolicy } from "../declare/row-policy";
import { diffRowPolicy } from "../diff/access";
import { planPolicyRename, planRowPolicy } from "../plan/row-policy";
import { policyParts, policyTable } from "../sql/access/row-policy";
import type { RowPolicySpec } from "../sql/access/spec";
import type { Right } from "../sql/grants";
import { SQL_KINDS } from "../sql/kinds";
import type { Kind } from "./kind";

export const rowPolicy: Kind<"rowPolicy"> = {
  ...SQL_KINDS.rowPolicy,
  id: "rowPolicy",
  type: "RowPolicy",
  word: "row policy",
  dropWord: "ROW POLICY",
  rank: 5,
  options: ["adopt", "allow", "lint"],
  isOnScratch: false,
  declare: declareRowPolicy,
  code: ({ name, using, restrictive, appliesTo }) => ({
    on: sql(policyTable(policyParts(name))),
    using: using === undefined ? undefined : sql(using),
    restrictive: restrictive || undefined,
    to: toArgument(appliesTo),
  }),
  diff: diffRowPolicy,
  plan: (from, to, changes) => planRowPolicy(from, to, new Set(changes.map(({ kind }) => kind))),
  rename: planPolicyRename,
  rightsToCreate: (spec) => [right("CREATE", spec)],
  rightsToRun: (statement, spec) => [right(/^\s*(\w+)/.exec(statement)?.[1] ?? "ALTER", spec)],
  keepsRows: () => false,
  whatGoes: "goes",
};

function right(verb: string, { name }: RowPolicySpec): Right {
  return { privilege: `${verb} ROW POLICY`, level: policyTable(policyParts(name)) };
}
