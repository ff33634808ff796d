import { localMergeTree, parseMergeTree } from "../sql/engine";
import { splitArguments } from "../sql/fragments";
import type { StorageSpec, TableSpec } from "../sql/spec";
import { baseEngine, engineName } from "./engines";

/** Engines, without prefix, for which the protocol is proven. */
const FAMILY: ReadonlySet<string> = new Set([
  "MergeTree",
  "ReplacingMergeTree",
  "SummingMergeTree",
  "AggregatingMergeTree",
  "CollapsingMergeTree",
  "VersionedCollapsingMergeTree",
  "CoalescingMergeTree",
  "GraphiteMergeTree",
]);

/** Name and arguments of an engine. */
export interface Engine {
  readonly name: string;
  /** The name without `Replicated` or `Shared`. */
  readonly base: string;
  readonly shared: boolean;
  readonly arguments: readonly string[];
}

/** Parses an engine clause. */
export function engineOf({ engine = "MergeTree" }: StorageSpec): Engine {
  const open = engine.indexOf("(");
  const name = engineName(engine);
  const base = baseEngine(engine);
  return {
    name,
    base,
    shared: base !== name,
    arguments: open < 0 ? [] : splitArguments(engine.slice(open + 1, engine.lastIndexOf(")"))),
  };
}

/** Whether the engine stores its rows in parts, with merges. */
export function isMergeTree({ base }: Engine): boolean {
  return FAMILY.has(base);
}

/** Whether merges reduce the number of rows, so that rows can only be counted while merges are stopped. */
export function collapses({ base }: Engine): boolean {
  return base !== "MergeTree";
}

/** Whether the order in which rows were inserted decides which of them remain. */
export function dependsOnOrder({ base, arguments: parameters }: Engine): boolean {
  if (base === "ReplacingMergeTree") return parameters.filter((text) => !text.startsWith("'")).length === 0;
  return base === "CollapsingMergeTree" || base === "CoalescingMergeTree" || base === "GraphiteMergeTree";
}

/** Whether rows disappear from the table by themselves over time. */
export function hasTtl({ storage, columns }: TableSpec): boolean {
  return storage.ttl !== undefined || columns.some(({ ttl }) => ttl !== undefined);
}

/** The engine of a helper table: it merges in the same way, on this server only. */
export function localEngine(storage: StorageSpec): string {
  const engine = parseMergeTree(storage.engine);
  return engine?.prefix === undefined ? (storage.engine ?? "MergeTree") : localMergeTree(engine);
}
