import { lineageOf } from "../graph";
import { renderAccess } from "./access-section";
import { renderChanges } from "./changes-section";
import { renderGraph } from "./graph-section";
import { lossesOf } from "./losses";
import { prose, shorten } from "./markdown";
import type { Preview } from "./preview";
import { renderRehearsal, type SavedRehearsal } from "./rehearsal";
import { changesOf, lineageObjects } from "./resources";
import { renderLosses, renderMessages, renderSummary } from "./sections";

export interface ReportOptions {
  /** What a rehearsal of the preview has found. */
  readonly rehearsal?: SavedRehearsal;
  /** Heading. Default: project and stack. */
  readonly title?: string;
  /** Longest report, in UTF-16 units; at least {@link SHORTEST}. Default: 65,000, which leaves a GitHub comment (65,536) some room. */
  readonly max?: number;
}

/** A shorter report would say nothing useful. */
export const SHORTEST = 4_000;

/** Capacity of a GitHub comment, minus some room for what a workflow adds. */
export const DEFAULT_MAX = 65_000;

/** The share of the whole that each section may take. */
const SHARES = { losses: 0.3, access: 0.15, messages: 0.15, rehearsal: 0.1, graph: 0.25 };

/**
 * A preview as GitHub Markdown: a summary, what drops data, who may do more or less, the lineage, then each change. Never longer than `max`; what is left out
 * is stated at the end. The summary and what drops data come first and are kept. It contains no secrets.
 *
 * @throws {RangeError} when `max` is less than {@link SHORTEST}.
 */
export function renderReport(preview: Preview, options: ReportOptions = {}): string {
  const { title = titleOf(preview), max = DEFAULT_MAX } = options;
  if (!(max >= SHORTEST)) throw new RangeError(`max is ${max}; expected at least ${SHORTEST} characters`);
  const all = changesOf(preview);
  const shown = all.filter(
    ({ op, findings, kept }) => (op !== "none" && !(kept && op === "delete")) || findings.length > 0,
  );
  const { objects, marks } = lineageObjects(all);
  const lineage = lineageOf(objects);
  const losses = lossesOf(all, preview);
  const head = [
    `## ${prose(shorten(title, 200))}`,
    renderSummary(preview, all),
    ...renderLosses(losses, preview, all, max * SHARES.losses),
    ...renderAccess(all, max * SHARES.access),
    ...renderMessages(preview, max * SHARES.messages),
    ...(options.rehearsal === undefined ? [] : renderRehearsal(options.rehearsal, max * SHARES.rehearsal)),
    ...renderGraph(lineage, marks, max * SHARES.graph),
  ].join("\n\n");
  const changes = renderChanges({ changes: shown, losses, lineage, marks }, max - head.length - 3);
  return `${[head, ...changes].join("\n\n")}\n`;
}

/** `project / stack`, from the first URN. */
function titleOf({ steps, diagnostics }: Preview): string {
  const urn = steps[0]?.urn ?? diagnostics.find((one) => one.urn !== undefined)?.urn;
  const [, stack, project] = /^urn:pulumi:(.*?)::(.*?)::/.exec(urn ?? "") ?? [];
  return stack === undefined ? "ClickHouse schema" : `ClickHouse schema: ${project} / ${stack}`;
}
