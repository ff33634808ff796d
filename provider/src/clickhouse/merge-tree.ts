import { localMergeTree, parseMergeTree } from "../sql/engine";
import { splitArguments } from "../sql/fragments";
import { unquoteIdentifier } from "../sql/identifiers";
import type { StorageSpec, TableSpec } from "../sql/spec";

/** Engines without prefix that the protocol is proven for. */
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

/** Takes an engine clause apart. */
export function engineOf({ engine = "MergeTree" }: StorageSpec): Engine {
  const open = engine.indexOf("(");
  const name = (open < 0 ? engine : engine.slice(0, open)).trim();
  const base = name.replace(/^(?:Replicated|Shared)/, "");
  return {
    name: unquoteIdentifier(name),
    base,
    shared: base !== name,
    arguments: open < 0 ? [] : splitArguments(engine.slice(open + 1, engine.lastIndexOf(")"))),
  };
}

/** Whether the engine keeps its rows in parts, with merges. */
export function isMergeTree({ base }: Engine): boolean {
  return FAMILY.has(base);
}

/** Whether merges make fewer rows out of many, so that rows can only be counted while merges stand still. */
export function collapses({ base }: Engine): boolean {
  return base !== "MergeTree";
}

/** Whether the order in which rows came decides which of them live on. */
export function dependsOnOrder({ base, arguments: parameters }: Engine): boolean {
  if (base === "ReplacingMergeTree") return parameters.filter((text) => !text.startsWith("'")).length === 0;
  return base === "CollapsingMergeTree" || base === "CoalescingMergeTree" || base === "GraphiteMergeTree";
}

/** Whether rows leave the table by themselves as time goes by. */
export function hasTtl({ storage, columns }: TableSpec): boolean {
  return storage.ttl !== undefined || columns.some(({ ttl }) => ttl !== undefined);
}

/** The engine of a helper table: the same way of merging, known to this server alone. */
export function localEngine(storage: StorageSpec): string {
  const engine = parseMergeTree(storage.engine);
  return engine?.prefix === undefined ? (storage.engine ?? "MergeTree") : localMergeTree(engine);
}
