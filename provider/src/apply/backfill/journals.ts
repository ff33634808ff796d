import type { Connection } from "../../connection/connection";
import { databasesWithJournal, readJournals } from "../../operation/journal";
import { qualifiedName } from "../../sql/identifiers";
import { parseTable } from "../rebuild/context";
import type { BackfillPlan } from "./context";

/** An unfinished backfill, according to its journal. */
export interface UnfinishedBackfill {
  readonly operation: string;
  readonly database: string;
  /** Quoted and qualified. */
  readonly target: string;
  readonly plan: BackfillPlan;
  readonly lines: ReadonlyMap<string, unknown>;
  readonly aborting: boolean;
}

/** The unfinished backfills in one database or on the whole server; oldest first. */
export async function findUnfinished(connection: Connection, database?: string): Promise<UnfinishedBackfill[]> {
  const found: UnfinishedBackfill[] = [];
  for (const of of await databasesWithJournal(connection)) {
    if (database !== undefined && of !== database) continue;
    for (const [operation, lines] of await readJournals(connection, of)) {
      const plan = lines.get("plan") as BackfillPlan | undefined;
      if (plan?.kind !== "backfill" || lines.has("done") || lines.has("aborted")) continue;
      const target = qualifiedName(parseTable(plan.to));
      found.push({ operation, database: of, target, plan, lines, aborting: lines.has("aborting") });
    }
  }
  return found.sort((a, b) => a.plan.startedAt - b.plan.startedAt);
}
