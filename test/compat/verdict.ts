import { Refused } from "../support/provider";
import type { Version } from "../support/server";

/** How one thing ended on one version. */
export interface Verdict {
  readonly name: string;
  /** `refused`: before anything was changed, in words. `left out`: not tried, because the package of the server cannot run it. */
  readonly result: "ok" | "refused" | "failed" | "left out";
  /** Where it ended and what was said; empty for what went well. */
  readonly problem: string;
}

/** Runs a suite on a version; calls `tell` after each thing, since a suite takes minutes. */
export type Suite = (version: Version, tell: (verdict: Verdict) => void, words: readonly string[]) => Promise<void>;

/** The steps before anything is changed. What is refused later was promised before, and so has failed. */
const PREVIEWS: ReadonlySet<string> = new Set(["declare", "preview"]);

/** Runs one thing, which throws {@link Refused} or any other error, and calls `at` with the name of each step. */
export async function judge(name: string, work: (at: (step: string) => void) => Promise<void>): Promise<Verdict> {
  let step = "start";
  try {
    await work((next) => {
      step = next;
    });
    return { name, result: "ok", problem: "" };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    const refused = error instanceof Refused && PREVIEWS.has(step);
    return { name, result: refused ? "refused" : "failed", problem: `[${step}] ${words}` };
  }
}
