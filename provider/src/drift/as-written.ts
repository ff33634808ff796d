import { dropServerDefaults, normalizeShown } from "../canonical/normal-form";
import { type Change, diffObject } from "../diff";
import { withoutGranularity } from "../sql/granularity";
import { lex } from "../sql/lexer";
import type { ObjectSpec } from "../sql/spec";

/** The live object in the form of canonical texts, without what the server added to `declared`. */
export function normalize(live: ObjectSpec, declared: ObjectSpec): ObjectSpec {
  return normalizeShown(dropServerDefaults(live, declared));
}

/** Differences between two objects as written, without querying an engine. The columns of a view are compared only if they are declared. */
export function diffAsWritten(live: ObjectSpec, declared: ObjectSpec): readonly Change[] {
  const listed = "columns" in declared && declared.columns.length > 0;
  const from = comparable(normalize(live, declared), listed);
  return diffObject(from, comparable(normalizeShown(declared), listed));
}

/**
 * White space in queries is no difference, nor are the engine's additions to every table, nor are columns that a view leaves to its query.
 */
function comparable(spec: ObjectSpec, listed: boolean): ObjectSpec {
  if (spec.kind === "database") return spec;
  const columns = listed ? spec.columns : [];
  if (spec.kind === "view") return { ...spec, columns, query: words(spec.query) };
  const projections = spec.projections.map((projection) => ({ ...projection, body: words(projection.body) }));
  const stored = spec.storage === undefined ? {} : { storage: withoutGranularity(spec.storage) };
  if (spec.kind === "table") return { ...spec, projections, ...stored };
  return { ...spec, columns, projections, ...stored, query: words(spec.query) };
}

function words(text: string): string {
  return lex(text)
    .map((token) => token.text)
    .join(" ");
}
