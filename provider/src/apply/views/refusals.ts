import { type ColumnFacts, readColumns, uuidOf } from "../../clickhouse/catalog";
import { dependsOnOrder, engineOf, isMergeTree } from "../../clickhouse/merge-tree";
import { innerTable } from "../../clickhouse/names";
import { SchemaError } from "../../errors";
import { mentionedNames } from "../../lineage/mentions";
import { findConflict } from "../../operation/conflicts";
import { deltaStatement } from "../../operation/helper-definitions";
import { createHelper } from "../../operation/helper-table";
import { partsOf } from "../../operation/parts";
import type { Problems } from "../../operation/problems";
import { refuseDatabaseEngine, refuseReplicated, unfinished } from "../../operation/refusals";
import { liveView } from "../../operation/replace-view";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { keyParts } from "../../sql/object-key";
import { renderCreate } from "../../sql/render";
import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../../sql/spec";
import { mapColumns } from "../rebuild/columns";
import { refuseLive } from "../rebuild/refusals";
import { requireSpace } from "../rebuild/space";
import { liveTable } from "./carry";
import { appends, type Inner, viewNames } from "./context";

/** @throws {SchemaError} when the two specs do not describe the same view. */
export function refuseSpecs(from: MaterializedViewSpec, to: MaterializedViewSpec): void {
  if (from.database !== to.database || from.name !== to.name) {
    throw new SchemaError(
      "change-unsupported",
      `${qualifiedName(from)}: a change of a view keeps its name, and ${qualifiedName(to)} is another one. Rename the view first.`,
    );
  }
}

/** @throws {SchemaError} while a rebuild or rename of the view's targets or sources, or of what feeds these, is unfinished. */
export async function refuseUnfinished(
  runner: Runner,
  from: MaterializedViewSpec,
  to: MaterializedViewSpec,
): Promise<void> {
  const sources = [from, to].flatMap(({ query }) =>
    [...mentionedNames(query)].map(keyParts).flatMap(({ database, name }) => (name ? [{ database, name }] : [])),
  );
  const targets = [from.to, to.to].flatMap((target) => target ?? []);
  // Steps of other views have their own gates; a second step on this view is detected in the journal of its database.
  const other = await findConflict(runner, [to, ...targets, ...sources], { but: ["view"] });
  if (other !== undefined) throw unfinished(qualifiedName(to), other);
}

/** How a preview's checks differ from those of a run. */
export interface Foresight {
  /** No helper table is created to test how rows can be copied. */
  readonly preview: boolean;
  /** The new target as it will be by then. */
  readonly target?: TableSpec | undefined;
}

/**
 * Checks the live view before anything is changed.
 *
 * @returns the facts about its inner table; undefined when it has a target, or was found unfit.
 * @throws {SchemaError} when it is not the view that was planned for.
 */
export async function preflight(
  runner: Runner,
  problems: Problems,
  { from, to }: { readonly from: MaterializedViewSpec; readonly to: MaterializedViewSpec },
  allow: readonly string[],
  foresight: Foresight,
): Promise<Inner | undefined> {
  const name = qualifiedName(to);
  const live = await liveView(runner, to);
  if (live === undefined) throw new SchemaError("object-missing", `${name}: does not exist, so it cannot be changed.`);
  if (targetName(live.spec) !== targetName(from)) {
    throw new SchemaError(
      "changed-meanwhile",
      `${name}: writes to ${targetName(live.spec)} on the server, and the plan was made for ${targetName(from)}. Run a refresh and plan again.`,
    );
  }
  await problems.of(() => refuseDatabaseEngine(runner, name, to.database, "exchanging views", allow));
  const target = to.to;
  if (target !== undefined) await problems.of(() => refuseTarget(runner, to, target, foresight.target));
  if (target !== undefined && renewsAll(to)) await problems.of(() => refuseRenewal(runner, from, to, target, allow));
  if (from.to !== undefined) return undefined;
  const inner = await liveTable({ runner }, innerTable(to.database, live.uuid));
  return problems.of(() => examineInner(runner, live.uuid, inner, to, allow, foresight));
}

async function examineInner(
  runner: Runner,
  view: string,
  inner: TableSpec,
  to: MaterializedViewSpec,
  allow: readonly string[],
  { preview, target }: Foresight,
): Promise<Inner> {
  const name = qualifiedName(to);
  const linked = isMergeTree(engineOf(inner.storage));
  if (!linked && (await rowsOf(runner, inner)) !== "0") {
    throw new SchemaError(
      "change-unsupported",
      `${name}: its rows cannot be kept, because ${engineOf(inner.storage).name}, the engine of its inner table, keeps none in parts (only the MergeTree ` +
        `family does). Copy them by INSERT … SELECT FROM ${qualifiedName(inner)}, TRUNCATE it, and run again.`,
    );
  }
  // The snapshot (CREATE AS) has the current definition of the table; unfinished mutations of its parts would be missing.
  if (linked) await refuseLive(runner, inner, allow);
  if (!linked || renewsAll(to)) return { view, linked };
  const layout = to.to === undefined ? newInnerTable(to) : (target ?? (await liveTable({ runner }, to.to)));
  refuseLayout(to, layout, allow, (await partsOf(runner, inner)).length > 0);
  await requireSpace(runner, { ...layout, database: inner.database, name: inner.name }, 1.1);
  refuseColumns(to, inner, layout, allow);
  return preview ? { view, linked } : tryCarrying(runner, view, inner, to, layout);
}

