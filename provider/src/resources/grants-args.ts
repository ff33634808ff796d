import type { Input, Output } from "@pulumi/pulumi";
import type { CommonArgs } from "./args";
import type { Role } from "./role";

/** A user or a role: its resource, or its name. */
export type Grantee = Input<string> | NamedGrantee;

/** A resource with a name: a user or a role. */
export interface NamedGrantee {
  /** Name on the server. */
  readonly name: Output<string>;
}

/** A role that somebody has. */
export interface GrantedRoleArgs {
  /** The role: its resource, or its name. */
  role: Role | Input<string>;
  /** Whether the grantee may pass it on. Default: false. */
  adminOption?: Input<boolean>;
}

/** Arguments of `Grants`. */
export interface GrantsArgs extends CommonArgs {
  /** Who has these rights. When it is renamed, its rights stay. One `Grants` for each. */
  to: Grantee;
  /**
   * What it may do, each as between GRANT and TO: sql`SELECT(id, tenant), INSERT ON ${orders}`, `"ALL ON shop.*"`, `"SELECT ON shop_*.*"`,
   * `"dictGet ON shop.* WITH GRANT OPTION"`. Whatever else it was granted is taken back. Left out: not managed; `[]`: nothing. A change is the least
   * GRANT and REVOKE, or one GRANT … WITH REPLACE OPTION where that would leave a gap.
   */
  privileges?: Input<Input<string>[]>;
  /**
   * What is taken out of `privileges` again, as between REVOKE and FROM: sql`SELECT(card) ON ${orders}`. Default: nothing. No statement gives a right
   * without what is taken out of it, so the grantee has that for the moment between two statements when it gets the right; the preview says so.
   */
  except?: Input<Input<string>[]>;
  /** Its roles; others are taken back. Left out: not managed. */
  roles?: Input<Input<Role | string | GrantedRoleArgs>[]>;
  /** The roles with which a session begins, for a user: `"all"`, `"none"`, or a list. Left out: not managed. */
  defaultRoles?: Input<"all" | "none" | Input<Role | string>[]>;
}

/** Arguments of `Grant`. */
export interface GrantArgs extends Omit<CommonArgs, "adopt" | "cluster"> {
  /** Who gets these rights. When it is renamed, its rights stay. For another grantee, declare another `Grant`. */
  to: Grantee;
  /**
   * What it may do, each as between GRANT and TO: sql`SELECT(id, tenant), INSERT ON ${orders}`, `"dictGet ON shop.* WITH GRANT OPTION"`. Default: none.
   * A change is one GRANT for what is missing and one REVOKE for what leaves, each if there is some. A right that somebody else has granted on the
   * same target goes with this one, because a server does not tell the two apart; one that a wider right covers stays.
   */
  privileges?: Input<Input<string>[]>;
  /** Roles that it gets. Default: none. A change is a GRANT and a REVOKE of roles. */
  roles?: Input<Input<Role | string | GrantedRoleArgs>[]>;
}
