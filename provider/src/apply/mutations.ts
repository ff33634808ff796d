import { type Mutation, unfinishedMutations } from "../clickhouse/catalog";
import type { Connection } from "../connection/connection";
import { ConnectionError } from "../connection/errors";
import { SchemaError } from "../errors";
import { pause } from "../operation/runner";
import { qualifiedName, quoteString } from "../sql/identifiers";
import type { QualifiedName } from "../sql/spec";

/** Pauses between two checks, in milliseconds: short for mutations that finish at once, then longer. */
const PAUSES = [20, 50, 100, 250, 500, 1000];
/** How long a mutation may report a failure before it counts as failed: the server retries by itself. */
const FAILING_FOR = 5000;
/** How long the server may be unreachable while it works. */
const AWAY_FOR = 60_000;

/**
 * Waits until the server has finished the mutations that ALTERs of the table started, without a time limit; a dropped connection is no
 * failure, because the server continues.
 *
 * @throws {SchemaError} when a mutation cannot be completed, with the server's reason and the next step.
 */
export async function awaitMutations(
  connection: Connection,
  table: QualifiedName,
  tell: (message: string) => void,
): Promise<void> {
  let most = 0;
  let failingSince: number | undefined;
  let awaySince: number | undefined;
  for (let turn = 0; ; turn += 1) {
    try {
      const running = await unfinished(connection, table);
      awaySince = undefined;
      if (running.length === 0) return;
      const left = running.reduce((sum, mutation) => sum + Number(mutation.left), 0);
      most = Math.max(most, left);
      tell(`${qualifiedName(table)}: ${most - left} of ${most} parts rewritten`);
      const failing = running.find(({ reason }) => reason !== "");
      failingSince = failing === undefined ? undefined : (failingSince ?? Date.now());
      if (failing && Date.now() - (failingSince ?? 0) > FAILING_FOR)
        throw new SchemaError("mutation-unfinished", stuck(table, failing));
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      awaySince ??= Date.now();
      if (Date.now() - awaySince > AWAY_FOR) throw error;
    }
    await pause(PAUSES[Math.min(turn, PAUSES.length - 1)] ?? 1000);
  }
}

/** The unfinished mutations of a table that nobody has killed. */
export async function unfinished(connection: Connection, table: QualifiedName): Promise<Mutation[]> {
  return (await unfinishedMutations(connection, table)).filter(({ killed }) => !killed);
}

function stuck(table: QualifiedName, { id, command, reason }: Mutation): string {
  const [database, name] = [quoteString(table.database), quoteString(table.name)];
  return (
    `${qualifiedName(table)}: the server cannot finish \`${command}\` and keeps trying: ${reason}\n` +
    "Change the rows and run `pulumi up` again, or go back to the program as it was: the next preview plans the way back. To do it manually: " +
    `KILL MUTATION WHERE database = ${database} AND table = ${name} AND mutation_id = ${quoteString(id)}`
  );
}
