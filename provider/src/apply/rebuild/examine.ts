import { uuidOf } from "../../clickhouse/catalog";
import { SchemaError } from "../../errors";
import { refuseUnguardable } from "../../operation/guard";
import { insertGraphAround } from "../../operation/insert-graph";
import { Problems } from "../../operation/problems";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { parseTable } from "./context";
import type { RebuildOptions } from "./options";
import { isGated, refuseLive, refuseOthers, refuseRebuildRights, refuseSpecs, refuseViews } from "./refusals";
import { refuseSpace, type Space, spaceFor } from "./space";

/** What is to be rebuilt. */
export type RebuildRequest = Pick<RebuildOptions, "from" | "to" | "mode" | "renamed" | "allow" | "spaceFactor">;

/** What a rebuild would cost, as things are now. */
export interface Examined {
  readonly problems: Problems;
  /** Undefined when there is no such table. */
  readonly space: Space | undefined;
  readonly gated: boolean;
}

/** Checks everything before anything is changed, for a run and for its preview. Read-only. */
export async function examineRebuild(runner: Runner, request: RebuildRequest): Promise<Examined> {
  const { allow = [], mode = "online", renamed = {}, spaceFactor } = request;
  const [from, to] = [parseTable(request.from), parseTable(request.to)];
  const problems = new Problems();
  await problems.of(() => refuseSpecs(from, to, allow, renamed));
  if ((await uuidOf(runner, from)) === undefined) {
    await problems.of(() => {
      throw new SchemaError("object-missing", `${qualifiedName(from)}: does not exist, so it cannot be rebuilt.`);
    });
    return { problems, space: undefined, gated: false };
  }
  const [views, space] = await Promise.all([insertGraphAround(runner, from), spaceFor(runner, to)]);
  const gated = isGated(from, to, views, mode);
  await problems.of(() => refuseOthers(runner, to));
  await problems.of(() => refuseLive(runner, from, allow));
  await problems.of(() => refuseViews(runner, from, views, gated, allow));
  await problems.of(() => refuseSpace(to, space, spaceFactor));
  await problems.of(() => refuseRebuildRights(runner, from, to, views, gated));
  await problems.of(() => refuseUnguardable(runner, [from]));
  return { problems, space, gated };
}
