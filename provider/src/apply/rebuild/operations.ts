import { readTable, uuidOf } from "../../clickhouse/catalog";
import type { Connection } from "../../connection/connection";
import { ForwardOnly } from "../../operation/errors";
import { resumeMerges } from "../../operation/fence";
import { allowInserts } from "../../operation/gate";
import { Journal, readJournals } from "../../operation/journal";
import { attachLeftover } from "../../operation/open-readers";
import { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { Context, type Plan, parseTable } from "./context";
import type { Chunk } from "./coverage";
import type { Operation, RebuildHooks, RebuildStep } from "./options";
import { dropHelpers } from "./put-aside";

/** The unfinished rebuilds in a database: they can be resumed or, before the exchange, aborted. */
export async function resumable(connection: Connection, database: string): Promise<Operation[]> {
  const found: Operation[] = [];
  for (const { operation, plan, lines } of unfinished(await readJournals(connection, database))) {
    found.push(await describe(connection, operation, plan, lines));
  }
  return found;
}

/** An unfinished rebuild, according to its journal. */
export interface Unfinished {
  readonly operation: string;
  /** Table that it rebuilds, quoted and qualified. */
  readonly table: string;
  readonly plan: Plan;
  readonly lines: ReadonlyMap<string, unknown>;
}

/** The unfinished rebuilds among the operations of a database. */
function unfinished(journals: ReadonlyMap<string, ReadonlyMap<string, unknown>>): Unfinished[] {
  return [...journals].flatMap(([operation, lines]) => {
    const plan = lines.get("plan") as Plan | undefined;
    if (plan?.kind !== "rebuild" || lines.has("done") || lines.has("aborted")) return [];
    return [{ operation, table: qualifiedName(parseTable(plan.to)), plan, lines }];
  });
}

/**
 * Returns to the old table: drops the copy and lets merges run again. The table itself was not changed.
 *
 * @throws {SchemaError} after the exchange, when it can only be resumed.
 */
export async function abortRebuild(
  connection: Connection,
  operation: { readonly database: string; readonly operation: string },
  hooks: RebuildHooks = {},
): Promise<void> {
  const runner = new Runner(connection, operation.operation, hooks);
  const journal = await Journal.ofOperation(runner, operation.database);
  const context = new Context(runner, journal, hooks);
  const { from, names } = context;
  if (journal.has("aborted")) return;
  await runner.endLeftovers();
  await journal.take();
  if (journal.has("done") || (journal.has("new") && (await context.isSwapped()))) {
    throw new ForwardOnly(
      `${qualifiedName(names.table)}: operation ${operation.operation} has exchanged the tables, and clients write to the new one, so it cannot be rolled back. ` +
        "Resume it. To go back, rebuild the table to its old definition afterwards.",
    );
  }
  await journal.set("aborting", true);
  const gate = journal.get<QualifiedName[]>("gate") ?? [];
  await allowInserts(
    runner,
    gate.filter(({ name }) => name !== names.shadow.name),
  );
  await resumeMerges(runner, names.table, from.storage.settings, true);
  await dropHelpers(context);
  if (!journal.has("new")) await attachLeftover(runner, names.shadow);
  await context.drop(names.shadow);
  await journal.set("aborted", true);
}

/**
 * Aborts a rebuild that has failed permanently. If it can only be resumed, merges are still allowed again once the last rows are attached;
 * otherwise parts would accumulate until inserts are refused.
 *
 * @throws {ForwardOnly} after the exchange.
 */
export async function undoRebuild({ journal, names, runner, to }: Context): Promise<void> {
  const { connection, operation } = runner;
  try {
    await abortRebuild(connection, { database: to.database, operation });
  } catch (error) {
    if (error instanceof ForwardOnly && journal.has("attached")) {
      await journal.set("unfenced", true);
      await resumeMerges(runner, names.table, to.storage.settings, true);
    }
    throw error;
  }
}

async function describe(
  connection: Connection,
  operation: string,
  plan: Plan,
  lines: ReadonlyMap<string, unknown>,
): Promise<Operation> {
  const table = parseTable(plan.to);
  const runner = new Runner(connection, operation);
  const swapped = lines.has("new") && (await uuidOf(runner, table)) === lines.get("new");
  const chunks = [...lines].flatMap(([key, line]) =>
    key.startsWith("chunk:") && line !== null ? [line as Chunk] : [],
  );
  const total = (await readTable(runner, table))?.rows ?? 0;
  return {
    operation,
    database: table.database,
    table: qualifiedName(table),
    step: stepOf(lines, swapped),
    rows: chunks.reduce((sum, chunk) => sum + chunk.rows, 0),
    total: Number(total),
    startedAt: plan.startedAt,
    canAbort: !swapped,
    aborting: lines.has("aborting"),
  };
}

function stepOf(lines: ReadonlyMap<string, unknown>, swapped: boolean): RebuildStep {
  if (!swapped) return lines.get("fenced") ? "catch-up" : lines.has("new") ? "copy" : "prepare";
  if (lines.has("verified")) return "retire";
  if (lines.has("attached")) return "verify";
  return lines.has("drained") ? "delta" : "barrier";
}
