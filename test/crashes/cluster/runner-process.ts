/** A process that rebuilds the table on a cluster, and names each statement before it runs it. */
import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { TYPESCRIPT } from "../../support/typescript";

/** What the process is told. */
export interface Order {
  readonly operation: string;
  readonly url: string;
  readonly nodes: readonly string[];
  /** CREATE of the table, or of the view, before and after. */
  readonly from: string;
  readonly to: string;
}

/** Starts it; it says that it is ready, and waits for its order. */
export function forkClusterRunner(): ChildProcess {
  return fork(join(__dirname, "runner.ts"), [], {
    execArgv: [...TYPESCRIPT],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
}
