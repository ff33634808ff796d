import type { Connection } from "../../connection/connection";
import { databasesWithJournal, readJournals } from "../../operation/journal";
import { basePlanOf, isOver, whyUnreadable } from "../../operation/lines";
import { qualifiedName } from "../../sql/identifiers";
import { parseTable } from "../rebuild/context";
import type { BackfillPlan } from "./context";
import { BACKFILL } from "./protocol";

/** An unfinished backfill, according to its journal. */
export interface UnfinishedBackfill {
  readonly operation: string;
  readonly database: string;
  /** Quoted and qualified. */
  readonly target: string;
  readonly plan: BackfillPlan;
  readonly aborting: boolean;
}

/** The unfinished backfills in one database or on the whole server; oldest first. */
export async function findUnfinished(connection: Connection, database?: string): Promise<UnfinishedBackfill[]> {
  const found: UnfinishedBackfill[] = [];
  for (const of of await databasesWithJournal(connection)) {
    if (database !== undefined && of !== database) continue;
    for (const [operation, lines] of await readJournals(connection, of)) {
      const plan = basePlanOf(lines);
      if (plan?.kind !== "backfill" || isOver(lines)) continue;
      // What another version started is found as a conflict by whoever works on its tables.
      if (whyUnreadable(BACKFILL, operation, lines) !== undefined) continue;
      found.push(unfinished(operation, of, plan as BackfillPlan, lines));
    }
  }
  return found.sort((a, b) => a.plan.startedAt - b.plan.startedAt);
}

function unfinished(
  operation: string,
  database: string,
  plan: BackfillPlan,
  lines: ReadonlyMap<string, unknown>,
): UnfinishedBackfill {
  return { operation, database, target: qualifiedName(parseTable(plan.to)), plan, aborting: lines.has("aborting") };
}
