import { SchemaError } from "../errors";
import { isConfiguration } from "../introspect/access/catalog";
import { PRIVILEGES } from "../introspect/grants";
import type { LiveObject } from "../introspect/server-catalog";
import { diffObject, planObject } from "../kinds/object";
import { type ShownStep, showPlan } from "../plan";
import type { GrantsSpec, RoleGrant } from "../sql/access/grants";
import { granteeKeys } from "../sql/access/references";
import { Definition } from "../sql/definition";
import { quoteIdentifier } from "../sql/identifiers";
import { keyOf } from "../sql/object-key";
import { type Lattice, latticeOf, type PrivilegeRow } from "../sql/rights/lattice";
import { linesOf, rulesOfLines } from "../sql/rights/lines";
import { lostByServer } from "../sql/rights/lost";
import { differences } from "../sql/rights/points";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";
import type { Request } from "./state";

/** The privileges of the server or, if it cannot be asked, of the embedded engine. */
export async function privilegesFor(context: Context, urn: string | undefined): Promise<Lattice> {
  const connection = await context.reachableServer(urn);
  return connection === undefined
    ? latticeOf(await context.world.ask<PrivilegeRow>(PRIVILEGES))
    : context.live.privileges();
}

/**
 * The rights in their normal form.
 *
 * @throws {SchemaError} for what the server would refuse, or would not keep as it was granted.
 */
export async function canonicalGrants(context: Context, spec: GrantsSpec, { urn }: Request): Promise<Definition> {
  const { name, rights } = spec;
  if (rights === undefined) return Definition.of(spec);
  const lattice = await privilegesFor(context, urn);
  const { rules, problems } = rulesOfLines(lattice, rights);
  const server = await context.reachableServer(urn);
  const lost = server === undefined ? [] : lostByServer(lattice, rules, server.capabilities);
  const allowed = [...(context.options.get(keyOf(spec))?.allow ?? []), ...context.config.allow];
  const open = lost.filter(({ certain }) => certain || !allowed.includes("unproven")).map(({ problem }) => problem);
  const found = [...problems, ...open];
  if (found.length > 0)
    throw new SchemaError(
      "argument-invalid",
      found.map((problem) => `rights of ${quoteIdentifier(name)}: ${problem}`),
    );
  return Definition.of({ ...spec, rights: linesOf(lattice, rules) });
}

/**
 * What is to be done for a grantee that is not there yet.
 *
 * @throws {SchemaError} when this stack does not declare it either: the server would refuse the first statement.
 */
export async function lookAtNewGrantee(context: Context, to: GrantsSpec, { urn }: Request): Promise<ShownStep[]> {
  if (!granteeKeys([to.name]).some((key) => context.checked.has(key))) {
    if ((await context.reachableServer(urn)) === undefined) return [];
    throw new SchemaError(
      "object-missing",
      `rights of ${quoteIdentifier(to.name)}: there is no user and no role of this name on the server, and none is declared before it. If this stack ` +
        "declares it, pass the resource (`to: reader`)",
    );
  }
  const from: GrantsSpec = { kind: "grants", name: to.name, rights: [], roles: [], defaultRoles: "all" };
  return showPlan(planObject(from, to, diffObject(from, to), { privileges: await privilegesFor(context, urn) }));
}

/** @throws {SchemaError} for a user or role in the server's configuration: no statement changes its rights. */
export function refuseConfiguredGrantee({ name }: GrantsSpec, found: LiveObject | undefined): void {
  if (found?.access === undefined || !isConfiguration(found.access.storage)) return;
  throw new SchemaError(
    "access-not-stored",
    `rights of ${quoteIdentifier(name)}: it is defined in the server's configuration (${found.access.storage}), and SQL cannot change its rights. Change ` +
      "them there, or declare another user or role. Nothing was changed",
  );
}

/** Whether something that stands would be taken away by declaring the rights for the first time. */
export async function takesAway(
  context: Context,
  urn: string | undefined,
  before: ObjectSpec,
  after: ObjectSpec,
): Promise<boolean> {
  if (before.kind !== "grants" || after.kind !== "grants") return true;
  const has = (held: RoleGrant): boolean =>
    after.roles?.some((one) => one.role === held.role && (one.admin || !held.admin)) !== false;
  if (!(before.roles ?? []).every(has)) return true;
  if (after.rights === undefined) return false;
  const lattice = await privilegesFor(context, urn);
  const [was, is] = [before, after].map(({ rights = [] }) => rulesOfLines(lattice, rights).rules);
  return differences(lattice, was ?? [], is ?? []).some((one) => one.to < one.from);
}
