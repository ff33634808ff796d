import { isUnknown } from "../declare/unknown";
import type { Mark, Marks, OpaqueObject } from "../graph";
import { kindOf, kindOfUrn } from "../kinds";
import { readShown, type ShownStep } from "../plan";
import { keyNamed } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { ObjectKind, ObjectSpec } from "../sql/spec";
import type { Properties } from "../util/properties";
import { parsePlan, parseSecretPlan } from "./plan-text";
import { type Diagnostic, type Preview, type PreviewStep, SECRET, type StepState } from "./preview";

/** What happens to a resource. `none`: nothing, or the preview did not get that far. */
export type Operation = Mark | "none";

/** A resource of this package in a preview. */
export interface ResourceChange {
  readonly urn: string;
  readonly kind: ObjectKind;
  readonly op: Operation;
  /** Name on the server, quoted; the resource's name if that is secret or unknown. */
  readonly name: string;
  readonly from?: Side;
  readonly to?: Side;
  readonly plan: readonly ShownStep[];
  /** Properties other than the statement that change: `deletion: (none) → drop`. */
  readonly properties: readonly string[];
  readonly findings: readonly Diagnostic[];
  readonly replaceReasons: readonly string[];
  /** Some part of it is secret: neither statement is shown. */
  readonly secret: boolean;
  /** The resource was renamed: this is the delete or the create of a pair that leaves the object unchanged. */
  readonly kept: boolean;
}

/** An object before or after. */
export interface Side {
  readonly database?: string;
  readonly name: string;
  readonly deletion?: string;
  /** Absent: secret, or known only after the apply. */
  readonly statement?: string;
  /** Absent if the statement is absent, or cannot be parsed. */
  readonly spec?: ObjectSpec;
}

/** The resources of this package that change, or that have messages, in the order of the preview; unchanged ones last. */
export function changesOf(preview: Preview): ResourceChange[] {
  const byUrn = new Map<string, PreviewStep[]>();
  for (const { urn } of preview.diagnostics) if (urn !== undefined) byUrn.set(urn, []);
  for (const step of preview.steps) byUrn.set(step.urn, [...(byUrn.get(step.urn) ?? []), step]);
  const found = [...byUrn].flatMap(([urn, steps]) => changeOf(urn, steps, preview.diagnostics) ?? []);
  return found.map((change) => ({ ...change, kept: isKept(change, found) }));
}

/** The objects before or after, for a lineage, and what happens to them. */
export function lineageObjects(changes: readonly ResourceChange[]): {
  objects: (ObjectSpec | OpaqueObject)[];
  marks: Marks;
} {
  const objects: (ObjectSpec | OpaqueObject)[] = [];
  const marks = new Map<string, Mark>();
  for (const change of changes) {
    const side = change.to ?? change.from;
    if (side === undefined) continue;
    const object = (change.secret ? undefined : side.spec) ?? opaque(change, side);
    if (object === undefined) continue;
    objects.push(object);
    if (kindOf(object.kind).drawn === undefined || change.op === "none" || change.kept) continue;
    marks.set(keyNamed(object.kind, "database" in object ? object.database : undefined, object.name), change.op);
  }
  return { objects, marks };
}

/** Whether an object of this kind keeps rows that are dropped with it. */
export function keepsRows(side: Side | undefined, kind: ObjectKind): boolean {
  const spec = side?.spec;
  return kindOf(spec?.kind ?? kind).keepsRows(spec);
}

function opaque({ kind, secret }: ResourceChange, side: Side): OpaqueObject | undefined {
  if (side.database === undefined) return undefined;
  const reason = secret ? "secret" : side.statement === undefined ? "known after the apply" : "not parsed";
  return { kind, database: side.database, name: side.name, opaque: reason };
}

