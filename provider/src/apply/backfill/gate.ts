import { passesOn, takesConstraints } from "../../clickhouse/engines";
import { SchemaError } from "../../errors";
import { behindGate as behind, openGates } from "../../operation/behind-gate";
import { type Feeder, viewsAround } from "../../operation/feeders";
import type { Gate } from "../../operation/gate";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { objectKey } from "../../sql/object-key";
import type { QualifiedName } from "../../sql/spec";
import type { Context } from "./context";

export { hasTime } from "../../operation/behind-gate";

/**
 * Does something while nothing is on its way to some tables; see the protocol's own.
 *
 * @param tables what nothing is to reach; what feeds them is closed before them.
 */
export function behindGate(
  context: Context,
  tables: readonly QualifiedName[],
  work: (gate: Gate) => Promise<boolean>,
): Promise<void> {
  return behind(context, {
    label: qualifiedName(context.names.target),
    why: { needs: "a backfill", meanwhile: "it goes on where it is" },
    tables: () => gateTables(context.runner, tables, context.plan.allow),
    work,
  });
}

/** Opens whatever an earlier run has left closed. After the exchange the target's gate is at the old table. */
export function openGate(context: Context): Promise<void> {
  return openGates(context, [context.names.fresh]);
}

/**
 * What feeds some tables, entry tables first, with the tables themselves.
 *
 * @throws {SchemaError} when rows come from where inserts cannot be refused, unless `unproven` is allowed.
 */
export async function gateTables(
  runner: Runner,
  tables: readonly QualifiedName[],
  allow: readonly string[],
): Promise<QualifiedName[]> {
  const found = new Map<string, Feeder>();
  for (const table of tables) {
    for (const feeder of (await viewsAround(runner, table)).feeders) {
      const key = objectKey(feeder.database, feeder.name);
      // What was found before has its own feeders before it, so the order stays right.
      if (!found.has(key)) found.set(key, feeder);
    }
  }
  const own = new Set(tables.map(({ database, name }) => objectKey(database, name)));
  const closed: QualifiedName[] = [];
  for (const [key, { database, name, engine, views }] of found) {
    if (own.has(key) || takesConstraints(engine)) closed.push({ database, name });
    else if (!allow.includes("unproven") && !(passesOn(engine) && views.length <= 1)) {
      throw new SchemaError(
        `${qualifiedName({ database, name })} (${engine}, read by ${views.length} view(s)) passes rows on, and inserts into it cannot be refused, so that a row ` +
          'could be missed or counted twice at the cut. Stop its writers for the time of the backfill, and write allow: ["unproven"].',
      );
    }
  }
  return closed;
}
