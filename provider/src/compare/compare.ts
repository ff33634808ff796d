import { dropServerDefaults, normalizeShown } from "../canonical/normal-form";
import { ScratchEngine } from "../canonical/scratch-engine";
import type { Connection } from "../connection/connection";
import { openScratch } from "../connection/scratch";
import { alignTo } from "../drift/align";
import { diffAsWritten } from "../drift/as-written";
import { spelledAs } from "../drift/spelling";
import { messageOf, SchemaError } from "../errors";
import { KINDS } from "../kinds";
import { diffObject, planObject } from "../kinds/object";
import { sourcesOf, targetsOf } from "../lineage/sources";
import { type ShownStep, showPlan, showSecretPlan } from "../plan";
import { Definition } from "../sql/definition";
import { quotedName } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectKind, ObjectSpec } from "../sql/spec";
import { textDiff } from "../sql/text-diff";
import { inOrder } from "../util/graph";
import type { PlacedObject, Side } from "./side";

/** How an object of one place compares with that of the other. */
export type CompareStatus = "same" | "differs" | "missing" | "extra" | "not-compared";

/** One object. `from` is the place that is right, `to` the one that would be changed. */
export interface ComparedObject {
  /** Qualified and quoted. */
  readonly name: string;
  readonly kind: ObjectKind;
  /** `missing`: only in `from`; `extra`: only in `to`. */
  readonly status: CompareStatus;
  /** Nothing of its text is shown. */
  readonly secret: boolean;
  /** Kinds of difference: `column-added`. */
  readonly differs: readonly string[];
  /** What would make `to` the same, with hazards. Empty for what is the same, or extra. */
  readonly steps: readonly ShownStep[];
  /** Unified diff from `to` to `from`. */
  readonly diff?: string;
  /** Why it was not compared, cannot be changed, or what would go with it. */
  readonly reason?: string;
}

/** The result of {@link compareSides}. */
export interface Compared {
  /** In the order in which they would be changed: what is read before who reads it; what is extra last, readers first. */
  readonly objects: readonly ComparedObject[];
  /** Why there is no embedded engine: objects are then compared as they are spelled. */
  readonly unchecked?: string;
}

/**
 * Compares two places, object by object, in the canonical form of an embedded engine, each over its own sources, and plans what would make
 * `to` as `from`. Reads only.
 *
 * @param scratch opens the engine on which texts are compared. Default: an embedded one.
 */
export async function compareSides(
  from: Side,
  to: Side,
  scratch: () => Promise<Connection> = openScratch,
): Promise<Compared> {
  let unchecked: string | undefined;
  const open = (): Promise<Connection> =>
    scratch().catch((error: unknown) => {
      unchecked = messageOf(error);
      throw error;
    });
  const engines = { from: engineFor(from, open), to: engineFor(to, open) };
  try {
    const objects: ComparedObject[] = [];
    for (const key of inPlanOrder(from, to)) objects.push(await compareKey(key, from, to, engines));
    return { objects, ...(unchecked !== undefined && { unchecked }) };
  } finally {
    await Promise.all([engines.from.close(), engines.to.close()]);
  }
}

interface Engines {
  readonly from: ScratchEngine;
  readonly to: ScratchEngine;
}

function engineFor(side: Side, open: () => Promise<Connection>): ScratchEngine {
  const lookUp = async (key: string): Promise<string | undefined> => {
    const own = side.objects.get(key);
    return own === undefined ? side.lookUp(key) : renderCreate(own.spec);
  };
  return new ScratchEngine(open, lookUp, undefined, () => side.capabilities !== undefined);
}

/** What is read, and what a view writes to, comes first; what is only in `to` last, in the reverse order. */
function inPlanOrder(from: Side, to: Side): string[] {
  const extra = [...to.objects.keys()].filter((key) => !from.objects.has(key));
  return [...sorted(from, [...from.objects.keys()]), ...sorted(to, extra).reverse()];
}

function sorted({ objects }: Side, keys: readonly string[]): string[] {
  const wanted = new Set(keys);
  const needs = (key: string): string[] => {
    const spec = objects.get(key)?.spec;
    if (spec === undefined || !("database" in spec)) return [];
    return [spec.database, ...sourcesOf(spec, wanted), ...targetsOf(spec)].filter((one) => wanted.has(one));
  };
  return inOrder([...keys].sort(), needs);
}

