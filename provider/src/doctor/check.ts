/** How something stands. Only an error makes the command fail. */
export type Status = "ok" | "warning" | "error" | "skipped";

/** One line of the doctor's. */
export interface Check {
  /** Stable name, for machines: `node`, `pulumi-cli`, `rights` … */
  readonly id: string;
  readonly status: Status;
  /** What was looked at, and what was found. */
  readonly message: string;
  /** What to do; for `ok` there is nothing. */
  readonly next?: string;
}

/** Makes a {@link Check}. */
export function check(id: string, status: Status, message: string, next?: string): Check {
  return { id, status, message, ...(next !== undefined && { next }) };
}

/** Whether a version is at least another: numbers, compared one by one; what follows them does not count. */
export function atLeast(version: string, wanted: string): boolean {
  const [found, least] = [numbers(version), numbers(wanted)];
  for (const [index, number] of least.entries()) {
    const other = found[index] ?? 0;
    if (other !== number) return other > number;
  }
  return true;
}

/** The first two numbers: releases with the same ones differ in mistakes only. */
export function release(version: string): string {
  return numbers(version).slice(0, 2).join(".");
}

function numbers(version: string): number[] {
  return (/\d+(?:\.\d+)*/.exec(version)?.[0] ?? "").split(".").map(Number);
}
