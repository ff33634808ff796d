import { previewRebuild } from "../apply/rebuild";
import { refuseRemake } from "../apply/remake";
import { previewRename } from "../apply/rename";
import { betweenTurns } from "../apply/turns";
import { previewViewStep } from "../apply/views";
import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { rightsToRun } from "../kinds/object";
import { refuseRights } from "../operation/rights";
import { type RebuildStep, type RenameStep, renderSize, type Step, type ViewStep } from "../plan";
import { qualifiedName } from "../sql/identifiers";
import { keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../sql/spec";
import type { Context } from "./context";
import { refuseDenied } from "./denied";
import type { Change, Planned } from "./planning";

const GATED = "-- inserts are refused";
const UNGATED = "-- no insert is refused";

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
 * @throws {SchemaError} when one would be refused, or the user lacks a privilege that a statement needs.
 */
export async function lookAtSteps(context: Context, { plan, live, pending }: Planned, change: Change): Promise<string> {
  // After an operation that is resumed first, the object is not what it is now.
  if (plan.steps.length === 0 || live === undefined || pending !== undefined) return "";
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
  const lines: string[] = [];
  if (protocols.length > 0)
    await betweenTurns(async () => {
      for (const step of protocols) lines.push(...(await lookAtStep(looking, step)));
    });
  const statements = plan.steps.flatMap((step) => (step.kind === "statement" ? [step] : []));
  const rights = statements.flatMap((step) => rightsToRun(step, to));
  await refuseRights(looking.connection, quotedName(keyOf(to)), "changed", rights);
  if (statements.some(({ sql }) => /^CREATE OR REPLACE VIEW|\bMODIFY QUERY\b/.test(sql))) {
    await refuseDenied(looking.connection, to);
  }
  return consistent(lines).join("\n");
}

/** Each step says whether it refuses inserts. That none is refused is said once, and only if no step refuses any. */
export function consistent(lines: readonly string[]): string[] {
  const gated = lines.some((line) => line.startsWith(GATED));
  return lines.filter((line, index) => line !== UNGATED || (!gated && lines.indexOf(line) === index));
}

/** Interrupted operations on objects that come earlier are resumed or aborted earlier. */
function endingBefore(context: Context): ReadonlySet<string> {
  return new Set([...context.planned.values()].flatMap(({ pending }) => pending?.operation.operation ?? []));
}

function declaredTarget(context: Context, { to }: Change): TableSpec | undefined {
  if (to.kind !== "materializedView" || to.to === undefined) return undefined;
  const statement = context.checked.get(objectKey(to.to.database, to.to.name))?.statement;
  const spec = statement === undefined ? undefined : parseCreate(statement);
  return spec?.kind === "table" ? spec : undefined;
}

function lookAtStep(looking: Looking, step: Step): Promise<string[]> {
  switch (step.kind) {
    case "statement":
      return Promise.resolve([]);
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

async function lookAtRename(looking: Looking, { object, from, to }: RenameStep): Promise<string[]> {
  const { allow, connection, ending, now } = looking;
  // Before its database is renamed, it does not exist under this name.
  if (from.database !== now.database || (from.name ?? "") !== now.name) return [];
  const { gated, unseen } = await previewRename(connection, { object, from, to, allow, ending });
  return [gateLine(gated, "the names are exchanged"), ...unseenLine(unseen)];
}

async function lookAtRebuild(
  { allow, change, connection, ending, now }: Looking,
  step: RebuildStep,
): Promise<string[]> {
  const found = await previewRebuild(connection, {
    from: renderCreate(placed(step.from, now)),
    to: renderCreate(placed(step.to, now)),
    mode: change.options.rebuild,
    renamed: step.renamedColumns,
    allow,
    ending,
  });
  if (found.refusals.length > 0) {
    throw new SchemaError(
      `${qualifiedName(step.to)}: cannot be rebuilt now; nothing was done:\n${found.refusals.join("\n")}`,
    );
  }
  const free = found.free === undefined ? "" : `; free on its disks: ${renderSize({ bytes: found.free })}`;
  return [
    `-- to copy: ${renderSize(found)}${free}`,
    gateLine(found.gated, "the tables are exchanged"),
    ...unseenLine(found.unseen),
  ];
}

async function lookAtRemake({ change, connection, now }: Looking, step: RebuildStep): Promise<string[]> {
  await refuseRemake(connection, placed(step.to, now), change.options.rebuild);
  return [];
}

async function lookAtViewStep({ allow, connection, ending, now, target }: Looking, step: ViewStep): Promise<string[]> {
  const [from, to] = [placed(step.from, now), placed(step.to, now)];
  const { gated, unseen } = await previewViewStep(connection, { from, to }, { allow, ending, target });
  return [gateLine(gated, "the views are exchanged"), ...unseenLine(unseen)];
}

function placed<Spec extends TableSpec | MaterializedViewSpec>(spec: Spec, { database, name }: QualifiedName): Spec {
  return { ...spec, database, name };
}

function gateLine(gated: boolean, when: string): string {
  return gated ? `${GATED} (error 469, to be retried) for at most 4 s at a time while ${when}` : UNGATED;
}

function unseenLine(unseen: string | undefined): string[] {
  return unseen === undefined ? [] : [`-- ${unseen}`];
}

function unreachable(step: never): never {
  throw new Error(`No preview of ${JSON.stringify(step)}`);
}
