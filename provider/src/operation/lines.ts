import { SchemaError } from "../errors";
import type { AnyProtocol, BasePlan, Lines } from "./protocol";
import { anyOf, fields, isAnything, isFlag, isName, isNumber, isText, listOf, optional } from "./shape";

const isNamed = anyOf(
  isText,
  fields<{ database: string; name?: string }>({ database: isText, name: optional(isText) }),
);

const isBasePlan = fields<BasePlan>({
  kind: isText,
  version: optional(isNumber),
  from: isNamed,
  to: isNamed,
  startedAt: isNumber,
});

/** The lines that any operation may have. */
const COMMON: Lines = {
  plan: isBasePlan,
  runner: isText,
  guard: isText,
  gate: listOf(isName),
  aborting: isFlag,
  aborted: isFlag,
  removed: isFlag,
  "replace:": fields<{ uuid: string; from: string; to: string }>({ uuid: isText, from: isText, to: isText }),
  dependents: listOf(isName),
};

/** Lines that end an operation, whatever its kind. */
const ENDS = ["done", "finished", "aborted"];

/** The lines of one operation, by key. */
export type JournalLines = ReadonlyMap<string, unknown>;

/** Whether an operation is over, or was never begun: a journal may have lines that were written before the plan. */
export function isOver(lines: JournalLines): boolean {
  return !lines.has("plan") || ENDS.some((key) => lines.has(key));
}

/** The part of a plan that is the same for all kinds; undefined if a version wrote it that this one cannot read. */
export function basePlanOf(lines: JournalLines): BasePlan | undefined {
  const plan = lines.get("plan");
  return isBasePlan(plan) ? (plan as BasePlan) : undefined;
}

/** Why this version cannot continue an operation, in words; undefined if it can. Nothing is guessed. */
export function whyUnreadable(
  protocol: AnyProtocol | undefined,
  operation: string,
  lines: JournalLines,
): string | undefined {
  const plan = basePlanOf(lines);
  const say = (what: string): string =>
    `Operation ${operation}: ${what}. Another version of this package started it; resume or abort it with that one.`;
  if (plan === undefined) return say("its plan is not one that this version can read");
  if (protocol === undefined) return say(`this version has no operation of the kind "${plan.kind}"`);
  const { version = 1 } = plan;
  if (version > protocol.version) {
    return say(`its plan has version ${version}, and this package reads versions up to ${protocol.version}`);
  }
  if (!protocol.plan(plan)) return say(`its plan is not that of a ${protocol.kind}`);
  for (const [key, value] of lines) {
    const shape = shapeOf(key, protocol);
    if (shape === undefined) return say(`its journal has a line "${key}", which this version does not know`);
    if (!shape(value)) return say(`line "${key}" of its journal is not what this version expects`);
  }
  return undefined;
}

/** @throws {SchemaError} when this version cannot continue the operation. */
export function refuseUnreadable(protocol: AnyProtocol, operation: string, lines: JournalLines): void {
  const why = whyUnreadable(protocol, operation, lines);
  if (why !== undefined) throw new SchemaError("operation-unreadable", why);
}

function shapeOf(key: string, { end, lines }: AnyProtocol) {
  const known: Lines = { [end]: isAnything, ...COMMON, ...lines };
  if (Object.hasOwn(known, key)) return known[key];
  const prefix = Object.keys(known).find((one) => one.endsWith(":") && key.startsWith(one));
  return prefix === undefined ? undefined : known[prefix];
}
