import type { Lattice } from "./lattice";
import { combined, type Rule, type Value, valueIn, type Worth } from "./points";
import { holds, type Region, regionKey } from "./region";

/** What both lists give. */
export function commonRights(lattice: Lattice, one: readonly Rule[], other: readonly Rule[]): Rule[] {
  return combined(lattice, [one, other], ([a, b], region) => least(valueIn(a, region), valueIn(b, region)));
}

/** What any of the lists gives. */
export function allRights(lattice: Lattice, lists: readonly (readonly Rule[])[]): Rule[] {
  return combined(lattice, lists, (worths, region) => most(...worths.map((worth) => valueIn(worth, region))));
}

/**
 * What somebody has once one of several who give rights gives others than before. A right goes only if nobody else is seen to have given it: it
 * stays where a wider one covers it, where it has an option that was not ours, and where `others` give it too.
 *
 * @param held all that the grantee has.
 * @param before what we gave, as far as it is still there.
 */
export function sharedRights(
  lattice: Lattice,
  held: readonly Rule[],
  before: readonly Rule[],
  after: readonly Rule[],
  others: readonly (readonly Rule[])[],
): Rule[] {
  return combined(lattice, [held, before, after, ...others], ([all, was, is, ...rest], region) => {
    const now = valueIn(all, region);
    const kept = valueIn(was, region) > valueIn(is, region) && isOurs(all, was, region) ? 0 : now;
    const theirs = most(...rest.map((worth) => valueIn(worth, region)));
    return most(kept, valueIn(is, region), least(now, theirs));
  });
}

/** Servers join what several have granted; what is left to see is on how much it was granted, and whether with an option. */
function isOurs(held: Worth | undefined, ours: Worth | undefined, region: Region): boolean {
  const [theirs, own] = [deciding(held, region), deciding(ours, region)];
  if (theirs === undefined || own === undefined) return false;
  return regionKey(theirs.region) === regionKey(own.region) && theirs.value <= own.value;
}

/** The narrowest entry around a region. */
function deciding(worth: Worth | undefined, region: Region): Worth["entries"][number] | undefined {
  return worth?.entries.filter((entry) => holds(entry.region, region)).at(-1);
}

function least(one: Value, other: Value): Value {
  return Math.min(one, other) as Value;
}

function most(...values: readonly Value[]): Value {
  return Math.max(0, ...values) as Value;
}
