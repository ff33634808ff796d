import { engineName, holdsRows, mergesByKey } from "../clickhouse/engines";
import type { ColumnChange } from "../diff/changes";
import { keyElements, renameIn } from "../diff/text";
import { mergingEngine } from "../sql/engine";
import { qualifiedName } from "../sql/identifiers";
import type { TableSpec } from "../sql/spec";
import { columnsIn } from "./effects";
import { hazard } from "./hazards";
import type { Hazard, MergeProbe } from "./plan";

/**
 * Separate rows that merges of the new table join: the engine starts to merge rows of one key or does it in another way, the key
 * distinguishes fewer rows, or rows of several partitions end up in one.
 */
export function mergeHazards(from: TableSpec, to: TableSpec, changes: readonly ColumnChange[]): Hazard[] {
  const [before, after] = [from.storage, to.storage];
  if (!holdsRows(before.engine) || !mergesByKey(after.engine) || !mergesMore(from, to, renamesOf(changes))) return [];
  const name = engineName(after.engine);
  const key = keyElements(after.orderBy).join(", ");
  const which = key === "" ? `all rows of ${qualifiedName(to)}` : `rows of ${qualifiedName(to)} that agree in ${key}`;
  // A row of zeros is dropped even on its own, so counting rows with equal keys would miss some.
  const isSum = name.endsWith("SummingMergeTree");
  const message = `${which} become one when ${name} merges them${isSum ? ", and rows whose sums are 0 go" : ""}`;
  return [hazard("drops-data", message, isSum ? {} : { probe: probeOf(to, changes) })];
}

function mergesMore(from: TableSpec, to: TableSpec, renames: ReadonlyMap<string, string>): boolean {
  const [before, after] = [from.storage, to.storage];
  const renamed = (text = ""): string => renameIn(text, renames);
  // The arguments determine which row is kept, what is summed, or which rows cancel each other.
  if (mergingEngine(renamed(before.engine ?? "MergeTree")) !== mergingEngine(after.engine)) return true;
  const key = new Set(keyElements(after.orderBy));
  if (keyElements(before.orderBy).some((element) => !key.has(renamed(element)))) return true;
  return keyElements(after.partitionBy).join() !== keyElements(renamed(before.partitionBy)).join();
}

/** The query, in the columns of the current table: a column that it does not have yet distinguishes no rows. */
function probeOf(to: TableSpec, changes: readonly ColumnChange[]): MergeProbe {
  const back = new Map([...renamesOf(changes)].map(([old, name]) => [name, old]));
  const added = new Set(changes.flatMap((change) => (change.kind === "column-added" ? [change.column.name] : [])));
  const known = (key: string | undefined): string =>
    keyElements(key)
      .filter((element) => ![...columnsIn(element)].some((name) => added.has(name)))
      .map((element) => renameIn(element, back))
      .join(", ");
  return { kind: "unmerged", key: known(to.storage.orderBy), within: known(to.storage.partitionBy) };
}

/** Old name → new name. */
function renamesOf(changes: readonly ColumnChange[]): ReadonlyMap<string, string> {
  return new Map(
    changes.flatMap((change) => (change.kind === "column-renamed" ? [[change.from, change.to] as const] : [])),
  );
}
