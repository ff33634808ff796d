import type { Lattice } from "../sql/rights/lattice";
import type { Rule } from "../sql/rights/points";
import type { Region } from "../sql/rights/region";
import { clausesOf } from "../sql/rights/render";

/** A privilege, and where. */
export interface Moment {
  readonly leaf: string;
  readonly region: Region;
}

/** As they stand in a GRANT: `SELECT(card), INSERT ON shop.orders, dictGet ON shop.*`. */
export function textOfMoments(lattice: Lattice, moments: readonly Moment[]): string {
  const rules = moments.map(({ leaf, region }): Rule => ({ verb: "grant", leaves: new Set([leaf]), region }));
  const merged = new Map<string, Rule>();
  for (const rule of rules) {
    const key = JSON.stringify(rule.region);
    merged.set(key, { ...rule, leaves: new Set([...(merged.get(key)?.leaves ?? []), ...rule.leaves]) });
  }
  return clausesOf(lattice, [...merged.values()])
    .map(({ text }) => text)
    .join(", ");
}
