import { escapeHtml } from "../util/html";
import { renderCharts } from "./charts";
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
import { PAGE_STYLE } from "./page-style";
import { isUnknown, type ServerStatus, type ViewStatus } from "./view-status";

/** The status as a self-contained page: no network, no script. */
export function renderStatusPage(status: ServerStatus): string {
  const { at, notes, url, version, views } = status;
  const where = `${escapeHtml(url)} · ClickHouse ${escapeHtml(version)} · ${timeText(at)} UTC`;
  const body =
    views.length === 0
      ? "<section>No materialized view.</section>"
      : `${renderCharts(views)}\n<section><h2>Views</h2><div class="scroll">${renderTable(views)}</div></section>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ClickHouse views</title>
<style>
${PAGE_STYLE}
</style>
</head>
<body>
<header><h1>ClickHouse views</h1><span class="counts">${where}</span></header>
<main>
${renderTiles(status)}
${body}
<footer>${[...notes, LEGEND].map((note) => `<p>${escapeHtml(note)}</p>`).join("")}</footer>
</main>
</body>
</html>
`;
}

const LEGEND =
  "Lag: the bucket of the source's newest row less the newest bucket there is; ~ where that bucket could not be worked out. " +
  "Reduction: source rows per target row, as both are held now. Disk: part of the bytes of all tables.";

function renderTiles({ bytes, disk, views }: ServerStatus): string {
  const targets = [...new Map(views.map((view) => [view.target, view])).values()];
  const sum = (of: (view: ViewStatus) => number | undefined): number =>
    targets.reduce((total, view) => total + (of(view) ?? 0), 0);
  const held = sum((view) => view.bytes);
  const wrong = views.filter((view) => remarksOf(view).some(({ isWrong }) => isWrong)).length;
  const behind = Math.max(0, ...views.map(({ lag }) => (isUnknown(lag) ? 0 : lag.seconds)));
  const tiles: [title: string, value: string, isBad?: boolean][] = [
    ["Views", countText(views.length)],
    ["With problems", countText(wrong), wrong > 0],
    ["Longest lag", durationText(behind)],
    ["Rows in targets", countText(sum((view) => view.rows))],
    [bytes > 0 ? `In targets, ${shareText(held / bytes)} of all` : "In targets", bytesText(held)],
    ...(disk === undefined ? [] : [["Disk free", bytesText(disk.free)] as [string, string]]),
  ];
  const items = tiles.map(
    ([title, value, isBad]) => `<div${isBad ? ' class="bad"' : ""}><dt>${title}</dt><dd>${value}</dd></div>`,
  );
  return `<dl class="tiles">${items.join("")}</dl>`;
}

const COLUMNS: readonly [title: string, text: (view: ViewStatus) => string][] = [
  ["Rows", ({ rows }) => countText(rows)],
  ["Size", ({ bytes }) => bytesText(bytes)],
  ["Compr.", ({ compression }) => factorText(compression)],
  ["Parts", ({ parts }) => countText(parts)],
  ["Reduction", ({ reduction }) => factorText(reduction)],
  ["Disk", ({ share }) => shareText(share)],
  ["Lag", lagText],
];

function renderTable(views: readonly ViewStatus[]): string {
  const head = COLUMNS.map(([title]) => `<th class="number">${title}</th>`).join("");
  return `<table><tr><th>View</th>${head}</tr>\n${views.map(renderRow).join("\n")}</table>`;
}

function renderRow(view: ViewStatus): string {
  const { buckets, sharedWith, sources, target, ttl } = view;
  const from = namesText(sources.map(({ name }) => name)) || "no table";
  const details = [
    `${from} → ${target === view.view ? "inner table" : target}${sharedWith.length > 0 ? ` (${sharedText(sharedWith)})` : ""}`,
    isUnknown(buckets) ? `buckets n/a: ${buckets.unknown}` : `${buckets.column} ${rangeText(buckets)}`,
    refreshText(view),
    ttl === undefined ? "no TTL" : `TTL ${ttl}`,
  ].filter(Boolean);
  const lines = [
    ...details.map((text) => `<small>${escapeHtml(text)}</small>`),
    ...remarksOf(view).map(
      ({ text, isWrong }) => `<small${isWrong ? ' class="wrong"' : ""}>${escapeHtml(text)}</small>`,
    ),
  ];
  const numbers = COLUMNS.map(
    ([title, text]) => `<td class="number" data-title="${title}">${escapeHtml(text(view))}</td>`,
  );
  return `<tr><td><b>${escapeHtml(view.view)}</b>${lines.join("")}</td>${numbers.join("")}</tr>`;
}
