import type { GrantSpec } from "../sql/access/grant";
import { type GrantsSpec, type RightsAndRoles, type RoleGrant, renderDefault } from "../sql/access/grants";
import type { Change } from "./changes";

/** Differences of what somebody may do. What `to` leaves out is not managed. */
export function diffGrants(from: GrantsSpec, to: GrantsSpec): Change[] {
  return [...rightChanges(from, to), ...roleChanges(from, to), ...defaultChanges(from, to)];
}

/** Differences of what somebody is granted beside other rights. What either leaves out is nothing. */
export function diffGrant(from: GrantSpec, to: GrantSpec): Change[] {
  return [...rightChanges(from, { rights: [], ...to }), ...roleChanges(from, { roles: [], ...to })];
}

/** Both lists are in their normal form, so equal meaning is equal text. */
function rightChanges({ rights: from = [] }: RightsAndRoles, { rights: to }: RightsAndRoles): Change[] {
  if (to === undefined) return [];
  const gone = from.filter((line) => !to.includes(line));
  const added = to.filter((line) => !from.includes(line));
  return gone.length + added.length === 0 ? [] : [Object.freeze({ kind: "rights" as const, gone, added })];
}

function roleChanges({ roles: from = [] }: RightsAndRoles, { roles: to }: RightsAndRoles): Change[] {
  if (to === undefined) return [];
  const without = (list: readonly RoleGrant[], other: readonly RoleGrant[]): RoleGrant[] =>
    list.filter((one) => !other.some(({ role, admin }) => role === one.role && admin === one.admin));
  const [gone, added] = [without(from, to), without(to, from)];
  return gone.length + added.length === 0 ? [] : [Object.freeze({ kind: "roles" as const, gone, added })];
}

function defaultChanges({ defaultRoles: from = "all" }: GrantsSpec, { defaultRoles: to }: GrantsSpec): Change[] {
  if (to === undefined || renderDefault(from) === renderDefault(to)) return [];
  return [Object.freeze({ kind: "default-roles" as const, from: renderDefault(from), to: renderDefault(to) })];
}
