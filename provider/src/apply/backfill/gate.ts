import type { Gate } from "../../operation/gate";
import { withInsertsBlocked as behind, openGates } from "../../operation/inserts-blocked";
import type { Runner } from "../../operation/runner";
import { closable, except, notRefusable, refusesWhole, upstreamOf } from "../../operation/upstream";
import { qualifiedName } from "../../sql/identifiers";
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
  const upstream = await upstreamOf(runner, tables);
  for (const feeder of except(upstream, ...tables)) {
    if (refusesWhole(feeder) || allow.includes("unproven")) continue;
    throw notRefusable(
      tables.map(qualifiedName).join(", "),
      feeder,
      "a row could be missed or counted twice at the cut",
    );
  }
  const open = new Set(except(upstream, ...tables, ...closable(upstream)));
  return upstream.filter((table) => !open.has(table)).map(({ database, name }) => ({ database, name }));
}
