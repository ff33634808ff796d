import { isTable, mergeTreeSettings, readColumns } from "../../clickhouse/catalog";
import { engineOf, hasTtl } from "../../clickhouse/merge-tree";
import { BLOCK_NUMBER, forgetNumbers, KEEP_NUMBERS, keepNumbers } from "../../operation/block-numbers";
import { partsOf } from "../../operation/parts";
import { qualifiedName } from "../../sql/identifiers";
import type { RebuildContext } from "./context";
import { keepsNumbers } from "./numbers-test";

/** Setting without which there are no lightweight updates. */
const LETS_UPDATE = "enable_block_offset_column";

/**
 * Decides whether rows are told apart by the numbers of their blocks, so that merges need not be held back; and switches that on. Journal line
 * `numbers`: null while it may be switched on, then the decision.
 */
export async function chooseNumbers(context: RebuildContext): Promise<void> {
  const { from, journal, names, runner } = context;
  if (!(await mayChoose(context))) return journal.set("numbers", false);
  await journal.set("numbers", null);
  if (!isDeclared(context)) await keepNumbers(runner, names.table);
  const numbered = await hasOwnNumbers(context);
  if (!numbered) await forgetNumbers(runner, names.table, from.storage.settings);
  await journal.set("numbers", numbered);
}

/** Restores the setting of the old table, whatever its name is now. */
export async function unchooseNumbers(context: RebuildContext, table = context.names.table): Promise<void> {
  const { from, journal, runner } = context;
  if (!journal.has("numbers") || journal.get("numbers") === false || isDeclared(context)) return;
  await forgetNumbers(runner, table, from.storage.settings);
}

/** Merges of other engines give the numbers of some rows to the values of others; rows that expire leave no trace. */
async function mayChoose(context: RebuildContext): Promise<boolean> {
  const { from, hooks, names, plan, runner } = context;
  const engine = engineOf(from.storage);
  if (plan.mode === "offline" || engine.base !== "MergeTree" || engine.shared || hasTtl(from)) return false;
  const server = await mergeTreeSettings(runner, [KEEP_NUMBERS, LETS_UPDATE]);
  if (!server.has(KEEP_NUMBERS)) return false;
  // A merge may put the values of a lightweight update into rows without a sign of it.
  if ((from.storage.settings.find(({ name }) => name === LETS_UPDATE)?.value ?? server.get(LETS_UPDATE)) === "1")
    return false;
  if ((await readColumns(runner, names.table)).some(({ name }) => name === BLOCK_NUMBER)) return false;
  return keepsNumbers(runner.connection, names.table.database, hooks);
}

function isDeclared({ from }: RebuildContext): boolean {
  return from.storage.settings.some(({ name, value }) => name === KEEP_NUMBERS && value === "1");
}

/**
 * Whether all rows have numbers of blocks of their own part. Parts that were attached from a table whose merges keep numbers have numbers of
 * that table.
 */
async function hasOwnNumbers({ names, runner }: RebuildContext): Promise<boolean> {
  const stored = await runner.rows<{ name: string }>(
    `SELECT DISTINCT name FROM system.parts_columns WHERE ${isTable(names.table, "table")} AND active AND column = '${BLOCK_NUMBER}' LIMIT 1`,
  );
  if (stored.length === 0) return true;
  const parts = new Map((await partsOf(runner, names.table)).map((part) => [part.name, part]));
  const found = await runner.rows<{ part: string; low: string; high: string }>(
    `SELECT _part AS part, toString(min(${BLOCK_NUMBER})) AS low, toString(max(${BLOCK_NUMBER})) AS high FROM ${qualifiedName(names.table)} ` +
      "GROUP BY _part SETTINGS apply_deleted_mask = 0, optimize_use_projections = 0, max_execution_time = 0, max_rows_to_read = 0, max_bytes_to_read = 0",
  );
  return found.every(({ part, low, high }) => {
    const listed = parts.get(part);
    const [, first, last] = /_(\d+)_(\d+)_\d+(?:_\d+)?$/.exec(part) ?? [];
    return Number(low) >= (listed?.low ?? Number(first)) && Number(high) <= (listed?.high ?? Number(last));
  });
}
