import { createPatch } from "diff";

/** Unified diff of two statements. */
export function textDiff(from: string, to: string, fromName: string, toName: string): string {
  const patch = createPatch("", from, to, fromName, toName, { context: 2 });
  return patch
    .split("\n")
    .filter((line) => !/^(Index:|=+$|\\ No newline)/.test(line))
    .map((line) => (line.startsWith("---") ? `--- ${fromName}` : line.startsWith("+++") ? `+++ ${toName}` : line))
    .join("\n")
    .trimEnd();
}
