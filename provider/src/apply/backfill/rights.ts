import { ServerError } from "../../connection/errors";
import type { Runner } from "../protocol/runner";

/** Whether the user certainly lacks a right; a server that cannot be asked is not. @param right e.g. `SELECT ON a.b`. */
export async function isDenied(runner: Runner, right: string): Promise<boolean> {
  try {
    const [row] = await runner.rows<{ result: number }>(`CHECK GRANT ${right}`);
    return Number(row?.result) === 0;
  } catch (error) {
    // Servers before 25.2 do not know the question.
    if (error instanceof ServerError) return false;
    throw error;
  }
}
