import { previewRebuild } from "../apply/rebuild";
import { refuseRemake } from "../apply/remake";
import { previewRename } from "../apply/rename";
import { betweenTurns } from "../apply/turns";
import { previewViewStep } from "../apply/views";
import type { Connection } from "../connection/connection";
import { refuseFor } from "../errors";
import { rightsToRun } from "../kinds/object";
import type { Problems } from "../operation/problems";
import { refuseRights } from "../operation/rights";
import { type RebuildStep, type RenameStep, renderSize, type Step, type ViewStep } from "../plan";
import { isGrants } from "../sql/access/grant";
import { qualifiedName } from "../sql/identifiers";
import { keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../sql/spec";
import type { Context } from "./context";
import { refuseDenied } from "./denied";
import { refuseNotPassedOn } from "./passed-on";
import type { Change, Planned } from "./planning";

const NOTHING: StepCost = { notes: [] };

/** What one step costs. */
export interface StepCost {
  readonly notes: readonly string[];
  /** Whether inserts are refused for a moment while something is done; undefined if that is not a question. */
  readonly gate?: { readonly closes: boolean; readonly when: string; readonly seconds?: number };
}

/** Where and how the steps of a plan are examined. */
interface Looking {
  readonly connection: Connection;
  readonly change: Change;
  readonly allow: readonly string[];
  /** The object's current name, under which a step after a rename is examined. */
  readonly now: QualifiedName;
  /** Operations that this run ends before it reaches this object. */
  readonly ending: ReadonlySet<string>;
  /** The target of a view, as declared. */
  readonly target: TableSpec | undefined;
}

/**
 * What the server reports about the steps of a plan before anything is changed, as comment lines for the plan.
 *
 * @param problems gets what each would be refused for, and the privileges that the user lacks for statements.
 */
export async function lookAtSteps(
  context: Context,
  { plan, live, pending }: Planned,
  change: Change,
  problems: Problems,
): Promise<string[]> {
  // After an operation that is resumed first, the object is not what it is now.
  if (plan.steps.length === 0 || live === undefined || pending !== undefined) return [];
  const { options, to } = change;
  const { database, name = "" } = keyParts(live.key);
  const looking: Looking = {
    connection: await context.connection(),
    change,
    allow: [...options.allow, ...context.config.allow],
    now: { database, name },
    ending: endingBefore(context),
    target: declaredTarget(context, change),
  };
  const protocols = plan.steps.filter(({ kind }) => kind !== "statement");
  const costs: StepCost[] = [];
  if (protocols.length > 0)
    await betweenTurns(async () => {
      for (const step of protocols) costs.push((await problems.of(() => lookAtStep(looking, step))) ?? NOTHING);
    });
  const statements = plan.steps.flatMap((step) => (step.kind === "statement" ? [step] : []));
  const rights = statements.flatMap((step) => rightsToRun(step, to));
  await problems.of(() => refuseRights(looking.connection, quotedName(keyOf(to)), "changed", rights));
  if (isGrants(to)) {
    const sqls = statements.map(({ sql }) => sql);
    await problems.of(async () => refuseNotPassedOn(looking.connection, await context.live.privileges(), to, sqls));
  }
  if (statements.some(({ sql }) => /^CREATE OR REPLACE VIEW|\bMODIFY QUERY\b/.test(sql))) {
    await problems.of(() => refuseDenied(looking.connection, to));
  }
  return consistent(costs);
}

/** Each step says whether it refuses inserts. That none is refused is said once, and only if no step refuses any. */
export function consistent(costs: readonly StepCost[]): string[] {
  const isGated = costs.some(({ gate }) => gate?.closes);
  const firstOpen = costs.findIndex(({ gate }) => gate?.closes === false);
  return costs.flatMap(({ gate, notes }, index) => {
    if (gate === undefined) return notes;
    if (gate.closes) {
      return [
        ...notes,
        `-- inserts are refused (error 469: clients should retry) for at most ${gate.seconds ?? 4} s at a time while ${gate.when}`,
      ];
    }
    return !isGated && index === firstOpen ? [...notes, "-- no insert is refused"] : notes;
  });
}

/** Interrupted operations on objects that come earlier are resumed or aborted earlier. */
function endingBefore(context: Context): ReadonlySet<string> {
  return new Set([...context.planned.values()].flatMap(({ pending }) => pending?.operation.operation ?? []));
}

function declaredTarget(context: Context, { to }: Change): TableSpec | undefined {
  if (to.kind !== "materializedView" || to.to === undefined) return undefined;
  const spec = context.checked.get(objectKey(to.to.database, to.to.name))?.definition?.spec;
  return spec?.kind === "table" ? spec : undefined;
}

function lookAtStep(looking: Looking, step: Step): Promise<StepCost> {
  switch (step.kind) {
    case "statement":
      return Promise.resolve(NOTHING);
    case "rebuild":
      return step.holdsRows ? lookAtRebuild(looking, step) : lookAtRemake(looking, step);
    case "rename":
      return lookAtRename(looking, step);
    case "retarget-view":
    case "externalise-view":
    case "recreate-view":
      return lookAtViewStep(looking, step);
    default:
      return unreachable(step);
  }
}

async function lookAtRename(looking: Looking, { object, from, to }: RenameStep): Promise<StepCost> {
  const { allow, connection, ending, now } = looking;
  // Before its database is renamed, it does not exist under this name.
  if (from.database !== now.database || (from.name ?? "") !== now.name) return NOTHING;
  const { gated, policies, unseen } = await previewRename(connection, { object, from, to, allow, ending });
  return {
    notes: [...unseenLine(policies), ...unseenLine(unseen)],
    gate: { closes: gated, when: "the names are exchanged" },
  };
}

async function lookAtRebuild(
  { allow, change, connection, ending, now }: Looking,
  step: RebuildStep,
): Promise<StepCost> {
  const found = await previewRebuild(connection, {
    from: renderCreate(placed(step.from, now)),
    to: renderCreate(placed(step.to, now)),
    mode: change.options.rebuild,
    renamed: step.renamedColumns,
    allow,
    ending,
  });
  refuseFor(`${qualifiedName(step.to)}: cannot be rebuilt now; nothing was done`, found.refusals);
  const free = found.free === undefined ? "" : `; free on its disks: ${renderSize({ bytes: found.free })}`;
  return {
    notes: [`-- to copy: ${renderSize(found)}${free}`, ...unseenLine(found.unseen)],
    gate: { closes: found.gated, when: "the tables are exchanged", seconds: found.longest },
  };
}

async function lookAtRemake({ change, connection, now }: Looking, step: RebuildStep): Promise<StepCost> {
  await refuseRemake(connection, placed(step.to, now), change.options.rebuild);
  return NOTHING;
}

async function lookAtViewStep({ allow, connection, ending, now, target }: Looking, step: ViewStep): Promise<StepCost> {
  const [from, to] = [placed(step.from, now), placed(step.to, now)];
  const { gated, held, unseen } = await previewViewStep(connection, { from, to }, { allow, ending, target });
  const stays = "if this run dies meanwhile, inserts stay refused until the next one";
  const notes = unseenLine(unseen).concat(unseenLine(held ? stays : undefined));
  return { notes, gate: { closes: gated, when: "the views are exchanged" } };
}

function placed<Spec extends TableSpec | MaterializedViewSpec>(spec: Spec, { database, name }: QualifiedName): Spec {
  return { ...spec, database, name };
}

function unseenLine(unseen: string | undefined): string[] {
  return unseen === undefined ? [] : [`-- ${unseen}`];
}

function unreachable(step: never): never {
  throw new Error(`No preview of ${JSON.stringify(step)}`);
}
