import type { Lattice } from "../rights/lattice";
import { linesOf, rulesOfLines } from "../rights/lines";
import { commonRights } from "../rights/shared";
import { commonRoles, type GrantSpec } from "./grant";

/** What of all that a grantee has belongs to a grant: as much of it as is there. What the grant leaves out is left out. */
export function partHeld(lattice: Lattice, held: GrantSpec, { name, rights, roles }: GrantSpec): GrantSpec {
  const [all = [], own = []] = [held.rights, rights].map((lines = []) => rulesOfLines(lattice, lines).rules);
  return {
    kind: "grant",
    name,
    ...(rights !== undefined && { rights: linesOf(lattice, commonRights(lattice, all, own)) }),
    ...(roles !== undefined && { roles: commonRoles(held.roles ?? [], roles) }),
  };
}
