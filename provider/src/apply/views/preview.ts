import { innerTable } from "../../clickhouse/names";
import type { Connection } from "../../connection/connection";
import { rightsToCreate } from "../../kinds/object";
import { listActive } from "../../operation/conflicts";
import { refuseFiltered, refuseUnguardable, unseenRestrictions } from "../../operation/guard";
import { Problems } from "../../operation/problems";
import { unfinished } from "../../operation/refusals";
import { gateRights, journalRights, refuseRights, rightsIn } from "../../operation/rights";
import { Runner } from "../../operation/runner";
import type { ViewStep } from "../../plan/plan";
import type { Right } from "../../sql/grants";
import { qualifiedName } from "../../sql/identifiers";
import { keyOf } from "../../sql/object-key";
import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../../sql/spec";
import { examineOnCluster } from "../cluster-view/examine";
import { type Inner, viewNames } from "./context";
import { type Foresight, preflight, refuseUnfinished } from "./refusals";
import { gateTables } from "./sources";

type Wanted = Pick<ViewStep, "from" | "to">;

/** Options of a preview. */
export interface ViewPreviewOptions {
  readonly allow: readonly string[];
  /** Operations that will have ended before the step begins. */
  readonly ending: ReadonlySet<string>;
  /** The new target as it will be by then; if omitted, the one on the server. */
  readonly target?: TableSpec | undefined;
}

/** What a view step would do, as things are now. */
export interface ViewStepPreview {
  /** Whether inserts will be refused for a moment. */
  readonly gated: boolean;
  /** Whether inserts stay refused if the runner dies meanwhile, until the next run. */
  readonly held?: boolean;
  /** What this user may not see; undefined if nothing. */
  readonly unseen: string | undefined;
}

/**
 * Checks everything before anything is changed. Read-only. Whether the values of an inner table fit their new types is checked only by a
 * run, before it changes anything.
 *
 * @throws {SchemaError} when the step would be refused.
 */
export async function previewViewStep(
  connection: Connection,
  step: Wanted,
  { allow, ending, target }: ViewPreviewOptions,
): Promise<ViewStepPreview> {
  const runner = new Runner(connection, "preview", { ending });
  if (connection.cluster !== undefined) {
    await examineOnCluster(runner, step, allow, { preview: true, target });
    return { gated: true, held: true, unseen: undefined };
  }
  const { inner, tables } = await examineViewStep(runner, step, allow, { preview: true, target });
  return { gated: tables.length > 0, unseen: await unseenRestrictions(runner, toGuard(step.to, inner)) };
}

/** What some users may see only in part: the view that another one is made beside, and its inner table. */
export function toGuard(view: MaterializedViewSpec, inner: Inner | undefined): QualifiedName[] {
  return [view, ...(inner === undefined ? [] : [innerTable(view.database, inner.view)])];
}

/**
 * @returns the facts about the inner table, and the tables where inserts must be refused.
 * @throws {SchemaError} when an obstacle is found.
 */
export async function examineViewStep(
  runner: Runner,
  { from, to }: Wanted,
  allow: readonly string[],
  foresight: Foresight,
): Promise<{ readonly inner: Inner | undefined; readonly tables: readonly QualifiedName[] }> {
  const name = qualifiedName(to);
  const key = keyOf(to);
  const other = (await listActive(runner)).find(({ changes, kind }) => kind === "view" && changes.has(key));
  if (other !== undefined) throw unfinished(name, other);
  await refuseUnfinished(runner, from, to);
  const problems = new Problems();
  const inner = await preflight(runner, problems, { from, to }, allow, foresight);
  const kept = inner === undefined ? [] : [innerTable(to.database, inner.view)];
  await problems.of(() => refuseFiltered(runner, kept));
  const changing = { allow, from, inner, names: viewNames(to, runner.operation), runner, to };
  const tables = (await problems.of(() => gateTables(changing))) ?? [];
  await problems.of(() => refuseRights(runner.connection, name, "changed", rightsFor(from, to, tables)));
  await problems.of(() => refuseUnguardable(runner, toGuard(to, inner)));
  problems.refuse();
  return { inner, tables };
}

/** According to 25.8. */
function rightsFor(from: MaterializedViewSpec, to: MaterializedViewSpec, gated: readonly QualifiedName[]): Right[] {
  const carried = ["TRUNCATE", "OPTIMIZE", "SYSTEM MERGES", "SYSTEM TTL MERGES", "ALTER VIEW MODIFY QUERY"];
  const isRefreshable = [from, to].some(({ refresh }) => refresh !== undefined);
  return [
    ...journalRights(to.database),
    // For helper tables, including those of the server test.
    ...rightsIn(to.database, ["CREATE TABLE", "DROP TABLE", "SELECT", "INSERT", "ALTER CONSTRAINT"]),
    ...(from.to === undefined ? rightsIn(to.database, carried) : []),
    ...(isRefreshable ? rightsIn(to.database, ["SYSTEM VIEWS"]) : []),
    ...rightsToCreate(to),
    ...gateRights(gated),
  ];
}
