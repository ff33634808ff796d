import type { Version } from "../support/server";

/** How one thing ended on one version. */
export interface Verdict {
  readonly name: string;
  /** `refused`: before anything was changed, in words. */
  readonly result: "ok" | "refused" | "failed";
  /** Where it ended and what was said; empty for what went well. */
  readonly problem: string;
}

/** Runs a suite on a version; calls `tell` after each thing, since a suite takes minutes. */
export type Suite = (version: Version, tell: (verdict: Verdict) => void, words: readonly string[]) => Promise<void>;

/** A preview refused it. */
export class Refused extends Error {}

/** Runs one thing, which throws {@link Refused} or any other error. `step` names where it is. */
export async function judge(name: string, work: (at: (step: string) => void) => Promise<void>): Promise<Verdict> {
  let step = "start";
  try {
    await work((next) => {
      step = next;
    });
    return { name, result: "ok", problem: "" };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return { name, result: error instanceof Refused ? "refused" : "failed", problem: `[${step}] ${words}` };
  }
}
