import { namesIn } from "../diff/text";
import { splitArguments } from "../sql/fragments";

/** Columns that the engine's arguments name: version, sign, sums. */
export function engineColumns(engine: string | undefined): ReadonlySet<string> {
  const args = engine?.replace(/^`?\w+`?/, "").replace(/^\s*\(([\s\S]*)\)\s*$/, "$1") ?? "";
  return namesIn(...splitArguments(args));
}
