import { tablesNaming } from "../clickhouse/catalog";
import { qualifiedName, quoteIdentifier } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";
import { namesOf } from "./gate";
import { holdOf } from "./hold";
import { pause, type Runner } from "./runner";

/** A table that refuses inserts for an operation. */
interface Closed extends QualifiedName {
  /** When its gate opens by itself, in milliseconds by the server's clock. */
  readonly opens: number | undefined;
  /** Has a hold, which stays until it is dropped. */
  readonly held: boolean;
}

/**
 * Removes everything that refuses inserts for an operation, found by the definitions of tables: for callers that do not know what was
 * closed, or where an exchange has moved it. What opens by itself first is opened first, since that is downstream: as long as a table
 * is closed, what feeds it must be, or rows would be stored that do not reach it. So a gate that cannot be dropped is awaited, and behind
 * a hold that cannot be dropped everything stays closed.
 *
 * @returns the tables that stay closed permanently, in the order in which they must be opened.
 */
export async function letInsertsThrough(runner: Runner): Promise<QualifiedName[]> {
  // Without the server, nothing can be found or opened.
  const closed = await closedTables(runner).catch(() => []);
  for (const table of closed) {
    if (await isOpened(runner, table)) continue;
    if (table.held) break;
    await passed(runner, table.opens ?? 0).catch(() => undefined);
  }
  const left = closed.length === 0 ? [] : await closedTables(runner).catch(() => closed);
  return left.filter(({ held }) => held).map(({ database, name }) => ({ database, name }));
}

/** The statement that opens a table. */
export function openStatement(table: QualifiedName, { operation }: Pick<Runner, "operation">): string {
  return dropStatement(table, constraintsOf(operation));
}

function constraintsOf(operation: string): readonly string[] {
  return [holdOf(operation), ...namesOf({ operation })];
}

async function closedTables({ connection, operation }: Runner): Promise<Closed[]> {
  const found = await tablesNaming(connection, constraintsOf(operation));
  const gate = new RegExp(`(?:${namesOf({ operation }).join("|")})\\W+CHECK\\b.*?toInt64\\((\\d+)\\)`);
  const closed = found.map(({ database, name, statement }): Closed => {
    const opens = gate.exec(statement)?.[1];
    return {
      database,
      name,
      opens: opens === undefined ? undefined : Number(opens),
      held: new RegExp(`${holdOf(operation)}\\W`).test(statement),
    };
  });
  const order = ({ opens = Number.POSITIVE_INFINITY }: Closed): number => opens;
  return closed.sort((a, b) => (order(a) === order(b) ? 0 : order(a) - order(b)));
}

/** All at once, or else one by one: a server that refuses one of them may still take the others. */
async function isOpened({ connection, operation }: Runner, table: QualifiedName): Promise<boolean> {
  const constraints = constraintsOf(operation);
  const run = (names: readonly string[]): Promise<boolean> =>
    connection.command(dropStatement(table, names)).then(
      () => true,
      () => false,
    );
  if (await run(constraints)) return true;
  const dropped: boolean[] = [];
  for (const name of constraints) dropped.push(await run([name]));
  return dropped.every(Boolean);
}

async function passed({ connection }: Runner, opens: number): Promise<void> {
  for (;;) {
    const [row] = await connection.query<{ now: string }>("SELECT toString(toUnixTimestamp64Milli(now64(3))) AS now");
    if (Number(row?.now) > opens) return;
    await pause(50);
  }
}

function dropStatement(table: QualifiedName, constraints: readonly string[]): string {
  const drops = constraints.map((name) => `DROP CONSTRAINT IF EXISTS ${quoteIdentifier(name)}`);
  return `ALTER TABLE ${qualifiedName(table)} ${drops.join(", ")}`;
}
