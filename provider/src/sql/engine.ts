import { splitArguments } from "./fragments";
import { unquoteIdentifier, unquoteString } from "./identifiers";
import { objectKey } from "./object-key";

/** A parsed engine of the MergeTree family. */
export interface MergeTreeEngine {
  /** Who keeps its parts: Keeper, a cloud, or (undefined) only the server. */
  readonly prefix?: "Replicated" | "Shared";
  /** Without the prefix, e.g. `SummingMergeTree`. */
  readonly family: string;
  /** Path of the table and name of this replica in Keeper, macros as written; absent: the server's defaults. */
  readonly keeper?: { readonly path: string; readonly replica: string };
  /** SQL of the arguments after path and replica: version, sign, what is summed. */
  readonly args: readonly string[];
}

/** Parses an engine; undefined for other families. */
export function parseMergeTree(engine: string | undefined): MergeTreeEngine | undefined {
  const match = /^\s*(Replicated|Shared)?(\w*MergeTree)\s*(?:\(([\s\S]*)\))?\s*$/.exec(engine ?? "");
  if (!match) return undefined;
  const [, prefix, family = "MergeTree", text = ""] = match;
  const args = splitArguments(text);
  if (prefix !== "Replicated" && prefix !== "Shared") return { family, args };
  const [path, replica, ...rest] = args;
  // Both or neither, as string literals.
  if (!path?.startsWith("'") || !replica?.startsWith("'")) return { prefix, family, args };
  return { prefix, family, keeper: { path: unquoteString(path), replica: unquoteString(replica) }, args: rest };
}

/** An engine as it merges: without what makes it replicated, and without empty parentheses. */
export function mergingEngine(engine = "MergeTree"): string {
  const parsed = parseMergeTree(engine);
  return parsed === undefined ? engine.replace(/\(\)$/, "") : localMergeTree(parsed);
}

/** The unreplicated engine that merges the same way. */
export function localMergeTree({ family, args }: MergeTreeEngine): string {
  return args.length > 0 ? `${family}(${args.join(", ")})` : family;
}

/**
 * Key of the table that one of engine Distributed or Buffer sends its rows to; undefined for other engines, and where an expression names it.
 *
 * @param own its own database, which an empty name stands for.
 */
export function sendsTo(engine: string | undefined, own: string): string | undefined {
  const [, name, text = ""] = /^\s*(Distributed|Buffer)\s*\(([\s\S]*)\)\s*$/.exec(engine ?? "") ?? [];
  if (name === undefined) return undefined;
  const [database, table] = splitArguments(text)
    .slice(name === "Distributed" ? 1 : 0)
    .map((one) => (one.startsWith("'") ? unquoteString(one) : unquoteIdentifier(one)));
  if (database === undefined || table === undefined) return undefined;
  return objectKey(database === "" ? own : database, table);
}
