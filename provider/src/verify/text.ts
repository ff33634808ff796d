import type { BucketDifference, TargetReport } from "./types";

/** Buckets of a target that are listed individually, unless all are requested. */
const LISTED = 10;

/** The result of a repair, for the report. */
export interface RepairNote {
  readonly repaired: number;
  readonly partitions: number;
  readonly gated: boolean;
  readonly refused: readonly { readonly buckets: number; readonly reason: string }[];
}

/**
 * Formats reports as a table for a terminal, followed by what differs and what was left out.
 *
 * @param repairs what was repaired, by target; absent when no repair was requested.
 */
export function renderReports(
  reports: readonly TargetReport[],
  repairs?: ReadonlyMap<string, RepairNote>,
  all = false,
): string {
  if (reports.length === 0) return "No materialized view found.\n";
  const compared = reports.filter(({ verdict }) => verdict !== "not verifiable");
  const head = ["target", "buckets", "equal", "unproven", "different", "left out", "seconds", "verdict"];
  const rows = compared.map((one) => [
    one.target,
    count(one.compared),
    count(one.equal),
    count(one.unproven),
    count(one.differences.length),
    count(one.leftOut + one.busy),
    one.seconds.toFixed(1),
    one.verdict,
  ]);
  const sections = [rows.length === 0 ? "" : table([head, ...rows])];
  const others = reports.filter(({ verdict }) => verdict === "not verifiable");
  if (others.length > 0) {
    sections.push(`Not verifiable:\n${others.map((one) => `  ${viewsOf(one)}: ${one.reason}\n`).join("")}`);
  }
  for (const one of compared) sections.push(details(one, repairs?.get(one.target), all));
  return sections.filter((text) => text !== "").join("\n");
}

/** The closing summary line. */
export function renderVerdict(reports: readonly TargetReport[]): string {
  const compared = reports.filter(({ verdict }) => verdict !== "not verifiable");
  const sum = (of: (one: TargetReport) => number): number => compared.reduce((total, one) => total + of(one), 0);
  const certain = sum((one) => (one.verdict === "different" ? one.differences.length : 0));
  const doubtful = sum((one) => (one.verdict === "inexact" || one.verdict === "unproven" ? one.differences.length : 0));
  const inexact = doubtful === 0 ? "" : `, ${doubtful} more in targets whose truth may rightly differ`;
  const unproven = sum((one) => one.unproven);
  const open =
    unproven === 0 ? "" : `, ${count(unproven)} bucket(s) unproven: equal only until parts of their sources merge`;
  return `${certain} difference(s) in ${count(sum((one) => one.compared))} bucket(s) of ${compared.length} target(s)${inexact}${open}.\n`;
}

function details(report: TargetReport, repair: RepairNote | undefined, all: boolean): string {
  const lines = [
    ...report.inexact.map((reason) => `inexact source: ${reason}`),
    ...report.omitted.map(({ column, reason }) => `not compared: ${column}: ${reason}`),
    ...report.notes,
    ...(repair === undefined ? [] : repairLines(repair)),
  ];
  const listed = all ? report.differences : report.differences.slice(0, LISTED);
  const more = report.differences.length - listed.length;
  if (lines.length === 0 && listed.length === 0) return "";
  const body = [
    ...lines.map((line) => `  ${line}\n`),
    ...listed.map(renderDifference),
    ...(more > 0 ? [`  … and ${count(more)} more bucket(s); --all lists them\n`] : []),
  ];
  return `${report.target}, by ${report.bucket}\n${body.join("")}`;
}

function repairLines({ gated, partitions, refused, repaired }: RepairNote): string[] {
  const how = gated ? "; inserts were refused for a moment" : "";
  return [
    ...(repaired > 0 ? [`repaired ${count(repaired)} bucket(s) in ${count(partitions)} partition(s)${how}`] : []),
    ...refused.map(({ buckets, reason }) => `not repaired, ${count(buckets)} bucket(s): ${reason}`),
  ];
}

function renderDifference({ bucket, columns, example, keys, missing, surplus }: BucketDifference): string {
  const sides = [
    ...(missing > 0 ? [`${count(missing)} missing`] : []),
    ...(surplus > 0 ? [`${count(surplus)} surplus`] : []),
  ];
  const named = example === undefined ? "" : `, e.g. ${example}`;
  const head = `  ${bucket}: ${count(keys)} key(s) differ${sides.length > 0 ? `, ${sides.join(", ")}${named}` : ""}\n`;
  const rows = columns.map(
    (one) =>
      `    ${one.column}: ${count(one.keys)} key(s), e.g. ${one.key}: expected ${short(one.expected)}, found ${short(one.found)}\n`,
  );
  return head + rows.join("");
}

function viewsOf({ target, views }: TargetReport): string {
  return views.length === 1 && views[0] !== target ? `${views[0]} → ${target}` : `${views.join(", ")} → ${target}`;
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, index) => Math.max(...rows.map((row) => [...(row[index] ?? "")].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) =>
        index === 0 || index === row.length - 1 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0),
      )
      .join("  ")
      .trimEnd();
  return `${rows.map(line).join("\n")}\n`;
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}

function short(value: string): string {
  return value.length > 60 ? `${value.slice(0, 59)}…` : value;
}
