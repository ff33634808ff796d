import type { Lattice } from "../sql/rights/lattice";
import { after, regionsIn, type Value, type Verb, valueIn, verbFor, type Worth } from "../sql/rights/points";
import { holds, type Region, regionKey } from "../sql/rights/region";
import type { Moment } from "./moments";

/** Privilege → what it is worth. */
export type Worths = ReadonlyMap<string, Worth>;

/** What is there, or missing, for a moment only. */
export interface Moments {
  readonly gaps: Moment[];
  readonly surpluses: Moment[];
}

/** An operation on one privilege. */
interface Operation {
  readonly verb: Verb;
  readonly region: Region;
  /** Number of operations on the same privilege that have to come before. */
  readonly rank: number;
}

/** The same operation on several. */
export type OnSeveral = Operation & { readonly leaves: ReadonlySet<string> };

/**
 * The operations that turn `start` into the second of `ends`, by the moment in which they can run. What happens on the way is judged by both
 * ends, and added to `moments`.
 */
export function operationsOf(
  lattice: Lattice,
  ends: readonly [Worths, Worths],
  start: Worths,
  moments: Moments,
): OnSeveral[] {
  const all = new Map<string, Operation & { readonly leaves: Set<string> }>();
  for (const unit of unitsOf(lattice, [...start.keys(), ...ends[1].keys()])) {
    const tracks = unit.map((leaf) => new Track(leaf, [ends[0].get(leaf), ends[1].get(leaf)], start.get(leaf)));
    move(tracks, moments);
    for (const { leaf, operations } of tracks) {
      for (const one of operations) {
        const key = `${one.rank}\0${one.verb}\0${regionKey(one.region)}`;
        const known = all.get(key) ?? { ...one, leaves: new Set<string>() };
        known.leaves.add(leaf);
        all.set(key, known);
      }
    }
  }
  return [...all.values()];
}

/** A right that is a group as well, and then what is in it; any other is alone. */
function unitsOf(lattice: Lattice, leaves: readonly string[]): Iterable<readonly string[]> {
  const units = new Map<string, readonly string[]>();
  for (const leaf of leaves) {
    const head = lattice.wholeOf(leaf) ?? leaf;
    units.set(head, [head, ...lattice.partsOf(head)]);
  }
  return units.values();
}

/** Wider regions come first, because a statement sets all that is in its region. */
function move([head, ...parts]: readonly Track[], moments: Moments): void {
  if (head === undefined) return;
  const all = [head, ...parts];
  for (const region of regionsIn(...all.flatMap(({ worths }) => worths))) {
    const [is, wanted] = [head.valueIn(region), head.wantedIn(region)];
    if (is !== wanted && !movesWithParts(head, parts, region)) apply(all, verbFor(is, wanted), region, moments);
    for (const part of parts) {
      const [now, then] = [part.valueIn(region), part.wantedIn(region)];
      if (now !== then) apply([part], verbFor(now, then), region, moments);
    }
  }
}

/** Whether the group stays what it is around a region in which only some of what is in it differs. */
function movesWithParts(head: Track, parts: readonly Track[], region: Region): boolean {
  const around = head.aroundOf(region);
  if (parts.length === 0 || around === undefined || around.now !== around.wanted || around.now === 0) return false;
  const isSome = (values: readonly Value[]): boolean => values.some((value) => value === around.now);
  const wanted = head.wantedIn(region);
  if (wanted === 0) return isSome(parts.map((part) => part.wantedIn(region)));
  return wanted === around.now && isSome(parts.map((part) => part.valueIn(region)));
}

/** One statement: what names a right that is a group as well does the same to all that is in it. */
function apply(tracks: readonly Track[], verb: Verb, region: Region, moments: Moments): void {
  const rank = Math.max(...tracks.map((track) => track.rankIn(region)));
  for (const track of tracks) track.apply({ verb, region, rank }, moments);
}

/** What becomes of one privilege. */
class Track {
  readonly operations: Operation[] = [];
  readonly worths: readonly (Worth | undefined)[];
  readonly leaf: string;
  private readonly ends: readonly [Worth | undefined, Worth | undefined];
  private readonly start: Worth | undefined;
  private readonly regions: readonly Region[];

  constructor(leaf: string, ends: readonly [Worth | undefined, Worth | undefined], start: Worth | undefined) {
    this.leaf = leaf;
    this.ends = ends;
    this.start = start;
    this.worths = [...ends, start];
    this.regions = regionsIn(...this.worths);
  }

  valueIn(region: Region): Value {
    const done = this.operations.filter((one) => holds(one.region, region));
    return done.reduce((value, { verb }) => after(verb, value), valueIn(this.start, region));
  }

  wantedIn(region: Region): Value {
    return valueIn(this.ends[1], region);
  }

  /** In the next wider region that has a value of its own. */
  aroundOf(region: Region): { readonly now: Value; readonly wanted: Value } | undefined {
    const wider = this.regions.filter((one) => holds(one, region) && regionKey(one) !== regionKey(region));
    const last = wider.at(-1);
    return last && { now: this.valueIn(last), wanted: this.wantedIn(last) };
  }

  rankIn(region: Region): number {
    const earlier = this.operations.filter((one) => holds(one.region, region));
    return Math.max(-1, ...earlier.map(({ rank }) => rank)) + 1;
  }

  apply(operation: Operation, moments: Moments): void {
    this.operations.push(operation);
    for (const region of this.regions) judge(this.leaf, region, this.ends, this.valueIn(region), moments);
  }
}

/** Notes what both ends have and is missing now, or neither has and is there now. */
export function judge(
  leaf: string,
  region: Region,
  [before, then]: readonly [Worth | undefined, Worth | undefined],
  now: Value,
  { gaps, surpluses }: Moments,
): void {
  const [was, is] = [valueIn(before, region), valueIn(then, region)];
  const list = was > 0 && is > 0 && now === 0 ? gaps : was === 0 && is === 0 && now > 0 ? surpluses : undefined;
  if (list?.some((one) => one.leaf === leaf && regionKey(one.region) === regionKey(region)) === false)
    list.push({ leaf, region });
}
