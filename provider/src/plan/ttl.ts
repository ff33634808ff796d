import { splitArguments } from "../sql/fragments";
import type { Command } from "./alter";

/**
 * Whether a changed TTL deletes rows that the old one would have kept. A longer interval of the same rule does not; what cannot
 * be compared counts as one that does.
 */
export function deletesMore(from: string | undefined, to: string | undefined): boolean {
  const before = new Map(rules(from).map((rule) => [rule.shape, rule.seconds]));
  return rules(to).some(({ shape, seconds }) => {
    const old = before.get(shape);
    return old === undefined || seconds < old;
  });
}

/** Whether a table's TTL takes rows away or aggregates them, and does not only move or recompress them. */
export function deletesRows(ttl: string): boolean {
  return rules(ttl).length > 0;
}

const UNITS: Readonly<Record<string, number>> = {
  Second: 1,
  Minute: 60,
  Hour: 3600,
  Day: 86_400,
  Week: 604_800,
  Month: 2_629_746,
  Quarter: 7_889_238,
  Year: 31_556_952,
};

/** The rules that delete or aggregate rows, with their interval taken out. */
function rules(ttl: string | undefined): { shape: string; seconds: number }[] {
  if (ttl === undefined) return [];
  return splitArguments(ttl)
    .filter((rule) => !/\b(?:TO (?:DISK|VOLUME)|RECOMPRESS)\b/.test(rule))
    .map((rule) => {
      let seconds = 0;
      const shape = rule.replace(/\+ toInterval([A-Z][a-z]+)\((\d+)\)/, (_, unit: string, count: string) => {
        seconds = (UNITS[unit] ?? 0) * Number(count);
        return "+ _";
      });
      return { shape, seconds };
    });
}

/** Setting or mutation that comes with a TTL: without the setting, the engine rewrites every part at once. */
export function ttlExtras({ materialize }: { readonly materialize: boolean }): Partial<Command> {
  return materialize ? { mutation: true } : { setting: "materialize_ttl_after_modify = 0" };
}
