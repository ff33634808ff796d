import { ServerError } from "../connection/errors";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import { cover } from "./guard";
import { LENIENT, lenient } from "./helper-definitions";
import type { Runner } from "./runner";

/**
 * Creates a table that rows are copied to on their way. A MATERIALIZED column becomes a stored column in it. Newer servers reject such a
 * column beside measures, unless told that its value may be taken from any of the merged rows; here those values are equal.
 */
export async function createHelper(runner: Runner, statement: string): Promise<void> {
  const spec = parseCreate(statement);
  if (spec.kind === "table") await cover(runner, spec);
  try {
    await runner.run(statement);
  } catch (error) {
    if (!(error instanceof ServerError) || !error.message.includes(LENIENT) || spec.kind !== "table") throw error;
    await runner.run(renderCreate(lenient(spec)));
  }
}
