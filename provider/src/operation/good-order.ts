import { codeOf, ServerError } from "../connection/errors";
import { messageOf, SchemaError } from "../errors";
import { ForwardOnly, isForGood } from "./errors";
import { letInsertsThrough, openStatement } from "./open-inserts";
import type { Runner } from "./runner";

/** How to end an operation that fails. */
export interface GoodOrder {
  readonly runner: Runner;
  /** Rolls back what was done. @throws {ForwardOnly} when that is no longer possible. */
  readonly undo: () => Promise<void>;
  /** Takes only moments and holds inserts while it runs: failures that a retry might fix are rolled back too. */
  readonly brief?: boolean;
  /** Reports that inserts are accepted again. */
  readonly opened?: () => void;
}

/**
 * Runs an operation so that a failure leaves nothing half done: after a permanent failure the work is rolled back, and inserts are accepted
 * again in any case. What a retry may fix (a lost connection, a server short of memory) stays, and the next run resumes it.
 *
 * @throws {SchemaError} the failure, and the state it left.
 */
export async function inGoodOrder<T>(order: GoodOrder, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!isForGood(error) && !(order.brief && error instanceof ServerError)) throw error;
    const state = await takeBack(order);
    throw new SchemaError(codeOf(error), `${messageOf(error)}\n${state}`, { cause: error });
  }
}

async function takeBack({ opened, runner, undo }: GoodOrder): Promise<string> {
  const { operation } = runner;
  try {
    await undo();
    return `Operation ${operation} was rolled back: everything is as it was before, and inserts continue.`;
  } catch (error) {
    const closed = await letInsertsThrough(runner);
    opened?.();
    const inserts =
      closed.length === 0
        ? "Inserts continue"
        : `Inserts are refused until this is run: ${closed.map((one) => openStatement(one, runner)).join("; ")}`;
    if (error instanceof ForwardOnly) {
      return (
        `${inserts}. Operation ${operation} cannot be rolled back any more; once the cause is fixed, the next \`pulumi up\` finishes it, ` +
        `or \`clickhouse-schema operations --resume ${operation}\`.`
      );
    }
    return (
      `${inserts}. Rolling back operation ${operation} failed as well: ${messageOf(error)} Once the cause is fixed, the next \`pulumi up\` ` +
      `rolls it back, or \`clickhouse-schema operations --abort ${operation}\`.`
    );
  }
}
