import { createHash } from "node:crypto";
import { SchemaError } from "../../errors";
import { attachAll } from "../../operation/attach";
import { stopMerges } from "../../operation/fence";
import { type Part, partsOf } from "../../operation/parts";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import type { RebuildContext } from "./context";
import { chunksOf } from "./coverage";

/** The new storage as it was assembled: journal line `built`. */
export interface Built {
  /** Highest block number of each partition; rows that clients write after the exchange get higher ones. */
  readonly high: Readonly<Record<string, number>>;
  readonly digest: string;
}

/** Attaches chunks to the new storage, by hard links. Nobody else writes there yet, so after a crash it starts over. */
export async function buildShadow(context: RebuildContext, indexes?: readonly number[]): Promise<void> {
  const { names, runner } = context;
  const shadow = qualifiedName(names.shadow);
  const all = chunksOf(context).map(({ index }) => index);
  if (indexes === undefined) await runner.run(`TRUNCATE TABLE ${shadow} SETTINGS max_table_size_to_drop = 0`);
  const chunks = (indexes ?? all).map(names.chunk);
  await stopMerges(runner, ...chunks);
  for (const chunk of chunks) {
    await attachAll(runner, names.shadow, chunk);
  }
}

/**
 * Compares the new storage with the chunks, whose rows were compared with the old table's: both must have exactly the same parts, by the
 * hash of their files.
 */
export async function compareShadow(context: RebuildContext): Promise<Built> {
  const { names, runner } = context;
  const { database, name } = names.shadow;
  const tables = [name, ...chunksOf(context).map(({ index }) => names.chunk(index).name)].map(quoteString).join(", ");
  const { found } = await runner.one<{ found: string }>(
    `SELECT toString(count()) AS found FROM (SELECT hash_of_all_files FROM system.parts WHERE database = ${quoteString(database)} ` +
      `AND table IN (${tables}) AND active GROUP BY hash_of_all_files HAVING sum(if(table = ${quoteString(name)}, 1, -1)) != 0)`,
  );
  if (found !== "0") {
    throw new SchemaError(
      "changed-meanwhile",
      `${qualifiedName(names.shadow)}: ${found} part(s) differ from the copied ones; did somebody write to it, or run OPTIMIZE? ` +
        "No data was lost; run again, or abort the operation.",
    );
  }
  const parts = await partsOf(runner, names.shadow);
  const high: Record<string, number> = {};
  for (const part of parts) high[part.partition] = Math.max(high[part.partition] ?? 0, part.high);
  return { high, digest: digestOf(parts) };
}

/** Digest of the content of parts, regardless of their names. */
export function digestOf(parts: readonly Part[]): string {
  const lines = parts.map(({ partition, rows, hash }) => `${partition} ${rows} ${hash}`).sort();
  return createHash("sha256").update(lines.join("\n")).digest("hex");
}