async function compareKey(key: string, from: Side, to: Side, engines: Engines): Promise<ComparedObject> {
  const [wanted, existing] = [from.objects.get(key), to.objects.get(key)];
  if (wanted === undefined) return extraObject(key, existing, from.others.get(key));
  const base = {
    name: quotedName(key),
    kind: wanted.spec.kind,
    secret: wanted.secret || existing?.secret === true,
    differs: [],
    steps: [],
  };
  const other = to.others.get(key);
  if (existing === undefined && other !== undefined)
    return { ...base, status: "not-compared", reason: `${to.name} has something else there: ${other}` };
  if (existing === undefined) return missingObject(base, wanted, engines.from);
  if (existing.spec.kind !== wanted.spec.kind) {
    const reason = `it is a ${KINDS[wanted.spec.kind].word} in ${from.name}, and a ${KINDS[existing.spec.kind].word} in ${to.name}`;
    return { ...base, status: "differs", differs: ["kind"], reason };
  }
  return comparePair(base, wanted, existing, engines, to);
}

type Base = Pick<ComparedObject, "name" | "kind" | "secret" | "differs" | "steps">;

function extraObject(key: string, existing: PlacedObject | undefined, unread: string | undefined): ComparedObject {
  const spec = existing?.spec;
  if (spec === undefined) throw new Error(`${key} is in neither place`);
  const base = { name: quotedName(key), kind: spec.kind, secret: existing?.secret === true, differs: [], steps: [] };
  if (unread !== undefined) return { ...base, status: "not-compared", reason: unread };
  const kind = KINDS[spec.kind];
  const goes = kind.keepsRows(spec as never) ? `it ${kind.whatGoes}` : undefined;
  return { ...base, status: "extra", ...(goes !== undefined && { reason: `if it is dropped, ${goes}` }) };
}

/** Would be created. */
async function missingObject(base: Base, { spec }: PlacedObject, engine: ScratchEngine): Promise<ComparedObject> {
  const canonical = await engine.canonicalize(spec).catch(() => undefined);
  const { text: sql } = canonical?.shown ?? Definition.of(spec);
  const step: ShownStep = base.secret ? { sql: "", secret: "CREATE", hazards: [] } : { sql: `${sql};`, hazards: [] };
  return { ...base, status: "missing", steps: [step] };
}

async function comparePair(
  base: Base,
  wanted: PlacedObject,
  existing: PlacedObject,
  engines: Engines,
  { capabilities }: Side,
): Promise<ComparedObject> {
  if (diffAsWritten(existing.spec, wanted.spec).length === 0) return { ...base, status: "same" };
  const [right, left] = await Promise.all([
    canonicalOf(engines.from, wanted.spec, existing.spec),
    canonicalOf(engines.to, existing.spec, wanted.spec),
  ]);
  const live = await spelledAs((sql) => engines.from.ask(sql), left, right).catch(() => left);
  const changes = diffObject(live, right);
  if (changes.length === 0) return { ...base, status: "same" };
  const differs = [...new Set(changes.map(({ kind }) => kind))];
  const options = capabilities === undefined ? {} : { server: capabilities };
  const diff = base.secret
    ? {}
    : { diff: textDiff(renderCreate(live), renderCreate(alignTo(live, right, changes)), "to", "from") };
  try {
    const plan = planObject(live, right, changes, options);
    const steps = base.secret ? showSecretPlan(plan) : showPlan(plan, existing.size);
    return { ...base, status: "differs", differs, steps, ...diff };
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    const reason = base.secret ? "it cannot be changed in place" : messageOf(error);
    return { ...base, status: "differs", differs, reason, ...diff };
  }
}

/** As the engine prints it, or as it is spelled where there is none. */
async function canonicalOf(engine: ScratchEngine, spec: ObjectSpec, other: ObjectSpec): Promise<ObjectSpec> {
  const canonical = await engine.canonicalize(spec).catch(() => undefined);
  return normalizeShown(dropServerDefaults(canonical?.shown.spec ?? spec, other));
}

/** Whether anything differs. */
export function hasDifference({ objects }: Compared): boolean {
  return objects.some(({ status }) => status === "differs" || status === "missing" || status === "extra");
}