/** Creates a table like the one that rows will be copied to, and drops it again. */
async function tryCarrying(
  runner: Runner,
  view: string,
  inner: TableSpec,
  to: MaterializedViewSpec,
  layout: TableSpec,
): Promise<Inner> {
  const trial = viewNames(to, runner.operation).chunk(0);
  const drop = `DROP TABLE IF EXISTS ${qualifiedName(trial)} SYNC`;
  await runner.run(drop);
  try {
    await createHelper(runner, deltaStatement(layout, trial));
    const columns = await mapColumns(runner, inner, trial, {});
    // If a type cannot be converted, this fails now, before anything is changed.
    await runner.rows(`DESCRIBE TABLE (SELECT ${columns.values} FROM ${qualifiedName(inner)})`);
    return { view, linked: true, carry: { columns, layout: renderCreate(layout) } };
  } finally {
    await runner.run(drop).catch(() => undefined);
  }
}

function refuseLayout(to: MaterializedViewSpec, layout: TableSpec, allow: readonly string[], hasRows: boolean): void {
  const engine = engineOf(layout.storage);
  const target = to.to === undefined ? "its new inner table" : qualifiedName(layout);
  if (!isMergeTree(engine)) {
    if (!hasRows) return;
    throw new SchemaError(
      "change-unsupported",
      `${qualifiedName(to)}: the rows of its inner table cannot be carried over to ${target}, because ${engine.name} keeps none in parts ` +
        "(only the MergeTree family does). Nothing was changed.",
    );
  }
  refuseReplicated(qualifiedName(to), target, engine.name, allow);
  if (dependsOnOrder(engine) && hasRows && !allow.includes("unproven")) {
    throw new SchemaError(
      "loses-rows",
      `${qualifiedName(to)}: in ${target} (${layout.storage.engine}) the row inserted last wins, and the older rows would be inserted after the newer ones. ` +
        'Give the engine a version column; or, if rows of one key never change, set allow: ["unproven"].',
    );
  }
}

function refuseColumns(to: MaterializedViewSpec, inner: TableSpec, layout: TableSpec, allow: readonly string[]): void {
  if (allow.includes("drops-data")) return;
  const known = new Set(storedNames(layout));
  const missing = storedNames(inner).filter((name) => !known.has(name));
  if (missing.length === 0) return;
  const target = to.to === undefined ? "its new inner table" : qualifiedName(to.to);
  throw new SchemaError(
    "loses-rows",
    `${qualifiedName(to)}: ${missing.join(", ")} of its inner table is not a column of ${target}, so its values would be lost. ` +
      'Add it there, or set allow: ["drops-data"].',
  );
}

function storedNames({ columns }: TableSpec): string[] {
  return columns.filter((column) => column.default?.kind !== "ALIAS").map(({ name }) => name);
}

async function refuseTarget(
  runner: Runner,
  to: MaterializedViewSpec,
  target: QualifiedName,
  declared: TableSpec | undefined,
): Promise<void> {
  const columns = declared === undefined ? await writableColumns(runner, target) : declared.columns.filter(isWritable);
  if (columns.length === 0) {
    throw new SchemaError(
      "object-missing",
      `${qualifiedName(to)}: its target ${qualifiedName(target)} does not exist. Create it first.`,
    );
  }
  const known = new Set(columns.map(({ name }) => name));
  const missing = to.columns.filter(({ name }) => !known.has(name)).map(({ name }) => name);
  if (missing.length === 0) return;
  throw new SchemaError(
    "loses-rows",
    `${qualifiedName(to)}: writes ${missing.join(", ")}, which its target ${qualifiedName(target)} cannot take. Add the column there, or rename the output.`,
  );
}

async function writableColumns(runner: Runner, table: QualifiedName): Promise<ColumnFacts[]> {
  const columns = await readColumns(runner, table);
  return columns.filter(({ kind }) => kind !== "ALIAS" && kind !== "MATERIALIZED");
}

function isWritable({ default: value }: TableSpec["columns"][number]): boolean {
  return value?.kind !== "ALIAS" && value?.kind !== "MATERIALIZED";
}

/** Whether each refresh replaces all rows by its result. */
function renewsAll({ refresh }: MaterializedViewSpec): boolean {
  return refresh !== undefined && !appends(refresh);
}

/** The first refresh removes all rows of the target, including those whose source rows are gone. */
async function refuseRenewal(
  runner: Runner,
  from: MaterializedViewSpec,
  to: MaterializedViewSpec,
  target: QualifiedName,
  allow: readonly string[],
): Promise<void> {
  const before = renewsAll(from) && from.to !== undefined && qualifiedName(from.to) === qualifiedName(target);
  if (before || allow.includes("drops-data") || (await uuidOf(runner, target)) === undefined) return;
  const rows = await rowsOf(runner, target);
  if (rows === "0") return;
  throw new SchemaError(
    "loses-rows",
    `${qualifiedName(to)}: REFRESH ${to.refresh} without APPEND replaces the ${rows} row(s) of ${qualifiedName(target)}; what the sources do ` +
      'no longer hold would be lost. Use an empty target, or REFRESH … APPEND; or set allow: ["drops-data"].',
  );
}

/** The table that the engine will create for the new view. */
function newInnerTable({ database, name, columns, indexes, constraints, projections, storage }: MaterializedViewSpec) {
  return {
    kind: "table",
    ...{ database, name, columns, indexes, constraints, projections },
    storage: storage ?? { settings: [] },
  } satisfies TableSpec;
}

async function rowsOf(runner: Runner, table: QualifiedName): Promise<string> {
  return (await runner.one<{ c: string }>(`SELECT toString(count()) AS c FROM ${qualifiedName(table)}`)).c;
}

function targetName({ to }: MaterializedViewSpec): string {
  return to === undefined ? "an inner table" : qualifiedName(to);
}
