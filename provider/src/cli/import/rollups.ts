import type { ScratchEngine } from "../../canonical/scratch-engine";
import { ConnectionError, ServerError } from "../../connection/errors";
import type { Change } from "../../diff";
import { diffAsWritten } from "../../drift/as-written";
import { SchemaError } from "../../errors";
import { type FoundRollup, type FoundRollups, type Part, partsOf } from "../../generate";
import { nameOfChange } from "../../generate/declared";
import { Definition } from "../../sql/definition";
import { keyOf } from "../../sql/object-key";

/**
 * Has the engine create every rollup that was found, and keeps those that equal the objects on the server. If only the levels or read
 * views of a rollup differ, the rest stays. Costs one statement on the embedded engine for each part, and one for each source.
 */
export async function confirmRollups(
  scratch: ScratchEngine,
  { rollups, refused }: FoundRollups,
): Promise<FoundRollups> {
  const confirmed: FoundRollup[] = [];
  const others = new Map(refused);
  for (const found of rollups) {
    const outcome = await confirm(scratch, found).catch(unavailable);
    if (typeof outcome === "string") others.set(keyOf(found.base.target), outcome);
    else confirmed.push(outcome);
  }
  return { rollups: confirmed, refused: others };
}

/** Without an engine nothing is confirmed. */
function unavailable(error: unknown): string {
  if (!(error instanceof ConnectionError)) throw error;
  return `nothing could be compared: ${error.message}`;
}

/** The rollup as far as the engine creates the same objects, or why it creates none. */
async function confirm(scratch: ScratchEngine, found: FoundRollup): Promise<FoundRollup | string> {
  let [levels, hasReads] = [found.levels.length, true];
  for (const part of partsOf(found)) {
    if (part.level > levels) continue;
    const difference = await differenceMade(scratch, part);
    if (difference === undefined) continue;
    if (part.live.kind === "view") hasReads = false;
    else if (part.level > 0) levels = part.level - 1;
    else return difference;
  }
  const kept = found.levels.slice(0, levels);
  if (hasReads) return { ...found, levels: kept };
  const { base } = found;
  return { base, measures: base.fills[0].measures, levels: kept.map(({ read: _, ...level }) => level) };
}

/** What the engine creates differently from the server's objects, in a few words. */
async function differenceMade(scratch: ScratchEngine, { key, live, declared }: Part): Promise<string | undefined> {
  try {
    const { definition } = await scratch.canonicalize(declared);
    const [change] = diffAsWritten(live, definition.spec);
    // What reads it is created on top of the existing object.
    scratch.declare(key, change === undefined ? definition : Definition.of(live));
    return change && describeChange(change, live.name);
  } catch (error) {
    if (error instanceof ConnectionError) throw error;
    if (!(error instanceof ServerError || error instanceof SchemaError)) throw error;
    return `\`${live.name}\` is refused: ${error.message.split("\n", 1)[0]}`;
  }
}

function describeChange(change: Change, name: string): string {
  if (change.kind === "column-retyped")
    return `\`${name}\`.\`${change.name}\` is ${change.from}, where a rollup has ${change.to}`;
  return `${nameOfChange(change)} in \`${name}\` is not what a rollup has there`;
}
