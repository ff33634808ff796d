import type { SettingSpec, TableSpec } from "../sql/spec";
import { pair, type StorageChange } from "./changes";
import { keyElements, namesIn, renameIn, sameKey } from "./text";

/** Names in any key of a table: they decide where each row is stored, and so cannot be changed in place. */
export function keyNames({ storage }: TableSpec): ReadonlySet<string> {
  return namesIn(storage.orderBy, storage.primaryKey, storage.partitionBy, storage.sampleBy);
}

/** The differences in everything after the parentheses, except the comment. */
export function diffStorage(from: TableSpec, to: TableSpec, renames: ReadonlyMap<string, string>): StorageChange[] {
  const { storage: before } = from;
  const { storage: after } = to;
  const changes: StorageChange[] = [...diffKeys(from, to)];
  const ttl = before.ttl === undefined ? undefined : renameIn(before.ttl, renames);
  if (ttl !== after.ttl) changes.push({ kind: "ttl", ...pair(ttl, after.ttl) });
  changes.push(...diffSettings(before.settings, after.settings));
  const definition = [definitionOf(from), definitionOf(to)];
  if (definition[0] !== definition[1]) changes.push({ kind: "definition", ...pair(definition[0], definition[1]) });
  return changes.map((change) => Object.freeze(change));
}

function diffKeys(from: TableSpec, to: TableSpec): StorageChange[] {
  const { storage: before } = from;
  const { storage: after } = to;
  const changes: StorageChange[] = [];
  if (!sameKey(before.partitionBy, after.partitionBy)) {
    changes.push({ kind: "partition-key", ...pair(before.partitionBy, after.partitionBy) });
  }
  if (!sameKey(before.orderBy, after.orderBy)) {
    changes.push({ kind: "sorting-key", how: howSorted(from, to), ...pair(before.orderBy, after.orderBy) });
  }
  if (!sameKey(primaryKeyOf(from), primaryKeyOf(to))) {
    changes.push({ kind: "primary-key", ...pair(primaryKeyOf(from), primaryKeyOf(to)) });
  }
  if (!sameKey(before.sampleBy, after.sampleBy)) {
    changes.push({ kind: "sample-by", ...pair(before.sampleBy, after.sampleBy) });
  }
  return changes;
}

/** The key of the sparse index: by default the sorting key. */
function primaryKeyOf({ storage }: TableSpec): string | undefined {
  return storage.primaryKey ?? storage.orderBy;
}

/** Whether the sorting key only gains or loses expressions that no stored row is sorted by. */
function howSorted(from: TableSpec, to: TableSpec): "extended" | "shortened" | "other" {
  const before = keyElements(from.storage.orderBy);
  const after = keyElements(to.storage.orderBy);
  const isPrefix = before.slice(0, after.length).every((element, index) => element === after[index]);
  if (!isPrefix || !sameKey(primaryKeyOf(from), primaryKeyOf(to)) || before.length === after.length) return "other";
  if (after.length < before.length) return "shortened";
  const old = new Set(from.columns.map(({ name }) => name));
  const fresh = new Set(to.columns.filter((column) => column.default === undefined).map(({ name }) => name));
  const known = new Set(to.columns.map(({ name }) => name));
  // The engine only adds an expression to the key if it has the type's default for all stored rows.
  const names = [...namesIn(...after.slice(before.length))].filter((name) => known.has(name));
  return names.length > 0 && names.every((name) => fresh.has(name) && !old.has(name)) ? "extended" : "other";
}

function diffSettings(from: readonly SettingSpec[], to: readonly SettingSpec[]): StorageChange[] {
  const before = new Map(from.map(({ name, value }) => [name, value]));
  const after = new Map(to.map(({ name, value }) => [name, value]));
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => ({ kind: "setting" as const, name, ...pair(before.get(name), after.get(name)) }));
}

function definitionOf({ as, targets }: TableSpec): string | undefined {
  const text = [as?.text, targets].filter((part) => part !== undefined).join("\n");
  return text === "" ? undefined : text;
}
