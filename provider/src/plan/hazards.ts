import type { Hazard, HazardKind } from "./plan";

/** Kinds that lose something for ever, or were never proven: nothing runs before the user allows them. */
export const NEED_ALLOW: ReadonlySet<HazardKind> = new Set(["drops-data", "unproven"]);

/** A hazard as frozen data. */
export function hazard(kind: HazardKind, message: string, check?: string): Hazard {
  return Object.freeze({ kind, message, ...(check !== undefined && { check }) });
}

/** Each hazard once; what only touches metadata says so. */
export function gather(hazards: readonly Hazard[]): Hazard[] {
  const unique = [...new Map(hazards.map((one) => [`${one.kind}\0${one.message}`, one])).values()];
  return unique.length > 0 ? unique : [hazard("metadata-only", "no part is rewritten")];
}
