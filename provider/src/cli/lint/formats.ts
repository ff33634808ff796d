import type { Severity } from "../../lint";
import type { FileFinding } from "./file-finding";
import { formatSarif } from "./sarif";

/** Output formats of a run. */
export const FORMATS = ["text", "json", "sarif", "github"] as const;
export type Format = (typeof FORMATS)[number];

/** The result of a run. */
export interface Result {
  readonly findings: readonly FileFinding[];
  readonly files: number;
  /** Statements that were checked. */
  readonly statements: number;
  /** Statements that neither create nor query anything. */
  readonly skipped: number;
}

const COLORS: Readonly<Record<Severity, number>> = { error: 31, warning: 33, info: 36 };

/** The result as text, with a line break at the end. */
export function format(result: Result, how: Format, isColored: boolean): string {
  switch (how) {
    case "text":
      return formatText(result, isColored);
    case "json":
      return `${JSON.stringify(jsonOf(result), undefined, 2)}\n`;
    case "sarif":
      return `${JSON.stringify(formatSarif(result.findings), undefined, 2)}\n`;
    case "github":
      return [...result.findings.map(command), summary(result)].map((line) => `${line}\n`).join("");
  }
}

/** How many findings there are of a severity. */
export function count({ findings }: Pick<Result, "findings">, severity: Severity): number {
  return findings.filter((finding) => finding.severity === severity).length;
}

/** The summary line. */
export function summary(result: Result): string {
  const found = (["error", "warning", "info"] as const).map((severity) => plural(count(result, severity), severity));
  const skipped = result.skipped > 0 ? `, ${result.skipped} skipped` : "";
  return `${found.join(", ")} in ${plural(result.files, "file")} (${plural(result.statements, "statement")} linted${skipped})`;
}

function formatText(result: Result, isColored: boolean): string {
  const paint = (text: string, ...codes: number[]): string =>
    isColored ? `\u001b[${codes.join(";")}m${text}\u001b[0m` : text;
  const blocks = result.findings.map((finding) => {
    const { file, line, column, severity, rule, message, why, fix, engine, source } = finding;
    const place = paint(`${file}:${line}:${column}:`, 1);
    const gutter = String(line).padStart(5);
    const empty = " ".repeat(gutter.length);
    const notes = [`why: ${why}`, `fix: ${fix}`, ...(engine === undefined ? [] : [`engine: ${engine}`])];
    return [
      `${place} ${paint(severity, 1, COLORS[severity])} ${paint(rule, 1)}: ${message}`,
      `${paint(`${gutter} |`, 34)} ${source}`,
      `${paint(`${empty} |`, 34)} ${paint(pointer(finding), 1, COLORS[severity])}`,
      ...notes.map((note) => `${empty} ${paint("=", 34)} ${note}`),
      "",
    ].join("\n");
  });
  return [...blocks, summary(result), ""].join("\n");
}

/** Tabs stay tabs, so that the caret is below its character. */
function pointer({ source, line, column, endLine, endColumn }: FileFinding): string {
  const before = source.slice(0, column - 1);
  const end = endLine === line ? endColumn - 1 : source.trimEnd().length;
  const length = Math.max(1, Array.from(source.slice(column - 1, end)).length);
  return Array.from(before, (char) => (char === "\t" ? "\t" : " ")).join("") + "^".repeat(length);
}

function jsonOf(result: Result): object {
  const { findings, ...counts } = result;
  const [errors, warnings, infos] = (["error", "warning", "info"] as const).map((severity) => count(result, severity));
  return { findings, summary: { errors, warnings, infos, ...counts } };
}

/** A workflow command of GitHub Actions. */
function command(finding: FileFinding): string {
  const { file, line, column, endLine, endColumn, severity, rule, message, why, fix } = finding;
  const kind = severity === "info" ? "notice" : severity;
  // GitHub accepts columns only for a range within one line.
  const columns = line === endLine ? { col: column, endColumn } : {};
  const properties = { file, line, endLine, ...columns, title: rule };
  const list = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::${kind} ${list.join(",")}::${escapeData(`${message} ${why} ${fix}`)}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}

function plural(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
