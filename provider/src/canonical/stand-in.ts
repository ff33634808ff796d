import { localMergeTree, parseMergeTree } from "../sql/engine";
import type { MaterializedViewSpec, ObjectSpec, StorageSpec, TableSpec } from "../sql/spec";
import { withTextArguments } from "./engine-arguments";

/** Settings that only have a meaning on a server with that disk, policy or service. */
const LOCAL_SETTINGS = new Set(["storage_policy", "disk"]);

/** Objects that have a storage clause. */
export type Stored = TableSpec | MaterializedViewSpec;

/** Whether `spec` stores rows itself, so that a stand-in for its storage can be tried. */
export function isStored(spec: ObjectSpec): spec is Stored {
  return (spec.kind === "table" || spec.kind === "materializedView") && spec.storage !== undefined;
}

/**
 * Objects with the same columns that an engine without Keeper, clusters and storage policies can host, nearest first.
 */
export function standIns(spec: Stored): Stored[] {
  const storage = spec.storage;
  if (storage === undefined) return [];
  const local = localStorage(storage);
  const found: Stored[] = [];
  if (local !== undefined) found.push({ ...spec, storage: local });
  if (local !== undefined && local.settings.length > 0) found.push({ ...spec, storage: { ...local, settings: [] } });
  found.push({ ...spec, indexes: [], projections: [], constraints: [], storage: { engine: "Memory", settings: [] } });
  return found;
}

/** A MergeTree with only its columns, which is all that a query's types depend on; undefined for other objects. */
export function bareTable(spec: ObjectSpec): TableSpec | undefined {
  if (spec.kind !== "table" || spec.as !== undefined || !/MergeTree\b/.test(spec.storage.engine ?? ""))
    return undefined;
  const columns = spec.columns.map(({ name, type, default: value }) => ({
    name,
    ...(type !== undefined && { type }),
    ...(value && { default: value }),
  }));
  return { ...spec, columns, indexes: [], projections: [], constraints: [], storage: { engine: "Null", settings: [] } };
}

/** The same family without replication, remote disks and policies. */
function localStorage(storage: StorageSpec): StorageSpec | undefined {
  const { ttl, ...rest } = storage;
  const engine = parseMergeTree(storage.engine);
  if (engine === undefined) return undefined;
  const movesAway = ttl !== undefined && /\bTO\s+(DISK|VOLUME)\b/i.test(ttl);
  return {
    ...rest,
    engine: localMergeTree(engine),
    ...(ttl !== undefined && !movesAway && { ttl }),
    settings: storage.settings.filter((setting) => !LOCAL_SETTINGS.has(setting.name)),
  };
}

/**
 * The canonical form of `declared`, derived from the canonical form of its stand-in: what the stand-in had to leave out or replace is
 * restored as written.
 *
 * @param declared as the user wrote it, in the formatter's spelling.
 * @param canonical the stand-in, as the engine shows it.
 */
export function restore(declared: Stored, standIn: Stored, canonical: Stored): Stored {
  const from = declared.storage;
  const made = canonical.storage;
  if (from === undefined || made === undefined) return canonical;
  const own = withoutAdded(declared, standIn, canonical);
  if (standIn.storage?.engine === "Memory") {
    const { indexes, constraints, projections } = declared;
    const engine = from.engine === undefined ? {} : { engine: withTextArguments(from.engine) };
    return { ...own, indexes, constraints, projections, storage: { ...from, ...engine } };
  }
  const tried = new Set(standIn.storage?.settings.map(({ name }) => name));
  const kept = from.settings.filter(({ name }) => !tried.has(name));
  const left = made.settings.filter(({ name }) => !kept.some((setting) => setting.name === name));
  const settings = [...kept, ...left].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    ...own,
    storage: {
      ...made,
      ...(from.engine !== undefined && { engine: from.engine }),
      ...(from.ttl !== undefined && made.ttl === undefined && { ttl: from.ttl }),
      settings,
    },
  };
}

/** Without the columns that only the stand-in has. */
function withoutAdded(declared: Stored, standIn: Stored, canonical: Stored): Stored {
  if (standIn.columns.length <= declared.columns.length) return canonical;
  const names = new Set(declared.columns.map(({ name }) => name));
  return { ...canonical, columns: canonical.columns.filter(({ name }) => names.has(name)) };
}
