import { readTable } from "../../clickhouse/catalog";
import { SchemaError } from "../../errors";
import { diffObject, planObject } from "../../kinds/object";
import { dropBeside } from "../../operation/exchange-view";
import { isGuardConstraint } from "../../operation/hold";
import type { Journal } from "../../operation/journal";
import { replaceView } from "../../operation/replace-view";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { parseCreate } from "../../sql/parse";
import { renderCreate } from "../../sql/render";
import type { MaterializedViewSpec, ObjectSpec, QualifiedName, TableSpec } from "../../sql/spec";
import type { Dependent } from "./dependents";

/** A statement with this cannot be run again: the server hides secrets when it prints a definition. */
const HIDDEN = "[HIDDEN]";
/** Consequences that a rename must not have. */
const TOO_MUCH: ReadonlySet<string> = new Set(["rewrites-parts", "copies-rows", "drops-data", "unproven"]);

/** Why a dependent cannot be re-pointed; undefined when it can. Nothing is run. */
export function whyNot({ engine, from, to, ...name }: Dependent): string | undefined {
  const label = qualifiedName(name);
  if (to.includes(HIDDEN)) return `${label}: its definition has a secret that the server does not show`;
  if (engine === "Dictionary") return undefined;
  const [old, wanted] = [parseCreate(from), parseCreate(to)];
  if (wanted.kind !== "table" || engine === "Merge") return undefined;
  return alters(old, wanted) === undefined ? `${label}: no ALTER can give it the new name` : undefined;
}

/** Gives an object its wanted definition. Repeatable, whatever part of it was already done. */
export async function repoint(runner: Runner, journal: Journal, name: QualifiedName, wanted: string): Promise<void> {
  const live = await definitionOf(runner, name);
  if (/^CREATE DICTIONARY /.test(wanted)) {
    if (live !== wanted) await runner.run(wanted.replace(/^CREATE /, "CREATE OR REPLACE "));
    return;
  }
  const [from, to] = [parseCreate(live), parseCreate(wanted)];
  if (from.kind !== to.kind) throw changed(name, live, wanted);
  if (from.kind === "table" && to.kind === "table") return repointTable(runner, from, to, wanted);
  if (from.kind === "materializedView" && to.kind === "materializedView") {
    return repointMaterialized(runner, journal, from, to);
  }
  if (!same(from, to)) await runner.run(wanted.replace(/^CREATE /, "CREATE OR REPLACE "));
}

async function repointTable(runner: Runner, from: TableSpec, to: TableSpec, wanted: string): Promise<void> {
  const [live, target] = [withoutHelpers(from), withoutHelpers(to)];
  if (same(live, target)) return;
  if (/^Merge\b/.test(to.storage.engine ?? "")) {
    return runner.run(wanted.replace(/^CREATE /, "CREATE OR REPLACE "));
  }
  const statements = alters(live, target);
  if (statements === undefined) throw changed(to, renderCreate(from), wanted);
  for (const sql of statements) await runner.run(sql);
}

/**
 * Changes the query by ALTER, which moves the subscription; then, if the definition still differs (another target, a column list that ALTER
 * has regenerated), replaces the view. Nothing may be inserted while this runs.
 */
async function repointMaterialized(
  runner: Runner,
  journal: Journal,
  from: MaterializedViewSpec,
  to: MaterializedViewSpec,
): Promise<void> {
  const label = qualifiedName(to);
  if (from.query !== to.query) await runner.run(`ALTER TABLE ${label} MODIFY QUERY ${to.query}`);
  if (from.refresh !== to.refresh && from.refresh !== undefined && to.refresh !== undefined) {
    await runner.run(`ALTER TABLE ${label} MODIFY REFRESH ${to.refresh}`);
  }
  const now = parseCreate(await definitionOf(runner, to));
  if (now.kind !== "materializedView") throw changed(to, renderCreate(now), renderCreate(to));
  if (same(now, to)) return dropBeside(runner, to);
  if (to.to === undefined) throw changed(to, renderCreate(now), renderCreate(to));
  // Without EMPTY, a refreshable view would run at once.
  await replaceView(runner, journal, now, to.refresh === undefined ? to : { ...to, empty: true });
}

/** Whether a view has the query, target and schedule of a definition. */
export async function readsAs(runner: Runner, name: QualifiedName, wanted: string): Promise<boolean> {
  const [live, spec] = [parseCreate(await definitionOf(runner, name)), parseCreate(wanted)];
  if (live.kind !== "materializedView" || spec.kind !== "materializedView") return false;
  const target = ({ to }: MaterializedViewSpec): string => (to === undefined ? "" : qualifiedName(to));
  return live.query === spec.query && target(live) === target(spec) && live.refresh === spec.refresh;
}

/** ALTERs that only change metadata; undefined if those are not enough. */
function alters(from: ObjectSpec, to: ObjectSpec): string[] | undefined {
  const statements: string[] = [];
  for (const step of planObject(from, to, diffObject(from, to)).steps) {
    if (step.kind !== "statement" || step.mutation || step.hazards.some(({ kind }) => TOO_MUCH.has(kind)))
      return undefined;
    statements.push(step.sql);
  }
  return statements;
}

async function definitionOf(runner: Runner, name: QualifiedName): Promise<string> {
  const row = await readTable(runner, name);
  if (row !== undefined) return row.statement;
  throw new SchemaError(
    "changed-meanwhile",
    `${qualifiedName(name)}: is gone, so it cannot be re-pointed (operation ${runner.operation}). ` +
      "Create it again as it was, with the old name in it or the new one, and run again.",
  );
}

/** The constraints that refuse inserts are not part of the definition. */
function withoutHelpers(spec: TableSpec): TableSpec {
  return { ...spec, constraints: spec.constraints.filter(({ name }) => !isGuardConstraint(name)) };
}

function same(a: ObjectSpec, b: ObjectSpec): boolean {
  return renderCreate(a) === renderCreate(b);
}

function changed(name: QualifiedName, live: string, wanted: string): SchemaError {
  return new SchemaError(
    "changed-meanwhile",
    `${qualifiedName(name)}: cannot be re-pointed, because it has changed since the rename began. ` +
      `Change it to this definition manually, and run again: ${wanted}. On the server: ${live}`,
  );
}
