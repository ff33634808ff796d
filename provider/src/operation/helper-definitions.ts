import { collapses, engineOf, localEngine } from "../clickhouse/merge-tree";
import { renderCreate } from "../sql/render";
import type { QualifiedName, SettingSpec, TableSpec } from "../sql/spec";
import { FENCE } from "./fence";

/** A helper gets many parts in a short time, and its inserts must not be delayed or rejected for that. */
const PATIENT: readonly SettingSpec[] = [
  { name: "parts_to_delay_insert", value: "1000000" },
  { name: "parts_to_throw_insert", value: "1000000" },
];
/** Gives the same rows another hash, so that a delta part can be distinguished from a part that a client has written. */
const MARK: readonly SettingSpec[] = [
  { name: "marks_compression_codec", value: "'ZSTD(9)'" },
  { name: "primary_key_compression_codec", value: "'ZSTD(9)'" },
];
const DISTINCT: readonly SettingSpec[] = [
  { name: "marks_compression_codec", value: "'LZ4'" },
  { name: "compress_primary_key", value: "0" },
];
/** Equal blocks of a copy are distinct rows and must not be deduplicated. */
const DEDUPLICATION = new Set(["non_replicated_deduplication_window", "replicated_deduplication_window"]);

/** CREATE of the new storage: as declared, fenced until everything is verified. */
export function shadowStatement(to: TableSpec, name: QualifiedName): string {
  return renderCreate({ ...to, ...name, storage: { ...to.storage, settings: merged(to.storage.settings, FENCE) } });
}

/** CREATE of a table for one chunk of the copy; its parts can be attached to the new storage. */
export function chunkStatement(to: TableSpec, name: QualifiedName): string {
  // If merges reduce the number of rows, they wait until the rows have been counted.
  const fence = collapses(engineOf(to.storage)) ? FENCE : [];
  return helperStatement(to, name, [...PATIENT, ...fence]);
}

/** CREATE of the table for the rows that came last. */
export function deltaStatement(to: TableSpec, name: QualifiedName): string {
  return helperStatement(to, name, [...PATIENT, ...FENCE, ...MARK]);
}

/**
 * The same for a replicated table, which leaves out a part that is equal to one it has attached. These settings change the hash of small parts,
 * too; another level of a codec does not.
 */
export function helperDelta(to: TableSpec, name: QualifiedName): string {
  return helperStatement(to, name, [...PATIENT, ...FENCE, ...DISTINCT]);
}

/** Setting that allows an aggregating table to have columns that are neither key nor measure. */
export const LENIENT = "allow_dimensions_outside_sorting_key";

/** The same table, created even if it has such columns. */
export function lenient(table: TableSpec): TableSpec {
  const settings = merged(table.storage.settings, [{ name: LENIENT, value: "1" }]);
  return { ...table, storage: { ...table.storage, settings } };
}

function helperStatement(to: TableSpec, name: QualifiedName, settings: readonly SettingSpec[]): string {
  const { comment: _, ...table } = to;
  return renderCreate({
    ...table,
    ...name,
    // Stored values are copied as they are; only columns that the old table lacks are computed.
    columns: to.columns.map((column) =>
      column.default?.kind === "MATERIALIZED" ? { ...column, default: { ...column.default, kind: "DEFAULT" } } : column,
    ),
    // Existing rows are not checked again, just as ADD CONSTRAINT does not check them.
    constraints: [],
    storage: {
      ...to.storage,
      engine: localEngine(to.storage),
      settings: merged(
        to.storage.settings.filter((setting) => !DEDUPLICATION.has(setting.name)),
        settings,
      ),
    },
  });
}

function merged(own: readonly SettingSpec[], over: readonly SettingSpec[]): SettingSpec[] {
  return [...own.filter(({ name }) => !over.some((setting) => setting.name === name)), ...over];
}
