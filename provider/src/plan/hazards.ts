import type { Hazard, HazardKind, Plan } from "./plan";

/** Kinds that lose something forever, count it twice, or are not proven: nothing runs before the user allows them. */
export const NEED_ALLOW: ReadonlySet<HazardKind> = new Set(["drops-data", "doubles-rows", "unproven"]);

/** Words of earlier versions, which states, previews and scripts still contain. */
const FORMERLY: Readonly<Record<string, HazardKind>> = { "changes-history": "keeps-old-rows" };

/** A hazard by what this or an earlier version calls it; any other word as it is. */
export function currentWord(word: string): string {
  return FORMERLY[word] ?? word;
}

/** The words of earlier versions. */
export const FORMER_WORDS: readonly string[] = Object.keys(FORMERLY);

/** Part of the message of a hazard whose query was not answered: whether values are lost is not known before `up`. */
export const NOT_ASKED = "could not be asked";

/** The plan if the rows cannot be queried now; each open question says so. */
export function unasked({ steps }: Plan): Plan {
  const mark = (one: Hazard): Hazard =>
    one.probe === undefined ? one : { ...one, found: `the rows ${NOT_ASKED}; \`pulumi up\` asks them` };
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
