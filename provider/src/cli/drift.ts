import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Command, Option } from "commander";
import { CONFIG_KEYS, type ConfigKey, type RawConfig, variableOf } from "../config/config";
import type { Connection } from "../connection/connection";
import { type Drift, findDrift } from "../drift/drift";
import { EXPORT, readState, type StackState } from "../drift/state";
import { hasDrift, isUncertain, renderJson, renderMarkdown, renderText } from "../drift/text";
import { messageOf, SchemaError } from "../errors";
import { selector } from "../introspect/selection";
import { identityOf, isSameServer, readIdentity } from "../introspect/server-identity";
import type { Output } from "./canonicalize";
import { connectPlaced, type PlaceOptions, withCluster } from "./connect";
import { EXIT } from "./exit";
import { tellFailure } from "./failure";
import { stackState } from "./stack";

/** Options of {@link driftOfState}. */
export interface DriftOptions extends PlaceOptions {
  /** File with the state; `-` is standard input. */
  readonly state?: string;
  /** Provider resource whose objects are compared. Default: those of the stack's config, or the only one if there is just one. */
  readonly provider?: string;
  /** Patterns of `database.name` that are left out. */
  readonly exclude?: readonly string[];
  readonly strict?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** `clickhouse-schema drift --state FILE`. */
export function driftCommand(output: Output): Command {
  return withCluster(new Command("drift"))
    .description("compare what a stack's state declares with what is on the server, without running Pulumi")
    .option(
      "--state <file>",
      "output of `pulumi stack export`, or a file of a file backend; - for standard input (default: that of --stack)",
    )
    .option("--provider <name>", "compare the objects of this Provider resource (default: those of the stack's config)")
    .option("--exclude <pattern...>", "skip objects whose database.name matches")
    .option("--strict", "also report objects that are not in the state, or cannot be compared, as drift")
    .addOption(new Option("--json", "print JSON").conflicts("markdown"))
    .option("--markdown", "print Markdown, for a comment or an issue")
    .action(async (options: DriftOptions) => {
      process.exitCode = await driftOfState(options, output);
    });
}

/**
 * Compares a state with the server and prints what differs. The server is `--url`, the environment, or where the last `up` of the
 * state used.
 *
 * @returns the exit code, of {@link EXIT}: `found` with drift, `failed` when they could not be compared.
 */
export async function driftOfState(
  options: DriftOptions,
  output: Output,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<number> {
  let connection: Connection | undefined;
  try {
    const state = readState(await stateText(options));
    const provider = chooseProvider(state, options.provider);
    const leftOut = new Map<string, number>();
    for (const object of state.objects) {
      if (object.provider !== provider) leftOut.set(object.provider, (leftOut.get(object.provider) ?? 0) + 1);
    }
    connection = await connectPlaced(options, environmentOf(state, provider, options, environment));
    const drift = await compare(connection, state, provider, options.exclude);
    const writtenOn = await elsewhere(connection, state, provider);
    const circumstances = { url: connection.url, leftOut, ...(writtenOn !== undefined && { writtenOn }) };
    const render = options.json ? renderJson : options.markdown ? renderMarkdown : renderText;
    output.out(render(drift, circumstances));
    if (drift.unchecked !== undefined) output.error(`Compared by spelling, not by meaning: ${drift.unchecked}\n`);
    if (hasDrift(drift, options.strict)) return EXIT.found;
    return isUncertain(drift) ? EXIT.failed : EXIT.fine;
  } catch (error) {
    return tellFailure(error, options.json, output);
  } finally {
    await connection?.close();
  }
}

async function compare(
  connection: Connection,
  { objects }: StackState,
  provider: string,
  exclude: readonly string[] = [],
): Promise<Drift> {
  const isWanted = selector({ exclude });
  const own = objects.filter((object) => object.provider === provider);
  // All of them: what is left out is still in the state, and so is not unmanaged.
  const wanted = own.filter(({ key }) => key === undefined || isWanted(key));
  const drift = await findDrift(connection, wanted, { known: new Set(own.flatMap(({ key }) => key ?? [])) });
  return { ...drift, unmanaged: drift.unmanaged.filter(({ key }) => isWanted(key)) };
}

/** URL of the server that the state was written on, if that is another one. */
async function elsewhere(connection: Connection, state: StackState, provider: string): Promise<string | undefined> {
  const own = state.objects.filter((object) => object.provider === provider);
  const known = own.flatMap(({ server }) => readIdentity(server) ?? []);
  if (known.length === 0 || connection.url.startsWith("chdb:")) return undefined;
  const now = await identityOf(connection, connection.url);
  return known.find((one) => !isSameServer(one, now))?.url;
}

function stateText(options: DriftOptions): Promise<string> | string {
  if (options.state !== undefined) return textOf(options.state);
  if (options.stack !== undefined) return stackState(options);
  throw new SchemaError(
    "option-invalid",
    `No state: give --stack NAME, or write it with \`${EXPORT}\` and give --state state.json, or pipe it: pulumi stack export | clickhouse-schema drift --state -`,
  );
}

/** A state from a file, or from standard input for `-`. */
export function textOf(file: string): string {
  try {
    const bytes = readFileSync(file === "-" ? 0 : file);
    // File backends may keep their files compressed.
    return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString("utf8");
  } catch (error) {
    throw new SchemaError(
      "input-unreadable",
      `--state ${file}: cannot be read (${messageOf(error)}). Write it with: ${EXPORT}`,
      {
        cause: error,
      },
    );
  }
}

/** The provider whose objects are meant. @throws {SchemaError} when several are possible. */
export function chooseProvider({ objects }: StackState, wanted: string | undefined): string {
  const names = [...new Set(objects.map(({ provider }) => provider))].sort();
  if (names.length === 0) {
    throw new SchemaError(
      "input-unreadable",
      "The state has no ClickHouse object. Is it the right stack, and has `pulumi up` been run?",
    );
  }
  if (wanted === undefined) {
    if (names.includes("default")) return "default";
    const [only, ...others] = names;
    if (only !== undefined && others.length === 0) return only;
    throw new SchemaError(
      "option-invalid",
      `The state has objects of several providers: choose one with --provider ${names.join(" or ")}`,
    );
  }
  if (names.includes(wanted)) return wanted;
  throw new SchemaError(
    "option-invalid",
    `--provider ${wanted}: the state has no object of it; found ${names.join(", ")}`,
  );
}

/** The cluster on whose hosts the last `up` has brought the objects. */
function clusterOf({ objects }: StackState, provider: string): string | undefined {
  return objects.find((object) => object.provider === provider && object.cluster !== undefined)?.cluster;
}

/**
 * The environment overrides the state. A named provider has its own variables, as in a program. A stack's config is
 * newer than its state, which is then ignored.
 */
function environmentOf(
  state: StackState,
  provider: string,
  { stack }: DriftOptions,
  environment: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const name = provider === "default" ? undefined : provider;
  const stored = stack === undefined || name !== undefined ? state.providers.find((one) => one.name === provider) : {};
  const found = Object.entries(CONFIG_KEYS).map(([key, variable]) => {
    const given = environment[variableOf(key as ConfigKey, name)];
    const own = key === "cluster" ? clusterOf(state, provider) : undefined;
    return [
      variable,
      given || (stored as RawConfig | undefined)?.[key as ConfigKey] || (stack === undefined ? own : ""),
    ];
  });
  return Object.fromEntries(found);
}
