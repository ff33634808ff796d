import type { Step } from "./journey";

/** An object that does not come through every step, with the reason. */
export interface Exception {
  /** As in {@link import("./journey").Journey.name}. */
  readonly name: string;
  readonly steps: readonly Step[];
  readonly reason: string;
}

/** Of the corpus. The statements of this repository have none. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    name: "s0426.test",
    steps: ["recreated"],
    reason:
      "its disk is defined in a setting (`disk = disk(…)`), of which the server shows only the type of each value: it is imported with " +
      "its secrets and paths as `config.requireSecret`, and can be created again only by somebody who knows them",
  },
];

/** Why an object is written as plain SQL, as the generated program says it, and what is behind that. */
export const PLAIN: Readonly<Record<string, string>> = {
  "the table function whose rows it shows":
    "`CREATE TABLE … AS numbers(10)` is no table with an engine; the statement says it best",
  "what follows AS, or the targets of a TimeSeries table":
    "the clauses SAMPLES, TAGS and METRICS belong to this one experimental engine",
  "the value of setting disk":
    "a disk within a table's settings is a call, not a value; declare it in the server's configuration instead",
};
