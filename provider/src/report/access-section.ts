import { kindOf } from "../kinds";
import type { HazardKind } from "../plan/plan";
import { plural } from "../util/format";
import { HAZARDS } from "./hazards";
import { code, prose, shorten } from "./markdown";
import type { ResourceChange } from "./resources";

/** What changes for people, and under which heading. */
const HEADINGS: readonly (readonly [kind: HazardKind, heading: string])[] = [
  ["locks-out", "Locks the user of the deployment out"],
  ["widens-access", "May do or see more"],
  ["narrows-access", "May do or see less"],
];

interface Line {
  readonly kind: HazardKind;
  readonly text: string;
}

/** Who may do more and who less, over all changes; nothing if nobody. */
export function renderAccess(changes: readonly ResourceChange[], budget: number): string[] {
  const all = changes.flatMap(linesOf);
  if (all.length === 0) return [];
  const lines: string[] = ["### 🔐 Access"];
  let used = lines.join("").length + 100;
  let left = 0;
  for (const [kind, heading] of HEADINGS) {
    const own = all.filter((line) => line.kind === kind);
    if (own.length === 0) continue;
    lines.push("", `**${HAZARDS[kind].sign} ${heading}**`, "");
    for (const { text } of own) {
      if (left > 0 || used + text.length > budget) left++;
      else lines.push(text);
      used += text.length + 1;
    }
  }
  if (left > 0) lines.push("", `<i>${plural(left, "more line")} left out.</i>`);
  return [lines.join("\n")];
}

/** A secret plan says that much. */
function linesOf(change: ResourceChange): Line[] {
  const { kind, name, op, plan, kept } = change;
  const who = `${kindOf(kind).word} ${code(shorten(name, 120))}`;
  const line = (of: HazardKind, message: string): Line => ({
    kind: of,
    text: `- ${who}: ${prose(shorten(message, 600))}`,
  });
  const planned = plan.flatMap(({ hazards }) => hazards).filter((one) => HEADINGS.some(([of]) => of === one.kind));
  const found = planned.map((one) => line(one.kind, one.message));
  const goes = op === "delete" && !kept && kindOf(kind).isOf !== undefined;
  return goes ? [...found, line("narrows-access", "what it gave is taken back")] : found;
}
