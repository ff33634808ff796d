import { formattedDefinitions } from "../../clickhouse/catalog";
import { collapses, dependsOnOrder, engineOf, hasTtl, isMergeTree } from "../../clickhouse/merge-tree";
import { SchemaError } from "../../errors";
import { HOW_TO_ALLOW } from "../../operation/errors";
import { refuseReplicated } from "../../operation/refusals";
import { gateRights, refuseRights, rightsIn } from "../../operation/rights";
import type { Runner } from "../../operation/runner";
import { splitArguments } from "../../sql/fragments";
import { qualifiedName, unquoteIdentifier, unquoteString } from "../../sql/identifiers";
import { parseCreate } from "../../sql/parse";
import { renderCreate } from "../../sql/render";
import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../../sql/spec";
import { refuseLive } from "../rebuild/refusals";
import type { BackfillPlan } from "./context";
import type { RefillOptions } from "./options";

type Mode = BackfillPlan["mode"];

/**
 * Checks the statements alone.
 *
 * @returns the target of all views.
 * @throws {SchemaError} when these views cannot be filled together.
 */
export function refuseSpecs(
  specs: readonly MaterializedViewSpec[],
  { chunk, maxMemory, maxThreads, sensitive }: RefillOptions,
): QualifiedName {
  for (const [name, value] of Object.entries({ chunk, maxMemory, maxThreads })) {
    if (value === undefined || (Number.isSafeInteger(value) && value > 0)) continue;
    throw new SchemaError("option-invalid", `${name}: expected a whole number above 0, found ${value}.`);
  }
  const [target] = specs.map((spec) => refuseSpec(spec, sensitive === true));
  if (target === undefined)
    throw new SchemaError("option-invalid", "A backfill needs at least one view; none was given.");
  for (const spec of specs) {
    if (spec.to?.database === target.database && spec.to.name === target.name) continue;
    throw new SchemaError(
      "change-unsupported",
      `${qualifiedName(spec)}: does not write to ${qualifiedName(target)}. Fill the views of each target together.`,
    );
  }
  return target;
}

function refuseSpec(spec: MaterializedViewSpec, sensitive: boolean): QualifiedName {
  const name = qualifiedName(spec);
  if (sensitive || renderCreate(spec).includes("'[HIDDEN]'")) {
    throw new SchemaError(
      "secret-in-journal",
      `${name}: its statement contains secrets, which the journal of a backfill would show. Create it without a backfill.`,
    );
  }
  if (spec.refresh !== undefined) {
    throw new SchemaError(
      "change-unsupported",
      `${name}: is refreshable, so each refresh fills its target by itself. Run SYSTEM REFRESH VIEW ${name} instead.`,
    );
  }
  if (spec.to === undefined) {
    throw new SchemaError(
      "change-unsupported",
      `${name}: keeps its rows in an inner table, which is not backfilled. Give the view a target (to).`,
    );
  }
  return spec.to;
}

/** @throws {SchemaError} when rows of a snapshot cannot be moved to the target. */
export async function refuseTarget(
  runner: Runner,
  target: TableSpec,
  mode: Mode,
  isEmpty: boolean,
  allow: readonly string[],
): Promise<void> {
  const [engine, name] = [engineOf(target.storage), qualifiedName(target)];
  if (!isMergeTree(engine)) {
    throw new SchemaError(
      "change-unsupported",
      `${name}: is not backfilled, because ${engine.name} keeps no rows in parts (only the MergeTree family does).`,
    );
  }
  if (allow.includes("unproven")) return;
  refuseReplicated(name, "it", engine.name, allow);
  if (dependsOnOrder(engine)) {
    throw new SchemaError(
      "loses-rows",
      `${name}: in ${target.storage.engine} the row inserted last wins, and the older rows would be inserted after the newer ones. ` +
        'Give the engine a version column; or, if rows of one key never change, set allow: ["unproven"].',
    );
  }
  if (mode === "refill" || !isEmpty) await refuseLive(runner, target, allow);
}

/** What determines whether a source can be read. */
interface Reading {
  readonly mode: Mode;
  readonly isEmpty: boolean;
  readonly allow: readonly string[];
  readonly from: string | undefined;
}

/** @throws {SchemaError} when a source does not hold everything that is to be computed. */
export async function refuseSource(
  runner: Runner,
  view: QualifiedName,
  source: TableSpec,
  reading: Reading,
): Promise<void> {
  const { allow, from, isEmpty, mode } = reading;
  const [engine, name] = [engineOf(source.storage), qualifiedName(source)];
  refuseReplicated(qualifiedName(view), `its source ${name}`, engine.name, allow);
  await refuseLive(runner, source, allow);
  if (mode === "create" || isEmpty) return;
  if (collapses(engine) && !allow.includes("unproven")) {
    throw new SchemaError(
      "loses-rows",
      `${qualifiedName(view)}: merges of its source ${name} (${engine.name}) have combined rows that were inserted separately, so the target may hold more than can be ` +
        `recomputed. ${HOW_TO_ALLOW}`,
    );
  }
  if (hasTtl(source) && from === undefined) {
    throw new SchemaError(
      "loses-rows",
      `${qualifiedName(view)}: rows leave its source ${name} by TTL, and the target keeps what was made of them: recomputing it would lose that. Set \`--from\` ` +
        "(argument: from) to a time since which the source has all rows; older buckets then stay as they are.",
    );
  }
}

