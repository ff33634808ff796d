import type { RightsAndRoles } from "../sql/access/grants";
import type { Holder } from "../sql/access/holder";
import { quoteIdentifier } from "../sql/identifiers";
import type { Lattice } from "../sql/rights/lattice";
import { rulesOfLines } from "../sql/rights/lines";
import { combined, type Rule, valueIn } from "../sql/rights/points";
import { clausesOf } from "../sql/rights/render";
import { allRights } from "../sql/rights/shared";
import { reachable } from "../util/graph";

/** What a user may do after a change, and could not before, or the other way round: by itself and by all of its roles. */
export interface Effect {
  readonly user: string;
  /** As text, e.g. `SELECT ON shop.*`; empty for nothing. */
  readonly won: string;
  readonly lost: string;
}

/**
 * Who may do more or less once a grantee has other rights and roles. A role that is not among the defaults of a user counts: it is one SET ROLE away.
 *
 * @param holders the grantee, all who have it as a role, directly or through others, and all their roles.
 */
export function effectsOf(
  lattice: Lattice,
  holders: readonly Holder[],
  grantee: string,
  before: RightsAndRoles,
  after: RightsAndRoles,
): Effect[] {
  const [was, is] = [before, after].map((one) => worldWith(lattice, holders, grantee, one)) as [World, World];
  const users = holders.filter(({ kind, name }) => kind === "user" && (reach(was, name) || reach(is, name)));
  return users.map(({ name }) => {
    const [had, has] = [rightsOf(lattice, was, name), rightsOf(lattice, is, name)];
    return { user: name, won: missingIn(lattice, had, has), lost: missingIn(lattice, has, had) };
  });

  function reach(world: World, name: string): boolean {
    return name === grantee || reachable((one) => rolesOf(world, one), name).has(grantee);
  }
}

/** What of one list the other does not give: `SELECT ON shop.* except SELECT(id) ON shop.orders`. */
function missingIn(lattice: Lattice, list: readonly Rule[], other: readonly Rule[]): string {
  const rules = combined(lattice, [list, other], ([a, b], region) =>
    valueIn(a, region) === 0 && valueIn(b, region) > 0 ? 1 : 0,
  );
  const clauses = clausesOf(lattice, rules);
  const [given, taken] = ["grant", "revoke"].map((verb) =>
    clauses.flatMap((one) => (one.verb === verb ? [one.text] : [])).join(", "),
  );
  return taken === "" ? (given ?? "") : `${given} except ${taken}`;
}

/** Holders by name, with one of them as it is before or after. */
type World = ReadonlyMap<string, Pick<Holder, "rules" | "roles">>;

function worldWith(
  lattice: Lattice,
  holders: readonly Holder[],
  grantee: string,
  { rights = [], roles = [] }: RightsAndRoles,
): World {
  const world = new Map<string, Pick<Holder, "rules" | "roles">>(holders.map((one) => [one.name, one]));
  return world.set(grantee, { rules: rulesOfLines(lattice, rights).rules, roles });
}

function rolesOf(world: World, name: string): string[] {
  return (world.get(name)?.roles ?? []).map(({ role }) => role);
}

function rightsOf(lattice: Lattice, world: World, user: string): Rule[] {
  const names = [...reachable((name) => rolesOf(world, name), user)];
  return allRights(
    lattice,
    names.map((name) => world.get(name)?.rules ?? []),
  );
}

/** Names that a message lists; the others are counted. */
const MOST = 5;

/** Who wins, or loses, as the end of a message. @param way which of the two. */
export function effectText(effects: readonly Effect[], way: "won" | "lost", grantee: string): string {
  if (effects.length === 0) return `nobody has ${quoteIdentifier(grantee)} yet`;
  const groups = new Map<string, string[]>();
  for (const one of effects) groups.set(one[way], [...(groups.get(one[way]) ?? []), quoteIdentifier(one.user)]);
  const changed = [...groups].filter(([text]) => text !== "");
  const same = groups.get("") ?? [];
  const still = way === "won" ? "may do no more than before" : "may still do all of it, by other roles or rights";
  const word = way === "won" ? "wins" : "loses";
  return [
    ...changed.map(([text, users], index) => `${index === 0 ? `${word}: ` : ""}${listed(users)}: ${text}`),
    ...(same.length > 0 ? [`${listed(same)} ${still}`] : []),
  ].join("; ");
}

function listed(names: readonly string[]): string {
  const more = names.length - MOST;
  return names.slice(0, MOST).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** The grantee itself, where nothing comes to it or from it by roles: then its own rights say everything. */
export function isAlone(holders: readonly Holder[], grantee: string): boolean {
  return holders.every(({ kind, name, roles }) => kind === "user" && name === grantee && roles.length === 0);
}
