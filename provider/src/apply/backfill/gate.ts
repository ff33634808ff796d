import { passesOn, takesConstraints } from "../../clickhouse/engines";
import { SchemaError } from "../../errors";
import type { Gate } from "../../operation/gate";
import { insertGraphAround, type UpstreamTable } from "../../operation/insert-graph";
import { withInsertsBlocked as behind, openGates } from "../../operation/inserts-blocked";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { objectKey } from "../../sql/object-key";
import type { QualifiedName } from "../../sql/spec";
import type { BackfillContext } from "./context";

export { hasTime } from "../../operation/inserts-blocked";

/**
 * Runs work while no rows are on their way to some tables; see the function of the same name in `operation/`.
 *
 * @param tables that must receive no rows; the tables that feed them are closed first.
 */
export function behindGate(
  context: BackfillContext,
  tables: readonly QualifiedName[],
  work: (gate: Gate) => Promise<boolean>,
): Promise<void> {
  return behind(context, {
    label: qualifiedName(context.names.target),
    why: { needs: "a backfill", meanwhile: "the next run resumes it" },
    tables: () => gateTables(context.runner, tables, context.plan.allow),
    work,
  });
}

/** Opens everything that an earlier run left closed. After the exchange, the target's gate is on the old table. */
export function openGate(context: BackfillContext): Promise<void> {
  return openGates(context, [context.names.fresh]);
}

/**
 * The tables that feed some tables, entry tables first, including the tables themselves.
 *
 * @throws {SchemaError} when a feeding table cannot refuse inserts, unless `unproven` is allowed.
 */
export async function gateTables(
  runner: Runner,
  tables: readonly QualifiedName[],
  allow: readonly string[],
): Promise<QualifiedName[]> {
  const found = new Map<string, UpstreamTable>();
  for (const table of tables) {
    for (const feeder of (await insertGraphAround(runner, table)).feeders) {
      const key = objectKey(feeder.database, feeder.name);
      // A feeder found earlier is preceded by its own feeders, so the order remains right.
      if (!found.has(key)) found.set(key, feeder);
    }
  }
  const own = new Set(tables.map(({ database, name }) => objectKey(database, name)));
  const closed: QualifiedName[] = [];
  for (const [key, { database, name, engine, views }] of found) {
    if (own.has(key) || takesConstraints(engine)) closed.push({ database, name });
    else if (!allow.includes("unproven") && !(passesOn(engine) && views.length <= 1)) {
      throw new SchemaError(
        "inserts-not-refusable",
        `${qualifiedName({ database, name })} (${engine}, read by ${views.length} view(s)) passes rows on, and inserts into it cannot be refused, so that a row ` +
          'could be missed or counted twice at the cut. Stop its writers for the time of the backfill, and write allow: ["unproven"].',
      );
    }
  }
  return closed;
}
