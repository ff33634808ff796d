import { HAZARD_KINDS, type Hazard, type HazardKind, type Plan } from "./plan";

/** Kinds that lose something forever, count it twice, lock the deployer out, or are not proven: nothing runs before the user allows them. */
export const NEED_ALLOW: ReadonlySet<HazardKind> = new Set(["drops-data", "doubles-rows", "locks-out", "unproven"]);

/** Words of earlier versions, which states, previews and scripts still contain. */
export const FORMER_WORDS: ReadonlyMap<string, HazardKind> = new Map([["changes-history", "keeps-old-rows"]]);

/** The hazard that this or an earlier version calls so. */
export function hazardCalled(word: string): HazardKind | undefined {
  return HAZARD_KINDS.find((kind) => kind === word) ?? FORMER_WORDS.get(word);
}

/** The plan if the rows cannot be queried now; each open question says so. */
export function unasked({ steps }: Plan): Plan {
  const mark = (one: Hazard): Hazard =>
    one.probe === undefined
      ? one
      : { ...one, unasked: true, found: "the rows could not be checked; `pulumi up` checks them" };
  return { steps: steps.map((step) => Object.freeze({ ...step, hazards: step.hazards.map(mark) })) };
}

/** A hazard as frozen data. */
export function hazard(kind: HazardKind, message: string, more: Pick<Hazard, "found" | "probe"> = {}): Hazard {
  return Object.freeze({ kind, message, ...more });
}

/**
 * Each hazard once; a statement that only touches metadata says so.
 *
 * @param untouched how it says so; an object without parts has none to rewrite.
 */
export function gather(hazards: readonly Hazard[], untouched = NOTHING): Hazard[] {
  const unique = [...new Map(hazards.map((one) => [`${one.kind}\0${one.message}`, one])).values()];
  return unique.length > 0 ? unique : [hazard("metadata-only", untouched)];
}

/** For views and databases. */
export const NOTHING = "nothing is rewritten";
/** For tables. */
export const NO_PART = "no part is rewritten";

/** DROP of an index, a projection or statistics: a mutation. Measured on 26.7: it rewrites compact parts, which are one file each. */
export function removalHazard(what: string, table: string): Hazard {
  const message = `${what} is removed from every part of ${table}: wide parts are linked again, compact (small) ones rewritten`;
  return hazard("metadata-only", message);
}
