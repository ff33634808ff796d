import type { WriteStream } from "node:tty";

/** What is shown while rows are written. */
export interface Progress {
  /** @param rows written so far. @param aside more to say, e.g. how the rollups have grown. */
  update(rows: number, aside: string): void;
  /** Ends the line. */
  end(): void;
}

const WIDTH = 24;
/** Milliseconds between two drawings. */
const INTERVAL = 100;

/** A bar that is drawn over itself in a terminal, a line for every tenth elsewhere. */
export function createProgress(stream: WriteStream | NodeJS.WritableStream, total: number): Progress {
  const isLive = "isTTY" in stream && stream.isTTY === true;
  const started = performance.now();
  let drawn = Number.NEGATIVE_INFINITY;
  let tenth = 0;
  const lineOf = (rows: number, aside: string): string => {
    const part = total === 0 ? 1 : Math.min(1, rows / total);
    const rate = Math.round(rows / Math.max(0.001, (performance.now() - started) / 1000));
    const bar = "█".repeat(Math.round(part * WIDTH)).padEnd(WIDTH, "░");
    const count = `${rows.toLocaleString("en-US")} of ${total.toLocaleString("en-US")} rows`;
    return `${bar} ${Math.floor(part * 100)} %  ${count}  ${rate.toLocaleString("en-US")} rows/s${aside && `  ${aside}`}`;
  };
  return {
    update(rows, aside) {
      if (isLive) {
        if (performance.now() - drawn < INTERVAL && rows < total) return;
        drawn = performance.now();
        stream.write(`\r\x1b[K${lineOf(rows, aside)}`);
        return;
      }
      const now = Math.floor((10 * rows) / Math.max(1, total));
      if (now > tenth) stream.write(`${lineOf(rows, aside)}\n`);
      tenth = now;
    },
    end: () => void (isLive && stream.write("\n")),
  };
}
