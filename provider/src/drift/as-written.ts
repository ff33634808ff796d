import { dropServerDefaults, normalizeShown } from "../canonical/normal-form";
import { plainEngine } from "../clickhouse/engines";
import type { Change } from "../diff";
import { diffObject } from "../kinds/object";
import { withoutGranularity } from "../sql/granularity";
import { lex } from "../sql/lexer";
import type { ObjectSpec, StorageSpec } from "../sql/spec";

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
 * Not differences: white space in queries, the engine's additions to every table, backticks around an engine's name, and columns that a view
 * leaves to its query.
 */
function comparable(spec: ObjectSpec, listed: boolean): ObjectSpec {
  if (!("columns" in spec)) return spec;
  const named = "storage" in spec && spec.storage !== undefined ? { ...spec, storage: unquoted(spec.storage) } : spec;
  const queried =
    "query" in named ? { ...named, columns: listed ? named.columns : [], query: words(named.query) } : named;
  if (!("projections" in queried)) return queried;
  const projections = queried.projections.map((projection) => ({ ...projection, body: words(projection.body) }));
  const stored = queried.storage === undefined ? {} : { storage: withoutGranularity(queried.storage) };
  return { ...queried, projections, ...stored };
}

function unquoted(storage: StorageSpec): StorageSpec {
  return storage.engine === undefined ? storage : { ...storage, engine: plainEngine(storage.engine) };
}

function words(text: string): string {
  return lex(text)
    .map((token) => token.text)
    .join(" ");
}
