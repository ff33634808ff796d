import { askRows } from "../apply/ask-rows";
import type { Plan } from "../plan";
import type { Context } from "./context";
import { tableOf } from "./current-state";

/** Time limit of the queries on the rows at preview, in seconds; `up` waits for them. */
const AT_PREVIEW = 30;
/** Time limit at `up`, below the longest wait of a connection. */
const AT_UP = 280;

/**
 * Checks the plan against the object's rows.
 *
 * @param key of the object under its current name.
 * @param runs whether the plan runs next; a preview waits less, and leaves open what takes longer.
 */
export function ask(context: Context, plan: Plan, key: string, urn: string | undefined, runs: boolean): Promise<Plan> {
  const table = tableOf(key);
  if (table === undefined) return Promise.resolve(plan);
  const tell = (message: string): void => void context.log.status(urn, message);
  const limits = runs ? { seconds: AT_UP } : { seconds: AT_PREVIEW, leaveOpen: true };
  return askRows(() => context.connection(), table, plan, { ...limits, tell });
}
