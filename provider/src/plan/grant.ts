import type { Change } from "../diff/changes";
import { type GrantSpec, granteeOf } from "../sql/access/grant";
import type { RightsAndRoles, RoleGrant } from "../sql/access/grants";
import { linesOf, rulesOfLines } from "../sql/rights/lines";
import type { Rule } from "../sql/rights/points";
import { sharedRights } from "../sql/rights/shared";
import { withEffects } from "./effect-hazards";
import { planSharedSteps } from "./grant-steps";
import { locking, needed, roleStatements, statementsOf } from "./grants";
import type { Beside, PlanOptions, Statement } from "./plan";

/** Statements that give a grantee what is declared, and take back what this grant alone has given. */
export function planGrant(
  from: GrantSpec,
  to: GrantSpec,
  changes: readonly Change[],
  { privileges, user, holders, beside = { held: from, others: [] } }: PlanOptions,
): Statement[] {
  if (changes.length === 0) return [];
  const lattice = needed(privileges);
  const [grantee, { held, others }] = [granteeOf(to), beside];
  const rulesOf = ({ rights = [] }: RightsAndRoles): readonly Rule[] => rulesOfLines(lattice, rights).rules;
  const now = rulesOf(held);
  const then = sharedRights(lattice, now, rulesOf(from), rulesOf(to), others.map(rulesOf));
  const roles = rolesThen(from, to, beside);
  const statements = [
    ...statementsOf(lattice, grantee, now, planSharedSteps(lattice, now, then)),
    ...roleSteps(grantee, held.roles ?? [], roles),
  ];
  const change = { grantee, before: held, after: { rights: linesOf(lattice, then), roles }, user };
  const told = holders === undefined ? statements : withEffects(lattice, holders, change, statements);
  return grantee === user ? told.map(locking) : told;
}

function roleSteps(grantee: string, now: readonly RoleGrant[], then: readonly RoleGrant[]): Statement[] {
  const without = (list: readonly RoleGrant[], other: readonly RoleGrant[]): RoleGrant[] =>
    list.filter(({ role }) => worthOfRole(list, role) !== worthOfRole(other, role));
  return roleStatements(grantee, without(now, then), without(then, now));
}

/** As for rights: a role goes only if nobody else is seen to have given it. */
function rolesThen(from: GrantSpec, to: GrantSpec, { held, others }: Beside): RoleGrant[] {
  const now = held.roles ?? [];
  const theirs = others.map(({ roles = [] }) => roles);
  return [...new Set([...now, ...(to.roles ?? [])].map(({ role }) => role))].flatMap((role): RoleGrant[] => {
    const [has, was, is] = [now, from.roles ?? [], to.roles ?? []].map((roles) => worthOfRole(roles, role)) as Worths;
    const other = Math.max(0, ...theirs.map((roles) => worthOfRole(roles, role)));
    const kept = was > is && has <= was ? 0 : has;
    const worth = Math.max(kept, is, Math.min(has, other));
    return worth === 0 ? [] : [{ role, admin: worth === 2 }];
  });
}

type Worths = [has: number, was: number, is: number];

/** 0: not, 1: has it, 2: may pass it on. */
function worthOfRole(roles: readonly RoleGrant[], role: string): number {
  const held = roles.find((one) => one.role === role);
  return held === undefined ? 0 : held.admin ? 2 : 1;
}
