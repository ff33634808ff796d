import type { Change } from "../diff/changes";
import { type GrantsSpec, type RightsAndRoles, type RoleGrant, renderDefault } from "../sql/access/grants";
import { quoteIdentifier } from "../sql/identifiers";
import type { Lattice } from "../sql/rights/lattice";
import { rulesOfLines } from "../sql/rights/lines";
import { differences, type Rule } from "../sql/rights/points";
import { statementOf } from "../sql/rights/render";
import { BETWEEN, withEffects } from "./effect-hazards";
import { type GrantPlan, type GrantStep, planGrantSteps } from "./grant-steps";
import { hazard } from "./hazards";
import { textOfMoments } from "./moments";
import type { Hazard, PlanOptions, Statement } from "./plan";

/** Statements from what somebody may do to what they shall: nothing is taken and given back. */
export function planGrants(
  from: GrantsSpec,
  to: GrantsSpec,
  changes: readonly Change[],
  { privileges, user, holders }: PlanOptions,
): Statement[] {
  const { name } = to;
  const tell = (before: RightsAndRoles, after: RightsAndRoles, statements: readonly Statement[]): Statement[] =>
    holders === undefined
      ? [...statements]
      : withEffects(needed(privileges), holders, { grantee: name, before, after, user }, statements);
  const rights = changes.flatMap((change): Statement[] => {
    if (change.kind === "rights") return rightStatements(from, to, privileges);
    return change.kind === "roles" ? roleStatements(name, change.gone, change.added) : [];
  });
  const after = { rights: to.rights ?? from.rights ?? [], roles: to.roles ?? from.roles ?? [] };
  const told = tell(from, after, rights);
  const defaults = changes.flatMap((change) => (change.kind === "default-roles" ? defaultStatements(to, change) : []));
  const [begins, began] = [inSession(from, from.roles), inSession(to, after.roles)];
  const all = [...told, ...tell({ ...after, roles: begins }, { ...after, roles: began }, defaults)];
  return name === user ? all.map(locking) : all;
}

function defaultStatements(
  { name, defaultRoles = "all" }: GrantsSpec,
  { from, to }: { from: string; to: string },
): Statement[] {
  const sql = `ALTER USER ${quoteIdentifier(name)} DEFAULT ROLE ${renderDefault(defaultRoles)}`;
  const message = `sessions of ${quoteIdentifier(name)} begin with other roles: ${to}, before ${from}`;
  return [statement(sql, [hazard("widens-access", message), hazard("narrows-access", message)])];
}

/** The roles that a session begins with. */
function inSession({ defaultRoles = "all" }: GrantsSpec, roles: readonly RoleGrant[] = []): readonly RoleGrant[] {
  if (defaultRoles === "all") return roles;
  return defaultRoles === "none" ? [] : roles.filter(({ role }) => defaultRoles.includes(role));
}

function rightStatements(from: GrantsSpec, to: GrantsSpec, lattice: Lattice | undefined): Statement[] {
  const known = needed(lattice);
  const [before = [], after = []] = [from, to].map(({ rights = [] }) => rulesOfLines(known, rights).rules);
  return statementsOf(known, to.name, before, planGrantSteps(known, before, after));
}

/** Rights mean nothing without the server's list of them. */
export function needed(lattice: Lattice | undefined): Lattice {
  if (lattice === undefined) throw new Error("the privileges of the server are needed to plan grants");
  return lattice;
}

/** A plan for the rights of a grantee as statements with their hazards. @param before what it has. */
export function statementsOf(lattice: Lattice, grantee: string, before: readonly Rule[], plan: GrantPlan): Statement[] {
  const moments = momentHazards(lattice, grantee, plan);
  return plan.steps.map((step, index) => {
    const hazards =
      step.kind === "replace" ? replaceHazards(lattice, grantee, before, step) : clauseHazards(grantee, step);
    return statement(sqlOf(step, grantee), index === 0 ? [...hazards, ...moments] : hazards);
  });
}

function sqlOf(step: GrantStep, grantee: string): string {
  if (step.kind === "clause") return statementOf(step, grantee);
  const texts = step.clauses.map(({ text }) => text);
  const list = texts.length === 0 ? "NONE ON *.*" : texts.join(", ");
  return `GRANT ${list} TO ${quoteIdentifier(grantee)} WITH REPLACE OPTION`;
}

