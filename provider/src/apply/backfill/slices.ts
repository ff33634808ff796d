import { createHash } from "node:crypto";
import { SchemaError } from "../../errors";
import { inParts, type Part, partsOf } from "../../operation/parts";
import { qualifiedName, quoteString } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import type { BackfillContext } from "./context";
import { DEFAULT_CHUNK } from "./options";

/** Part of a snapshot's rows. */
export interface Slice {
  readonly rows: number;
  /** Condition that selects them. */
  readonly where: string;
}

/** Approximate number of chunks of one source; a large source has larger chunks, not more. */
const CHUNKS = 250;
/** Most parts in one chunk; their names go into one statement. */
const CHUNK_PARTS = 1000;
/** A part is split where the engine's index granules usually end. */
const GRANULE = 8192;

/** Divides rows into chunks: small parts together, a large part by ranges of rows. Deterministic for the same parts. */
export function sliced(parts: readonly Part[], chunk: number | undefined): Slice[] {
  const total = parts.reduce((sum, part) => sum + part.rows, 0);
  const limit = chunk ?? Math.max(DEFAULT_CHUNK, Math.ceil(total / CHUNKS));
  const slices: Slice[] = [];
  let group: Part[] = [];
  let rows = 0;
  const close = (): void => {
    if (group.length > 0) slices.push({ rows, where: inParts(group) });
    [group, rows] = [[], 0];
  };
  for (const part of parts) {
    if (rows + part.rows > limit || group.length >= CHUNK_PARTS) close();
    if (part.rows > limit * 1.5) slices.push(...ranges(part, limit));
    else {
      group.push(part);
      rows += part.rows;
    }
  }
  close();
  return slices;
}

function ranges({ name, rows }: Part, limit: number): Slice[] {
  const count = Math.ceil(rows / limit);
  const even = Math.ceil(rows / count);
  // For small chunks, granule boundaries do not matter.
  const step = even > 4 * GRANULE ? Math.ceil(even / GRANULE) * GRANULE : even;
  const slices: Slice[] = [];
  for (let from = 0; from < rows; from += step) {
    const to = Math.min(rows, from + step);
    const where = `_part = ${quoteString(name)} AND _part_offset >= ${from} AND _part_offset < ${to}`;
    slices.push({ rows: to - from, where });
  }
  return slices;
}

/**
 * The parts of a snapshot.
 *
 * @throws {SchemaError} when they have changed since the first call.
 */
export async function frozenParts({ journal, runner }: BackfillContext, snapshot: QualifiedName): Promise<Part[]> {
  const parts = await partsOf(runner, snapshot);
  const names = parts.map(({ name, rows }) => `${name} ${rows}`).join("\n");
  const digest = createHash("sha256").update(names).digest("hex");
  const key = `parts:${snapshot.name}`;
  if (!journal.has(key)) await journal.set(key, digest);
  else if (journal.get(key) !== digest) {
    throw new SchemaError(
      "changed-meanwhile",
      `${qualifiedName(snapshot)}: its parts have changed; did somebody run OPTIMIZE, DELETE or DROP PARTITION on it? What was computed from it cannot be ` +
        `trusted. Abort operation ${runner.operation} and start again.`,
    );
  }
  return parts;
}
