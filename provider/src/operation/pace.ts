/** Progress of work over many rows. */
export interface Far {
  readonly rows: number;
  readonly total: number;
  readonly rowsPerSecond: number;
  /** Undefined while nothing is known about the rate. */
  readonly secondsLeft: number | undefined;
}

/**
 * Computes the rate and the time left of this run. Never goes backwards: rows that are counted again after a failed chunk are not shown.
 */
export class Pace {
  private readonly now: () => number;
  private readonly began: number;
  private before: number | undefined;
  private rows = 0;
  private total = 0;

  constructor(now: () => number = Date.now) {
    this.now = now;
    this.began = now();
  }

  /** @param rows that are done, including those of earlier runs. */
  at(rows: number, total: number): Far {
    this.before ??= rows;
    this.rows = Math.max(this.rows, rows);
    this.total = Math.max(this.total, total, this.rows);
    return this.far(this.before);
  }

  /** When all is done: what was counted, which may be less than was shown, e.g. after a DROP PARTITION during the copy. */
  end(rows: number): Far {
    this.rows = rows;
    this.total = rows;
    return this.far(this.before ?? rows);
  }

  private far(before: number): Far {
    const seconds = (this.now() - this.began) / 1000;
    const rowsPerSecond = seconds > 0 ? Math.max(0, Math.round((this.rows - before) / seconds)) : 0;
    const secondsLeft = rowsPerSecond > 0 ? Math.ceil((this.total - this.rows) / rowsPerSecond) : undefined;
    return { rows: this.rows, total: this.total, rowsPerSecond, secondsLeft };
  }
}

/** As one line of at most 60 characters, most important first: `41% of 10.5M rows, 8 s left, 1.2M rows/s`. */
export function describeFar({ rows, total, rowsPerSecond, secondsLeft }: Far): string {
  const percent = total === 0 ? 100 : Math.floor((100 * rows) / total);
  const left = secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`];
  const rate = rowsPerSecond > 0 ? [`${short(rowsPerSecond)} rows/s`] : [];
  return [`${percent}% of ${short(total)} rows`, ...left, ...rate].join(", ");
}

/** As one line, where nobody knows how many rows there will be: `12.3M rows read, 1.2M rows/s`. */
export function describeRead(rows: number, seconds: number): string {
  const rate = seconds > 0 ? [`${short(Math.round(rows / seconds))} rows/s`] : [];
  return [`${short(rows)} rows read`, ...rate].join(", ");
}

/**
 * Reports steps at once, and progress at most once per interval: a terminal line is overwritten, the lines of a log remain.
 *
 * @param seconds between two lines of one step.
 */
export function paced(
  tell: (line: string) => void,
  seconds: number,
  now: () => number = Date.now,
): (step: string, line: string) => void {
  let last: { step: string; line: string; at: number } | undefined;
  return (step, line) => {
    if (last?.line === line) return;
    if (last?.step === step && now() - last.at < seconds * 1000) return;
    last = { step, line, at: now() };
    tell(line);
  };
}

/** Seconds between two lines: a terminal overwrites them, a CI log keeps them. */
export function secondsBetweenLines(environment: NodeJS.ProcessEnv = process.env, isTerminal = true): number {
  const isCi = !["", "false", "0"].includes(environment["CI"] ?? "");
  return isCi || !isTerminal ? 10 : 1;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}

function short(count: number): string {
  if (count < 10_000) return count.toLocaleString("en-US");
  const [size, unit] = count < 999_500 ? [1e3, "k"] : count < 999_500_000 ? [1e6, "M"] : [1e9, "G"];
  const scaled = count / size;
  return `${scaled < 100 ? scaled.toFixed(1) : Math.round(scaled)}${unit}`;
}
