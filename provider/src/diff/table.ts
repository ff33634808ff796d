import type { TableSpec } from "../sql/spec";
import { type Change, type DiffOptions, pair } from "./changes";
import { diffColumns, diffNames } from "./columns";
import { diffElements } from "./elements";
import { diffStorage, keyNames } from "./storage";

/** All differences between two tables, except names. */
export function diffTable(from: TableSpec, to: TableSpec, options: DiffOptions): Change[] {
  const inKey = keyNames(from);
  const { forward, changes } = diffNames(from.columns, to.columns, options.renamedColumns ?? {}, inKey);
  const found: Change[] = [...changes];
  // Renaming a key column takes a rebuild, so it counts as a key column under either name.
  const keys = new Set([...inKey, ...[...forward].flatMap(([old, name]) => (inKey.has(old) ? [name] : []))]);
  found.push(...diffColumns(from.columns, to.columns, forward, keys));
  found.push(...diffElements(from, to, forward));
  found.push(...diffStorage(from, to, forward));
  if (from.storage.engine !== to.storage.engine) {
    found.push(Object.freeze({ kind: "engine" as const, ...pair(from.storage.engine, to.storage.engine) }));
  }
  return found;
}
