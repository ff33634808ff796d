import { removeRetired, retiredTables } from "../apply/rebuild";
import type { Connection } from "../connection/connection";
import { messageOf } from "../errors";
import type { ShownStep } from "../plan";
import type { Context } from "./context";
import { keyOfStored, tableOf } from "./current-state";
import type { Inputs, Outs } from "./state";
import type { UpdateRequest } from "./update";

/** What of the old tables stays, as an input, and which of them this run drops. */
export interface Retirement extends Pick<Inputs, "retired"> {
  readonly steps: readonly ShownStep[];
}

/**
 * What happens to the old tables that rebuilds of this object left behind: this run drops those whose time is over, and the plan says
 * so; others stay.
 */
export async function retirement(
  context: Context,
  urn: string | undefined,
  stored: Partial<Outs>,
): Promise<Retirement> {
  const { retired } = stored;
  const table = tableOf(keyOfStored(stored));
  if (retired === undefined || table === undefined) return { steps: [] };
  const live = await context.reachableLive(urn, keyOfStored(stored));
  if (live === undefined) return { retired, steps: [] };
  try {
    const connection = await context.connection();
    const old = (await retiredTables(connection, table.database)).filter(({ of }) => of === live.key);
    if (old.length === 0) return { steps: [] };
    const due = old.filter(({ isDue }) => isDue);
    const steps = due.map(({ name, keepUntil }): ShownStep => {
      const when = new Date(keepUntil * 1000).toISOString();
      const message = `the table as it was before its rebuild, which was to be kept until ${when}`;
      return { sql: `DROP TABLE ${name};`, hazards: [{ kind: "metadata-only", message }] };
    });
    return { ...(due.length < old.length && { retired }), steps };
  } catch (error) {
    await context.warnOnce(urn, `Could not look for old tables of rebuilds: ${messageOf(error)}`);
    return { retired, steps: [] };
  }
}

/** Drops the old tables whose time is over, if the plan says so. */
export async function dropRetired(
  context: Context,
  connection: Connection,
  { stored, declared }: Pick<UpdateRequest, "stored" | "declared">,
  urn: string | undefined,
): Promise<void> {
  const key = keyOfStored(stored);
  const table = tableOf(key);
  if (stored.retired === undefined || declared.plan === undefined || table === undefined) return;
  for (const name of await removeRetired(connection, table.database, undefined, key)) {
    await context.log.info(urn, `dropped ${name}, the table as it was before its rebuild.`);
  }
}
