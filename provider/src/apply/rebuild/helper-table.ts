import { ServerError } from "../../connection/errors";
import { parseCreate } from "../../sql/parse";
import { renderCreate } from "../../sql/render";
import type { Runner } from "../protocol/runner";
import { LENIENT, lenient } from "./definitions";

/**
 * Creates a table that rows are copied to on their way. A column that the table computes (MATERIALIZED) has a place of its own in it,
 * which a new server refuses beside measures unless it is told that values of such columns may be chosen at will; here they are equal.
 */
export async function createHelper(runner: Runner, statement: string): Promise<void> {
  try {
    await runner.run(statement);
  } catch (error) {
    const spec = parseCreate(statement);
    if (!(error instanceof ServerError) || !error.message.includes(LENIENT) || spec.kind !== "table") throw error;
    await runner.run(renderCreate(lenient(spec)));
  }
}
