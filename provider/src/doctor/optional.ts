import { ServerError } from "../connection/errors";
import { type Check, check } from "./check";

/** That a user may not look at something is not an error of what is checked. */
export async function optional(id: string, work: () => Promise<Check[]>): Promise<Check[]> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    return [check(id, "skipped", `${id}: could not be checked: ${error.message}`)];
  }
}
