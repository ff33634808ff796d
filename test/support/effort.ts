/** How much random testing a run does, in all suites. */

/** `fast`: one of each kind, minutes in total; `full`: what CI does; `soak`: overnight, every statement a crash. */
export type Effort = "fast" | "full" | "soak";

const EFFORTS: readonly Effort[] = ["fast", "full", "soak"];

/** `TEST_EFFORT`; `full` by default. */
export const EFFORT = effortNamed(process.env["TEST_EFFORT"] ?? "full");

/** `TEST_SEED`, from which every random run derives: fixed unless it is set, so that a failure can be reproduced. */
export const SEED = seedNamed(process.env["TEST_SEED"] ?? "1");

/** The value for the effort of this run, e.g. a number of runs. */
export function byEffort<T>(values: Readonly<Record<Effort, T>>): T {
  return values[EFFORT];
}

/** What random runs report about themselves, printed in `soak`. */
export function report(value: unknown): void {
  if (EFFORT === "soak") console.log(typeof value === "string" ? value : JSON.stringify(value));
}

function effortNamed(name: string): Effort {
  const found = EFFORTS.find((effort) => effort === name);
  if (found === undefined) throw new Error(`TEST_EFFORT is ${name}; it can be ${EFFORTS.join(", ")}`);
  return found;
}

function seedNamed(text: string): number {
  const seed = Number(text);
  if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`TEST_SEED is ${text}; it can be a whole number from 0`);
  return seed;
}
