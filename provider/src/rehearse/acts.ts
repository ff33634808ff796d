import type { Capabilities } from "../clickhouse/capabilities";
import { kindOf } from "../kinds";
import { diffObject, planObject } from "../kinds/object";
import { type HazardKind, type ShownStep, type Step, showPlan } from "../plan";
import { changesOf, type Preview } from "../report";
import type { ResourceChange } from "../report/resources";
import { splitStatements } from "../sql/fragments";
import { keyOf, objectKey, quotedName } from "../sql/object-key";
import { withoutCluster } from "../sql/on-cluster";
import type { ObjectKind, ObjectSpec } from "../sql/spec";

/** How a step of a preview is played. */
export type Run =
  | { readonly kind: "statements"; readonly statements: readonly string[] }
  | { readonly kind: "create"; readonly spec: ObjectSpec }
  | { readonly kind: "drop"; readonly spec: ObjectSpec }
  /** A protocol of many statements: what is played is its result. */
  | { readonly kind: "protocol"; readonly step: Exclude<Step, { readonly kind: "statement" }> }
  | { readonly kind: "unplayable"; readonly reason: string };

/** One step of a preview. */
export interface ActStep {
  /** As the preview shows it; empty if it is secret. */
  readonly sql: string;
  readonly run: Run;
  /** Its time grows with the rows. */
  readonly grows?: true;
}

/** What a preview does to one object. */
export interface Act {
  /** The object before it, or the one that is created. */
  readonly key: string;
  /** Quoted. */
  readonly name: string;
  readonly kind: ObjectKind;
  readonly op: "create" | "update" | "replace" | "delete";
  readonly from?: ObjectSpec;
  readonly to?: ObjectSpec;
  readonly steps: readonly ActStep[];
}

/** The server's objects, as far as they matter here. */
export interface Existing {
  readonly objects: ReadonlyMap<string, ObjectSpec>;
  readonly capabilities?: Capabilities;
}

/** Hazards of statements that may rewrite or copy rows. */
const GROWS: ReadonlySet<HazardKind> = new Set(["rewrites-parts", "copies-rows", "drops-data", "may-fail"]);

/**
 * What a saved preview does, in the order in which `up` does it: what is removed goes last. Users, roles and the like are left out: they have
 * no rows.
 */
export function actsOf(preview: Preview, existing: Existing): Act[] {
  const places = new Map<string, number>();
  for (const { urn } of preview.steps) if (!places.has(urn)) places.set(urn, places.size);
  const placeOf = ({ op, urn }: ResourceChange): number =>
    (places.get(urn) ?? places.size) + (op === "delete" ? places.size : 0);
  const changes = changesOf(preview).filter(({ kept, op }) => op !== "none" && !kept);
  return changes.sort((a, b) => placeOf(a) - placeOf(b)).flatMap((change) => actOf(change, existing));
}

/** Whether objects of a kind can be played: they are in a database, or functions. */
export function isPlayed(kind: ObjectKind): boolean {
  return kindOf(kind).isOnScratch || kind === "database";
}

function actOf(change: ResourceChange, existing: Existing): Act[] {
  const { from, kind, name, op, secret, to } = change;
  if (op === "none" || !isPlayed(kind)) return [];
  const key = keyOfChange(change);
  const specs = { ...(from?.spec && { from: from.spec }), ...(to?.spec && { to: to.spec }) };
  const act = { key, name, kind, op, ...specs };
  if (op === "update") {
    const steps = change.plan.map((step): ActStep => {
      const grows = step.hazards.some((one) => GROWS.has(one.kind));
      return { sql: step.sql, run: runOf(step, change, existing), ...(grows && { grows }) };
    });
    const isKnown = steps.length > 0 || (to?.statement !== undefined && to.statement === from?.statement);
    if (isKnown) return steps.length === 0 ? [] : [{ ...act, steps }];
    return [{ ...act, steps: [unknownStep(secret)] }];
  }
  const steps: ActStep[] = [];
  if (op !== "create") steps.push(from?.spec === undefined ? unknownStep(secret) : dropStep(from.spec));
  if (op !== "delete") steps.push(to?.spec === undefined ? unknownStep(secret) : createStep(to.spec, to.statement));
  return [{ ...act, steps }];
}

function keyOfChange({ from, name, to }: ResourceChange): string {
  const side = from ?? to;
  if (side?.spec !== undefined) return keyOf(side.spec);
  return side?.database === undefined ? objectKey(name) : objectKey(side.database, side.name);
}

function unknownStep(secret: boolean): ActStep {
  const reason = secret ? "its definition is secret in the preview" : "its definition is known only after the apply";
  return { sql: "", run: { kind: "unplayable", reason } };
}

function dropStep(spec: ObjectSpec): ActStep {
  const { dropWord } = kindOf(spec.kind);
  return { sql: `DROP ${dropWord} ${quotedName(keyOf(spec))};`, run: { kind: "drop", spec } };
}

function createStep(spec: ObjectSpec, statement = ""): ActStep {
  return { sql: `${statement};`, run: { kind: "create", spec } };
}

function runOf(shown: ShownStep, change: ResourceChange, existing: Existing): Run {
  if (shown.secret !== undefined) return { kind: "unplayable", reason: "the statement is secret in the preview" };
  const statements = splitStatements(shown.sql).map(({ sql }) => withoutCluster(sql));
  const [first = ""] = statements;
  const protocol = protocolsOf(change, existing).find(({ sql }) => sql === shown.sql);
  if (protocol !== undefined) return { kind: "protocol", step: protocol.step };
  // RENAME is shown as its statement, and what names the object follows it.
  if (statements.length > 0 && !/^RENAME\b/i.test(first)) return { kind: "statements", statements };
  if (statements.length === 0 && !/^-- (?:rebuild|retarget-view|externalise-view|recreate-view) /.test(shown.sql))
    return { kind: "statements", statements: [] };
  return { kind: "unplayable", reason: "the preview was planned from another state of the object; run it again" };
}

/** Steps that are no single statement, with the text by which the preview shows them. */
function protocolsOf(
  { from, to }: ResourceChange,
  { capabilities, objects }: Existing,
): { sql: string; step: Exclude<Step, { readonly kind: "statement" }> }[] {
  const target = to?.spec;
  if (target === undefined) return [];
  const known = from?.spec;
  const live = known === undefined ? undefined : objects.get(keyOf(known));
  return [live, known].flatMap((spec) => {
    if (spec === undefined || spec.kind !== target.kind) return [];
    const options = capabilities === undefined ? {} : { server: capabilities };
    const plan = planObject(spec, target, diffObject(spec, target), options);
    const shown = showPlan(plan);
    return plan.steps.flatMap((step, index) =>
      step.kind === "statement" ? [] : [{ sql: shown[index]?.sql ?? "", step }],
    );
  });
}
