import { normalizeShown } from "../canonical/normal-form";
import { declareOptions } from "../declare/options";
import type { Change } from "../diff";
import { diffAsWritten } from "../drift/as-written";
import type { ErrorCode } from "../error-codes";
import { SchemaError } from "../errors";
import { kindOf } from "../kinds";
import { declareObject } from "../kinds/object";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";

/** What arguments declare for the object of `spec`, as `check` reads them. @throws {SchemaError} when they declare nothing. */
export function declare(spec: ObjectSpec, given: Readonly<Record<string, unknown>>): ObjectSpec {
  if (typeof given["sql"] === "string") return parseCreate(given["sql"]);
  const { args } = declareOptions(kindOf(spec.kind).options, given);
  return declareObject(spec.kind, { database: "database" in spec ? spec.database : "", name: spec.name }, args);
}

/** What structured arguments declare of an object, or what they cannot express of it. */
export type Attempt = { readonly declared: ObjectSpec } | { readonly loss: string };

/**
 * Tries structured arguments on an object. Columns of a view that the arguments leave to its query are not compared: only the engine
 * knows whether it gives them.
 */
export function tryArguments(live: ObjectSpec, given: Readonly<Record<string, unknown>>): Attempt {
  // Without a query the columns could be anything, and the engine keeps such a source forever.
  if ("as" in live && live.as !== undefined) return { loss: "the table function whose rows it shows" };
  let declared: ObjectSpec;
  try {
    declared = declare(live, given);
  } catch (error) {
    if (error instanceof SchemaError) return { loss: reasonOf(error) };
    throw error;
  }
  const changes = diffAsWritten(live, declared);
  return changes.length === 0 ? { declared } : { loss: [...new Set(changes.map(nameOfChange))].join(", ") };
}

/** What arguments refuse, and what that means for an object that exists on a server. */
const REFUSED: Partial<Readonly<Record<ErrorCode, string>>> = {
  "columns-missing": "a table without columns of its own",
  "sorting-key-missing": "a MergeTree in the engine's old syntax",
  "projection-invalid": "a projection that is not a plain query",
};

/** The reason in a few words, for arguments that are refused although the engine accepts such objects. */
function reasonOf(error: SchemaError): string {
  const [reason] = error.problems.flatMap(({ code }) => REFUSED[code] ?? []);
  return reason ?? error.message.replaceAll("\n", "; ");
}

/** What a change is about, in a few words. */
export function nameOfChange(change: Change): string {
  if (change.kind === "setting") return `the value of setting ${change.name}`;
  if (change.kind === "definition") return "what follows AS, or the targets of a TimeSeries table";
  return `its ${change.kind.replaceAll("-", " ")}`;
}

/** The SQL that declares an object when arguments cannot. */
export function plainSql(live: ObjectSpec): string {
  return renderCreate(normalizeShown(live));
}
