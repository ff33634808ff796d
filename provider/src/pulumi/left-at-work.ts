import { unfinished } from "../apply/mutations";
import { remark, type ShownStep } from "../plan";
import type { Context } from "./context";
import { tableOf } from "./current-state";
import type { Planned } from "./planning";

/** What an earlier run started on the object and the server has not finished, for the plan. */
export async function leftAtWork(context: Context, { live }: Planned, sensitive: boolean): Promise<ShownStep[]> {
  const table = live === undefined ? undefined : tableOf(live.key);
  if (table === undefined) return [];
  const mutations = await unfinished(await context.connection(), table);
  return mutations.map(({ command, reason }) => {
    const what = sensitive ? "a statement (secret)" : command.replace(/\s+/g, " ");
    const why = reason === "" || sensitive ? "" : `; it fails: ${reason.replace(/\s+/g, " ")}`;
    return remark(`-- waits for ${what}, which an earlier run began and the server has not finished${why}`);
  });
}
