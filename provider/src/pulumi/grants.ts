import { isAccessDenied } from "../connection/server-message";
import { SchemaError } from "../errors";
import { isConfiguration } from "../introspect/access/catalog";
import { PRIVILEGES, readConcerned } from "../introspect/grants";
import { definitionOf } from "../introspect/live-definition";
import type { LiveObject } from "../introspect/live-object";
import { diffObject, planObject } from "../kinds/object";
import { type ShownStep, showPlan } from "../plan";
import type { PlanOptions } from "../plan/plan";
import { type GrantSpec, granteeOf, grantParts, isGrants } from "../sql/access/grant";
import type { GrantsSpec, RightsAndRoles, RoleGrant } from "../sql/access/grants";
import { granteeKeys } from "../sql/access/references";
import { Definition } from "../sql/definition";
import { quoteIdentifier } from "../sql/identifiers";
import { keyNamed, keyOf, keyParts } from "../sql/object-key";
import { type Lattice, latticeOf, type PrivilegeRow } from "../sql/rights/lattice";
import { linesOf, rulesOfLines } from "../sql/rights/lines";
import { lostByServer } from "../sql/rights/lost";
import { differences } from "../sql/rights/points";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";
import { refuseNotPassedOn } from "./passed-on";
import type { Request } from "./state";
import { declarationsIn, type Told, toldDeclaration } from "./told";

/** The privileges of the server or, if it cannot be asked, of the embedded engine. */
export async function privilegesFor(context: Context, urn: string | undefined): Promise<Lattice> {
  const connection = await context.reachableServer(urn);
  return connection === undefined
    ? latticeOf(await context.scratch.ask<PrivilegeRow>(PRIVILEGES))
    : context.live.privileges();
}

/**
 * The rights in their normal form.
 *
 * @throws {SchemaError} for what the server would refuse, or would not keep as it was granted.
 */
export async function canonicalGrants(
  context: Context,
  spec: GrantsSpec | GrantSpec,
  { urn }: Request,
): Promise<Definition> {
  const { rights } = spec;
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
      found.map((problem) => `rights of ${quoteIdentifier(granteeOf(spec))}: ${problem}`),
    );
  return Definition.of({ ...spec, rights: linesOf(lattice, rules) });
}

/**
 * What is to be done for a grantee that is not there yet.
 *
 * @throws {SchemaError} when this stack does not declare it either: the server would refuse the first statement.
 */
export async function lookAtNewGrantee(
  context: Context,
  to: GrantsSpec | GrantSpec,
  { urn }: Request,
): Promise<ShownStep[]> {
  const grantee = granteeOf(to);
  if (!granteeKeys([grantee]).some((key) => context.checked.has(key))) {
    if ((await context.reachableServer(urn)) === undefined) return [];
    throw new SchemaError(
      "object-missing",
      `rights of ${quoteIdentifier(grantee)}: there is no user and no role of this name on the server, and none is declared before it. If this stack ` +
        "declares it, pass the resource (`to: reader`)",
    );
  }
  const none = { name: to.name, rights: [], roles: [] };
  const from: GrantsSpec | GrantSpec =
    to.kind === "grant" ? { ...none, kind: "grant" } : { ...none, kind: "grants", defaultRoles: "all" };
  const privileges = await privilegesFor(context, urn);
  const plan = planObject(from, to, diffObject(from, to), { privileges });
  const connection = await context.reachableServer(urn);
  const sqls = plan.steps.flatMap((step) => (step.kind === "statement" ? [step.sql] : []));
  if (connection !== undefined) await refuseNotPassedOn(connection, privileges, to, sqls);
  return showPlan(plan);
}

/** @throws {SchemaError} for a user or role in the server's configuration: no statement changes its rights. */
export function refuseConfiguredGrantee(spec: GrantsSpec | GrantSpec, found: LiveObject | undefined): void {
  if (found?.access === undefined || !isConfiguration(found.access.storage)) return;
  throw new SchemaError(
    "access-not-stored",
    `rights of ${quoteIdentifier(granteeOf(spec))}: it is defined in the server's configuration (${found.access.storage}), and SQL cannot change its rights. Change ` +
      "them there, or declare another user or role. Nothing was changed",
  );
}

/** Whether something that the grantee has would be taken away by declaring the rights for the first time. */
export async function takesAway(
  context: Context,
  urn: string | undefined,
  before: ObjectSpec,
  after: ObjectSpec,
): Promise<boolean> {
  if (after.kind === "grant") return false;
  if (before.kind !== "grants" || after.kind !== "grants") return true;
  const has = (held: RoleGrant): boolean =>
    after.roles?.some((one) => one.role === held.role && (one.admin || !held.admin)) !== false;
  if (!(before.roles ?? []).every(has)) return true;
  if (after.rights === undefined) return false;
  const lattice = await privilegesFor(context, urn);
  const [was, is] = [before, after].map(({ rights = [] }) => rulesOfLines(lattice, rights).rules);
  return differences(lattice, was ?? [], is ?? []).some((one) => one.to < one.from);
}

