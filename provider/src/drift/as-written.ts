import { dropServerDefaults, normalizeShown } from "../canonical/normal-form";
import type { Change } from "../diff";
import { diffObject } from "../kinds/object";
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
  if (!("columns" in spec)) return spec;
  const queried = "query" in spec ? { ...spec, columns: listed ? spec.columns : [], query: words(spec.query) } : spec;
  if (!("projections" in queried)) return queried;
  const projections = queried.projections.map((projection) => ({ ...projection, body: words(projection.body) }));
  const stored = queried.storage === undefined ? {} : { storage: withoutGranularity(queried.storage) };
  return { ...queried, projections, ...stored };
}

function words(text: string): string {
  return lex(text)
    .map((token) => token.text)
    .join(" ");
}
