import type { Change } from "../diff";
import type { ObjectSpec, SettingSpec, StorageSpec, TableSpec } from "../sql/spec";

/**
 * The live object in the declaration's spelling wherever both mean the same: settings, indexes and the like in the declared order, and in
 * its words. Whatever still differs between the two texts is then the real difference.
 *
 * @param changes from `declared` to `live`.
 */
export function alignTo(declared: ObjectSpec, live: ObjectSpec, changes: readonly Change[]): ObjectSpec {
  if (declared.kind === "table" && live.kind === "table") return alignTable(declared, live, changes);
  if (declared.kind === live.kind && "query" in live) {
    const isOther = (...kinds: Change["kind"][]): boolean => changes.some(({ kind }) => kinds.includes(kind));
    const { security: _, ...rest } = live as Extract<ObjectSpec, { query: string }>;
    const shown = live as Extract<ObjectSpec, { query: string }>;
    const security = isOther("security") ? shown.security : (declared as typeof shown).security;
    const columns = isOther("view-columns", "column-comment") ? shown.columns : (declared as typeof shown).columns;
    return { ...rest, columns, ...(security && { security }) } as ObjectSpec;
  }
  return live;
}

function alignTable(declared: TableSpec, live: TableSpec, changes: readonly Change[]): TableSpec {
  const changed = new Set(changes.map((change) => `${groupOf(change)}\0${nameOf(change)}`));
  const own = <T extends { readonly name: string }>(group: string, items: readonly T[], wanted: readonly T[]): T[] => {
    const byName = new Map(wanted.map((item) => [item.name, item]));
    return items.map((item) => (changed.has(`${group}\0${item.name}`) ? item : (byName.get(item.name) ?? item)));
  };
  return {
    ...live,
    columns: own("column", live.columns, declared.columns),
    indexes: ordered(own("index", live.indexes, declared.indexes), declared.indexes),
    projections: ordered(own("projection", live.projections, declared.projections), declared.projections),
    constraints: ordered(own("constraint", live.constraints, declared.constraints), declared.constraints),
    storage: alignStorage(declared.storage, live.storage, changes),
  };
}

const KEYS = {
  partitionBy: "partition-key",
  orderBy: "sorting-key",
  primaryKey: "primary-key",
  sampleBy: "sample-by",
} as const;

function alignStorage(declared: StorageSpec, live: StorageSpec, changes: readonly Change[]): StorageSpec {
  const kinds = new Set(changes.map(({ kind }) => kind));
  const keys = (Object.keys(KEYS) as (keyof typeof KEYS)[]).flatMap((clause) => {
    const text = kinds.has(KEYS[clause]) ? live[clause] : declared[clause];
    return text === undefined ? [] : [[clause, text]];
  });
  const { partitionBy: _, orderBy: __, primaryKey: ___, sampleBy: ____, ...rest } = live;
  return { ...rest, ...Object.fromEntries(keys), settings: ordered<SettingSpec>(live.settings, declared.settings) };
}

/** In the wanted order; an item that is not wanted stays behind its predecessor. */
function ordered<T extends { readonly name: string }>(items: readonly T[], wanted: readonly T[]): T[] {
  const rank = new Map(wanted.map(({ name }, index) => [name, index]));
  let last = -1;
  const ranked = items.map((item) => {
    last = rank.get(item.name) ?? last;
    return { item, at: last };
  });
  return ranked.sort((a, b) => a.at - b.at).map(({ item }) => item);
}

function groupOf({ kind }: Change): string {
  return kind.startsWith("column-") ? "column" : kind;
}

function nameOf(change: Change): string {
  if (change.kind === "column-added" || change.kind === "column-dropped") return change.column.name;
  if (change.kind === "index" || change.kind === "projection" || change.kind === "constraint") {
    return (change.to ?? change.from)?.name ?? "";
  }
  return "name" in change ? change.name : "";
}
