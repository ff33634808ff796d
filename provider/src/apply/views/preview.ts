import { innerTable } from "../../clickhouse/names";
import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { refuseFiltered } from "../../operation/guard";
import { gateRights, journalRights, refuseRights, rightsIn } from "../../operation/rights";
import { Runner } from "../../operation/runner";
import type { ViewStep } from "../../plan/plan";
import { rightsToCreate } from "../../plan/rights";
import type { Right } from "../../sql/grants";
import { qualifiedName } from "../../sql/identifiers";
import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../../sql/spec";
import { type Inner, viewNames } from "./context";
import { resumableViews } from "./operations";
import { examine, type Foresight, refuseUnfinished } from "./refusals";
import { gateTables } from "./sources";

type Wanted = Pick<ViewStep, "from" | "to">;

/** How to look. */
export interface ViewPreviewOptions {
  readonly allow: readonly string[];
  /** Operations that will have ended by then. */
  readonly ending: ReadonlySet<string>;
  /** The new target as it will be by then; left out: as it is on the server. */
  readonly target?: TableSpec | undefined;
}

/** What a view step would be, as things are now. */
export interface ViewStepPreview {
  /** Whether inserts will be refused for a moment. */
  readonly gated: boolean;
}

/**
 * Looks at everything before anything is changed; only reads. Whether the values of an inner table fit their new types is found out by
 * a run, before it changes anything.
 *
 * @throws {SchemaError} when the step would be refused.
 */
export async function previewViewStep(
  connection: Connection,
  step: Wanted,
  { allow, ending, target }: ViewPreviewOptions,
): Promise<ViewStepPreview> {
  const runner = new Runner(connection, "preview", { ending });
  const { tables } = await examineViewStep(runner, step, allow, { preview: true, target });
  return { gated: tables.length > 0 };
}

/**
 * @returns what is known of the inner table, and the tables at which inserts have to be refused.
 * @throws {SchemaError} when something stands in the way.
 */
export async function examineViewStep(
  runner: Runner,
  { from, to }: Wanted,
  allow: readonly string[],
  foresight: Foresight,
): Promise<{ readonly inner: Inner | undefined; readonly tables: readonly QualifiedName[] }> {
  const name = qualifiedName(to);
  const unfinished = (await resumableViews(runner.connection, to.database)).find(
    ({ operation, view }) => view === name && !runner.isEnding(operation),
  );
  if (unfinished !== undefined) {
    throw new SchemaError(`${name}: operation ${unfinished.operation} is not finished. Resume or abort it first.`);
  }
  await refuseUnfinished(runner, from, to);
  const inner = await examine(runner, from, to, allow, foresight);
  const kept = inner === undefined ? [] : [innerTable(to.database, inner.view)];
  await refuseFiltered(runner, kept);
  const tables = await gateTables({ allow, from, inner, names: viewNames(to, runner.operation), runner, to });
  await refuseRights(runner.connection, name, "changed", rightsFor(from, to, tables));
  return { inner, tables };
}

/** As 25.8 asks for them. */
function rightsFor(from: MaterializedViewSpec, to: MaterializedViewSpec, gated: readonly QualifiedName[]): Right[] {
  const carried = ["TRUNCATE", "OPTIMIZE", "SYSTEM MERGES", "SYSTEM TTL MERGES", "ALTER VIEW MODIFY QUERY"];
  const isRefreshable = [from, to].some(({ refresh }) => refresh !== undefined);
  return [
    ...journalRights(to.database),
    // Helper tables, also those by which the server is tried out.
    ...rightsIn(to.database, ["CREATE TABLE", "DROP TABLE", "SELECT", "INSERT", "ALTER CONSTRAINT"]),
    ...(from.to === undefined ? rightsIn(to.database, carried) : []),
    ...(isRefreshable ? rightsIn(to.database, ["SYSTEM VIEWS"]) : []),
    ...rightsToCreate(to),
    ...gateRights(gated),
  ];
}
