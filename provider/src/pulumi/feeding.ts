import { SchemaError } from "../errors";
import { definitionOf } from "../introspect/live-definition";
import { mentionedNames } from "../lineage/mentions";
import { passesOn, targetsOf } from "../lineage/sources";
import { triggerOf } from "../lineage/trigger";
import { hazard } from "../plan/hazards";
import { replaces } from "../plan/materialized-view";
import type { Hazard } from "../plan/plan";
import { keyOf, objectKey, quotedName } from "../sql/object-key";
import type { MaterializedViewSpec, ObjectSpec, TableSpec } from "../sql/spec";
import type { Context } from "./context";

/** A view that writes to a table. */
interface Writer {
  readonly key: string;
  readonly spec: MaterializedViewSpec;
  /** Whether it is in the program, as far as that is known by now. */
  readonly declared: boolean;
}

/**
 * What other views do to the rows of a view's target, as hazards of creating or changing it.
 *
 * @param before the existing view; what it already did is not reported.
 */
export async function otherWriters(
  context: Context,
  urn: string | undefined,
  view: MaterializedViewSpec,
  before?: MaterializedViewSpec,
): Promise<Hazard[]> {
  if (view.to === undefined) return [];
  const target = objectKey(view.to.database, view.to.name);
  const isNew = before === undefined || !writesTo(before, target) || !shareSource(before, view);
  const hazards: Hazard[] = [];
  for (const other of await writersOf(context, urn, target, keyOf(view))) {
    const [name, into] = [quotedName(other.key), quotedName(target)];
    if (isNew && !other.declared && shareSource(other.spec, view)) hazards.push(doubled(other, view, into));
    const own = quotedName(keyOf(view));
    if (replaces(view) && (isNew || before === undefined || !replaces(before))) hazards.push(replaced(own, name, into));
    if (replaces(other.spec) && isNew) hazards.push(replaced(name, own, into));
  }
  return hazards;
}

function replaced(by: string, rowsOf: string, into: string): Hazard {
  return hazard(
    "drops-data",
    `each refresh of ${by} replaces all rows of ${into}, also those that ${rowsOf} writes there`,
  );
}

function doubled(other: Writer, view: MaterializedViewSpec, into: string): Hazard {
  const name = quotedName(other.key);
  return hazard(
    "doubles-rows",
    `${name} on the server writes what comes from the same source to ${into} already, and is not declared here (or only further down): while both ` +
      `exist, each row counts twice. If ${quotedName(keyOf(view))} takes its place, keep its identity, for Pulumi creates first and drops last: ` +
      `set aliases: [{ name: "<resource name of ${name}>" }], which makes it a rename, or name: "${other.spec.name}"; else drop ${name} in an earlier run`,
  );
}

async function writersOf(context: Context, urn: string | undefined, target: string, own: string): Promise<Writer[]> {
  const renamed = new Set(context.renames.map(oldKey));
  const found: Writer[] = [];
  for (const live of await context.reachableViews(urn)) {
    const { key } = live;
    const checked = context.checked.get(key);
    const { spec } = checked?.definition ?? definitionOf(live);
    if (key === own || renamed.has(key) || spec.kind !== "materializedView" || !writesTo(spec, target)) continue;
    found.push({ key, spec, declared: checked !== undefined });
  }
  return found;
}

function oldKey({ from }: Context["renames"][number]): string {
  return objectKey(from.database, "name" in from ? from.name : undefined);
}

function writesTo({ to }: MaterializedViewSpec, target: string): boolean {
  return to !== undefined && objectKey(to.database, to.name) === target;
}

/** Whether both get rows of one table. */
function shareSource(a: MaterializedViewSpec, b: MaterializedViewSpec): boolean {
  const [ofA, ofB] = [sources(a), sources(b)];
  return [...ofA].some((key) => ofB.has(key));
}

/** The table that triggers an incremental view; everything that a refreshable one reads. */
function sources(view: MaterializedViewSpec): ReadonlySet<string> {
  if (view.refresh !== undefined) return mentionedNames(view.query);
  const trigger = triggerOf(view.query);
  return new Set(trigger === undefined ? [] : [objectKey(trigger.database, trigger.name)]);
}

/** Where each object passes its rows. */
type Flow = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * Checks whether rows that an object passes on come back to it: through views, views of views, Null, Buffer and Distributed tables.
 *
 * @throws {SchemaError} naming the loop.
 */
export async function refuseLoop(context: Context, urn: string | undefined, spec: ObjectSpec): Promise<void> {
  if (spec.kind !== "table" && spec.kind !== "materializedView") return;
  if (spec.kind === "table" && passesOn(spec).length === 0) return;
  const flow = await flowOf(context, urn, spec);
  const own = keyOf(spec);
  const way = wayBack(flow, own);
  if (way === undefined) return;
  throw new SchemaError(
    "feeds-itself",
    `${quotedName(own)}: would feed itself: ${[...way, own].map(quotedName).join(" → ")}. Each inserted row would circulate forever. ` +
      "Let it write to a table from which nothing leads back, or read another one",
  );
}

/** The shortest path from an object to itself. */
function wayBack(flow: Flow, own: string): string[] | undefined {
  const ways = [...(flow.get(own) ?? [])].map((next) => [own, next]);
  const seen = new Set<string>();
  for (const way of ways) {
    const last = way.at(-1) ?? own;
    if (last === own) return way.slice(0, -1);
    if (seen.has(last)) continue;
    seen.add(last);
    for (const next of flow.get(last) ?? []) ways.push([...way, next]);
  }
  return undefined;
}

async function flowOf(
  context: Context,
  urn: string | undefined,
  spec: MaterializedViewSpec | TableSpec,
): Promise<Flow> {
  const specs = new Map<string, ObjectSpec>();
  for (const view of await context.reachableViews(urn)) specs.set(view.key, definitionOf(view).spec);
  for (const renaming of context.renames) specs.delete(oldKey(renaming));
  for (const [key, { definition }] of context.checked) if (definition !== undefined) specs.set(key, definition.spec);
  specs.set(keyOf(spec), spec);
  const flow = new Map<string, Set<string>>();
  const unknown = new Set<string>();
  const add = (from: string, to: string): void => {
    flow.set(from, (flow.get(from) ?? new Set()).add(to));
    if (!specs.has(to)) unknown.add(to);
  };
  for (const [key, one] of specs) {
    if (one.kind === "table") for (const next of passesOn(one)) add(key, next);
    if (one.kind !== "materializedView") continue;
    for (const next of targetsOf(one)) add(key, next);
    const trigger = one.refresh === undefined ? triggerOf(one.query) : undefined;
    if (trigger !== undefined) add(objectKey(trigger.database, trigger.name), key);
  }
  // Tables on the server that pass rows on, through any number of steps.
  for (const key of unknown) {
    const live = await context.reachableLive(urn, key);
    if (live === undefined || !/^(?:Buffer|Distributed)$/.test(live.engine)) continue;
    const table = definitionOf(live).spec;
    if (table.kind === "table") for (const next of passesOn(table)) add(key, next);
  }
  return flow;
}
