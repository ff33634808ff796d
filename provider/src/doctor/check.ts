/** The state of something. Only an error makes the command fail. */
export type Status = "ok" | "warning" | "error" | "skipped";

/** One line of the doctor's output. */
export interface Check {
  /** Stable name, for machines: `node`, `pulumi-cli`, `rights` … */
  readonly id: string;
  readonly status: Status;
  /** What was checked, and what was found. */
  readonly message: string;
  /** What to do; for `ok` there is nothing. */
  readonly next?: string;
}

/** Makes a {@link Check}. */
export function check(id: string, status: Status, message: string, next?: string): Check {
  return { id, status, message, ...(next !== undefined && { next }) };
}
