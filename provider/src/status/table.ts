import { shorten } from "../graph/names";
import {
  bytesText,
  countText,
  durationText,
  factorText,
  lagText,
  namesText,
  rangeText,
  refreshText,
  remarksOf,
  sharedText,
  shareText,
  timeText,
} from "./format";
import { type Buckets, isUnknown, type ServerStatus, type ViewStatus } from "./view-status";

/** Options of {@link renderStatusTable}. */
export interface TableOptions {
  /** Default: false. */
  readonly color?: boolean;
  /** Longest line, in characters. Default: 100. */
  readonly width?: number;
}

type Paint = (code: number, text: string) => string;

const BOLD = 1;
const SOFT = 2;
const RED = 31;
const YELLOW = 33;

interface Column {
  readonly title: string;
  readonly text: (view: ViewStatus) => string;
}

const NUMBERS: readonly Column[] = [
  { title: "ROWS", text: ({ rows }) => countText(rows) },
  { title: "SIZE", text: ({ bytes }) => bytesText(bytes) },
  { title: "COMPR", text: ({ compression }) => factorText(compression) },
  { title: "PARTS", text: ({ parts }) => countText(parts) },
  { title: "REDUCED", text: ({ reduction }) => factorText(reduction) },
  { title: "DISK", text: ({ share }) => shareText(share) },
  { title: "LAG", text: lagText },
];

/** The status as a table for a terminal, with detail lines below each view. */
export function renderStatusTable(status: ServerStatus, { color = false, width = 100 }: TableOptions = {}): string {
  const paint: Paint = (code, text) => (color && text !== "" ? `\x1b[${code}m${text}\x1b[0m` : text);
  const lines = [headline(status, width), ""];
  if (status.views.length === 0) lines.push("No materialized view.");
  else lines.push(...tableLines(status.views, width, paint));
  for (const note of status.notes) lines.push("", ...wrap(`note: ${note}`, width, "").map((line) => paint(SOFT, line)));
  return `${lines.join("\n")}\n`;
}

function headline({ at, bytes, disk, url, version, views }: ServerStatus, width: number): string {
  const parts = [
    `${views.length} materialized view${views.length === 1 ? "" : "s"}`,
    `tables hold ${bytesText(bytes)}`,
    disk === undefined ? "" : `${bytesText(disk.free)} of ${bytesText(disk.total)} disk free`,
  ];
  const where = [`${url} (ClickHouse ${version})`, `${timeText(at)} UTC`];
  return [where, parts].flatMap((line) => pack(line.filter(Boolean), width, "")).join("\n");
}

function tableLines(views: readonly ViewStatus[], width: number, paint: Paint): string[] {
  const cells = views.map((view) => NUMBERS.map(({ text }) => text(view)));
  const widths = NUMBERS.map(({ title }, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const taken = widths.reduce((sum, one) => sum + one + 2, 0);
  const longest = Math.max(4, ...views.map(({ view }) => view.length));
  const nameWidth = Math.min(longest, Math.max(16, width - taken));
  const line = (name: string, row: readonly string[]): string =>
    [name.padEnd(nameWidth), ...row.map((cell, at) => cell.padStart(widths[at] ?? 0))].join("  ");
  const titles = line(
    "VIEW",
    NUMBERS.map(({ title }) => title),
  );
  return [
    paint(BOLD, titles.trimEnd()),
    ...views.flatMap((view, index) => {
      const row = line(shorten(view.view, nameWidth), cells[index] ?? []);
      const detail = pack(detailOf(view), width, "  ").map((one) => paint(SOFT, one));
      const remarks = remarksOf(view).flatMap(({ text, isWrong }) =>
        wrap(`! ${text}`, width, "  ").map((one) => paint(isWrong ? RED : YELLOW, one)),
      );
      return [row, ...detail, ...remarks];
    }),
  ];
}

function detailOf(view: ViewStatus): string[] {
  const { buckets, sharedWith, sources, target, ttl } = view;
  const from = namesText(sources.map(({ name }) => name)) || "no table";
  const parts = [
    `${from} → ${target === view.view ? "inner table" : target}`,
    sharedText(sharedWith),
    isUnknown(buckets) ? `buckets n/a: ${buckets.unknown}` : spanText(buckets),
    refreshText(view),
    ttl === undefined ? "no TTL" : `TTL ${ttl}`,
  ];
  return parts.filter(Boolean);
}

function spanText(buckets: Buckets): string {
  const seconds = (Date.parse(buckets.newest) - Date.parse(buckets.oldest)) / 1000;
  return `${rangeText(buckets)} (${durationText(seconds)})`;
}

/** As many parts per line as fit, unbroken where possible. */
function pack(parts: readonly string[], width: number, indent: string): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 3 + part.length <= width) lines[lines.length - 1] = `${last} · ${part}`;
    else lines.push(...wrap(part, width, indent));
  }
  return lines;
}

/** Lines of at most `width` characters, broken at spaces; all but the first are indented further. */
function wrap(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    const isFirst = line.trim() === "";
    if (!isFirst && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${indent}  ${word}`;
    } else {
      line += isFirst ? word : ` ${word}`;
    }
  }
  return [...lines, line];
}
