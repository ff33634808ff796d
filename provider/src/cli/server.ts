import { mkdirSync } from "node:fs";
import path from "node:path";
import { Argument, Command, InvalidArgumentError } from "commander";
import { messageOf } from "../errors";
import { ENGINES, VERSIONS, type Version, versionNamed } from "../server/engines";
import { startServer } from "../server/server";
import { OPEN_USERS } from "../server/users";
import type { Output } from "./canonicalize";
import { EXIT } from "./exit";

/** Options of {@link serve}. */
export interface ServerCommandOptions {
  /** HTTP port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** Where data and configuration are kept. Default: a temporary directory that is removed at the end. */
  readonly dir?: string;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** `clickhouse-schema server VERSION`. */
export function serverCommand(output: Output): Command {
  return new Command("server")
    .description("start a throwaway ClickHouse of a version, for tests and for clickhouse:scratch, until Ctrl-C")
    .addArgument(new Argument("<version>", "release of ClickHouse").choices(VERSIONS))
    .option("--port <port>", "HTTP port on 127.0.0.1 (default: a free one)", readPort)
    .option("--dir <directory>", "keep data and configuration there (default: a directory that goes at the end)")
    .addHelpText("after", HELP)
    .action(async (version: string, options: ServerCommandOptions) => {
      process.exitCode = await serve(versionNamed(version), options, output);
    });
}

const HELP = `
Prints its URL on standard output when it answers. User default, without a password, from this machine only.

The engine is a package of PyPI, fetched once with \`pip download\` and checked against its checksum: 160 MB, up to 850 MB
unpacked in ~/.cache/pulumi-clickhouse-schema (XDG_CACHE_HOME). Nothing is installed; Python 3 starts it. Linux and macOS.

  ${versionsOf("server")}  clickhouse-server itself
  ${versionsOf("bridge").padEnd(16)}  its engine behind an HTTP bridge: no users, no KILL QUERY
  ${versionsOf("local").padEnd(16)}  the embedded engine of npm's chdb, where that is installed`;

function versionsOf(launch: (typeof ENGINES)[Version]["launch"]): string {
  return VERSIONS.filter((version) => ENGINES[version].launch === launch).join(", ");
}

/** Starts a server and keeps it until a signal comes. @returns the exit code. */
export async function serve(version: Version, { dir, port }: ServerCommandOptions, output: Output): Promise<number> {
  const log = (line: string): void => output.error(`${line}\n`);
  const dataDir = dir === undefined ? undefined : path.resolve(dir);
  try {
    // Before it starts: a signal that arrives during the start ends it as well.
    const ended = new Promise((resolve) => {
      for (const signal of SIGNALS) process.once(signal, resolve);
    });
    if (dataDir !== undefined) mkdirSync(dataDir, { recursive: true });
    const server = await startServer({
      version,
      users: OPEN_USERS,
      log,
      ...(port !== undefined && { port }),
      ...(dataDir !== undefined && { dataDir }),
    });
    output.out(`${server.url}\n`);
    log(`ClickHouse ${version}, user default without a password. Ctrl-C ends it, or: kill ${process.pid}`);
    await ended;
    await server.stop();
    return EXIT.fine;
  } catch (error) {
    log(messageOf(error));
    return EXIT.failed;
  }
}

function readPort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new InvalidArgumentError("a port is 1 to 65535.");
  return port;
}
