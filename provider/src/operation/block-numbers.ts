import { qualifiedName } from "../sql/identifiers";
import type { QualifiedName, SettingSpec } from "../sql/spec";
import { restoreSettings, stopMerges } from "./fence";
import type { Runner } from "./runner";

/** Virtual column with the number of the block in which a row was inserted. */
export const BLOCK_NUMBER = "_block_number";
/** Setting with which merges and mutations keep that number; without it, all rows of a merged part get the part's lowest one. */
export const KEEP_NUMBERS = "enable_block_number_column";

/**
 * From now on, merges keep the block number of each row. Running merges are cancelled, because they would end without the numbers; afterwards
 * merges run as before. Stays in the table's definition.
 */
export async function keepNumbers(runner: Runner, table: QualifiedName): Promise<void> {
  await stopMerges(runner, table);
  await runner.run(`ALTER TABLE ${qualifiedName(table)} MODIFY SETTING ${KEEP_NUMBERS} = 1`);
  await runner.run(`SYSTEM START MERGES ${qualifiedName(table)}`);
}

/** The opposite. Repeatable. @param declared the table's settings. */
export async function forgetNumbers(
  runner: Runner,
  table: QualifiedName,
  declared: readonly SettingSpec[],
): Promise<void> {
  await restoreSettings(runner, table, [KEEP_NUMBERS], declared);
  await runner.run(`SYSTEM START MERGES ${qualifiedName(table)}`);
}
