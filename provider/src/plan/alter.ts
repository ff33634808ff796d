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
  /** The statement needs this setting, e.g. `materialize_ttl_after_modify = 0`. */
  readonly setting?: string;
  /** Words in front of a list: neighbours with the same ones become one command, `MODIFY SETTING a = 1, b = 2`. */
  readonly listOf?: "MODIFY SETTING" | "RESET SETTING";
}

/**
 * As few ALTERs as the engine allows, the commands of each in the order given.
 *
 * @param untouched what an ALTER without hazards says.
 */
export function mergeAlters(table: string, commands: readonly Command[], untouched = NOTHING): Statement[] {
  const phaseOf = ({ phase = PHASE.main }: Command): Phase => phase;
  const phases = [...new Set(commands.map(phaseOf))].sort((a, b) => a - b);
  return phases.map((phase) =>
    alter(table, joinLists(commands.filter((command) => phaseOf(command) === phase)), untouched),
  );
}

/** Lists with the same words in front, in the place of the first. */
function joinLists(commands: readonly Command[]): Command[] {
  const joined: Command[] = [];
  for (const command of commands) {
    const { listOf } = command;
    const at = listOf === undefined ? -1 : joined.findIndex((other) => other.listOf === listOf);
    const first = joined[at];
    if (first === undefined || listOf === undefined) joined.push(command);
    else {
      const hazards = [...(first.hazards ?? []), ...(command.hazards ?? [])];
      joined[at] = { ...first, sql: `${first.sql},${command.sql.slice(listOf.length)}`, hazards };
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
