import { splitArguments } from "./fragments";
import { unquoteString } from "./identifiers";

/** An engine of the MergeTree family, taken apart. */
export interface MergeTreeEngine {
  /** Who keeps its parts: Keeper, a cloud, or (undefined) the server alone. */
  readonly prefix?: "Replicated" | "Shared";
  /** Without the prefix, e.g. `SummingMergeTree`. */
  readonly family: string;
  /** Where Keeper has the table and under which name this replica, macros as written; absent: the server's defaults. */
  readonly keeper?: { readonly path: string; readonly replica: string };
  /** SQL texts behind path and replica: version, sign, what is summed. */
  readonly args: readonly string[];
}

/** Takes an engine apart; undefined for other families. */
export function parseMergeTree(engine: string | undefined): MergeTreeEngine | undefined {
  const match = /^\s*(Replicated|Shared)?(\w*MergeTree)\s*(?:\(([\s\S]*)\))?\s*$/.exec(engine ?? "");
  if (!match) return undefined;
  const [, prefix, family = "MergeTree", text = ""] = match;
  const args = splitArguments(text);
  if (prefix !== "Replicated" && prefix !== "Shared") return { family, args };
  const [path, replica, ...rest] = args;
  // Both or none, as text literals.
  if (!path?.startsWith("'") || !replica?.startsWith("'")) return { prefix, family, args };
  return { prefix, family, keeper: { path: unquoteString(path), replica: unquoteString(replica) }, args: rest };
}

/** The same way of merging on a server of its own. */
export function localMergeTree({ family, args }: MergeTreeEngine): string {
  return args.length > 0 ? `${family}(${args.join(", ")})` : family;
}
