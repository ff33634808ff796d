import { gather, NOTHING } from "./hazards";
import type { Hazard, Statement } from "./plan";

/**
 * When a command runs. The engine checks one ALTER as a whole against the table as it was, so what depends on another command's
 * result goes into a later ALTER; all else is one. Phases behind `after` are further ALTERs for defaults.
 */
export type Phase = number;

export const PHASE = {
  /** Before a column is renamed. */
  before: 0,
  /** Where everything is that can be. */
  main: 1,
  /** What changes columns, where one of them was renamed. */
  renamed: 2,
  /** What needs the columns as the others left them. */
  after: 3,
} as const;

/** One command of an ALTER TABLE. */
export interface Command {
  readonly sql: string;
  readonly hazards?: readonly Hazard[];
  /** Takes a list behind commas, so that a following command has to be told apart by brackets. */
  readonly takesList?: boolean;
  readonly mutation?: boolean;
  readonly phase?: Phase;
  /** The statement needs this setting, e.g. `materialize_ttl_after_modify = 1`. */
  readonly setting?: string;
  /** Its mutation only computes the times of parts by the TTL: a setting of the table for as long as it runs. */
  readonly recalculates?: boolean;
  /** Its first words, where each replica keeps what it says for itself: it is in no log that a replicated table shares. */
  readonly own?: Own;
}

/** Commands that a replicated table does not hand on by itself. */
export type Own = "MODIFY SETTING" | "RESET SETTING" | "MODIFY COMMENT" | "COMMENT COLUMN";

/** Of these, the ones that take a list: several become one, `MODIFY SETTING a = 1, b = 2`. */
const LISTS: ReadonlySet<string | undefined> = new Set<Own>(["MODIFY SETTING", "RESET SETTING"]);

/**
 * As few ALTERs as the engine allows, the commands of each in the order given.
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
    // What is set or commented on may be new, so that comes later.
    const kinds = [undefined, ...new Set(together.flatMap(({ own }) => own ?? []))];
    return kinds.map((kind) => together.filter(({ own }) => own === kind));
  });
  return groups.filter((group) => group.length > 0).map((group) => alter(table, joinLists(group), untouched));
}

/** How ALTERs are put together. */
export interface AlterOptions {
  /** What an ALTER without hazards says. */
  readonly untouched?: string;
  /**
   * Other replicas get an ALTER of one kind only. Measured on 25.8, in a Replicated database: beside anything else, settings and comments
   * are refused (code 48); beside one another they are changed on this replica and on no other, with or without an error (code 49).
   */
  readonly isReplicated?: boolean;
}

/** Lists with the same words in front, in the place of the first. */
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
  // Behind a list the engine takes the next command for its next element; brackets go around all or none.
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
  });
}