/** @throws {SchemaError} when others write to the target too: their rows could not be recomputed. */
export async function refuseWriters(
  runner: Runner,
  specs: readonly MaterializedViewSpec[],
  target: QualifiedName,
): Promise<void> {
  const given = new Set(specs.map(qualifiedName));
  const others = (await writersOf(runner, target)).filter((view) => !given.has(qualifiedName(view)));
  if (others.length === 0) return;
  throw new SchemaError(
    "loses-rows",
    `${qualifiedName(target)}: ${others.map(qualifiedName).join(", ")} write(s) to it as well, and the rows from there would be lost. Give all views of the target together.`,
  );
}

/** The materialized views that write to a table. */
export async function writersOf(runner: Runner, target: QualifiedName): Promise<MaterializedViewSpec[]> {
  const rows = await formattedDefinitions(runner, "engine = 'MaterializedView'");
  return rows.flatMap(({ statement }) => {
    const spec = parseCreate(statement);
    const writes =
      spec.kind === "materializedView" && spec.to?.database === target.database && spec.to.name === target.name;
    return writes ? [spec] : [];
  });
}

/**
 * Compares a view's output with the target's columns.
 *
 * @returns the columns that are filled.
 * @throws {SchemaError} when an output column would be left out.
 */
export async function refuseOutputs(runner: Runner, spec: MaterializedViewSpec, target: TableSpec): Promise<string[]> {
  const outputs = await runner.rows<{ name: string }>(`DESCRIBE TABLE (${spec.query})`);
  const taken = new Set(
    target.columns
      .filter(({ default: value }) => value === undefined || value.kind === "DEFAULT")
      .map(({ name }) => name),
  );
  const missing = outputs.filter(({ name }) => !taken.has(name)).map(({ name }) => name);
  if (missing.length > 0) {
    throw new SchemaError(
      "loses-rows",
      `${qualifiedName(spec)}: writes ${missing.join(", ")}, which its target ${qualifiedName(target)} cannot take. Add the column there, or rename the output.`,
    );
  }
  return outputs.map(({ name }) => name);
}

/** @throws {SchemaError} when the user lacks a privilege that a backfill needs. */
export async function refuseBackfillRights(
  runner: Runner,
  mode: Mode,
  specs: readonly MaterializedViewSpec[],
  target: QualifiedName,
  sources: readonly QualifiedName[],
): Promise<void> {
  const inTarget = ["CREATE TABLE", "DROP TABLE", "INSERT", "SELECT", "ALTER TABLE", "TRUNCATE", "SYSTEM MERGES"];
  await refuseRights(runner.connection, qualifiedName(target), "backfilled", [
    ...rightsIn(target.database, inTarget),
    ...sources.map((name) => ({ privilege: "SELECT", level: qualifiedName(name) })),
    ...gateRights(sources),
    ...(mode === "create"
      ? specs.map((name) => ({ privilege: "CREATE VIEW", level: qualifiedName(name) }))
      : rightsIn(target.database, ["CREATE VIEW", "DROP VIEW"])),
  ]);
}

/**
 * A Buffer table writes in the background, and a running flush cannot be observed.
 *
 * @param tables through which rows reach the snapshots.
 * @throws {SchemaError} when a Buffer writes to any of them.
 */
export async function refuseBuffers(runner: Runner, tables: readonly QualifiedName[]): Promise<void> {
  const known = new Set(tables.map(qualifiedName));
  const rows = await runner.rows<QualifiedName & { text: string }>(
    "SELECT database, name, engine_full AS text FROM system.tables WHERE engine = 'Buffer' ORDER BY database, name",
  );
  for (const { text, ...buffer } of rows) {
    const body = text.slice(text.indexOf("(") + 1, text.lastIndexOf(")"));
    const [database = "", name = ""] = splitArguments(body).map((argument) =>
      argument.startsWith("'") ? unquoteString(argument) : unquoteIdentifier(argument),
    );
    const target = { database: database === "" ? buffer.database : database, name };
    if (!known.has(qualifiedName(target))) continue;
    throw new SchemaError(
      "inserts-not-refusable",
      `${qualifiedName(target)}: ${qualifiedName(buffer)} (Buffer) writes to it in the background, and a flush at the moment of the cut would be missed. ` +
        `Stop the writers of ${qualifiedName(buffer)}, run OPTIMIZE TABLE on it, and set allow: ["unproven"].`,
    );
  }
}
