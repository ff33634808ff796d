import { parseMergeTree } from "../sql/engine";
import { splitArguments } from "../sql/fragments";
import { unquoteIdentifier } from "../sql/identifiers";
import { columnsIn, elementsOf, parseExpression, plainColumn } from "../sql/query";
import { parseType, unwrap } from "../sql/query/types";
import type { ColumnSpec, StorageSpec } from "../sql/spec";

/** A parsed table engine. */
export interface Engine {
  /** Without `Replicated` or `Shared`, e.g. `SummingMergeTree`; empty if none is given. */
  readonly name: string;
  readonly replicated: boolean;
  /** Without the Keeper path and replica name. */
  readonly args: readonly string[];
}

export function engineOf(storage: StorageSpec | undefined): Engine {
  const engine = parseMergeTree(storage?.engine);
  if (engine !== undefined) return { name: engine.family, replicated: engine.prefix !== undefined, args: engine.args };
  const [, name = "", text = ""] = /^(\w+)\s*(?:\(([\s\S]*)\))?$/.exec(storage?.engine ?? "") ?? [];
  return { name, replicated: false, args: splitArguments(text) };
}

/** Whether rows of one key become one row by merging values. */
export function isMerging(storage: StorageSpec | undefined): boolean {
  return ["SummingMergeTree", "AggregatingMergeTree"].includes(engineOf(storage).name);
}

export function isMergeTree(storage: StorageSpec | undefined): boolean {
  return engineOf(storage).name.endsWith("MergeTree");
}

/** Names of all columns that a key expression reads. */
export function columnsOf(text: string | undefined): string[] {
  const expression = text === undefined ? undefined : parseExpression(text);
  return expression === undefined ? [] : columnsIn(expression).map(({ parts }) => parts.join("."));
}

/** The parts of a key, in order. */
export function keyElements(text: string | undefined): { readonly text: string; readonly column?: string }[] {
  const expression = text === undefined ? undefined : parseExpression(text);
  if (expression === undefined) return [];
  return elementsOf(expression).map((element) => {
    const column = plainColumn(element);
    return { text: element.text, ...(column !== undefined && { column }) };
  });
}

/** Columns that distinguish rows of a merging table: those in the sorting key, and the partition key, which rows never leave. */
export function identifyingColumns(storage: StorageSpec): ReadonlySet<string> {
  const partition = keyElements(storage.partitionBy).flatMap(({ column }) => column ?? []);
  return new Set([...columnsOf(storage.orderBy), ...columnsOf(storage.primaryKey), ...partition]);
}

/** Whether a column's type says how its values merge. */
export function mergesByType(type: string | undefined): boolean {
  return /^(?:Simple)?AggregateFunction\(/.test(type ?? "");
}

/** Whether SummingMergeTree adds up values of this type. */
export function isSummable(type: string | undefined): boolean {
  const inner = unwrap(type ?? "");
  const { name, args } = parseType(inner);
  return /^(?:U?Int\d+|Float\d+|BFloat16|Decimal\d*)$/.test(name === "Nullable" ? parseType(args[0] ?? "").name : name);
}

/** Columns that SummingMergeTree adds up: those given to it, else all numbers outside the keys. */
export function summedColumns(storage: StorageSpec, columns: readonly ColumnSpec[]): ColumnSpec[] {
  const { name, args } = engineOf(storage);
  if (name !== "SummingMergeTree") return [];
  const keys = identifyingColumns(storage);
  const given =
    args[0] === undefined ? undefined : new Set(keyElements(args[0]).map(({ text }) => unquoteIdentifier(text)));
  return columns.filter(
    ({ name: column, type, default: value }) =>
      value?.kind !== "ALIAS" &&
      value?.kind !== "EPHEMERAL" &&
      !keys.has(column) &&
      isSummable(type) &&
      !mergesByType(type) &&
      (given === undefined || given.has(column)),
  );
}

/** The part of a TTL clause that deletes rows; moves and recompression do not. */
export function deletesRows(ttl: string | undefined): boolean {
  return splitArguments(ttl ?? "").some((part) => !/\b(?:TO\s+(?:DISK|VOLUME)|RECOMPRESS|GROUP\s+BY)\b/i.test(part));
}
