import { gather, NOTHING } from "./hazards";
import type { Hazard, Statement } from "./plan";

/**
 * When a command runs. The engine checks an ALTER as a whole against the table before it, so a command that depends on another's result
 * goes into a later ALTER; all others share one. Phases after `after` are further ALTERs for defaults.
 */
export type Phase = number;

export const PHASE = {
  /** Before a column is renamed. */
  before: 0,
  /** Everything else. */
  main: 1,
  /** Column changes, if one of the columns was renamed. */
  renamed: 2,
  /** What needs the columns after all other changes. */
  after: 3,
} as const;

/** One command of an ALTER TABLE. */
export interface Command {
  readonly sql: string;
  readonly hazards?: readonly Hazard[];
  /** Takes a comma-separated list, so that parentheses have to separate it from a following command. */
  readonly takesList?: boolean;
  readonly mutation?: boolean;
  /** No insert may be under way. */
  readonly gated?: boolean;
  readonly dropsColumn?: boolean;
  readonly phase?: Phase;
  /** The statement needs this setting, e.g. `materialize_ttl_after_modify = 1`. */
  readonly setting?: string;
  /** Its mutation only computes the TTL times of parts: a setting of the table while it runs. */
  readonly recalculates?: boolean;
  /** Its first words, if it affects one replica only: it is not in the log that the replicas of a table share. */
  readonly own?: Own;
}

/** Commands that a replicated table does not replicate by itself. */
export type Own = "MODIFY SETTING" | "RESET SETTING" | "MODIFY COMMENT" | "COMMENT COLUMN";

/** Those of them that take a list: several become one, `MODIFY SETTING a = 1, b = 2`. */
const LISTS: ReadonlySet<string | undefined> = new Set<Own>(["MODIFY SETTING", "RESET SETTING"]);

/**
 * As few ALTERs as the engine allows, each with its commands in the given order.
 */
export function mergeAlters(
  table: string,
  commands: readonly Command[],
  { untouched = NOTHING, isReplicated = false }: AlterOptions = {},
): Statement[] {
  const phaseOf = ({ phase = PHASE.main }: Command): Phase => phase;
  const phases = [...new Set(commands.map(phaseOf))].sort((a, b) => a - b);
  const groups = phases.flatMap((phase) => {
    const together = commands.filter((command) => phaseOf(command) === phase);
    if (!isReplicated) return [together];
    // Settings and comments may be about something new, so they come later.
    const kinds = [undefined, ...new Set(together.flatMap(({ own }) => own ?? []))];
    return kinds.map((kind) => together.filter(({ own }) => own === kind));
  });
  return groups.filter((group) => group.length > 0).map((group) => alter(table, joinLists(group), untouched));
}

/** How commands are merged into ALTERs. */
export interface AlterOptions {
  /** The message of an ALTER without hazards. */
  readonly untouched?: string;
  /**
   * Other replicas only get an ALTER of a single kind. Measured on 25.8, in a Replicated database: together with anything else, settings
   * and comments are refused (code 48); together with each other, they change on this replica only, with or without an error (code 49).
   */
  readonly isReplicated?: boolean;
}

/** Joins lists that begin with the same words, in the place of the first. */
function joinLists(commands: readonly Command[]): Command[] {
  const joined: Command[] = [];
  for (const command of commands) {
    const { own } = command;
    const at = LISTS.has(own) ? joined.findIndex((other) => other.own === own) : -1;
    const first = joined[at];
    if (first === undefined || own === undefined) joined.push(command);
    else {
      const hazards = [...(first.hazards ?? []), ...(command.hazards ?? [])];
      joined[at] = { ...first, sql: `${first.sql},${command.sql.slice(own.length)}`, hazards };
    }
  }
  return joined;
}

function alter(table: string, commands: readonly Command[], untouched: string): Statement {
  const settings = [...new Set(commands.flatMap(({ setting }) => (setting === undefined ? [] : [setting])))];
  const tail = settings.length === 0 ? "" : ` SETTINGS ${settings.join(", ")}`;
  // After a list the engine takes the next command for its next element; parentheses go around all commands or none.
  const needsBrackets =
    commands.slice(0, -1).some(({ takesList }) => takesList) || (tail !== "" && commands.length > 1);
  const texts = commands.map(({ sql }) => (needsBrackets ? `(${sql})` : sql));
  const body = texts.length === 1 ? ` ${texts[0]}` : `\n    ${texts.join(",\n    ")}`;
  return Object.freeze({
    kind: "statement" as const,
    sql: `ALTER TABLE ${table}${body}${tail}`,
    hazards: gather(
      commands.flatMap(({ hazards }) => hazards ?? []),
      untouched,
    ),
    ...(commands.some(({ mutation }) => mutation) && { mutation: true }),
    ...(commands.some(({ gated }) => gated) && { gated: true }),
    ...(commands.some(({ dropsColumn }) => dropsColumn) && { dropsColumn: true }),
  });
}
