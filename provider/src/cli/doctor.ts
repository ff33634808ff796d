import { Command, InvalidArgumentError } from "commander";
import type { Connection } from "../connection/connection";
import { type Check, check } from "../doctor/check";
import { checkServer, unreachable } from "../doctor/server";
import { checkTools } from "../doctor/tools";
import { SqlParseError } from "../sql/errors";
import type { Right } from "../sql/grants";
import { quoteIdentifier } from "../sql/identifiers";
import { parseRights } from "../sql/rights/parse";
import type { Output } from "./canonicalize";
import { type ConnectOptions, connectAndPlace, namesServer, withConnection } from "./connect";
import { EXIT } from "./exit";

/** Options of {@link doctor}. */
export interface DoctorOptions extends ConnectOptions {
  /** Databases whose privileges are checked; they need not exist. Default: all on the server. */
  readonly database?: readonly string[];
  /** Cluster whose hosts are checked. Default: none. */
  readonly cluster?: string;
  /** Also check the rights for users, roles and the like. Default: false. */
  readonly access?: boolean;
  /** Rights that are given to others. Default: none. */
  readonly give?: readonly Right[];
  readonly json?: boolean;
}

/** `clickhouse-schema doctor`. */
export function doctorCommand(output: Output): Command {
  return withConnection(new Command("doctor"))
    .description(
      "check this machine and the server, and report how to fix what is missing: tools, connection, versions, rights, settings; changes nothing",
    )
    .option("--database <name...>", "check the rights on these databases, which need not exist")
    .option(
      "--cluster <name>",
      "also check all hosts of this cluster (default: CLICKHOUSE_CLUSTER, or that of --stack)",
    )
    .option(
      "--access",
      "also check the rights for users, roles, grants, quotas, settings profiles, row policies and named collections",
    )
    .option(
      "--give <right...>",
      'with --access: rights that the stack gives to others, e.g. "SELECT, INSERT ON shop.*": the user needs them WITH GRANT OPTION',
      givenRights,
    )
    .option("--json", "print JSON")
    .action(async (options: DoctorOptions) => {
      process.exitCode = await doctor(options, output);
    });
}

/**
 * Checks this machine and the server, and prints a line for each check. Changes nothing.
 *
 * @param folder where the user's project is.
 * @returns the exit code, of {@link EXIT}: `found` when a check found an error.
 */
export async function doctor(
  options: DoctorOptions,
  output: Output,
  environment: NodeJS.ProcessEnv = process.env,
  folder: string = process.cwd(),
): Promise<number> {
  const tools = await checkTools(folder, environment);
  const checks = [...tools.checks, ...(await serverChecks(options, environment, tools.scratch))];
  output.out(options.json === true ? `${JSON.stringify(checks, undefined, 2)}\n` : checks.map(render).join(""));
  return checks.some(({ status }) => status === "error") ? EXIT.found : EXIT.fine;
}

async function serverChecks(
  options: DoctorOptions,
  environment: NodeJS.ProcessEnv,
  scratch: string | undefined,
): Promise<Check[]> {
  if (!namesServer(options, environment)) {
    const next = "Give --url https://HOST:8443 or --stack NAME, or set CLICKHOUSE_URL";
    return [check("connection", "skipped", "no server was named", next)];
  }
  let connection: Connection | undefined;
  const passedOn = options.give ?? (options.access === true ? [] : undefined);
  try {
    const found = await connectAndPlace(options, environment);
    ({ connection } = found);
    const reached = check("connection", "ok", `${connection.url} answers`);
    const cluster = options.cluster ?? found.cluster;
    const subject = {
      databases: options.database,
      scratch,
      ...(cluster !== undefined && { cluster }),
      ...(passedOn !== undefined && { passedOn }),
    };
    return [reached, ...(await checkServer(connection, subject))];
  } catch (error) {
    return [unreachable(error)];
  } finally {
    await connection?.close();
  }
}

/** @throws {InvalidArgumentError} for what is no list of rights. */
function givenRights(text: string, before: readonly Right[] = []): Right[] {
  try {
    const { phrases } = parseRights(text);
    const rights = phrases.map(({ privilege, target }): Right => {
      const parts = target.parts.map(
        ({ text: name, open }) => `${name === "" ? "" : quoteIdentifier(name)}${open ? "*" : ""}`,
      );
      return { privilege, level: parts.join(".") };
    });
    return [...before, ...rights];
  } catch (error) {
    if (!(error instanceof SqlParseError)) throw error;
    throw new InvalidArgumentError(
      `expected rights as between GRANT and TO, e.g. "SELECT ON shop.*": ${error.message}`,
    );
  }
}

function render({ status, message, next }: Check): string {
  const more = next === undefined ? "" : next.replace(/^/gm, `${" ".repeat(9)}→ `);
  return `${status.padEnd(9)}${message}\n${more === "" ? "" : `${more}\n`}`;
}
