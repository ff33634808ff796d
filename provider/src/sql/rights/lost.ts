import type { Lattice } from "./lattice";
import { grantedBy, normalForm, type Rule, valueIn, worthOf } from "./points";
import { EVERYTHING, holds, type Region, targetOf } from "./region";

/** What a server can keep of grants. */
export interface Keeping {
  /** GRANT on a prefix of names. */
  readonly wildcardGrants: boolean;
  /** READ apart from WRITE, and prefixes inside of prefixes, over a restart. */
  readonly keepsGrants: boolean;
}

/** Something that the server would refuse, or forget. */
export interface Lost {
  readonly problem: string;
  /** Whether no configuration of the server helps. */
  readonly certain: boolean;
}

/** What the server would not keep as it was granted: it stores what it shows, and shows some of it wider, or not at all. */
export function lostByServer(
  lattice: Lattice,
  rules: readonly Rule[],
  { wildcardGrants, keepsGrants }: Keeping,
): Lost[] {
  const form = normalForm(lattice, rules);
  const open = form.map(({ region }) => region).filter(({ parts }) => parts.some((part) => part.open));
  const [first] = open;
  const found: Lost[] = [];
  if (first !== undefined && !wildcardGrants)
    found.push({
      certain: true,
      problem: `${targetOf(first)}: a grant on every name with a prefix came with ClickHouse 24.10; name each of them`,
    });
  found.push(...partlyPassedOn(lattice, rules));
  if (keepsGrants) return found;
  return [...found, ...halves(lattice, rules), ...nested(lattice, form, open)];
}

/** A right that is a group as well, of which some may be passed on and some not: the server forgets the right itself. */
function partlyPassedOn(lattice: Lattice, rules: readonly Rule[]): Lost[] {
  const granted = grantedBy(lattice, rules);
  const kept = worthOf(lattice, rules);
  for (const [leaf, { entries }] of granted) {
    const parts = lattice.partsOf(leaf);
    if (parts.length === 0) continue;
    for (const { region, value } of entries) {
      if (value === 0 || valueIn(kept.get(leaf), region) > 0) continue;
      const lacking = parts.find((part) => valueIn(granted.get(part), region) === 0);
      const other = parts.find((part) => valueIn(granted.get(part), region) !== value);
      if (lacking !== undefined || other === undefined) continue;
      const [passed, without] = value === 2 ? [leaf, other] : [other, leaf];
      return [
        {
          certain: true,
          problem:
            `${leaf} ON ${targetOf(region)}: ${passed} is WITH GRANT OPTION, and ${without} is not: the server keeps the names in ${leaf} then, but ` +
            `forgets that right itself. Grant all of it with the option, or none, or ${parts.length === 1 ? `only ${other}` : "name what is in it one by one"}`,
        },
      ];
    }
  }
  return [];
}

/** READ without WRITE on a source, or the other way round. */
function halves(lattice: Lattice, rules: readonly Rule[]): Lost[] {
  const worth = worthOf(lattice, rules);
  const [read, write] = [worth.get("READ"), worth.get("WRITE")];
  if (lattice.reachOf("READ").level !== "SOURCE") return [];
  const regions = [...(read?.entries ?? []), ...(write?.entries ?? [])].map(({ region }) => region);
  const uneven = regions.find((region) => valueIn(read, region) > 0 !== valueIn(write, region) > 0);
  if (uneven === undefined) return [];
  const [has, lacks] = valueIn(read, uneven) > 0 ? ["READ", "WRITE"] : ["WRITE", "READ"];
  const on = uneven.parts.length === 0 ? "*" : targetOf(uneven);
  // Taken out of all sources, or given alone.
  const isTaken = uneven.isObject && valueIn(read, EVERYTHING) > 0 && valueIn(write, EVERYTHING) > 0;
  const [what, then, way] = isTaken
    ? [lacks, "neither is allowed there", "Take both out"]
    : [has, "both are allowed", "Grant both"];
  return [
    {
      certain: false,
      problem:
        `${what} ON ${on}: this server stores it as READ and WRITE, so after a restart ${then}. ${way}, or neither. If its ` +
        'configuration has access_control_improvements.enable_read_write_grants, which keeps them apart, set allow: ["unproven"]',
    },
  ];
}

/**
 * Beside a right on all users, collections or engines: a prefix inside of another one, or a prefix of tables that is taken out, or where anything
 * has the option to be passed on. The server adds a line that takes that right away.
 */
function nested(lattice: Lattice, form: readonly Rule[], open: readonly Region[]): Lost[] {
  const inner = open.find((region) =>
    open.some((outer) => outer !== region && holds(outer, region) && !holds(region, outer)),
  );
  const passes = form.some(({ verb }) => verb === "grant-with-option");
  const isRisky = ({ verb, region: { parts } }: Rule): boolean =>
    parts.length > 1 && parts.some((part) => part.open) && (passes || verb.startsWith("revoke"));
  const ofTables = form.find(isRisky)?.region;
  const onObjects = form.some(
    ({ leaves, region }) =>
      region.parts.length === 0 && [...leaves].some((leaf) => lattice.reachOf(leaf).on === "object"),
  );
  const found = inner ?? ofTables;
  if (found === undefined || !onObjects) return [];
  const what =
    inner === undefined
      ? "a prefix of tables that is taken out, or with a grant option on something"
      : "a prefix inside of another prefix";
  return [
    {
      certain: false,
      problem:
        `${targetOf(found)}: ${what}, beside a right on users, named collections or engines: this server may lose that right at its next ` +
        'restart. Name the databases or tables, or give the two to different roles; or set allow: ["unproven"]',
    },
  ];
}
