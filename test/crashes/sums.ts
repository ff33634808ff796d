/** Sums over crash runs, as a table. */
import type { ProtocolName } from "./protocols";
import type { CrashRun } from "./run";

export interface Sums {
  runs: number;
  rows: number;
  runner: number;
  server: number;
  refused: number;
  lost: number;
  doubled: number;
  /** Surprises of writers, and what was wrong besides rows. */
  other: number;
}

export function nothing(): Sums {
  return { runs: 0, rows: 0, runner: 0, server: 0, refused: 0, lost: 0, doubled: 0, other: 0 };
}

export function add(sums: Sums, run: CrashRun): void {
  sums.runs += 1;
  sums.rows += run.rows;
  sums.runner += run.killedRunner.length;
  sums.server += run.killedServer.length;
  sums.refused += run.refused;
  sums.lost += run.lost;
  sums.doubled += run.doubled;
  sums.other += run.surprises.length + run.wrong.length;
}

/** Markdown. */
export function table(
  rows: readonly { readonly version: string; readonly protocol: ProtocolName; readonly sums: Sums }[],
): string {
  const head = ["version", "protocol", "runs", "rows", "runner killed", "server killed", "refused", "lost", "doubled"];
  const cells = rows.map(({ version, protocol, sums: { other: _, ...counts } }) => [
    version,
    protocol,
    ...Object.values(counts).map((count) => count.toLocaleString("en-US")),
  ]);
  return [head, head.map(() => "---"), ...cells].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
