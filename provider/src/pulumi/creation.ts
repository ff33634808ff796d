import { rowsHeld } from "../apply/rows-held";
import type { Connection } from "../connection/connection";
import type { ChangeOptions } from "../declare/options";
import { rightsToCreate } from "../kinds/object";
import type { Problems } from "../operation/problems";
import { refuseRights } from "../operation/rights";
import { type Hazard, type ShownStep, showPlan } from "../plan";
import { hazard } from "../plan/hazards";
import { renewalHazard, replaces } from "../plan/materialized-view";
import type { AccessSpec } from "../sql/access/spec";
import { qualifiedName } from "../sql/identifiers";
import { isAccess, keyOf, objectKey, quotedName } from "../sql/object-key";
import type { MaterializedViewSpec, ObjectSpec, QualifiedName } from "../sql/spec";
import { lockOuts } from "./access-lockout";
import type { Context } from "./context";
import { refuseDenied } from "./denied";
import { otherWriters, refuseLoop } from "./feeding";
import { type Change, type Planned, refuseUnallowed } from "./planning";
import { hazardsOfNew } from "./row-policies";
import type { Request } from "./state";

/**
 * Examines the server before an object is created: the user's privileges, and what happens to rows that its target holds.
 *
 * @param problems gets why it would fail, or do something that is not allowed.
 * @returns hazards for the plan; empty when there are none.
 */
export async function lookAtCreation(
  context: Context,
  spec: ObjectSpec,
  { sensitive, urn }: Request,
  options: ChangeOptions,
  problems: Problems,
): Promise<ShownStep[]> {
  await problems.of(() => refuseLoop(context, urn, spec));
  const connection = await context.reachableServer(urn);
  if (connection === undefined) return [];
  await problems.of(() => refuseRights(connection, quotedName(keyOf(spec)), "created", rightsToCreate(spec)));
  await problems.of(() => refuseDenied(connection, spec));
  const change = { to: spec, options, sensitive };
  if (isAccess(spec))
    return (await problems.of(() => lookAtAccess(context, connection, undefined, { ...change, to: spec }))) ?? [];
  return (await problems.of(() => lookAtTarget(context, spec, urn, change))) ?? [];
}

/** What a new view does to rows that its target holds. */
async function lookAtTarget(
  context: Context,
  spec: ObjectSpec,
  urn: string | undefined,
  change: Pick<Change, "to" | "options" | "sensitive">,
): Promise<ShownStep[]> {
  if (spec.kind !== "materializedView" || spec.to === undefined) return [];
  const held = await context.heldBefore(spec.to, () => rowsIn(context, urn, spec.to));
  const hazards = [...hazardsOfRows(spec, spec.to, held, change.options), ...(await otherWriters(context, urn, spec))];
  refuseUnallowed(context, hazards, change);
  return told(spec, "creation", hazards, held);
}

/**
 * Examines the flow of rows when an object changes what it reads or writes.
 *
 * @returns hazards for the plan; empty when there are none.
 * @throws {SchemaError} when it would feed itself, or do something that is not allowed.
 */
export async function lookAtFlow(
  context: Context,
  { changes, from, plan }: Planned,
  { options, sensitive, to, urn }: Change,
): Promise<ShownStep[]> {
  const before = from.spec;
  if (isAccess(to) && isAccess(before)) {
    const connection = await context.reachableServer(urn);
    if (connection === undefined || plan.steps.length === 0) return [];
    const identifies = changes.some(({ kind }) => kind === "identification");
    return lookAtAccess(context, connection, before, { to, options, sensitive }, identifies);
  }
  await refuseLoop(context, urn, to);
  if (to.kind !== "materializedView" || before.kind !== "materializedView") return [];
  const hazards = await otherWriters(context, urn, to, before);
  refuseUnallowed(context, hazards, { to, options, sensitive });
  return told(to, "change", hazards);
}

/** @throws {SchemaError} when it may lock the user of the deployment out, unless that is allowed. */
async function lookAtAccess(
  context: Context,
  connection: Connection,
  from: AccessSpec | undefined,
  change: Pick<Change, "options" | "sensitive"> & { readonly to: AccessSpec },
  identifies = false,
): Promise<ShownStep[]> {
  const hazards = await lockOuts(connection, from, change.to, identifies);
  if (change.to.kind === "rowPolicy" && from === undefined)
    hazards.push(...(await hazardsOfNew(connection, change.to)));
  refuseUnallowed(context, hazards, change);
  return told(change.to, from === undefined ? "creation" : "change", hazards);
}

function told(view: ObjectSpec, what: string, hazards: readonly Hazard[], rows?: number): ShownStep[] {
  if (hazards.length === 0) return [];
  const step = { kind: "statement", sql: `-- ${what} of ${quotedName(keyOf(view))}`, hazards } as const;
  return showPlan({ steps: [step] }, rows === undefined ? {} : { rows });
}

/** @returns undefined if the server does not report it. */
async function rowsIn(
  context: Context,
  urn: string | undefined,
  table: QualifiedName | undefined,
): Promise<number | undefined> {
  if (table === undefined) return 0;
  const live = await context.reachableLive(urn, objectKey(table.database, table.name));
  return live === undefined ? 0 : rowsHeld(await context.connection(), live);
}

function hazardsOfRows(
  spec: MaterializedViewSpec,
  target: QualifiedName,
  held: number | undefined,
  { backfill }: ChangeOptions,
): Hazard[] {
  if (held === 0) return [];
  if (replaces(spec)) return [renewalHazard(qualifiedName(target))];
  if (backfill === undefined) return [];
  return [
    hazard(
      "doubles-rows",
      `${qualifiedName(target)} holds rows already, and the backfill adds what the source holds: rows that are in there already, from an earlier view for ` +
        `example, count twice. If so, TRUNCATE ${qualifiedName(target)} first, or create the view without backfill and run ` +
        `\`clickhouse-schema backfill --view ${qualifiedName(spec)}\`, which replaces what is there`,
    ),
  ];
}
