import { Command } from "commander";
import type { Connection } from "../connection/connection";
import { type Check, check } from "../doctor/check";
import { checkServer, unreachable } from "../doctor/server";
import { checkTools } from "../doctor/tools";
import type { Output } from "./canonicalize";
import { type ConnectOptions, connectAndPlace, namesServer, withConnection } from "./connect";
import { EXIT } from "./exit";

/** Options of {@link doctor}. */
export interface DoctorOptions extends ConnectOptions {
  /** Databases whose privileges are checked; they need not exist. Default: all on the server. */
  readonly database?: readonly string[];
  /** Cluster whose hosts are checked. Default: none. */
  readonly cluster?: string;
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
  try {
    const found = await connectAndPlace(options, environment);
    ({ connection } = found);
    const reached = check("connection", "ok", `${connection.url} answers`);
    const cluster = options.cluster ?? found.cluster;
    const subject = { databases: options.database, scratch, ...(cluster !== undefined && { cluster }) };
    return [reached, ...(await checkServer(connection, subject))];
  } catch (error) {
    return [unreachable(error)];
  } finally {
    await connection?.close();
  }
}

function render({ status, message, next }: Check): string {
  const more = next === undefined ? "" : next.replace(/^/gm, `${" ".repeat(9)}→ `);
  return `${status.padEnd(9)}${message}\n${more === "" ? "" : `${more}\n`}`;
}
