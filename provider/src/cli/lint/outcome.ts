import type { ServerError } from "../../connection/errors";
import type { SqlParseError } from "../../sql/errors";
import type { ObjectSpec } from "../../sql/spec";
import type { Head } from "./create-header";
import { qualifyQuery } from "./qualify";
import type { Statement } from "./source";

/** What became of a statement that creates an object or queries rows. */
export interface Outcome {
  readonly statement: Statement;
  /** Absent for queries. */
  readonly head?: Head;
  /** Canonical, or as written if the engine could not say; absent for what no rule reads. */
  spec?: ObjectSpec;
  /** Whether something of this name exists on the engine. */
  isHosted?: boolean;
  /** Why the engine did not take it, or why it could not be read. */
  refusal?: ServerError | SqlParseError;
  /** Why something else, or nothing, was tried in its place. */
  standIn?: string;
  /** An earlier statement that creates the same object differently. */
  twin?: Statement;
  /** Replaced or repeated by another statement, which is linted instead. */
  isSuperseded?: boolean;
}

/** With the database added to each table that a query names without one. */
export function qualifiedSpec(spec: ObjectSpec, database: string): ObjectSpec {
  return "query" in spec ? { ...spec, query: qualifyQuery(spec.query, database) } : spec;
}

/** Creates the same columns and reads nothing while it is created. */
export function quietSpec(spec: ObjectSpec): ObjectSpec {
  if (spec.kind === "table" && spec.as && /^[\s(]*(?:SELECT|WITH|FROM)\b/i.test(spec.as.text)) {
    return { ...spec, as: { text: spec.as.text, empty: true } };
  }
  if (spec.kind !== "materializedView") return spec;
  const { populate: _, ...rest } = spec;
  return rest;
}
