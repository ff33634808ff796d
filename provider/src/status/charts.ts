import { escapeHtml } from "../util/html";
import { bytesText, countText, durationText, factorText, lagText, rangeText } from "./format";
import { type Buckets, isUnknown, type ViewStatus } from "./view-status";

/** Width of the shortest bar, in hundredths: what there is stays visible, two hours on an axis of 100 days as well. */
const LEAST = 1;

/** A target with all views that write to it: drawn once. */
interface Drawn {
  readonly label: string;
  /** The view whose lag is shown: the one farthest behind. */
  readonly view: ViewStatus;
}

/** The charts of the page: rows, bytes, reduction, and the times that targets and sources cover. */
export function renderCharts(views: readonly ViewStatus[]): string {
  const drawn = targets(views);
  const charts = [
    barChart("Rows", "logarithmic", drawn, ({ rows }) => rows, countText, Math.log1p),
    barChart(
      "Size",
      "compressed",
      drawn,
      ({ bytes }) => bytes,
      bytesText,
      (value) => value,
    ),
    barChart(
      "Reduction",
      "source rows per target row, logarithmic",
      drawn,
      ({ reduction }) => reduction,
      factorText,
      (value) => Math.log(Math.max(1, value)),
    ),
  ];
  return `<div class="charts">${charts.join("\n")}</div>\n${coverage(drawn)}`;
}

function targets(views: readonly ViewStatus[]): Drawn[] {
  const found = new Map<string, ViewStatus[]>();
  for (const view of views) found.set(view.target, [...(found.get(view.target) ?? []), view]);
  return [...found].flatMap(([label, [first, ...others]]) => {
    if (first === undefined) return [];
    return [{ label, view: others.reduce((last, view) => (lagOf(view) > lagOf(last) ? view : last), first) }];
  });
}

function lagOf({ lag }: ViewStatus): number {
  return isUnknown(lag) ? -1 : lag.seconds;
}

function barChart(
  title: string,
  note: string,
  drawn: readonly Drawn[],
  read: (view: ViewStatus) => number | undefined,
  textOf: (value: number | undefined) => string,
  scale: (value: number) => number,
): string {
  const rows = drawn
    .map(({ label, view }) => ({ label, value: read(view) }))
    .sort((a, b) => (b.value ?? -1) - (a.value ?? -1));
  const most = Math.max(Number.MIN_VALUE, ...rows.map(({ value }) => scale(value ?? 0)));
  const lines = rows.map(({ label, value }) => {
    const width = value === undefined ? 0 : Math.max(value > 0 ? LEAST : 0, (100 * scale(value)) / most);
    return `${labelOf(label)}${drawing(`<rect class="bar" width="${width.toFixed(2)}" height="14"/>`)}<span class="value">${textOf(value)}</span>`;
  });
  return `<section><h2>${title} <small>${note}</small></h2><div class="bars">${lines.join("\n")}</div></section>`;
}

/** One line per target: the source's range, and on top of it the target's range. A gap at the right is lag. */
function coverage(drawn: readonly Drawn[]): string {
  const spans = drawn.flatMap(({ label, view }) => {
    const held = isUnknown(view.buckets) ? undefined : view.buckets;
    const source = view.sources[0]?.times;
    return held === undefined && source === undefined ? [] : [{ label, view, held, source }];
  });
  const ends = spans.flatMap(({ held, source }) => [held, source].flatMap((one) => (one ? [span(one)] : [])));
  if (ends.length === 0) return "";
  const from = Math.min(...ends.map(([start]) => start));
  const to = Math.max(...ends.map(([, end]) => end), from + 1);
  const place = (times: Buckets | undefined, kind: string, [y, height]: readonly [number, number]): string => {
    if (times === undefined) return "";
    const [start, end] = span(times);
    const width = Math.max(LEAST, (100 * (end - start)) / (to - from));
    const x = Math.min(100 - width, (100 * (start - from)) / (to - from));
    return `<rect class="${kind}" x="${x.toFixed(2)}" y="${y}" width="${width.toFixed(2)}" height="${height}"/>`;
  };
  const lines = spans.map(({ label, view, held, source }) => {
    const bars = `${place(source, "behind", [0, 14])}${place(held && filled(held, view), "bar", [4, 6])}`;
    const title = [held && `${label}: ${rangeText(held)}`, source && `source: ${rangeText(source)}`].filter(Boolean);
    const lag = isUnknown(view.lag) ? "lag n/a" : `lag ${lagText(view)}`;
    return `${labelOf(label)}${drawing(bars, title.join("\n"))}<span class="value">${lag}</span>`;
  });
  const middle = new Date((from + to) / 2).toISOString();
  const times = [new Date(from).toISOString(), middle, new Date(to).toISOString()].map((one) => one.slice(0, 16));
  const axis = times.map((one) => `<span>${one.replace("T", " ")}</span>`).join("");
  const key = `<small><i class="key" style="background:var(--bar)"></i>target<i class="key" style="background:var(--behind)"></i>source</small>`;
  return `<section><h2>Time covered <small>${durationText((to - from) / 1000)}, UTC</small>${key}</h2>
<div class="spans">${lines.join("\n")}<span></span><span class="axis">${axis}</span><span></span></div></section>`;
}

/** Extends the newest bucket to the source's newest row, less the lag: the bucket's start alone would look like a gap. */
function filled(held: Buckets, { lag, sources }: ViewStatus): Buckets {
  const newest = sources[0]?.times?.newest;
  if (newest === undefined || isUnknown(lag) || !lag.exact) return held;
  const end = Date.parse(newest) - lag.seconds * 1000;
  return end > Date.parse(held.newest) ? { ...held, newest: new Date(end).toISOString() } : held;
}

function span({ oldest, newest }: Buckets): readonly [number, number] {
  return [Date.parse(oldest), Date.parse(newest)];
}

function labelOf(name: string): string {
  const text = escapeHtml(name);
  return `<span class="label" title="${text}">${text}</span>`;
}

/** A drawing 100 units wide, stretched to the available width. */
function drawing(marks: string, title = ""): string {
  const tip = title === "" ? "" : `<title>${escapeHtml(title)}</title>`;
  const track = '<rect class="track" width="100" height="14"/>';
  return `<svg viewBox="0 0 100 14" preserveAspectRatio="none" aria-hidden="true">${tip}${track}${marks}</svg>`;
}
