import { existsSync, statSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { type Compared, compareSides, hasDifference } from "../compare/compare";
import { DatabaseNames } from "../compare/map";
import { concerning, type Side, sideOfProgram, sideOfServer, sideOfState } from "../compare/side";
import { renderJson, renderText } from "../compare/text";
import { CONFIG_KEYS, type ConfigKey, PROVIDER_NAME, parseConnection, readConfig, variableOf } from "../config/config";
import type { Connection } from "../connection/connection";
import { openConnection } from "../connection/open";
import { withoutSecrets } from "../connection/url";
import { readState } from "../drift/state";
import { messageOf, SchemaError } from "../errors";
import type { Selection } from "../introspect/selection";
import { loadProgram } from "../program/load";
import { keyParts } from "../sql/object-key";
import type { Output } from "./canonicalize";
import { chooseProvider, textOf } from "./drift";
import { EXIT } from "./exit";
import { tellFailure } from "./failure";
import { stackConfig } from "./stack";

/** Options of {@link comparePlaces}. */
export interface CompareOptions {
  readonly database?: readonly string[];
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  /** New names of databases, by their name in the first place. */
  readonly map?: ReadonlyMap<string, string>;
  /** Stack whose config a program gets. */
  readonly programStack?: string;
  readonly cwd?: string;
  readonly json?: boolean;
}

/** `clickhouse-schema compare FROM TO`. */
export function compareCommand(output: Output): Command {
  return new Command("compare")
    .description(
      "compare two places, and show what would make the second as the first, in order and with hazards; reads only",
    )
    .argument("<from>", "the place that is right: a URL, stack:NAME, the folder of a program, or a state file (.json)")
    .argument("<to>", "the place that would be changed, likewise")
    .option("--map <from=to>", "a database of the first place has another name in the second; may be repeated", readMap)
    .option("--database <name...>", "only these databases, by their names in the second place")
    .option("--include <pattern...>", "only objects whose database.name matches, e.g. 'logs.*_v1'")
    .option("--exclude <pattern...>", "skip objects whose database.name matches")
    .option("--program-stack <name>", "config of a program, from Pulumi.NAME.yaml")
    .option("--cwd <folder>", "with stack:NAME: the folder of the Pulumi project (default: this one)")
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(async (from: string, to: string, options: CompareOptions) => {
      process.exitCode = await comparePlaces(from, to, options, output);
    });
}

const HELP = `
User and password of a server come from its stack, or from the environment:
CLICKHOUSE_FROM_USER and CLICKHOUSE_FROM_PASSWORD for the first place,
CLICKHOUSE_TO_USER and CLICKHOUSE_TO_PASSWORD for the second. No secret is printed.

Exit code: 0 nothing differs, 1 something differs, 2 they could not be compared.`;

/**
 * Compares two places and prints what differs.
 *
 * @returns the exit code, of {@link EXIT}: `found` when they differ, `failed` when an object could not be compared and nothing else differs.
 */
export async function comparePlaces(
  from: string,
  to: string,
  options: CompareOptions,
  output: Output,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  const open: Connection[] = [];
  try {
    const names = new DatabaseNames(options.map);
    const places = { open, environment, options };
    const [one, other] = await Promise.all([
      sideOf(from, "from", names, places),
      sideOf(to, "to", new DatabaseNames(), places),
    ]);
    refuseUnknownDatabases(options, names, one, other);
    const compared = await compareSides(concerning(one, other), concerning(other, one));
    const shown = { from: one.name, to: other.name };
    output.out(options.json ? renderJson(compared, shown) : renderText(compared, shown));
    if (compared.unchecked !== undefined) output.error(`Compared by spelling, not by meaning: ${compared.unchecked}\n`);
    return exitCode(compared);
  } catch (error) {
    return tellFailure(error, options.json, output);
  } finally {
    await Promise.all(open.map((connection) => connection.close()));
  }
}

function exitCode(compared: Compared): number {
  if (hasDifference(compared)) return EXIT.found;
  return compared.objects.some(({ status }) => status === "not-compared") ? EXIT.failed : EXIT.fine;
}

interface Places {
  /** Connections to close. */
  readonly open: Connection[];
  readonly environment: NodeJS.ProcessEnv;
  readonly options: CompareOptions;
}

async function sideOf(place: string, which: "from" | "to", names: DatabaseNames, places: Places): Promise<Side> {
  const { options } = places;
  const selection = selectionOf(options);
  const stack = /^stack:(.+)$/.exec(place)?.[1];
  if (stack !== undefined || /^(?:https?|chdb):/.test(place)) {
    const connection = await connectTo(place, stack, which, places);
    places.open.push(connection);
    const existing = await databasesThere(connection, selection, names);
    const shown = stack === undefined ? withoutSecrets(place) : `stack ${stack}`;
    return sideOfServer(
      connection,
      { ...selection, ...(existing !== undefined && { databases: existing }) },
      names,
      shown,
    );
  }
  if (!existsSync(place)) throw new SchemaError("option-invalid", unknownPlace(place, which));
  if (!statSync(place).isDirectory() && /\.json(?:\.gz)?$/.test(place)) {
    const state = readState(textOf(place));
    const provider = chooseProvider(state, undefined);
    const own = { ...state, objects: state.objects.filter((object) => object.provider === provider) };
    return sideOfState(own, place, selection, names);
  }
  const { programStack } = options;
  const program = await loadProgram({ program: place, ...(programStack !== undefined && { stack: programStack }) });
  return { ...sideOfProgram(program, selection, names), name: place };
}

function unknownPlace(place: string, which: string): string {
  return `<${which}> ${place}: expected chdb://PATH, http(s)://HOST:PORT, stack:NAME, the folder of a program or a state file; there is no such file`;
}

function selectionOf({ database, exclude, include }: CompareOptions): Selection {
  return {
    ...(database !== undefined && { databases: database }),
    ...(include !== undefined && { include }),
    ...(exclude !== undefined && { exclude }),
  };
}

/** A database that one of the places does not have is a difference, not a mistake. */
async function databasesThere(
  connection: Connection,
  { databases }: Selection,
  names: DatabaseNames,
): Promise<string[] | undefined> {
  if (databases === undefined) return undefined;
  const rows = await connection.query<{ name: string }>("SELECT name FROM system.databases");
  const there = new Set(rows.map(({ name }) => name));
  return databases.filter((name) => there.has(names.before(name)));
}

/** Each place has variables of its own, so that no password goes to the other server. */
async function connectTo(
  place: string,
  stack: string | undefined,
  which: "from" | "to",
  { environment, options: { cwd } }: Places,
): Promise<Connection> {
  const given =
    stack === undefined ? { "clickhouse:url": place } : await stackConfig({ stack, ...(cwd !== undefined && { cwd }) });
  const config: Readonly<Record<string, string>> = { ...given, [PROVIDER_NAME]: which };
  const { raw } = readConfig((key) => config[key], environment);
  const { url } = raw;
  if (url === undefined)
    throw new SchemaError("url-missing", `${place}: the config of the stack has no clickhouse:url`);
  try {
    return await openConnection({ ...parseConnection({ ...raw, url }), create: false });
  } catch (error) {
    const variables = (["username", "password"] as const).map((key: ConfigKey) => variableOf(key, which));
    const hint =
      raw.password === undefined && environment[CONFIG_KEYS.password]
        ? ` ${CONFIG_KEYS.password} is for neither: set ${variables.join(" and ")}.`
        : "";
    throw new SchemaError("server-unreachable", `<${which}> ${withoutSecrets(place)}: ${messageOf(error)}${hint}`, {
      cause: error,
    });
  }
}

function refuseUnknownDatabases({ database = [] }: CompareOptions, names: DatabaseNames, from: Side, to: Side): void {
  const known = new Set([...from.objects.keys(), ...to.objects.keys()].map((key) => keyParts(key).database));
  const problems = database.flatMap((name) => (known.has(name) ? [] : [`--database ${name}: is in neither place`]));
  problems.push(...names.problems(from.name));
  if (problems.length > 0) throw new SchemaError("option-invalid", problems);
}

function readMap(text: string, before: ReadonlyMap<string, string> = new Map()): ReadonlyMap<string, string> {
  const [, from, to] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined)
    throw new InvalidArgumentError(`expected two names of databases, e.g. staging_logs=logs; found "${text}".`);
  return new Map([...before, [from, to]]);
}
