import { refreshState, unfinishedMutations } from "../../clickhouse/catalog";
import { dependsOnOrder, type Engine, engineOf, hasTtl, isMergeTree } from "../../clickhouse/merge-tree";
import { SchemaError } from "../../errors";
import { rightsToCreate } from "../../kinds/object";
import { findConflict } from "../../operation/conflicts";
import { refuseFiltered } from "../../operation/guard";
import type { ViewsAround } from "../../operation/insert-graph";
import { hasOpenPatches } from "../../operation/parts";
import { refuseDatabaseEngine, refuseReplicated, unfinished } from "../../operation/refusals";
import { gateRights, journalRights, refuseRights, rightsIn } from "../../operation/rights";
import type { Runner } from "../../operation/runner";
import { closable, except, notRefusable, refusesWhole } from "../../operation/upstream";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName, TableSpec } from "../../sql/spec";

/** @throws {SchemaError} when one table cannot be rebuilt into the other. */
export function refuseSpecs(
  from: TableSpec,
  to: TableSpec,
  allow: readonly string[] = [],
  renamed: Readonly<Record<string, string>> = {},
): void {
  refuseColumns(from, to, renamed);
  for (const engine of [engineOf(from.storage), engineOf(to.storage)]) refuseEngine(qualifiedName(from), engine, allow);
}

/** @throws {SchemaError} when the definitions are not of one table with a column in common. */
export function refuseColumns(from: TableSpec, to: TableSpec, renamed: Readonly<Record<string, string>>): void {
  const name = qualifiedName(from);
  if (from.database !== to.database || from.name !== to.name) {
    throw new SchemaError(
      "change-unsupported",
      `${name}: a rebuild keeps the name, and ${qualifiedName(to)} is another one. Rename the table first.`,
    );
  }
  if (to.as !== undefined)
    throw new SchemaError("change-unsupported", `${name}: the new definition has AS …; give its canonical text.`);
  const readable = new Set(from.columns.filter((column) => column.default?.kind !== "EPHEMERAL").map((c) => c.name));
  const stored = to.columns.filter(({ default: value }) => value?.kind !== "ALIAS" && value?.kind !== "EPHEMERAL");
  if (!stored.some((column) => readable.has(renamed[column.name] ?? column.name))) throw noColumnLives(from);
}

/** The error when there is nothing to copy. */
export function noColumnLives(from: QualifiedName): SchemaError {
  return new SchemaError(
    "change-unsupported",
    `${qualifiedName(from)}: the new definition keeps none of the old columns, so there is nothing to copy. Drop and recreate the table instead.`,
  );
}

function refuseEngine(name: string, engine: Engine, allow: readonly string[]): void {
  if (!isMergeTree(engine)) {
    throw new SchemaError(
      "change-unsupported",
      `${name}: cannot be rebuilt with its rows, because ${engine.name} keeps none in parts (only the MergeTree family does). ` +
        "If it holds no rows, drop it and create it again.",
    );
  }
  refuseReplicated(name, "it", engine.name, allow);
}

/** Whether inserts have to be refused for a moment: views read the table, or it matters which of two rows was inserted last. */
export function isGated(from: TableSpec, to: TableSpec, { readers }: ViewsAround, mode: "online" | "offline"): boolean {
  const keepsOrder = [from, to].some(({ storage }) => dependsOnOrder(engineOf(storage)));
  return mode === "online" && (readers.length > 0 || keepsOrder);
}

/** @throws {SchemaError} while another operation on the table, on what feeds it or on what it feeds, is unfinished. */
export async function refuseOthers(runner: Runner, table: TableSpec): Promise<void> {
  const other = await findConflict(runner, [table], { toViews: true });
  if (other !== undefined) throw unfinished(qualifiedName(table), other);
}

/** @throws {SchemaError} when the live table cannot be rebuilt. */
export async function refuseLive(runner: Runner, from: TableSpec, allow: readonly string[]): Promise<void> {
  await refuseDatabaseEngine(runner, qualifiedName(from), from.database, "exchanging tables", allow);
  await refuseMutations(runner, from);
  await refuseFiltered(runner, [from]);
}

/** @throws {SchemaError} while a mutation or lightweight update of the table is unfinished: the copied rows would lack its changes. */
export async function refuseMutations(runner: Runner, table: TableSpec): Promise<void> {
  const name = qualifiedName(table);
  const rows = await unfinishedMutations(runner, table);
  const [first] = rows;
  if (first !== undefined) {
    const why = first.reason === "" ? "" : ` It failed last with: ${first.reason}`;
    throw new SchemaError(
      "mutation-unfinished",
      `${name}: ${rows.length} mutation(s) are unfinished, the first is ${first.id}: ${first.command}.${why} ` +
        "Wait until they are done, or KILL MUTATION, and run again.",
    );
  }
  if (!(await hasOpenPatches(runner, table))) return;
  throw new SchemaError(
    "mutation-unfinished",
    `${name}: has lightweight updates that are not merged into their parts yet. Run ALTER TABLE ${name} APPLY PATCHES, wait for it, and run again.`,
  );
}

/** @throws {SchemaError} when views around the table make the exchange unsafe. */
export async function refuseViews(
  runner: Runner,
  table: TableSpec,
  views: ViewsAround,
  gated: boolean,
  allow: readonly string[],
): Promise<void> {
  const name = qualifiedName(table);
  for (const view of views.refreshing) {
    if ((await refreshState(runner, view))?.status === "Disabled") continue;
    throw new SchemaError(
      "refresh-in-the-way",
      `${name}: ${qualifiedName(view)} refreshes it, which would put rows into the wrong table during the exchange. ` +
        `Run SYSTEM STOP VIEW ${qualifiedName(view)} first, and SYSTEM START VIEW afterwards.`,
    );
  }
  if (!gated || allow.includes("unproven")) return;
  const danger = "a row could reach one view's target and not the other's while the tables are exchanged";
  const open = except(views.feeders, table).find((feeder) => !refusesWhole(feeder));
  if (open !== undefined) throw notRefusable(name, open, danger);
}

/** @throws {SchemaError} when the user lacks a privilege that a rebuild needs, according to 25.8. */
export async function refuseRebuildRights(
  { connection }: Runner,
  from: TableSpec,
  to: TableSpec,
  { feeders }: ViewsAround,
  gated: boolean,
): Promise<void> {
  const helpers = ["CREATE TABLE", "DROP TABLE", "SELECT", "INSERT", "ALTER CONSTRAINT", "ALTER SETTINGS"];
  const keepsTtl = [from, to].some(hasTtl);
  await refuseRights(connection, qualifiedName(to), "rebuilt", [
    ...journalRights(to.database),
    ...rightsIn(to.database, [...helpers, "TRUNCATE", "OPTIMIZE", "SYSTEM MERGES"]),
    ...(keepsTtl ? rightsIn(to.database, ["SYSTEM TTL MERGES"]) : []),
    ...rightsToCreate(to),
    ...(gated ? gateRights(closable(feeders)) : []),
  ]);
}
