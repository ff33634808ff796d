import { isGated } from "../../provider/src/apply/rebuild/refusals";
import { findReach } from "../../provider/src/apply/rename/dependents";
import { createRenaming } from "../../provider/src/apply/rename/names";
import { SchemaError } from "../../provider/src/errors";
import { diffObject, planObject } from "../../provider/src/kinds/object";
import {
  type Hazard,
  type HazardKind,
  NEED_ALLOW,
  type Plan,
  type RenameStep,
  renderPlan,
  type Step,
} from "../../provider/src/plan";
import { renderCreate } from "../../provider/src/sql/render";
import type { ObjectSpec } from "../../provider/src/sql/spec";
import type { PlanCase } from "./case";

/** What one change takes and costs, in the words of the table; all of it read off the plan. */
export interface Cells {
  /** Which statement or protocol makes the change. */
  readonly how: string;
  /** What a user has to know before: what it rewrites, loses, breaks or refuses. */
  readonly cost: string;
  /** The plan as the preview shows it, or why there is none. */
  readonly plan: string;
  /** Whether the server works through the parts behind the statement, which `pulumi up` awaits. */
  readonly awaited: boolean;
  /** Kinds of change, as the diff names them. */
  readonly kinds: readonly string[];
}

/** When inserts are refused for a moment: always, or only where materialized views read it or write to it. */
interface Gate {
  readonly always: boolean;
  readonly readers: boolean;
  readonly writers: boolean;
}

const OPEN: Gate = { always: false, readers: false, writers: false };

/** The cells of a change between two specs in canonical form. */
export function cellsOf(from: ObjectSpec, to: ObjectSpec, options: Partial<PlanCase>): Cells {
  const changes = diffObject(from, to, options);
  const kinds = changes.map(({ kind }) => kind);
  try {
    const plan = planObject(from, to, changes, options);
    return {
      how: [...new Set(plan.steps.map(howOf))].join(", then ") || "nothing is run",
      cost: costOf(plan, from, to),
      plan: renderPlan(plan),
      awaited: plan.steps.some(isAwaited),
      kinds,
    };
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    return { how: "refused", cost: "nothing is changed", plan: error.message, awaited: false, kinds };
  }
}

/** What only touches metadata leaves nothing to wait for. */
function isAwaited(step: Step): boolean {
  return (
    step.kind === "statement" && step.mutation === true && step.hazards.every(({ kind }) => kind !== "metadata-only")
  );
}

function howOf(step: Step): string {
  switch (step.kind) {
    case "statement":
      return step.sql.startsWith("CREATE OR REPLACE ") ? "`CREATE OR REPLACE`" : "`ALTER` in place";
    case "rename":
      return "`RENAME` with its dependents";
    case "rebuild":
      return step.holdsRows ? "rebuild, rows kept" : "`CREATE OR REPLACE`";
    case "retarget-view":
    case "externalise-view":
    case "recreate-view":
      return "view protocol";
    default:
      return unreachable(step);
  }
}

/** In the order in which a reader wants to know: what is lost, what breaks, what takes long. */
const WORDS: Readonly<Record<HazardKind, string>> = {
  "drops-data": 'needs `allow: ["drops-data"]`',
  "doubles-rows": 'needs `allow: ["doubles-rows"]`',
  "locks-out": 'needs `allow: ["locks-out"]`',
  unproven: 'needs `allow: ["unproven"]`',
  "may-fail": "checks the rows first",
  "copies-rows": "copies rows",
  "rewrites-parts": "rewrites parts",
  "keeps-old-rows": "old rows keep the old meaning",
  "breaks-reader": "readers must follow",
  "widens-access": "somebody may do more",
  "narrows-access": "somebody may do less",
  "metadata-only": "metadata only",
};

function costOf({ steps }: Plan, from: ObjectSpec, to: ObjectSpec): string {
  if (steps.length === 0) return "nothing";
  const hazards = steps.flatMap((step) => step.hazards);
  const words = Object.keys(WORDS).flatMap((kind) => {
    const found = hazards.find((one) => one.kind === kind);
    return found === undefined ? [] : [wordOf(found, to)];
  });
  const costs = words.length > 1 ? words.filter((word) => word !== WORDS["metadata-only"]) : words;
  const refusals = steps.map((step) => refusalOf(step, gateOf(step, from))).filter((text) => text !== "");
  return [...costs, ...new Set(refusals)].join("; ");
}

function wordOf({ kind, probe }: Hazard, to: ObjectSpec): string {
  // What can be found out by a query is about the rows; anything else the server decides.
  if (kind === "may-fail" && probe === undefined) return "the server may refuse it";
  const isReplaced = to.kind === "materializedView" && to.refresh !== undefined && !/\bAPPEND$/.test(to.refresh);
  if (kind === "keeps-old-rows" && isReplaced) return "rows follow with the next refresh";
  if (NEED_ALLOW.has(kind) !== WORDS[kind].includes("allow:")) throw new Error(`${kind}: the table misleads on allow`);
  return WORDS[kind];
}

function refusalOf(step: Step, { always, readers, writers }: Gate): string {
  // `remakeTable` refuses it else: nothing can hold inserts back there.
  if (step.kind === "rebuild" && !step.holdsRows) return 'needs `rebuild: "offline"` if views read it';
  const text = "inserts refused for a moment";
  if (always) return text;
  if (readers && writers) return `${text} if views read or fill it`;
  return readers ? `${text} if views read it` : "";
}

function gateOf(step: Step, from: ObjectSpec): Gate {
  switch (step.kind) {
    case "statement":
      return OPEN;
    case "rebuild": {
      if (!step.holdsRows) return OPEN;
      const reader = { database: step.to.database, name: "reader" };
      const gated = (readers: readonly (typeof reader)[]): boolean =>
        isGated(step.from, step.to, { readers, feeders: [], refreshing: [] }, "online");
      return { always: gated([]), readers: gated([reader]), writers: false };
    }
    case "rename":
      return renameGate(step, from);
    case "retarget-view":
    case "externalise-view":
    case "recreate-view":
      // No insert feeds a view that was refreshable and stays it.
      return { ...OPEN, always: step.from.refresh === undefined || step.to.refresh === undefined };
    default:
      return unreachable(step);
  }
}

/** Asks the search for dependents, on a server with the object alone, with a view that reads it, with one that writes to it. */
function renameGate({ object, from, to }: RenameStep, spec: ObjectSpec): Gate {
  const renaming = createRenaming(object, from, to);
  const { database, name = "t" } = from;
  const text = (view: string, engine: string, statement: string) => ({ database, name: view, engine, statement });
  const engine = (ENGINES as Readonly<Record<string, string>>)[object];
  const self = engine === undefined ? [] : [text(name, engine, renderCreate(spec))];
  const view = (target: string, source: string) =>
    text("w", "MaterializedView", `CREATE MATERIALIZED VIEW ${database}.w TO ${target} AS SELECT a FROM ${source}`);
  const gates = (...others: ReturnType<typeof text>[]): boolean =>
    findReach([...self, ...others], renaming).incremental.length > 0;
  return {
    always: gates(),
    readers: gates(view("other.to", `${database}.${name}`)),
    writers: object !== "view" && gates(view(`${database}.${name}`, "other.source")),
  };
}

const ENGINES = { table: "MergeTree", view: "View", materializedView: "MaterializedView" } as const;

function unreachable(step: never): never {
  throw new Error(`No cells for ${JSON.stringify(step)}`);
}
