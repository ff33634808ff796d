import { kindOfUrn } from "../kinds";
import { plural } from "../util/format";
import { HOW_TO_ALLOW, type Loss, unknownOf } from "./losses";
import { prose, shorten } from "./markdown";
import type { Preview } from "./preview";
import { renderFinding, renderName } from "./resource";
import type { Operation, ResourceChange } from "./resources";

const OPERATIONS = ["create", "update", "replace", "delete"] as const;

/** How many objects change, and how. */
export function renderSummary(preview: Preview, changes: readonly ResourceChange[]): string {
  const count = (op: Operation): number => changes.filter((change) => change.op === op && !change.kept).length;
  const counts = OPERATIONS.filter((op) => count(op) > 0).map((op) => `**${count(op)} to ${op}**`);
  const renamed = changes.filter(({ op, kept }) => op === "create" && kept).length;
  if (renamed > 0) counts.push(`${plural(renamed, "resource")} renamed, the objects stay`);
  const foreign = preview.steps.filter((step) => kindOfUrn(step.urn) === undefined);
  const same = (preview.changeSummary["same"] ?? 0) - foreign.filter(({ op }) => op === "same").length;
  if (counts.length === 0) counts.push(hasFailed(preview) ? "**No change could be determined**" : "**No changes**");
  if (same > 0) counts.push(`${same} unchanged`);
  const others = foreign.filter(
    ({ op, urn }) => !/^(?:same|read|refresh)$/.test(op) && !/::pulumi:(?:pulumi|providers):/.test(urn),
  );
  if (others.length > 0) counts.push(`${plural(others.length, "change")} of other resources, not shown here`);
  return counts.join(" · ");
}

/** What drops data, prominently; or that nothing does, as far as known. */
export function renderLosses(
  losses: readonly Loss[],
  preview: Preview,
  changes: readonly ResourceChange[],
  budget: number,
): string[] {
  const unknown = unknownOf(changes);
  const blind = unknown.length === 0 ? [] : [`What runs for ${plural(unknown.length, "change")} is unknown.`];
  const failed = hasFailed(preview);
  if (losses.length === 0) {
    if (changes.every(({ op }) => op === "none") || failed) return blind;
    return [
      `${blind.length > 0 ? "As far as it is known, nothing" : "✅ Nothing"} here drops data. ${blind.join("")}`.trim(),
    ];
  }
  const objects = new Set(losses.map(({ change }) => change.urn)).size;
  const lines = ["> [!CAUTION]", `> **⛔ Drops data: ${plural(objects, "object")}**`, ">"];
  let used = lines.join("\n").length + 400;
  let left = 0;
  for (const { change, message } of losses) {
    const line = `> - ${renderName(change)}: ${prose(shorten(message, 400))}`;
    if (left > 0 || used + line.length > budget) left++;
    else lines.push(line);
    used += line.length + 1;
  }
  if (left > 0) lines.push(`> - **and ${left} more of this kind, which do not fit here**`);
  if (losses.some(({ refused }) => refused)) lines.push(">", `> ${prose(HOW_TO_ALLOW)}`);
  return [[...lines, ...blind.map((text) => `>\n> ${text}`)].join("\n")];
}

/** Errors and warnings about the whole, not about one resource of this package. */
export function renderMessages({ diagnostics }: Preview, budget: number): string[] {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const found = diagnostics.filter(
    ({ urn, severity }) => severity !== "info" && (urn === undefined || kindOfUrn(urn) === undefined),
  );
  const lines =
    errors === 0
      ? []
      : [`> [!WARNING]\n> **❌ The preview failed with ${plural(errors, "error")}**: what follows may be incomplete.`];
  let used = lines.join("").length;
  let left = 0;
  for (const one of found) {
    const line = renderFinding(one, 1_000);
    if (left > 0 || used + line.length > budget) left++;
    else lines.push(line);
    used += line.length + 2;
  }
  return left === 0 ? lines : [...lines, `<i>${plural(left, "more message")} left out.</i>`];
}

function hasFailed({ diagnostics }: Preview): boolean {
  return diagnostics.some(({ severity }) => severity === "error");
}
