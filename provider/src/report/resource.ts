import { SIGNS } from "../graph/marks";
import { kindOf } from "../kinds";
import { HAZARD_KINDS, type HazardKind } from "../plan/plan";
import type { ShownStep } from "../plan/shown";
import { textDiff } from "../sql/text-diff";
import { plural } from "../util/format";
import { describeChanges } from "./describe";
import { costOf, HAZARDS, worstOf } from "./hazards";
import { code, fence, item, prose, shorten } from "./markdown";
import type { Diagnostic } from "./preview";
import type { ResourceChange } from "./resources";

/** How much of a resource is shown: one line; everything, with long texts cut; everything. */
export type Level = "line" | "short" | "full";

/** Maximum length of a text block, in characters, and maximum number of list entries. */
const LIMITS = { short: { text: 1_500, entries: 6 }, full: { text: 20_000, entries: 200 } };

const SEVERITIES: Readonly<Record<Diagnostic["severity"], string>> = { error: "❌", warning: "⚠️", info: "ℹ️" };

/** What is known about a resource besides the resource itself. */
export interface ResourceContext {
  /** Quoted names of objects that stay and read or write this one. */
  readonly users: readonly string[];
  readonly open: boolean;
}

/** A resource as Markdown. */
export function renderResource(change: ResourceChange, level: Level, context: ResourceContext): string {
  const head = renderHead(change);
  if (level === "line") return `- ${head}`;
  const parts = [...renderWhat(change, context, level), ...renderPlan(change, level), ...renderFindings(change, level)];
  if (parts.length === 0) return `- ${head}`;
  return [`<details${context.open ? " open" : ""}><summary>${head}</summary>`, ...parts, "</details>"].join("\n\n");
}

/** Sign, operation, kind and name. */
export function renderName({ op, kind, name, kept }: ResourceChange): string {
  const what = code(shorten(name, 120));
  if (kept) return `🏷️ <b>adopt</b> ${kindOf(kind).word} ${what}`;
  return op === "none" ? `${kindOf(kind).word} ${what}` : `${SIGNS[op]} <b>${op}</b> ${kindOf(kind).word} ${what}`;
}

function renderHead(change: ResourceChange): string {
  const kinds = new Set(change.plan.flatMap(({ hazards }) => hazards.map(({ kind }) => kind)));
  const shown = HAZARD_KINDS.filter((kind) => kinds.has(kind) && (kind !== "metadata-only" || kinds.size === 1));
  const counts = (["error", "warning"] as const).flatMap((severity) => {
    const count = change.findings.filter((one) => one.severity === severity).length;
    return count === 0 ? [] : [`${SEVERITIES[severity]} ${plural(count, severity)}`];
  });
  return [renderName(change), ...shown.map(label), ...counts].join(" · ");
}

function label(kind: HazardKind): string {
  return `${HAZARDS[kind].sign} ${HAZARDS[kind].label}`;
}

function renderWhat(change: ResourceChange, { users }: ResourceContext, level: "short" | "full"): string[] {
  const { op, from, to, secret, kept } = change;
  const notes = change.properties.map((property) => code(shorten(property, 200)));
  if (kept) notes.push("only the resource is renamed; the object on the server stays as it is");
  if (op === "replace" && change.replaceReasons.length > 0) {
    notes.push(`replaced because of ${change.replaceReasons.map((reason) => code(shorten(reason, 100))).join(", ")}`);
  }
  if (op === "delete" && !kept && users.length > 0)
    notes.push(`💥 still used by ${users.map((name) => code(shorten(name, 120))).join(", ")}`);
  if (
    op === "delete" &&
    !secret &&
    from?.spec?.kind === "materializedView" &&
    from.spec.to &&
    from.spec.refresh === undefined
  ) {
    const target = code(shorten(`${from.spec.to.database}.${from.spec.to.name}`, 120));
    notes.push(`rows inserted from then on no longer reach ${target}`);
  }
  if (secret) return [...list(notes, level), "🔒 The definition is secret: neither it nor the statements are shown."];
  if (op !== "none" && op !== "delete" && to !== undefined && to.statement === undefined) {
    return [...list(notes, level), "The definition is known only after the apply."];
  }
  if (op === "update" || op === "replace") notes.push(...describeChanges(from?.spec, to?.spec));
  return [...list(notes, level), ...renderStatement(change, level)];
}

