import { isTable, mergeTreeSettings } from "../../clickhouse/catalog";
import { Postponed } from "../../operation/errors";
import { resumeMerges } from "../../operation/fence";
import { pause } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import type { RebuildContext } from "./context";

/** Share of the engine's limits that may be used up behind the fence, where parts are not merged. */
const SHARE = 0.8;

/** How long the engine may take to merge what came behind a fence, in milliseconds, before the fence is raised again all the same. */
const MERGING = 60_000;
/** How many parts may be left then, as a share of the engine's limits. */
const MERGED = 0.2;

/** Thrown where the fence had to be lowered. */
export class TooManyParts extends Postponed {}

/** State in which the fence was raised: journal line `fenced`. */
export interface Fenced {
  /** Most parts in any partition at that moment. */
  readonly parts: number;
}

/** Most active parts that any partition of the table has. */
export async function mostParts({ names, runner }: RebuildContext): Promise<number> {
  const { most } = await runner.one<{ most: string }>(
    `SELECT toString(max(parts)) AS most FROM (SELECT count() AS parts FROM system.parts WHERE ${isTable(names.table, "table")} AND active GROUP BY partition_id)`,
  );
  return Number(most);
}

/**
 * Lowers the fence before the engine would delay or refuse inserts because of too many parts. Copied rows are kept; what has been merged by the
 * time that the fence is raised again is copied again.
 *
 * @throws {SchemaError} when the number of parts comes too close to a limit.
 */
export async function guardHeadroom(context: RebuildContext): Promise<void> {
  const { from, journal, names, runner } = context;
  const fenced = journal.get<Fenced | boolean | null>("fenced");
  if (!fenced) return;
  const parts = await mostParts(context);
  const [delay, refuse] = await limits(context);
  const before = fenced === true ? 0 : fenced.parts;
  // If a table had too many parts before the fence, the fence is not the cause.
  const allowed = Math.min(Math.max(delay * SHARE, before + delay * (1 - SHARE)), Math.max(refuse * SHARE, before));
  if (parts <= allowed) return;
  await resumeMerges(runner, names.table, from.storage.settings, true);
  await journal.set("fenced", null);
  await journal.set("passes", 0);
  throw new TooManyParts(
    `${qualifiedName(names.table)}: inserts made more parts (${parts} in a partition; the engine slows inserts from ${delay} on and refuses them from ${refuse} on) ` +
      "than could be copied while merges were stopped. Merges run again, nothing is lost, and the copy is kept. " +
      "Run again when fewer inserts come, or insert in larger batches; or abort the operation.",
  );
}

/** Waits until the engine has merged most of the parts that came behind the fence. */
export async function awaitMerges(context: RebuildContext): Promise<void> {
  const [delay, refuse] = await limits(context);
  const enough = Math.min(delay, refuse) * MERGED;
  for (const limit = Date.now() + MERGING; Date.now() < limit && (await mostParts(context)) > enough; )
    await pause(200);
}

/** `parts_to_delay_insert` and `parts_to_throw_insert`, as they apply to the table. */
async function limits({ from, runner }: RebuildContext): Promise<[delay: number, refuse: number]> {
  const names = ["parts_to_delay_insert", "parts_to_throw_insert"];
  const known = await mergeTreeSettings(runner, names);
  for (const { name, value } of from.storage.settings) if (known.has(name)) known.set(name, value);
  // 0 turns the limit off.
  const [delay, refuse] = names.map((name) => Number(known.get(name) ?? 0) || Number.MAX_SAFE_INTEGER);
  return [delay ?? Number.MAX_SAFE_INTEGER, refuse ?? Number.MAX_SAFE_INTEGER];
}
