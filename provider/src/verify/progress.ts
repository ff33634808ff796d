import { describeRead, paced } from "../operation/pace";
import type { VerifyProgress } from "./types";

/** Adds up the rows that one statement after the other has read, each of which counts from 0. */
export class Reading {
  private before = 0;
  private current = 0;

  at(rows: number): number {
    if (rows < this.current) this.before += this.current;
    this.current = rows;
    return this.before + this.current;
  }
}

/** Reports the progress of a comparison that takes longer than a line is apart from the next. @param seconds between two lines. */
export function tellReading(tell: (line: string) => void, seconds: number, now: () => number = Date.now) {
  const line = paced(tell, seconds, now);
  const begun = new Map<string, number>();
  return ({ target, window, windows, read }: VerifyProgress): void => {
    const from = begun.get(target) ?? now();
    begun.set(target, from);
    const elapsed = (now() - from) / 1000;
    const place = windows > 1 ? `window ${window} of ${windows}` : "";
    const rows = read > 0 && elapsed >= seconds ? describeRead(read, elapsed) : "";
    const shown = [place, rows].filter((part) => part !== "").join(", ");
    if (shown !== "") line(`${target} ${window}`, `${target}: ${shown}`);
  };
}
