import { isTable } from "../clickhouse/catalog";
import { qualifiedName } from "../sql/identifiers";
import type { QualifiedName, SettingSpec } from "../sql/spec";
import { pause, type Runner } from "./runner";

/** Settings that stop the selection of background merges. They are part of the table's definition, so they survive a restart. */
export const FENCE: readonly SettingSpec[] = [
  { name: "max_bytes_to_merge_at_max_space_in_pool", value: "1" },
  { name: "max_bytes_to_merge_at_min_space_in_pool", value: "1" },
];

/** Keeps the parts of a table as they are: from now on a partition and a range of block numbers always identify the same rows. */
export async function pauseMerges(runner: Runner, table: QualifiedName): Promise<void> {
  const settings = FENCE.map(({ name, value }) => `${name} = ${value}`).join(", ");
  await runner.run(`ALTER TABLE ${qualifiedName(table)} MODIFY SETTING ${settings}`);
  await stopMerges(runner, table);
}

/** Cancels running merges, OPTIMIZE included, and waits until they have ended; in effect until the table is attached again. */
export async function stopMerges(runner: Runner, ...tables: readonly QualifiedName[]): Promise<void> {
  for (const table of tables) await runner.run(`SYSTEM STOP MERGES ${qualifiedName(table)}`);
  const condition = tables.map((table) => `(${isTable(table, "table")})`).join(" OR ");
  const running = (): Promise<{ found: number }> =>
    runner.one(`SELECT toUInt32(count()) AS found FROM system.merges WHERE ${condition || "0"}`);
  while ((await running()).found > 0) await pause(20);
}

/**
 * Lets merges run again.
 *
 * @param declared the table's settings; where it sets a setting that the fence uses, that value is restored.
 */
export async function resumeMerges(
  runner: Runner,
  table: QualifiedName,
  declared: readonly SettingSpec[],
  stopped = false,
): Promise<void> {
  await restoreSettings(
    runner,
    table,
    FENCE.map(({ name }) => name),
    declared,
  );
  if (stopped) await runner.run(`SYSTEM START MERGES ${qualifiedName(table)}`);
}

/** Gives settings the values that the table's definition has, or the server's defaults. */
export async function restoreSettings(
  runner: Runner,
  table: QualifiedName,
  names: readonly string[],
  declared: readonly SettingSpec[],
): Promise<void> {
  const alter = `ALTER TABLE ${qualifiedName(table)}`;
  const own = declared.filter(({ name }) => names.includes(name));
  const reset = names.filter((name) => !own.some((setting) => setting.name === name));
  if (reset.length > 0) await runner.run(`${alter} RESET SETTING ${reset.join(", ")}`);
  if (own.length > 0)
    await runner.run(`${alter} MODIFY SETTING ${own.map((s) => `${s.name} = ${s.value}`).join(", ")}`);
}
