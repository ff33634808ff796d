import type { Connection } from "../../connection/connection";
import { type Problem, SchemaError } from "../../errors";
import { partsOf } from "../../operation/parts";
import { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { parseView } from "./context";
import { type BackfillRequest, preflight } from "./preflight";
import { sliced } from "./slices";
import { refuseNeed, spaceOf } from "./space";

/** A source that a backfill would read. */
export interface SourcePreview {
  /** The view and its source, quoted and qualified. */
  readonly view: string;
  readonly source: string;
  readonly rows: number;
  /** Size on disk. */
  readonly bytes: number;
  /** Number of statements that read it, one after the other. */
  readonly chunks: number;
}

/** What a backfill would cost, as things are now. */
export interface BackfillPreview {
  readonly sources: readonly SourcePreview[];
  /** Bytes of the result before compression: estimated from a few rows. */
  readonly needed: number;
  /** Bytes of free space for it; undefined where the server reports no disks for the target's policy. */
  readonly free: number | undefined;
  /** Whether inserts will be refused for a moment, at most 4 s at a time: once for a new view, twice for an existing one. */
  readonly gated: boolean;
  /** Why it would not start; empty when it would. */
  readonly refusals: readonly Problem[];
}

/**
 * Reports what a backfill would cost, or why it would be refused. Read-only: system tables, and a few rows of each source. Whether the
 * sources still cover everything in the target is checked only by a run, before anything is replaced.
 */
export async function previewBackfill(connection: Connection, wanted: BackfillRequest): Promise<BackfillPreview> {
  const runner = new Runner(connection, "preview");
  try {
    const { plan, sources, target } = await preflight(runner, {
      ...wanted,
      preview: true,
      // Reported below, with the sizes.
      options: { ...wanted.options, spaceFactor: 0 },
    });
    const specs = plan.views.map(({ statement }) => parseView(statement));
    const { needed, sizes, space } = await spaceOf(runner, { specs, tables: sources, target, views: plan.views });
    const kept = plan.mode === "refill" && plan.since !== undefined ? space.bytes : 0;
    const found: SourcePreview[] = [];
    for (const [index, source] of sources.entries()) {
      const [spec, size] = [specs[index], sizes[index]];
      if (spec === undefined || size === undefined) continue;
      const chunks = sliced(await partsOf(runner, source), plan.limits.chunk).length;
      found.push({
        ...{ view: qualifiedName(spec), source: qualifiedName(source), chunks },
        ...{ rows: size.rows, bytes: size.bytes },
      });
    }
    const total = needed + kept;
    refuseNeed(target, space, total, wanted.options.spaceFactor);
    const gated = plan.views.every(({ byTime }) => byTime === undefined);
    return { sources: found, needed: total, free: space.free, gated, refusals: [] };
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    return { sources: [], needed: 0, free: undefined, gated: false, refusals: error.problems };
  }
}
