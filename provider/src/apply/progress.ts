import { describeFar, paced, secondsBetweenLines } from "../operation/pace";
import type { BackfillProgress } from "./backfill";
import type { RebuildProgress } from "./rebuild";

/** With fewer rows than this, it is over before anybody could interrupt it. */
const LONG = 1_000_000;
const INTERRUPT =
  "the first Ctrl-C lets it finish; a second one stops it, and the next `pulumi up` resumes where it was";

/** Reports the progress of a rebuild. @param seconds between two lines. */
export function tellRebuild(tell: (line: string) => void, seconds = secondsBetweenLines()) {
  const line = paced(tell, seconds);
  return ({ step, mode, ...far }: RebuildProgress): void => {
    const what = mode === "offline" ? "rebuild (offline)" : "rebuild";
    line(step, `${what}: ${step === "copy" ? describeFar(far) : step}`);
  };
}

/** Reports the progress of a backfill. @param seconds between two lines. */
export function tellBackfill(tell: (line: string) => void, seconds = secondsBetweenLines()) {
  const line = paced(tell, seconds);
  return ({ step, ...far }: BackfillProgress): void => {
    line(step, `backfill: ${step === "fill" ? describeFar(far) : step}`);
  };
}

/** Explains once, when work on many rows begins, what Ctrl-C does: Pulumi does not tell its providers about the first one. */
export function interruptible(say: (message: string) => void): (progress: { readonly total: number }) => void {
  let said = false;
  return ({ total }) => {
    if (said || total < LONG) return;
    said = true;
    say(`${total.toLocaleString("en-US")} rows: ${INTERRUPT}.`);
  };
}
