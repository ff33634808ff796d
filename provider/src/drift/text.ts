import { KINDS } from "../kinds";
import { code, fence, item, prose, shorten } from "../report/markdown";
import { isObjectKind } from "../sql/kinds";
import { plural } from "../util/format";
import type { Drift, DriftStatus, Extra, ObjectDrift } from "./drift";

/** What is reported in addition to the drift itself. */
export interface DriftCircumstances {
  /** URL of the server, without credentials. */
  readonly url: string;
  /** Objects of the state that belong to other providers and were not compared: their number by provider. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** URL of the server to which the state was written, if that is another one. */
  readonly writtenOn?: string;
}

/** Longest diff in Markdown, in characters. */
const LONGEST = 3000;
/** All diffs together: a comment has room for 65,536 characters. Further objects are only named. */
const BUDGET = 40_000;
/** Most list entries in Markdown. */
const MOST = 100;

const STATUS: Readonly<Record<DriftStatus, string>> = {
  drifted: "drifted",
  missing: "missing",
  "not-compared": "not compared",
  "in-sync": "in sync",
};

/** Whether there is drift; with `strict`, objects that are not in the state, or could not be compared, count too. */
export function hasDrift({ objects, unmanaged }: Drift, strict = false): boolean {
  const counted: readonly DriftStatus[] = strict ? ["drifted", "missing", "not-compared"] : ["drifted", "missing"];
  return objects.some(({ status }) => counted.includes(status)) || (strict && unmanaged.length > 0);
}

/** Whether something was not visible, so that "no drift" is not certain. */
export function isUncertain({ objects, silent }: Drift): boolean {
  return silent.length > 0 || objects.some(({ hidden }) => hidden === true);
}

/** For a terminal: the objects that differ, with their lines, and a summary as the last line. */
export function renderText(drift: Drift, circumstances: DriftCircumstances): string {
  const parts = differing(drift).map((object) => {
    const lines = linesOf(object).map((line) => `    ${line}`);
    return [`${STATUS[object.status]}: ${kindOf(object)} ${object.name}${because(object)}`, ...lines].join("\n");
  });
  for (const extra of drift.unmanaged) parts.push(`unmanaged: ${kindOf(extra)} ${extra.name}`);
  for (const [provider, count] of circumstances.leftOut) parts.push(leftOut(provider, count));
  if (circumstances.writtenOn !== undefined) parts.push(`warning: ${elsewhere(circumstances.writtenOn)}`);
  if (drift.silent.length > 0) parts.push(`warning: ${unanswered(drift)}`);
  return `${[...parts, `${summary(drift)} (${circumstances.url})`].join("\n")}\n`;
}

/** For machines. `diff` and `changes` go from declared to live. */
export function renderJson(drift: Drift, { url, leftOut, writtenOn }: DriftCircumstances): string {
  const { objects, silent, unmanaged } = drift;
  const counts = Object.fromEntries(
    (Object.keys(STATUS) as DriftStatus[]).map((status) => [status, countOf(drift, status)]),
  );
  const extra = unmanaged.map(({ name, kind }) => ({ name, kind }));
  const shown = {
    url,
    drift: hasDrift(drift),
    counts,
    objects,
    unmanaged: extra,
    leftOut: Object.fromEntries(leftOut),
    ...(writtenOn !== undefined && { writtenOn }),
    ...(silent.length > 0 && { silent }),
  };
  return `${JSON.stringify(shown, undefined, 2)}\n`;
}

/** For a comment or an issue. */
export function renderMarkdown(drift: Drift, { url, leftOut: others, writtenOn }: DriftCircumstances): string {
  const found = differing(drift);
  let used = 0;
  const sections = found.slice(0, MOST).map((object) => {
    const head = `**${STATUS[object.status]}**: ${kindOf(object)} ${code(object.name)}${prose(because(object))}`;
    const diff = object.diff === undefined ? "" : `\n${fence(shorten(withoutHead(object.diff), LONGEST), "diff")}`;
    used += diff.length;
    return item(used > BUDGET ? head : `${head}${diff}`);
  });
  if (found.length > MOST) sections.push(item(`and ${found.length - MOST} more`));
  const extra = drift.unmanaged.slice(0, MOST).map((one) => item(`${prose(kindOf(one))} ${code(one.name)}`));
  if (drift.unmanaged.length > MOST) extra.push(item(`and ${drift.unmanaged.length - MOST} more`));
  const parts = [
    hasDrift(drift) ? "### ⚠️ Drift" : isUncertain(drift) ? "### ⚠️ Drift is unknown" : "### ✅ No drift",
    prose(`${summary(drift)} (${url})`),
    ...(writtenOn === undefined ? [] : [prose(`⚠️ ${elsewhere(writtenOn)}`)]),
    ...(drift.silent.length === 0 ? [] : [prose(`⚠️ ${unanswered(drift)}`)]),
    ...(sections.length > 0 ? [sections.join("\n")] : []),
    ...(extra.length > 0 ? ["**Not in the state**", extra.join("\n")] : []),
    ...[...others].map(([provider, count]) => prose(leftOut(provider, count))),
  ];
  return `${parts.join("\n\n")}\n`;
}

function differing({ objects }: Drift): ObjectDrift[] {
  return objects.filter(({ status }) => status !== "in-sync");
}

function because({ reason, secret, status, differs }: ObjectDrift): string {
  const isHidden = secret && status === "drifted" && differs.length > 0;
  const what = isHidden ? `${differs.join(", ")} (its definition is or may be secret, and is not shown)` : undefined;
  const why = status === "missing" ? "is not on the server" : what;
  const words = [why, reason].filter(Boolean).join("; ");
  return words === "" ? "" : `: ${words}`;
}

function linesOf({ diff }: ObjectDrift): string[] {
  return diff === undefined ? [] : withoutHead(diff).split("\n");
}

/** The names of the two sides and the line positions carry no information here. */
function withoutHead(diff: string): string {
  return diff
    .split("\n")
    .filter((line) => !/^(?:--- declared|\+\+\+ live|@@ .* @@)/.test(line))
    .join("\n");
}

function summary(drift: Drift): string {
  const counts = (Object.keys(STATUS) as DriftStatus[]).flatMap((status) => {
    const count = countOf(drift, status);
    return count === 0 && status !== "in-sync" ? [] : [`${count} ${STATUS[status]}`];
  });
  const extra = drift.unmanaged.length === 0 ? [] : [`${drift.unmanaged.length} not in the state`];
  const hidden = drift.silent.length > 0 ? "a host does not answer" : "the user may not see everything";
  const none = isUncertain(drift) ? `Unknown, because ${hidden}` : "No drift";
  const lead = hasDrift(drift) ? "Drift (- declared, + live)" : none;
  return `${lead}: ${[...counts, ...extra].join(", ")}`;
}

function elsewhere(writtenOn: string): string {
  return `the state was written on another server, ${writtenOn}: what is missing may be there`;
}

function unanswered({ silent }: Drift): string {
  return `no answer from ${silent.join(", ")}: what is there is unknown`;
}

function leftOut(provider: string, count: number): string {
  const which = provider === "default" ? "the stack's own config" : `provider ${provider}`;
  return `left out: ${plural(count, "object")} of ${which} (--provider ${provider})`;
}

function countOf({ objects }: Drift, wanted: DriftStatus): number {
  return objects.filter(({ status }) => status === wanted).length;
}

function kindOf({ kind }: ObjectDrift | Extra): string {
  return isObjectKind(kind) ? KINDS[kind].word : kind;
}
