import type { Command } from "commander";
import type { Connection } from "../connection/connection";
import { openConnection } from "../connection/open";
import { SchemaError } from "../errors";

/** How a command is told where the server is. */
export interface ConnectOptions {
  readonly url?: string;
  readonly user?: string;
}

/** Adds `--url` and `--user`; the password is taken from the environment only, so that it stands in no shell history. */
export function withConnection(command: Command): Command {
  return command
    .option("--url <url>", "chdb://PATH or http(s)://HOST:PORT (default: CLICKHOUSE_URL)")
    .option("--user <name>", "user name (default: CLICKHOUSE_USER); the password comes from CLICKHOUSE_PASSWORD");
}

/** Opens the connection that the options and the environment name. @throws {SchemaError} when they name none. */
export function connect({ url, user }: ConnectOptions, environment = process.env): Promise<Connection> {
  const target = url ?? environment["CLICKHOUSE_URL"];
  if (target === undefined || target === "") {
    throw new SchemaError("No server: give --url chdb://PATH or --url https://HOST:8443, or set CLICKHOUSE_URL.");
  }
  const [username, password] = [user ?? environment["CLICKHOUSE_USER"], environment["CLICKHOUSE_PASSWORD"]];
  return openConnection({
    url: target,
    create: false,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
  });
}
