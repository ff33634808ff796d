import type { Rule } from "../rights/points";
import type { GrantsSpec, RoleGrant } from "./grants";

/** A user or a role, and what it may do itself, without its roles. */
export interface Holder {
  readonly kind: "user" | "role";
  readonly name: string;
  readonly storage: string;
  readonly rules: readonly Rule[];
  readonly roles: readonly RoleGrant[];
  /** The roles that a session of a user begins with. */
  readonly defaultRoles?: NonNullable<GrantsSpec["defaultRoles"]>;
}