/** @throws {SchemaError} when the stack declares both all that somebody may do, and a part of it: one would take back what the other gives. */
export function refuseBothGrants(context: Context, key: string, urn: string | undefined): void {
  const own = grantKey(key);
  if (own === undefined) return;
  const other = [...context.checked].find(([one, checked]) => {
    const found = grantKey(one);
    return found !== undefined && found.grantee === own.grantee && found.kind !== own.kind && checked.urn !== urn;
  });
  if (other === undefined) return;
  const twin = (other[1].urn ?? "").split("::").at(-1);
  const [all, some] = own.kind === "grants" ? ["this resource", `"${twin}"`] : [`"${twin}"`, "this resource"];
  throw new SchemaError(
    "declared-twice",
    `rights of ${quoteIdentifier(own.grantee)}: ${all} is a Grants, which takes back whatever else is granted, and ${some} is a Grant, which adds to it. Put all ` +
      "rights into the Grants, or turn the Grants into one more Grant",
  );
}

/** What a key of rights is about; undefined for any other. */
function grantKey(key: string): { readonly kind: "grants" | "grant"; readonly grantee: string } | undefined {
  const { name = "" } = keyParts(key);
  if (key === keyNamed("grants", undefined, name)) return { kind: "grants", grantee: name };
  const parts = key === keyNamed("grant", undefined, name) ? grantParts(name) : undefined;
  return parts && { kind: "grant", grantee: parts.grantee };
}

/** Whether both keys are of grants to one grantee: only the resource has another name. */
export function isSameGrantee(one: string, other: string): boolean {
  const [a, b] = [grantKey(one), grantKey(other)];
  return a !== undefined && a.kind === b?.kind && a.grantee === b.grantee;
}

/** What other grants that the program declares give the same grantee, whether they are checked yet or not. @param key of a grant. */
async function declaredBeside(context: Context, key: string): Promise<GrantSpec[]> {
  const grantee = grantKey(key)?.grantee;
  const told = declarationsIn(await context.askProgram()).flatMap((one) => {
    const isOther = one.kind === "grant" && grantParts(one.name)?.grantee === grantee;
    const spec = isOther ? specOf(one) : undefined;
    return spec?.kind === "grant" && keyOf(spec) !== key && !context.checked.has(keyOf(spec)) ? [spec] : [];
  });
  return [...grantsBeside(context, key), ...told];
}

/** Undefined for what its own check refuses. */
function specOf(told: Told): ObjectSpec | undefined {
  try {
    return toldDeclaration(told).spec;
  } catch (error) {
    if (error instanceof SchemaError) return undefined;
    throw error;
  }
}

/** What the checked grants of the stack give the same grantee. @param key of a grant. */
export function grantsBeside(context: Context, key: string): GrantSpec[] {
  const grantee = grantKey(key)?.grantee;
  return [...context.checked].flatMap(([other, { definition }]) => {
    const spec = definition?.spec;
    const isOther = other !== key && spec?.kind === "grant" && granteeOf(spec) === grantee;
    return isOther ? [spec] : [];
  });
}

/** What plans for rights need to know of the server. */
export async function accessFacts(
  context: Context,
  urn: string | undefined,
  to: ObjectSpec,
  live: LiveObject | undefined,
): Promise<Pick<PlanOptions, "privileges" | "user" | "beside" | "holders">> {
  if (!isGrants(to)) return {};
  const connection = await context.reachableServer(urn);
  const [row] = (await connection?.query<{ user: string }>("SELECT currentUser() AS user")) ?? [];
  const privileges = await privilegesFor(context, urn);
  const holders = connection && (await readConcerned(connection, privileges, granteeOf(to)).catch(unlessDenied));
  return {
    privileges,
    ...(row && { user: row.user }),
    ...(holders && { holders }),
    ...(to.kind === "grant" &&
      live && { beside: { held: heldIn(live), others: await declaredBeside(context, keyOf(to)) } }),
  };
}

/** Who has it is only told to whom it may be told. */
function unlessDenied(error: unknown): undefined {
  if (!isAccessDenied(error)) throw error;
}

function heldIn(live: LiveObject): RightsAndRoles {
  const { spec } = definitionOf(live);
  return isGrants(spec) ? spec : {};
}
