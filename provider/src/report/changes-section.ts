import type { Lineage, Marks } from "../graph";
import { HAZARD_KINDS } from "../plan/plan";
import { objectKey, quotedName } from "../sql/object-key";
import { plural } from "../util/format";
import { costOf } from "./hazards";
import type { Loss } from "./losses";
import { type Level, renderResource } from "./resource";
import type { Operation, ResourceChange } from "./resources";

/** What the section shows, and what else it needs to know. */
export interface ChangesInput {
  readonly changes: readonly ResourceChange[];
  readonly losses: readonly Loss[];
  readonly lineage: Lineage;
  readonly marks: Marks;
}

/** Room for the heading and for the note about the rest, in characters. */
const RESERVE = 400;

/** How many of the most serious changes are unfolded initially. */
const MOST_OPEN = 6;

/** Every change, most serious first. If they do not fit, long texts are cut, then changes become lines, then the last are counted. */
export function renderChanges({ changes, losses, lineage, marks }: ChangesInput, budget: number): string[] {
  if (changes.length === 0) return [];
  const room = budget - RESERVE;
  const inOrder = sorted(changes, losses);
  const open = new Set(inOrder.filter(isGrave).slice(0, MOST_OPEN));
  const at = (change: ResourceChange, level: Level): string =>
    renderResource(change, level, { users: usersOf(change, lineage, marks), open: open.has(change) });
  const texts: string[] = [];
  let used = 0;
  for (const change of inOrder) {
    const line = at(change, "line");
    if (used + line.length + 2 > room) break;
    texts.push(line);
    used += line.length + 2;
  }
  const levels = texts.map((): Level => "line");
  const shown = inOrder.slice(0, texts.length);
  for (const level of ["short", "full"] as const) {
    for (const [index, change] of shown.entries()) {
      if (level === "full" && levels[index] === "line") continue;
      const text = at(change, level);
      const longer = text.length - (texts[index]?.length ?? 0);
      if (used + longer > room) continue;
      texts[index] = text;
      levels[index] = level;
      used += longer;
    }
  }
  return ["### Changes", ...texts, ...leftOut(inOrder, levels)];
}

function leftOut(changes: readonly ResourceChange[], levels: readonly Level[]): string[] {
  const count = (level: Level): number => levels.filter((one) => one === level).length;
  const missing = changes.length - levels.length;
  const said = [
    ...(missing > 0 ? [`${plural(missing, "more change")} not named`] : []),
    ...(count("line") > 0 ? [`details of ${plural(count("line"), "change")}`] : []),
    ...(count("short") > 0 ? [`long texts of ${plural(count("short"), "change")} cut`] : []),
  ];
  return said.length === 0 ? [] : [`<i>Left out to fit the size limit: ${said.join("; ")}.</i>`];
}

/** Quoted names of remaining objects that read or write an object. */
function usersOf(change: ResourceChange, lineage: Lineage, marks: Marks): string[] {
  const { database = "", name = "" } = change.from ?? change.to ?? {};
  const key = objectKey(database, name);
  const touching = lineage.edges.flatMap(({ from, to, kind }) => {
    if (kind === "write") return to === key ? [from] : [];
    return from === key ? [to] : [];
  });
  return [...new Set(touching)].filter((user) => marks.get(user) !== "delete").map(quotedName);
}

function isGrave({ op, kept, findings }: ResourceChange): boolean {
  return findings.some(({ severity }) => severity === "error") || (!kept && op !== "create" && op !== "none");
}

/** Failed first, then by what is at stake, then in the order of the preview: sources before their readers. */
function sorted(changes: readonly ResourceChange[], losses: readonly Loss[]): ResourceChange[] {
  const lost = new Set(losses.map(({ change }) => change.urn));
  const rank = (change: ResourceChange): number => {
    if (change.findings.some(({ severity }) => severity === "error")) return 0;
    if (lost.has(change.urn)) return 1;
    const order: readonly Operation[] = ["replace", "update", "delete", "create", "none"];
    const costs = change.plan.map((step) => HAZARD_KINDS.indexOf(costOf(step) ?? "metadata-only"));
    const kept = change.kept ? 50 : 0;
    return 10 + kept + order.indexOf(change.op) * 10 + (costs.length > 0 ? Math.min(...costs) : 9);
  };
  return [...changes].sort((a, b) => rank(a) - rank(b));
}
