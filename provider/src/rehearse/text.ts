import { kindOf } from "../kinds";
import { renderDifference } from "../testing/text";
import { plural, renderBytes } from "../util/format";
import type { Estimate } from "./estimate";
import { type InsertReport, isBroken, isFinding, type ReaderReport, type Rehearsal, verdictOf } from "./result";
import { type Fit, fits } from "./values";

/** For a terminal: what was tried, step by step; what does not fit; what is returned; a summary as the last line. */
export function renderText(rehearsal: Rehearsal): string {
  const { estimates, gaps, inserts, notes, readers, values } = rehearsal;
  const sections = [
    renderSamples(rehearsal),
    renderStatements(rehearsal),
    section("Values of the sample in their new types:", values.map(renderFit)),
    section("Inserts of the sample, as clients may send them today:", inserts.map(renderInsert)),
    section("What is returned, before → after:", readers.map(renderReader)),
    section("Expected for all rows, on a machine as this one without other load:", estimates.map(renderEstimate)),
    section("", [
      ...notes.map(({ message, object }) => `note: ${object}: ${message}`),
      ...gaps.map(({ message, object }) => `not rehearsed: ${object}: ${message}`),
    ]),
  ];
  const texts = sections.filter((lines) => lines.length > 0).map((lines) => lines.join("\n"));
  return `${[...texts, summaryOf(rehearsal)].join("\n\n")}\n`;
}

function section(head: string, entries: readonly string[]): string[] {
  if (entries.length === 0) return [];
  return head === "" ? [...entries] : [head, ...entries];
}

function renderSamples({ samples }: Rehearsal): string[] {
  const lines = samples.map(({ object, rows, total }) => {
    const of = total === undefined || total <= rows ? "" : ` of ${number(total)}`;
    return `  ${object}: ${number(rows)}${of} ${rows === 1 ? "row" : "rows"}`;
  });
  return lines.length === 0 ? [] : ["Sample:", ...lines];
}

const SIGNS = { ok: "✓", fails: "✗", "not-run": "-", "not-played": "?" } as const;

function renderStatements({ statements }: Rehearsal): string[] {
  const lines = statements.flatMap(({ error, kind, object, reason, sql, status }, index) => {
    const words = [reason, error?.message].filter((one) => one !== undefined).join(": ");
    const isFirst = statements[index - 1]?.object !== object;
    const head = isFirst ? [`${kindOf(kind).word} ${object}`] : [];
    const said = status === "fails" ? "fails" : status === "not-run" ? "not run" : "not played";
    const text = sql.trim() === "" ? "(secret)" : sql.trim();
    return [
      ...head,
      ...text.split("\n").map((line, at) => `  ${at === 0 ? SIGNS[status] : " "} ${line}`),
      ...(words === "" ? [] : [`    ${said}: ${words.replaceAll("\n", "\n    ")}`]),
    ];
  });
  return lines.length === 0 ? [] : ["Statements, on the sample:", ...lines];
}

function renderFit(fit: Fit): string {
  const { changed = 0, column, error, example, from, nulls = 0, object, to, unfit = 0, values } = fit;
  const counts = [
    ...(unfit > 0 ? [`${number(unfit)} do not fit`] : []),
    ...(changed > 0 ? [`${number(changed)} become another value`] : []),
    ...(nulls > 0 ? [`${plural(nulls, "NULL")} would be replaced`] : []),
    ...(error === undefined ? [] : [error.message]),
  ];
  const said = counts.length === 0 ? `all ${number(values)} fit` : `of ${number(values)}, ${counts.join(", ")}`;
  const shown = example === undefined ? "" : ` (${example})`;
  return `${fits(fit) ? "✓" : "✗"} ${object}.${column}: ${from} → ${to}: ${said}${shown}`;
}

function renderInsert(insert: InsertReport): string {
  const { after, before, object, rows } = insert;
  const what = `${object}: ${plural(rows, "row")}`;
  if (after === undefined) return `✓ ${what}: taken${before === undefined ? "" : `; before: ${before.message}`}`;
  return isBroken(insert)
    ? `✗ ${what}: refused: ${after.message}`
    : `- ${what}: refused before and after: ${after.message}`;
}

function renderEstimate({ bytes, object, rows, seconds }: Estimate): string {
  const time = seconds < 60 ? `${seconds.toFixed(1)} s` : `${(seconds / 60).toFixed(seconds < 600 ? 1 : 0)} min`;
  return `  ${object}: ${number(rows)} rows in ${time}; ${renderBytes(bytes.before)} → ${renderBytes(bytes.after)} on disk`;
}

const WORDS = {
  table: "",
  view: "",
  query: " (the query of its refresh)",
  written: " (written by the inserts)",
} as const;

function renderReader(reader: ReaderReport): string {
  const { difference, object, what } = reader;
  const sign = isFinding(reader) ? "✗" : reader.status === "same" ? "✓" : "~";
  const head = `${sign} ${object}${WORDS[what]}: ${wordsOf(reader)}`;
  if (difference === undefined) return head;
  const table = renderDifference(difference, { color: false });
  return [head, ...table.map((line) => `    ${line}`)].join("\n");
}

/** How what a reader returns changes, in words. */
export function wordsOf({ columns, error, gained, lost, rows, status, values }: ReaderReport): string {
  if (status === "fails") return `fails: ${error?.message}`;
  if (status === "failed") return `fails before and after: ${error?.message}`;
  if (status === "gone") return `${plural(rows.before, "row")}; is gone`;
  if (status === "new") return `new: ${plural(rows.after, "row")}`;
  const counted =
    rows.before === rows.after ? plural(rows.before, "row") : `${number(rows.before)} → ${plural(rows.after, "row")}`;
  if (status === "unread") return `${counted}: too many to compare`;
  if (status === "same")
    return rows.before === 0 ? "no row of the sample, so nothing is proven" : `${counted}, the same`;
  const parts = [
    ...columns.added.map((name) => `column ${name} comes`),
    ...columns.removed.map((name) => `column ${name} goes`),
    ...columns.retyped.map(({ from, name, to }) => `column ${name}: ${from} → ${to}`),
    ...(lost + gained > 0 ? [`${number(lost)} lost, ${number(gained)} new`] : []),
    ...values.map((one) => `${one.column} differs in ${number(one.rows)}`),
  ];
  return `${counted}: ${parts.join(", ")}`;
}

function summaryOf(rehearsal: Rehearsal): string {
  const { engine, gaps, inserts, readers, seconds, server, statements, values, version } = rehearsal;
  if (statements.length === 0 && engine === undefined)
    return `Nothing to rehearse: the preview changes no object (${server})`;
  const count = (status: string): number => statements.filter((one) => one.status === status).length;
  const parts = [
    `${plural(count("ok"), "step")} ok`,
    ...[
      [count("fails"), "failed"],
      [count("not-run"), "not run"],
      [count("not-played"), "not played"],
      [values.filter((one) => !fits(one)).length, "with values that do not fit"],
      [inserts.filter(isBroken).length, "insert refused"],
      [readers.filter(isFinding).length, "reader that fails or returns something else"],
      [gaps.length, "not rehearsed"],
    ].flatMap(([number, what]) => (number === 0 ? [] : [`${number} ${what}`])),
  ];
  const lead = { fine: "Fine", found: "Found", incomplete: "Incomplete" }[verdictOf(rehearsal)];
  return `${lead}: ${parts.join(", ")} (rows of ${server}, ${version}, on the embedded ${engine}; ${seconds.toFixed(1)} s)`;
}

function number(value: number): string {
  return value.toLocaleString("en-US");
}
