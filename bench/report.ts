import { COUNTED, type Measured, PHASES, type Phase } from "./rounds";
import { stateSize } from "./state-size";

/** One line of the result. */
export interface Figure {
  readonly figure: string;
  readonly unit: string;
  readonly ours: number;
  readonly empty: number | undefined;
  /** Median over the rounds of ours divided by empty in the same round. */
  readonly ratio: number | undefined;
  readonly limit: number | undefined;
  /** Undefined where nothing is promised. */
  readonly met: boolean | undefined;
}

/** What the issue that asked for this package promises. */
const LIMITS: Partial<Record<Phase, number>> = {
  up: 1.3,
  "up --skip-preview": 1.3,
  "preview, no change": 1.1,
  refresh: 1.3,
};
const QUERY_LIMITS = { refresh: 10, "preview --refresh": 20 } as const;
/** Bytes a resource may take beside two times its statement. */
const OVERHEAD_LIMIT = 1000;

/** Compares one variant with the baseline. */
export function compare(ours: Measured, empty: Measured, judged = true): Figure[] {
  const phases = (Object.keys(PHASES) as Phase[]).map((phase) => timeFigure(phase, ours, empty, judged));
  const [mine, theirs] = [sizeOf(ours), sizeOf(empty)];
  const limit = (value: number, of: number): Pick<Figure, "limit" | "met"> =>
    judged ? { limit: of, met: value <= of } : { limit: undefined, met: undefined };
  const size = (
    figure: string,
    key: keyof typeof mine,
    bound = { limit: undefined, met: undefined } as Pick<Figure, "limit" | "met">,
  ): Figure => ({
    figure,
    unit: "B",
    ours: mine[key],
    empty: theirs[key],
    ratio: mine[key] / theirs[key],
    ...bound,
  });
  return [
    ...phases,
    ...COUNTED.map((phase): Figure => {
      const queries = Math.max(...ours.queries[phase]);
      const bound = limit(queries, QUERY_LIMITS[phase]);
      return { figure: `queries in ${phase}`, unit: "", ours: queries, empty: undefined, ratio: undefined, ...bound };
    }),
    size("state beside 2 × statement, most", "overheadMax", limit(mine.overheadMax, OVERHEAD_LIMIT)),
    size("state beside 2 × statement, mean", "overheadMean"),
    size("statement, mean", "statementMean"),
    size("whole state, compact", "total"),
  ];
}

/** As a Markdown table. */
export function markdown(figures: readonly Figure[], names: readonly [string, string]): string {
  const head = `| figure | ${names[0]} | ${names[1]} | ratio | limit | verdict |\n|---|--:|--:|--:|--:|---|`;
  const rows = figures.map((figure) => {
    const { limit, ratio, unit } = figure;
    const isTime = unit === "s";
    const bound = limit === undefined ? "" : isTime ? `${limit} ×` : quantity(limit, unit);
    const verdict = figure.met === undefined ? "" : figure.met ? "met" : "**missed**";
    const cells = [
      quantity(figure.ours, unit),
      quantity(figure.empty, unit),
      ratio === undefined ? "" : `${ratio.toFixed(2)} ×`,
      bound,
      verdict,
    ];
    return `| ${[figure.figure, ...cells].join(" | ")} |`;
  });
  return [head, ...rows].join("\n");
}

/** Middle value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2;
}

function timeFigure(phase: Phase, ours: Measured, empty: Measured, judged: boolean): Figure {
  const [mine, theirs] = [ours.times[phase], empty.times[phase]];
  const ratio = median(mine.map((time, round) => time / (theirs[round] ?? Number.NaN)));
  const limit = judged ? LIMITS[phase] : undefined;
  return {
    figure: phase,
    unit: "s",
    ours: median(mine),
    empty: median(theirs),
    ratio,
    limit,
    met: limit === undefined ? undefined : ratio <= limit,
  };
}

function sizeOf({ state, variant }: Measured): ReturnType<typeof stateSize> {
  if (state === undefined) throw new Error(`${variant.name}: nothing was measured`);
  return stateSize(state);
}

function quantity(value: number | undefined, unit: string): string {
  if (value === undefined) return "";
  return `${unit === "s" ? value.toFixed(2) : value} ${unit}`.trim();
}
