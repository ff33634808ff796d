import { isTable } from "../../clickhouse/catalog";
import { SchemaError } from "../../errors";
import { insertGraphAround } from "../../operation/insert-graph";
import type { Runner } from "../../operation/runner";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import type { MaterializedViewSpec, QualifiedName, TableSpec } from "../../sql/spec";
import type { PlannedView } from "./context";
import { sourceOf } from "./query";
import { writersOf } from "./refusals";

type ByTime = NonNullable<PlannedView["byTime"]>;

/** Expressions that the server evaluates at insert time. */
const NOW = /^(?:now64\((?:[3-9](?:, ?'[^']*')?)?\)|now\((?:'[^']*')?\))$/;
const TIME = /^DateTime/;

/**
 * The columns in which rows record when the server received them, one for each view; empty when inserts must be refused instead.
 *
 * Only a direct insert gives all its rows one time, so a source that views write to does not qualify. A cut that was not recorded is rolled
 * back by emptying the target, so that must be empty, and fed by these views alone.
 *
 * @throws {SchemaError} when the named column is not suitable.
 */
export async function insertTimes(
  runner: Runner,
  specs: readonly MaterializedViewSpec[],
  tables: readonly TableSpec[],
  target: QualifiedName,
  isEmpty: boolean,
  named: string | false | undefined,
): Promise<readonly ByTime[]> {
  if (named === false) return [];
  const refuse = (why: string): [] => {
    if (named === undefined) return [];
    throw new SchemaError(
      "option-invalid",
      `insertTime: ${named} does not say which rows came before the view, because ${why}. Leave it out: inserts are then refused for a moment.`,
    );
  };
  if (!isEmpty) return refuse(`${qualifiedName(target)} has rows already`);
  const [other] = await writersOf(runner, target);
  if (other !== undefined) return refuse(`${qualifiedName(other)} writes to ${qualifiedName(target)} as well`);
  const found: ByTime[] = [];
  for (const [index, table] of tables.entries()) {
    const column = table.columns.find(({ default: value, name, type }) => {
      if (!TIME.test(type ?? "") || !NOW.test(value?.expression ?? "")) return false;
      return named === undefined ? value?.kind === "MATERIALIZED" : name === named && value?.kind !== "ALIAS";
    });
    if (column === undefined)
      return refuse(`${qualifiedName(table)} has no such column with DEFAULT or MATERIALIZED now64(3)`);
    if (!(await isStored(runner, table, column.name))) {
      return refuse(
        `older parts of ${qualifiedName(table)} do not have the column: the engine computes a time when it reads or merges them`,
      );
    }
    const { feeders } = await insertGraphAround(runner, table);
    if (feeders.length > 1)
      return refuse(`rows come to ${qualifiedName(table)} through views, block by block, each at a time of its own`);
    const spec = specs[index];
    if (spec === undefined || sourceOf(spec).final) return refuse("the view reads its source with FINAL");
    const columns = table.columns.filter(({ default: value }) => value?.kind !== "EPHEMERAL").map(({ name }) => name);
    found.push({ column: column.name, columns });
  }
  return found;
}

/** Whether every part has the column: for older rows, the value of a column added later is recomputed on each read. */
async function isStored(runner: Runner, table: QualifiedName, column: string): Promise<boolean> {
  const { without } = await runner.one<{ without: string }>(
    `SELECT toString(countIf(NOT holds)) AS without FROM (SELECT max(column = ${quoteString(column)}) AS holds ` +
      `FROM system.parts_columns WHERE ${isTable(table, "table")} AND active GROUP BY name)`,
  );
  return without === "0";
}
