import type { Connection } from "../../connection/connection";
import type { Problem } from "../../errors";
import { unseenRestrictions } from "../../operation/guard";
import { Runner } from "../../operation/runner";
import { examineOnCluster, LONGEST_GATE } from "../cluster-rebuild/rebuild";
import { parseTable } from "./context";
import { examineRebuild, type RebuildRequest } from "./examine";

/** Input of a preview. */
export interface PreviewOptions extends RebuildRequest {
  /** Operations that will have ended before the rebuild begins. */
  readonly ending?: ReadonlySet<string>;
}

/** What a rebuild would cost, as things are now. */
export interface RebuildPreview {
  /** Rows to copy. */
  readonly rows: number;
  /** Bytes to copy, as stored on disk. */
  readonly bytes: number;
  /** Bytes of free space for the copy; undefined where the server reports no disks for the new table's policy. */
  readonly free: number | undefined;
  /** Whether inserts will be refused for a moment, because views read the table or the order of rows matters; on a cluster, always. */
  readonly gated: boolean;
  /** Longest time that they are refused in one go, in seconds. */
  readonly longest: number;
  /** What this user may not see; undefined if nothing. */
  readonly unseen: string | undefined;
  /** Why `rebuildTable` would not start; empty when it would. */
  readonly refusals: readonly Problem[];
}

/**
 * Reports what a rebuild would cost and why it would be refused, before anything is changed. Only reads system tables and the journal, with
 * about ten queries. Whether the server behaves as a rebuild requires is tested only by a run, once per server version.
 */
export async function previewRebuild(connection: Connection, options: PreviewOptions): Promise<RebuildPreview> {
  const runner = new Runner(connection, "preview", options);
  const examine = connection.cluster === undefined ? examineRebuild : examineOnCluster;
  const { gated, problems, space } = await examine(runner, options);
  const refusals = problems.found;
  const longest = connection.cluster === undefined ? 4 : LONGEST_GATE / 1000;
  if (space === undefined) return { rows: 0, bytes: 0, free: undefined, gated, longest, unseen: undefined, refusals };
  const unseen = await unseenRestrictions(runner, [parseTable(options.from)]);
  return { rows: space.rows, bytes: space.bytes, free: space.free, gated, longest, unseen, refusals };
}
