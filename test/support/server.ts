/** Servers for tests: one shared by all test files, and others of any version that `tools/servers` can start. */
import { randomUUID } from "node:crypto";
import { EMBEDDED, type Version } from "../../provider/src/server/engines";
import { freePorts, sleep } from "../../provider/src/server/member";
import { type RunningServer, type StartOptions, startServer as start } from "../../provider/src/server/server";
import { temporaryBase } from "../../provider/src/server/temporary";
import { usersXml } from "../../provider/src/server/users";

export type { Version };
export { sleep, temporaryBase };
export type TestServer = RunningServer;
/** As {@link StartOptions}, with {@link USERS_XML} by default. */
export type ServerOptions = Omit<StartOptions, "users"> & Partial<Pick<StartOptions, "users">>;

/** The user with a password in {@link USERS_XML}, allowed everything. */
export const WRITER = { username: "writer", password: "s3cr3t-pass'word" } as const;
/** May read `system` and create databases, nothing more. */
export const LIMITED = { username: "limited", password: "limited" } as const;
/** Its profile has `readonly = 1`. */
export const READONLY = { username: "readonly", password: "readonly" } as const;

/** May manage users, but not named collections, which tests rely on. */
const ADMIN = "<access_management>1</access_management>";

/** Users of a server started without its own file. */
export const USERS_XML = usersXml(
  [
    { name: "default", rights: ADMIN },
    { name: WRITER.username, password: WRITER.password, rights: ADMIN },
    {
      name: LIMITED.username,
      password: LIMITED.password,
      rights: grants("SELECT ON system.*", "CREATE DATABASE ON *.*"),
    },
    { name: READONLY.username, password: READONLY.password, rights: "", profile: "readonly" },
  ],
  "<default/><readonly><readonly>1</readonly></readonly>",
);

let shared: Promise<TestServer> | undefined;
// This file is first loaded at the top of some test file, so the hook belongs to the root suite.
if (typeof after === "function") after("stop the shared server", stopSharedServer);

/** Starts a separate server, 26.7 by default. */
export function startServer(options: ServerOptions = {}): Promise<TestServer> {
  return start({ users: USERS_XML, ...options });
}

/** The server that all test files use, each test in its own database. `CLICKHOUSE_URL` replaces it. */
export function sharedServer(): Promise<TestServer> {
  const given = process.env["CLICKHOUSE_URL"];
  shared ??= given === undefined ? startServer() : Promise.resolve(givenServer(given));
  return shared;
}

function givenServer(url: string): TestServer {
  const nothing = async (): Promise<void> => undefined;
  return { url, version: EMBEDDED, stop: nothing, kill: nothing, start: nothing, restart: nothing };
}

/** Stops {@link sharedServer} if it runs; done by a root hook under mocha. */
export async function stopSharedServer(): Promise<void> {
  const server = shared;
  shared = undefined;
  await (await server)?.stop();
}

/** Creates a database that no other test uses. @returns its name, which needs no quoting. */
export async function freshDatabase(server: Pick<TestServer, "url">): Promise<string> {
  const name = `test_${randomUUID().replaceAll("-", "").slice(0, 16)}`;
  const response = await fetch(server.url, {
    method: "POST",
    headers: {
      "X-ClickHouse-User": process.env["CLICKHOUSE_USER"] ?? "default",
      "X-ClickHouse-Key": process.env["CLICKHOUSE_PASSWORD"] ?? "",
    },
    body: `CREATE DATABASE ${name}`,
  });
  if (!response.ok) throw new Error(`${server.url}: CREATE DATABASE ${name} failed: ${await response.text()}`);
  return name;
}

/** A port on which nobody listened a moment ago. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

function grants(...rights: readonly string[]): string {
  return `<grants>${rights.map((right) => `<query>GRANT ${right}</query>`).join("")}</grants>`;
}