function renderStatement({ op, from, to, kept }: ResourceChange, level: "short" | "full"): string[] {
  const [before, after] = [from?.statement ?? "", to?.statement ?? ""];
  if (kept || op === "none" || (before === after && op !== "replace")) return [];
  if (op === "create" || before === after) return [cut(after, "sql", level)];
  if (op === "delete") return [cut(before.replace(/^/gm, "-"), "diff", level)];
  return [cut(textDiff(before, after, "now", "declared"), "diff", level)];
}

function renderPlan({ plan }: ResourceChange, level: "short" | "full"): string[] {
  if (plan.length === 0) return [];
  const shown = plan.slice(0, LIMITS[level].entries);
  const steps = shown.map((step, index) => renderStep(step, index, level));
  return ["<b>What runs</b>", ...steps, ...more(plan.length - shown.length, "step")];
}

function renderStep(step: ShownStep, index: number, level: "short" | "full"): string {
  const cost = costOf(step) ?? worstOf(step);
  const notes = step.hazards.filter(({ kind }) => kind !== "metadata-only" || step.hazards.length > 1);
  const lines = notes.map(({ kind, message }) => {
    // In plans of 0.1.0, further remarks are part of the last message.
    const [first = "", ...further] = shorten(message, 600).split("\n-- ").map(prose);
    return [`${HAZARDS[kind].sign} <b>${HAZARDS[kind].label}</b>: ${first}`, ...further].join("\n- ");
  });
  lines.push(...(step.notes ?? []).map((note) => prose(note.replace(/^-- /, ""))));
  const head = `<b>${index + 1}.</b> ${cost === undefined ? "" : label(cost)}`.trim();
  return [head, ...(step.sql === "" ? [] : [cut(step.sql, "sql", level)]), ...list(lines, level)].join("\n\n");
}

function renderFindings({ findings }: ResourceChange, level: "short" | "full"): string[] {
  const order = ["error", "warning", "info"];
  const sorted = [...findings].sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
  const entries = sorted.map((finding) => renderFinding(finding, LIMITS[level].text));
  return entries.length === 0 ? [] : ["<b>Findings</b>", ...list(entries, level)];
}

/** A message with its sign: the first line as prose, the rest unchanged. */
export function renderFinding({ severity, message }: Diagnostic, longest: number): string {
  const [first = "", ...rest] = shorten(message, longest).split("\n");
  const text = rest.join("\n").trimEnd();
  const head = `${SEVERITIES[severity]} ${prose(first)}`;
  if (text.trim() === "") return head;
  return `${head}\n\n${fence(text, /^--- .*\n\+\+\+ /m.test(text) ? "diff" : "")}`;
}

function list(entries: readonly string[], level: "short" | "full"): string[] {
  if (entries.length === 0) return [];
  const shown = entries.slice(0, LIMITS[level].entries);
  return [[...shown.map(item), ...more(entries.length - shown.length, "entry").map(item)].join("\n")];
}

function more(count: number, what: string): string[] {
  return count === 0 ? [] : [`<i>${count} more (${what === "entry" ? "entries" : plural(count, what)})</i>`];
}

function cut(text: string, language: string, level: "short" | "full"): string {
  const longest = LIMITS[level].text;
  if (text.length <= longest) return fence(text, language);
  const kept = shorten(text, longest);
  const left = text.split("\n").length - kept.split("\n").length;
  return `${fence(kept, language)}\n\n<i>The text continues for ${plural(Math.max(1, left), "line")}.</i>`;
}
