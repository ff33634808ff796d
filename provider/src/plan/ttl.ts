import { splitArguments } from "../sql/fragments";
import type { TableSpec } from "../sql/spec";
import { type Command, PHASE } from "./alter";
import type { PastProbe } from "./plan";

/**
 * Whether a changed TTL deletes rows that the old one would have kept. A longer interval of the same rule does not; a TTL that cannot be
 * compared counts as one that does.
 */
export function deletesMore(from: string | undefined, to: string | undefined): boolean {
  return stricter(from, to).length > 0;
}

/** Shortest and longest length in seconds, by the calendar. */
const UNITS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  Second: [1, 1],
  Minute: [60, 60],
  Hour: [3600, 3600],
  Day: [86_400, 86_400],
  Week: [604_800, 604_800],
  Month: [28 * 86_400, 31 * 86_400],
  Quarter: [90 * 86_400, 92 * 86_400],
  Year: [365 * 86_400, 366 * 86_400],
};

interface Rule {
  readonly text: string;
  /** The rule without its interval. */
  readonly shape: string;
  readonly unit: string;
  readonly count: number;
}

/** The rules that delete or aggregate rows, with their interval extracted. */
function rules(ttl: string | undefined): Rule[] {
  if (ttl === undefined) return [];
  return splitArguments(ttl)
    .filter((rule) => !/\b(?:TO (?:DISK|VOLUME)|RECOMPRESS)\b/.test(rule))
    .map((text) => {
      let [unit, count] = ["Second", 0];
      const shape = text.replace(/\+ toInterval([A-Z][a-z]+)\((\d+)\)/, (all, name: string, digits: string) => {
        if (UNITS[name] === undefined) return all;
        [unit, count] = [name, Number(digits)];
        return "+ _";
      });
      return { text, shape, unit, count };
    });
}

/** The rules that delete rows which the old ones keep: new ones, and those whose interval is or may be shorter. */
function stricter(from: string | undefined, to: string | undefined): Rule[] {
  const before = new Map(rules(from).map((rule) => [rule.shape, rule]));
  return rules(to).filter((rule) => {
    const old = before.get(rule.shape);
    if (old === undefined) return true;
    if (old.unit === rule.unit) return rule.count < old.count;
    const [least, most] = [UNITS[rule.unit]?.[0] ?? 0, UNITS[old.unit]?.[1] ?? Number.POSITIVE_INFINITY];
    return rule.count * least < old.count * most;
  });
}

/** Counts the rows that a changed TTL deletes, or whose column value it deletes, by the rules that are stricter than the old ones. */
export function pastProbe(from: string | undefined, to: string): PastProbe {
  const past = stricter(from, to).map(({ text }) => {
    const [, time = text, condition] = /^(.*?)(?: WHERE (.*?))?(?: GROUP BY .*)?$/s.exec(text) ?? [];
    const isPast = `toDateTime(${time}) <= now()`;
    return condition === undefined ? isPast : `(${isPast} AND (${condition}))`;
  });
  return { kind: "past", condition: past.join(" OR ") };
}

/**
 * How a TTL reaches existing parts. Each part keeps the times that were computed when it was written, and no merge computes those of a
 * plain rule again: rows would be deleted by the old TTL, or kept past the new one. So the ALTER lets its mutation run, which with the
 * setting {@link RECALCULATE} only writes the columns that the TTL reads. If rows are to be deleted at once, the mutation writes every
 * column.
 */
export function reachesParts(deletesAtOnce: boolean): Partial<Command> {
  return { mutation: true, setting: AFTER_MODIFY, ...(!deletesAtOnce && { recalculates: true }) };
}

/** The default, explicit because a profile may change it. */
const AFTER_MODIFY = "materialize_ttl_after_modify = 1";

/** When a TTL deletes, if it is not applied at once. */
export const BY_MERGES = "by merges in the background within hours (merge_with_ttl_timeout)";

/** Table setting with which MATERIALIZE TTL computes the times of its parts and leaves deletion to merges. */
export const RECALCULATE = "materialize_ttl_recalculate_only";

/**
 * The commands, and what has to run after them, so that mutations only compute times: the table's setting for that is on while they
 * run.
 *
 * @param recalculates whether a mutation after the commands does so too.
 */
export function recalculating(
  from: TableSpec,
  to: TableSpec,
  recalculates: boolean,
  commands: readonly Command[],
): { commands: readonly Command[]; restore: readonly Command[] } {
  const ofTtl = commands.filter(({ setting }) => setting === AFTER_MODIFY);
  const isAtOnce = ofTtl.some((command) => !command.recalculates);
  if (isAtOnce || (ofTtl.length === 0 && !recalculates)) return { commands, restore: [] };
  const [old, wanted] = [from, to].map(
    ({ storage }) => storage.settings.find(({ name }) => name === RECALCULATE)?.value,
  );
  const set = (value: string): Command => ({
    sql: `MODIFY SETTING ${RECALCULATE} = ${value}`,
    own: "MODIFY SETTING",
    takesList: true,
    phase: PHASE.before,
  });
  const reset: Command = { sql: `RESET SETTING ${RECALCULATE}`, own: "RESET SETTING", takesList: true };
  // A change of the setting itself waits for the mutations.
  const others = commands.filter(({ sql }) => !new RegExp(`^(?:MODIFY|RESET) SETTING ${RECALCULATE}\\b`).test(sql));
  return {
    commands: old === "1" ? others : [set("1"), ...others],
    restore: wanted === "1" ? [] : [wanted === undefined ? reset : set(wanted)],
  };
}
