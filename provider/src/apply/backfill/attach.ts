import { SchemaError } from "../../errors";
import { attachAll } from "../../operation/attach";
import { pauseMerges, resumeMerges } from "../../operation/fence";
import { cover } from "../../operation/guard";
import { baselineOf, countParts, missingParts, takePart } from "../../operation/part-counts";
import { type Part, partsOf } from "../../operation/parts";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { digestOf } from "../rebuild/build";
import type { BackfillContext } from "./context";
import { stageStatement } from "./definitions";
import { keepExpired } from "./helpers";

/** Most parts to attach to one partition of the target at once; if there are more, they are merged first. */
const MOST_PARTS = 60;

/**
 * Attaches each part of the stage to the target exactly once, while the target takes new rows. They have a mark codec of their own, so only
 * a part that was attached earlier has an equal hash; merges of the target wait until everything is recorded.
 */
export async function attach(context: BackfillContext): Promise<void> {
  const { destination, journal, layout, names, runner } = context;
  if (!journal.has("attached")) {
    await keepExpired(context);
    if (!journal.has("merged")) {
      await mergeMany(context);
      await journal.set("merged", digestOf(await partsOf(runner, names.stage)));
    }
    const parts = await partsOf(runner, names.stage);
    if (digestOf(parts) !== journal.need("merged")) throw changed(context);
    await pauseMerges(runner, destination);
    if (!journal.has("baseline")) {
      await journal.set("baseline", baselineOf(parts, await partsOf(runner, destination)));
    }
    await journal.assertOwner();
    await attachMissing(context, parts);
    // Before the fence is lowered: merges change the hashes that identify an attached part.
    await journal.set(
      "attached",
      parts.reduce((sum, part) => sum + part.rows, 0),
    );
  }
  await resumeMerges(runner, destination, layout.storage.settings, true);
}

function changed({ names, runner }: BackfillContext): SchemaError {
  return new SchemaError(
    "changed-meanwhile",
    `${qualifiedName(names.stage)}: its parts have changed; did somebody run OPTIMIZE on it, or did rows expire at a restart? How much of it is already in ` +
      `${qualifiedName(names.target)} is unknown. Abort operation ${runner.operation}; if that is refused, drop the view, and recompute the target.`,
  );
}

/** Many small parts at once would slow down the target's writers. */
async function mergeMany({ names, runner }: BackfillContext): Promise<void> {
  const counts = new Map<string, number>();
  for (const { partition } of await partsOf(runner, names.stage)) {
    counts.set(partition, (counts.get(partition) ?? 0) + 1);
  }
  for (const [partition, count] of counts) {
    if (count <= MOST_PARTS) continue;
    await runner.runLong(
      `OPTIMIZE TABLE ${qualifiedName(names.stage)} PARTITION ID ${quoteString(partition)} FINAL SETTINGS optimize_throw_if_noop = 0`,
    );
  }
}

/** A killed server may have attached only some of the parts, even within one partition; this attaches the others. */
async function attachMissing(context: BackfillContext, parts: readonly Part[]): Promise<void> {
  const { destination, journal, names, runner } = context;
  const baseline = journal.need<Record<string, number>>("baseline");
  const left = missingParts(parts, baseline, await partsOf(runner, destination));
  if (left.length === 0) return;
  if (left.length === parts.length) {
    return attachAll(runner, destination, names.stage);
  }
  for (const partition of new Set(left.map((part) => part.partition))) {
    const some = left.filter((part) => part.partition === partition);
    const whole = some.length === parts.filter((part) => part.partition === partition).length;
    const from = whole ? names.stage : await separate(context, partition, some);
    await runner.run(attachStatement(destination, partition, from));
  }
}

/** A table with only the remaining parts. */
async function separate(context: BackfillContext, partition: string, left: readonly Part[]): Promise<QualifiedName> {
  const { names, runner } = context;
  await context.drop(names.rest);
  await cover(runner, names.rest);
  await runner.run(stageStatement(context, names.rest));
  await runner.run(attachStatement(names.rest, partition, names.stage));
  const wanted = countParts(left);
  for (const part of await partsOf(runner, names.rest)) {
    if (takePart(wanted, part)) continue;
    await runner.run(`ALTER TABLE ${qualifiedName(names.rest)} DROP PART ${quoteString(part.name)}`);
  }
  return names.rest;
}

function attachStatement(to: QualifiedName, partition: string, from: QualifiedName): string {
  return `ALTER TABLE ${qualifiedName(to)} ATTACH PARTITION ID ${quoteString(partition)} FROM ${qualifiedName(from)}`;
}
