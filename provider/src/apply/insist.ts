import { setTimeout as sleep } from "node:timers/promises";
import { isKeeperError } from "../connection/server-message";

/** What a replicated access storage keeps in Keeper. */
const IN_KEEPER = /^(?:GRANT|REVOKE|(?:CREATE|ALTER|DROP) (?:USER|ROLE|QUOTA|SETTINGS PROFILE|ROW POLICY))\b/;
/** Before each further try, in milliseconds. */
const PAUSES = [20, 50, 100, 200, 400, 800, 1600] as const;

/**
 * Runs a statement, on users, roles and the like again when Keeper refuses it (999): where replicas share them, two that change one at the same time
 * disturb each other, and the one that fails has done nothing. Other statements run once.
 */
export async function insisting(sql: string, run: () => Promise<unknown>): Promise<void> {
  for (const pause of IN_KEEPER.test(sql) ? PAUSES : []) {
    try {
      await run();
      return;
    } catch (error) {
      if (!isKeeperError(error)) throw error;
      await sleep(pause * (0.5 + Math.random()));
    }
  }
  await run();
}
