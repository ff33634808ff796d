import { askRows } from "../apply/ask-rows";
import type { Plan } from "../plan";
import type { Context } from "./context";
import { tableOf } from "./standing";

/** How long the rows may take to answer at preview, in seconds; `up` waits for them. */
const AT_PREVIEW = 30;
/** At `up`, below the longest wait of a connection. */
const AT_UP = 280;

/**
 * What the rows of the object say of its plan.
 *
 * @param key of the object as it is called now.
 * @param runs whether the plan runs next; a preview waits less and leaves open what takes longer.
 */
export function ask(context: Context, plan: Plan, key: string, urn: string | undefined, runs: boolean): Promise<Plan> {
  const table = tableOf(key);
  if (table === undefined) return Promise.resolve(plan);
  const tell = (message: string): void => void context.log.status(urn, message);
  const limits = runs ? { seconds: AT_UP } : { seconds: AT_PREVIEW, leaveOpen: true };
  return askRows(() => context.connection(), table, plan, { ...limits, tell });
}
