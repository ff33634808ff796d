import { plural } from "../util/format";
import type { Difference } from "./compare-rows";
import type { RandomResult } from "./random";
import type { Mismatch, TestResult } from "./run";
import type { SuiteResult } from "./suite";
import type { Row } from "./test";

/** Rows of a difference that are printed. */
const MOST_ROWS = 20;
/** Longest cell, in characters. */
const WIDEST = 60;

/** How to print. */
export interface Look {
  readonly color: boolean;
}

const PLAIN: Look = { color: false };

/** The results for a terminal: a line for each test, a table for each difference, and a summary as the last line. */
export function renderSuite(result: SuiteResult, look: Look): string {
  const parts = result.tests.map((test) => renderTest(test, look));
  for (const { file, line, message } of result.problems) parts.push(`${mark("!", look)} ${file}:${line}: ${message}`);
  if (result.random.length > 0) {
    parts.push("", `Random rows (seed ${result.seed}), against the queries over all rows:`);
    for (const one of result.random) parts.push(renderRandom(one, result.seed, look));
  }
  for (const [name, note] of Object.entries(result.notes)) parts.push(`note: ${name} ${note}`);
  return `${[...parts, "", summaryOf(result)].join("\n")}\n`;
}

function renderTest(test: TestResult, look: Look): string {
  const at = test.file === undefined ? "" : `${test.file}${test.line === undefined ? "" : `:${test.line}`}: `;
  const sign = test.status === "passed" ? "✓" : test.status === "failed" ? "✗" : "!";
  const head = `${mark(sign, look)} ${at}${test.name}`;
  const lines = [...test.reasons, ...test.mismatches.flatMap((one) => renderMismatch(one, look).split("\n"))];
  return [head, ...lines.map((line) => (line === "" ? "" : `    ${line}`))].join("\n");
}

/** What differs, as a table: `-` was expected and is missing, `+` is there and was not expected, `~` differs in some cells. */
export function renderMismatch({ difference, from, when }: Mismatch, look: Look = PLAIN): string {
  const { differing, missing, unexpected } = difference;
  const counts = [
    [missing.length, "missing"],
    [unexpected.length, "unexpected"],
    [differing.length, "differing"],
  ].flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  return [
    `${from}, ${when}: ${plural(missing.length + unexpected.length + differing.length, "row")} (${counts.join(", ")})`,
    ...renderDifference(difference, look),
  ].join("\n");
}

/** The rows that differ, as lines of a table. */
export function renderDifference(difference: Difference, look: Look): string[] {
  const rows = rowsOf(difference);
  const shown = rows.slice(0, MOST_ROWS);
  const more = rows.length - shown.length;
  const lines = table([["", ...difference.columns], ...shown]).map((line) => paint(line, look));
  return [...lines, ...(more > 0 ? [`… and ${more} more`] : [])];
}

function rowsOf({ columns, differing, missing, unexpected }: Difference): string[][] {
  const cells = (sign: string, row: Row): string[] => [
    sign,
    ...columns.map((column) => (column in row ? cell(row[column]) : "")),
  ];
  return [
    ...missing.map((row) => cells("-", row)),
    ...unexpected.map((row) => cells("+", row)),
    ...differing.map(({ cells: different, row }) => [
      "~",
      ...columns.map((column) => {
        const own = different.find((one) => one.column === column);
        if (own !== undefined) return `${cell(own.expected)} → ${cell(own.found)}`;
        return column in row ? cell(row[column]) : "";
      }),
    ]),
  ];
}

function cell(value: unknown): string {
  const text =
    typeof value === "string" ? (value === "" ? "''" : value) : value === null ? "NULL" : JSON.stringify(value);
  const line = (text ?? "").replaceAll(/\s+/g, " ");
  return line.length > WIDEST ? `${line.slice(0, WIDEST - 1)}…` : line;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map((row) =>
    row
      .map((text, column) => text.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function renderRandom(one: RandomResult, seed: number, look: Look): string {
  const from = one.views.length === 0 ? "" : ` ← ${one.views.join(", ")}`;
  const sign = one.status === "passed" ? "✓" : one.status === "failed" ? "✗" : "-";
  const said =
    one.status === "not-tested"
      ? `not tested: ${one.reason}`
      : `${plural(one.rows, "row")}${one.reason ? `, ${one.reason}` : ""}`;
  const omitted = one.omitted.map(({ column, reason }) => `not compared: ${column}, ${reason}`);
  const lines = one.status === "failed" ? [...differencesOf(one), `run again: --random all --seed ${seed}`] : [];
  return [
    `${mark(sign, look)} ${one.target}${from}: ${said}`,
    ...[...lines, ...omitted].map((line) => `    ${line}`),
  ].join("\n");
}

function differencesOf({ differences }: RandomResult): string[] {
  const rows = differences.flatMap(({ bucket, columns, example, missing, surplus }) => [
    ...(missing > 0 ? [[bucket, example ?? "", "", `${plural(missing, "row")} missing`, ""]] : []),
    ...(surplus > 0 ? [[bucket, example ?? "", "", "", `${plural(surplus, "row")} too many`]] : []),
    ...columns.map(({ column, expected, found, key }) =>
      [bucket, key, column, expected, found].map((text) => cell(text)),
    ),
  ]);
  const shown = rows.slice(0, MOST_ROWS);
  const more = rows.length - shown.length;
  return [
    ...table([["bucket", "key", "column", "expected", "found"], ...shown]),
    ...(more > 0 ? [`… and ${more} more`] : []),
  ];
}

/** The closing line. */
function summaryOf({ problems, random, seconds, tests }: SuiteResult): string {
  const count = (status: string): number => [...tests, ...random].filter((one) => one.status === status).length;
  const parts = [
    `${count("passed")} passed`,
    ...[
      [count("failed"), "failed"],
      [count("invalid") + problems.length, "could not be run"],
      [count("not-tested"), "not tested"],
    ].flatMap(([number, what]) => (number === 0 ? [] : [`${number} ${what}`])),
  ];
  return `${parts.join(", ")} (${seconds.toFixed(1)} s)`;
}

const COLORS: Readonly<Record<string, number>> = { "✓": 32, "✗": 31, "!": 31, "-": 33 };
const LINES: Readonly<Record<string, number>> = { "-": 31, "+": 32, "~": 33 };

function mark(sign: string, { color }: Look): string {
  return color ? `\x1b[${COLORS[sign] ?? 0}m${sign}\x1b[0m` : sign;
}

function paint(line: string, { color }: Look): string {
  const code = LINES[line[0] ?? ""];
  return color && code !== undefined ? `\x1b[${code}m${line}\x1b[0m` : line;
}
