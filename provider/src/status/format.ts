import { renderSize } from "../plan";
import { type Buckets, isUnknown, type ViewStatus } from "./view-status";

/** Bytes in readable form, e.g. `3.1 MiB`; `–` if unknown. */
export function bytesText(bytes: number | undefined): string {
  return bytes === undefined ? "–" : renderSize({ bytes });
}

/** A count in readable form, e.g. `1,204`; `–` if unknown. */
export function countText(count: number | undefined): string {
  return count === undefined ? "–" : count.toLocaleString("en-US");
}

/** A factor, e.g. `143×` or `3.2×`; `–` if unknown. */
export function factorText(factor: number | undefined): string {
  if (factor === undefined) return "–";
  return `${factor >= 100 ? countText(Math.round(factor)) : factor.toFixed(factor >= 10 ? 0 : 1)}×`;
}

/** A share, e.g. `1.2 %`. */
export function shareText(share: number | undefined): string {
  if (share === undefined) return "–";
  const percent = share * 100;
  return percent > 0 && percent < 0.1 ? "<0.1 %" : `${percent.toFixed(percent >= 10 ? 0 : 1)} %`;
}

/** A duration in its two largest units, e.g. `2 h 5 min`. */
export function durationText(seconds: number): string {
  const units: [size: number, name: string][] = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const at = units.findIndex(([size]) => seconds >= size);
  if (at === -1) return "0 s";
  const [size, name] = units[at] ?? [1, "s"];
  const [smaller, less] = units[at + 1] ?? [1, ""];
  const rest = Math.floor((seconds % size) / smaller);
  return `${Math.floor(seconds / size)} ${name}${less === "" || rest === 0 ? "" : ` ${rest} ${less}`}`;
}

/** The lag, e.g. `0 s`, `about 2 min`, or `n/a`. */
export function lagText({ lag }: Pick<ViewStatus, "lag">): string {
  if (isUnknown(lag)) return "n/a";
  return `${lag.exact ? "" : "~"}${durationText(lag.seconds)}`;
}

/** An ISO time in readable form, without seconds that are zero: `2026-01-02 03:04`. */
export function timeText(iso: string): string {
  return iso.slice(0, 19).replace("T", " ").replace(/:00$/, "");
}

/** From the oldest bucket to the newest; midnights are shown as days: `2026-01-02 to 2026-01-02 03:04`. */
export function rangeText({ oldest, newest }: Buckets): string {
  return [oldest, newest].map((iso) => timeText(iso).replace(/ 00:00$/, "")).join(" to ");
}

/** `3 more views write it`; empty when none does. */
export function sharedText({ length }: readonly string[]): string {
  return length === 0 ? "" : `${length} more view${length === 1 ? " writes" : "s write"} it`;
}

/** `database.a, database.b and 2 more`. */
export function namesText(names: readonly string[], longest = 3): string {
  if (names.length <= longest) return names.join(", ");
  return `${names.slice(0, longest - 1).join(", ")} and ${names.length - longest + 1} more`;
}

/** The refresh schedule of a view and its state, e.g. `refresh EVERY 10 MINUTE, last 2026-01-02 03:10, next 2026-01-02 03:20`. */
export function refreshText({ refresh }: Pick<ViewStatus, "refresh">): string {
  if (refresh === undefined) return "";
  const { schedule, status, lastSuccess, next } = refresh;
  const parts = [
    `refresh ${schedule}`,
    status?.toLowerCase(),
    lastSuccess === undefined ? "not yet since the server started" : `last ${timeText(lastSuccess)}`,
    next === undefined ? undefined : `next ${timeText(next)}`,
  ];
  return (status === undefined ? parts.slice(0, 1) : parts).filter(Boolean).join(", ");
}

/** Source rows per target row below which a view saves nothing worth its cost. */
const LEAST_REDUCTION = 1.5;
/** Target rows from which on that means something: the first bucket is always small. */
const ENOUGH_ROWS = 100_000;

/** Everything about a view that needs fixing or attention, each with whether it is wrong now. */
export function remarksOf(view: ViewStatus): { readonly text: string; readonly isWrong: boolean }[] {
  const remarks = view.problems.map((text) => ({ text, isWrong: true }));
  const { lastError } = view;
  if (lastError !== undefined) {
    const when = lastError.at === undefined ? "" : ` ${timeText(lastError.at)}`;
    const since = lastError.recovered ? " (it has run since)" : "";
    remarks.push({ text: `last error${when}${since}: ${lastError.message}`, isWrong: !lastError.recovered });
  }
  const { buckets, kind, lag, reduction, rows = 0 } = view;
  if (kind === "incremental" && reduction !== undefined && reduction < LEAST_REDUCTION && rows >= ENOUGH_ROWS) {
    const text = `reduces almost nothing: ${reduction.toFixed(1)} source rows per target row; fewer or coarser keys would`;
    remarks.push({ text, isWrong: false });
  }
  // The reason already given for the buckets is not repeated.
  const isSaid = isUnknown(lag) && isUnknown(buckets) && lag.unknown === buckets.unknown;
  if (isUnknown(lag) && !isSaid && lag.unknown !== "no bucket yet") {
    remarks.push({ text: `lag n/a: ${lag.unknown}`, isWrong: false });
  }
  return remarks;
}