function changeOf(
  urn: string,
  steps: readonly PreviewStep[],
  diagnostics: readonly Diagnostic[],
): ResourceChange | undefined {
  const kind = kindOfUrn(urn);
  if (kind === undefined) return undefined;
  const last = [...steps].reverse();
  const olds = last.find((step) => step.oldState !== undefined)?.oldState;
  const news = last.find((step) => step.newState !== undefined)?.newState;
  const op = operationOf(steps);
  const [from, to] = [sideOf(olds), op === "delete" ? undefined : sideOf(news)];
  const inputs = news?.inputs;
  const plan = inputs?.["plan"];
  const secret = [olds, news].some(hasSecret);
  return {
    urn,
    kind,
    op,
    name: nameOf(op === "delete" ? olds : (news ?? olds), urn),
    ...(from && { from }),
    ...(to && { to }),
    plan: op === "update" || op === "replace" ? planOf(inputs, secret) : [],
    properties: op === "update" || op === "replace" ? changedProperties(olds, news) : [],
    // The plan is also reported as a message.
    findings: diagnostics.filter((one) => one.urn === urn && !repeats(one, plan)),
    replaceReasons: [...new Set(steps.flatMap(({ replaceReasons = [] }) => replaceReasons))],
    secret,
    kept: false,
  };
}

function repeats({ message, severity }: Diagnostic, plan: unknown): boolean {
  return severity === "info" && typeof plan === "string" && message.includes(plan.trim());
}

function planOf(inputs: Properties | undefined, secret: boolean): ShownStep[] {
  const steps = readShown(inputs?.["__plan"]);
  if (steps !== undefined) return steps;
  const plan = inputs?.["plan"];
  if (typeof plan !== "string" || plan === SECRET || isUnknown(plan)) return [];
  return secret ? parseSecretPlan(plan) : parsePlan(plan);
}

function operationOf(steps: readonly PreviewStep[]): Operation {
  const ops = new Set(steps.map(({ op }) => op));
  const isReplaced = [...ops].some((op) => /replace/.test(op)) || (ops.has("create") && ops.has("delete"));
  if (isReplaced) return "replace";
  for (const op of ["delete", "update", "create"] as const) if (ops.has(op)) return op;
  return ops.has("import") ? "create" : "none";
}

function sideOf(state: StepState | undefined): Side | undefined {
  if (state === undefined) return undefined;
  const values = state.inputs ?? state.outputs ?? {};
  const [database, name, statement, deletion] = ["database", "name", "statement", "deletion"].map((key) =>
    known(values[key]),
  );
  const spec = statement === undefined ? undefined : parsed(statement);
  return {
    ...(database !== undefined && { database }),
    name: name ?? "",
    ...(deletion !== undefined && { deletion }),
    ...(statement !== undefined && { statement }),
    ...(spec && { spec }),
  };
}

function parsed(statement: string): ObjectSpec | undefined {
  try {
    return parseCreate(statement);
  } catch {
    return undefined;
  }
}

function known(value: unknown): string | undefined {
  return typeof value === "string" && !isUnknown(value) && value !== SECRET ? value : undefined;
}

function nameOf(state: StepState | undefined, urn: string): string {
  return known((state?.inputs ?? state?.outputs)?.["qualifiedName"]) ?? urn.split("::").at(-1) ?? urn;
}

function hasSecret(state: StepState | undefined): boolean {
  return [state?.inputs, state?.outputs].some((values) => Object.values(values ?? {}).includes(SECRET));
}

function changedProperties(from: StepState | undefined, to: StepState | undefined): string[] {
  const [olds, news] = [from?.inputs ?? {}, to?.inputs ?? {}];
  return ["database", "name", "deletion"].flatMap((key) => {
    const [before, after] = [olds[key], news[key]].map((value) => (isUnknown(value) ? "known after the apply" : value));
    const text = (value: unknown): string => (typeof value === "string" ? value : "(none)");
    return text(before) === text(after) ? [] : [`${key}: ${text(before)} → ${text(after)}`];
  });
}

/** A renamed resource: the object stays, and the newly created resource takes it over. */
function isKept(change: ResourceChange, all: readonly ResourceChange[]): boolean {
  const twin = change.op === "delete" ? "create" : change.op === "create" ? "delete" : undefined;
  const statement = (change.to ?? change.from)?.statement;
  if (twin === undefined || statement === undefined) return false;
  return all.some(
    (other) => other.op === twin && other.name === change.name && (other.to ?? other.from)?.statement === statement,
  );
}
