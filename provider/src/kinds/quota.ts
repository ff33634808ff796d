import { toArgument } from "../code/access";
import type { Value } from "../code/value";
import { declareQuota, QUOTA_KEYS, QUOTA_LIMITS } from "../declare/quota";
import { diffQuota } from "../diff/access";
import { planAccessRename, planQuota } from "../plan/access";
import { durationOf } from "../sql/access/quota";
import type { QuotaInterval } from "../sql/access/spec";
import { SQL_KINDS } from "../sql/kinds";
import { accessRights } from "./access-rights";
import type { Kind } from "./kind";

export const quota: Kind<"quota"> = {
  ...SQL_KINDS.quota,
  id: "quota",
  type: "Quota",
  word: "quota",
  dropWord: "QUOTA",
  rank: 2,
  options: ["adopt", "allow", "lint"],
  isOnScratch: false,
  declare: declareQuota,
  code: ({ keys, intervals, appliesTo }) => ({
    keyedBy: Object.entries(QUOTA_KEYS).find(([, one]) => String(one) === String(keys))?.[0],
    limits: Object.fromEntries(intervals.map((one) => [durationOf(one.seconds), limitsOf(one)])),
    to: toArgument(appliesTo),
  }),
  diff: diffQuota,
  plan: (from, to, changes) => planQuota(from, to, new Set(changes.map(({ kind }) => kind))),
  rename: planAccessRename,
  ...accessRights("QUOTA"),
  keepsRows: () => false,
  whatGoes: "goes",
};

function limitsOf({ randomized, max }: QuotaInterval): Value {
  const named = Object.entries(QUOTA_LIMITS).flatMap(([key, name]) =>
    max[name] === undefined ? [] : [[key, Number(max[name])] as const],
  );
  return { ...(randomized && { randomized }), ...Object.fromEntries(named) };
}