function clauseHazards(grantee: string, { verb, text }: GrantStep & { readonly kind: "clause" }): Hazard[] {
  const who = quoteIdentifier(grantee);
  if (verb === "grant") return [hazard("widens-access", `${who} may ${text}`)];
  if (verb === "grant-with-option") return [hazard("widens-access", `${who} may ${text}, and may pass it on`)];
  return [
    hazard(
      "narrows-access",
      verb === "revoke" ? `${who} may no longer ${text}` : `${who} may no longer pass on ${text}`,
    ),
  ];
}

function replaceHazards(
  lattice: Lattice,
  grantee: string,
  before: readonly Rule[],
  { clauses }: GrantStep & { readonly kind: "replace" },
): Hazard[] {
  const found = differences(
    lattice,
    before,
    clauses.flatMap(({ rules }) => rules),
  );
  const who = quoteIdentifier(grantee);
  const [won, lost] = [found.filter(({ from, to }) => to > from), found.filter(({ from, to }) => to < from)].map(
    (list) => textOfMoments(lattice, list),
  );
  return [
    ...(won === "" ? [] : [hazard("widens-access", `${who} may ${won}`)]),
    ...(lost === "" ? [] : [hazard("narrows-access", `${who} may no longer ${lost}`)]),
  ];
}

/** No statement gives a right without what is taken out of it again. */
function momentHazards(lattice: Lattice, grantee: string, { gaps, surpluses }: GrantPlan): Hazard[] {
  const who = quoteIdentifier(grantee);
  return [
    ...(surpluses.length === 0
      ? []
      : [
          hazard(
            "widens-access",
            `${BETWEEN} ${who} may also ${textOfMoments(lattice, surpluses)}, which is taken out again`,
          ),
        ]),
    ...(gaps.length === 0
      ? []
      : [hazard("narrows-access", `${BETWEEN} ${who} may not ${textOfMoments(lattice, gaps)}, which is given again`)]),
  ];
}

/** Roles that a grantee gets and loses. */
export function roleStatements(name: string, gone: readonly RoleGrant[], added: readonly RoleGrant[]): Statement[] {
  const who = quoteIdentifier(name);
  const list = (roles: readonly RoleGrant[]): string => roles.map(({ role }) => quoteIdentifier(role)).join(", ");
  const isStill = ({ role }: RoleGrant): boolean => added.some((one) => one.role === role);
  const [plain, admin] = [
    added.filter((one) => !one.admin && !gone.some(({ role }) => role === one.role)),
    added.filter((one) => one.admin),
  ];
  const lost = gone.filter((one) => !isStill(one));
  const lessened = gone.filter((one) => one.admin && isStill(one));
  const widens = (roles: readonly RoleGrant[]): Hazard[] => [
    hazard("widens-access", `${who} may whatever ${list(roles)} may`),
  ];
  const narrows = (roles: readonly RoleGrant[]): Hazard[] => [
    hazard("narrows-access", `${who} may no longer what only ${list(roles)} may`),
  ];
  return [
    ...(plain.length > 0 ? [statement(`GRANT ${list(plain)} TO ${who}`, widens(plain))] : []),
    ...(admin.length > 0 ? [statement(`GRANT ${list(admin)} TO ${who} WITH ADMIN OPTION`, widens(admin))] : []),
    ...(lessened.length > 0
      ? [
          statement(`REVOKE ADMIN OPTION FOR ${list(lessened)} FROM ${who}`, [
            hazard("narrows-access", `${who} may no longer pass on ${list(lessened)}`),
          ]),
        ]
      : []),
    ...(lost.length > 0 ? [statement(`REVOKE ${list(lost)} FROM ${who}`, narrows(lost))] : []),
  ];
}

/** The user of this connection takes something from itself. */
export function locking(step: Statement): Statement {
  if (!step.hazards.some(({ kind }) => kind === "narrows-access")) return step;
  const own = hazard(
    "locks-out",
    "this is the user that runs it, who may then lack a right for the rest of the run, and for giving it back",
  );
  return { ...step, hazards: [own, ...step.hazards] };
}

function statement(sql: string, hazards: readonly Hazard[]): Statement {
  return Object.freeze({ kind: "statement", sql, hazards });
}
