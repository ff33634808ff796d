import type { Connection } from "../connection/connection";
import type { Hazard } from "../plan";
import { hazard } from "../plan/hazards";
import { renderHosts } from "../sql/access/hosts";
import { plainValue, renderLimit } from "../sql/access/limits";
import { renderMethods } from "../sql/access/methods";
import { renderInterval } from "../sql/access/quota";
import type { AccessSpec, Limits, ToSpec } from "../sql/access/spec";

/** Who runs the deployment. */
interface Deployer {
  readonly user: string;
  readonly roles: readonly string[];
  /** All that it has, also through its roles and other profiles. */
  readonly profiles: readonly string[];
}

/** Settings that leave a session without DDL. */
const FORBIDS: Readonly<Record<string, readonly string[]>> = { readonly: ["1", "2"], allow_ddl: ["0"] };

/**
 * Whether a user, role, profile or quota may keep the user of the deployment from what it does now, and did not before. A profile that a user
 * of the server's configuration has of its own may still win over it: only the server's administrator knows.
 */
export async function lockOuts(
  connection: Connection,
  from: AccessSpec | undefined,
  to: AccessSpec,
  hasNewSecret: boolean,
): Promise<Hazard[]> {
  const reasons = reasonsIn(to).filter((reason) => from === undefined || !reasonsIn(from).includes(reason));
  const isWider =
    from !== undefined && "appliesTo" in from && "appliesTo" in to && !sameTo(from.appliesTo, to.appliesTo);
  const relevant = [...(isWider ? reasonsIn(to) : reasons), ...(hasNewSecret ? ["another password"] : [])];
  if (relevant.length === 0) return [];
  const [row] = await connection.query<Deployer>(
    "SELECT currentUser() AS user, enabledRoles() AS roles, enabledProfiles() AS profiles",
  );
  if (row === undefined || ![from ?? to, to].some((spec) => concerns(row, spec))) return [];
  return [
    hazard(
      "locks-out",
      `it applies to ${row.user}, the user of this deployment: ${relevant.join("; ")}. It may then be unable to change anything here, also to undo this`,
    ),
  ];
}

function sameTo(one: ToSpec, other: ToSpec): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function concerns({ user, roles, profiles }: Deployer, spec: AccessSpec): boolean {
  if (spec.kind === "user") return user === spec.name;
  if (spec.kind === "role") return roles.includes(spec.name);
  if (spec.kind === "settingsProfile" && profiles.includes(spec.name)) return true;
  const isNamed = [user, ...roles].some((name) => spec.appliesTo.names.includes(name));
  return spec.appliesTo.all ? !isNamed : isNamed;
}

function reasonsIn(spec: AccessSpec): string[] {
  if (spec.kind === "user") {
    const methods = (spec.methods ?? []).map((one) => renderMethods([one]));
    return [`the name ${spec.name}`, ...methods, `HOST ${renderHosts(spec.hosts)}`, ...forbidding(spec)];
  }
  // Whoever runs it can always drop it; what it hides from that user is told by other hazards.
  if (spec.kind === "rowPolicy") return [];
  return spec.kind === "quota"
    ? spec.intervals.filter(({ max }) => Object.keys(max).length > 0).map(renderInterval)
    : forbidding(spec);
}

function forbidding({ limits }: Limits): string[] {
  return limits
    .filter(({ name, value }) => value !== undefined && FORBIDS[name]?.includes(plainValue(value)))
    .map(renderLimit);
}
