import { uuidOf } from "../../clickhouse/catalog";
import type { Connection } from "../../connection/connection";
import { type Problem, SchemaError } from "../../errors";
import { refuseUnguardable, unseenRestrictions } from "../../operation/guard";
import { insertGraphAround } from "../../operation/insert-graph";
import { Runner } from "../../operation/runner";
import { parseTable } from "./context";
import type { RebuildOptions } from "./options";
import {
  isGated,
  refuseLive,
  refuseMissing,
  refuseOthers,
  refuseRebuildRights,
  refuseSpecs,
  refuseViews,
} from "./refusals";
import { refuseSpace, spaceFor } from "./space";

/** Input of a preview: {@link RebuildOptions} without the options that only a run needs. */
export interface PreviewOptions
  extends Pick<RebuildOptions, "from" | "to" | "mode" | "renamed" | "allow" | "spaceFactor"> {
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
  /** Whether inserts will be refused for a moment (at most 4 s at a time), because views read the table or the order of rows matters. */
  readonly gated: boolean;
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
  const { allow = [], mode = "online", renamed = {}, spaceFactor } = options;
  const [from, to] = [parseTable(options.from), parseTable(options.to)];
  const runner = new Runner(connection, "preview", options);
  const refusals: Problem[] = [];
  const collect = async (check: () => void | Promise<void>): Promise<void> => {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      refusals.push(...error.problems);
    }
  };
  await collect(() => refuseSpecs(from, to, allow, renamed));
  const uuid = await uuidOf(runner, from);
  if (uuid === undefined) {
    await collect(() => refuseMissing(from, uuid));
    return { rows: 0, bytes: 0, free: undefined, gated: false, unseen: undefined, refusals };
  }
  const [views, space] = await Promise.all([insertGraphAround(runner, from), spaceFor(runner, to)]);
  const gated = isGated(from, to, views, mode);
  await collect(() => refuseOthers(runner, to));
  await collect(() => refuseLive(runner, from, allow));
  await collect(() => refuseViews(runner, from, views, gated, allow));
  await collect(() => refuseSpace(to, space, spaceFactor));
  await collect(() => refuseRebuildRights(runner, from, to, views, gated));
  await collect(() => refuseUnguardable(runner, [from]));
  const unseen = await unseenRestrictions(runner, [from]);
  return { rows: space.rows, bytes: space.bytes, free: space.free, gated, unseen, refusals };
}
