/**
 * A real ClickHouse server for tests: libchdb contains one, started here through its exported `query_stable_v2`.
 * That is an export without a promise; this file is the only one that knows it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A running server. */
export interface TestServer {
  /** Where it listens, e.g. `http://127.0.0.1:41234`. */
  readonly url: string;
  /** Ends it in good order; its data go unless `dataDir` was given. */
  stop(): Promise<void>;
  /** Ends it by SIGKILL; its data go unless `dataDir` was given. */
  kill(): Promise<void>;
}

/** How to start a {@link TestServer}. */
export interface ServerOptions {
  /** Contents of users.xml; {@link USERS_XML} unless given. */
  readonly users?: string;
  /** HTTP port; a free one unless given. */
  readonly port?: number;
  /** Data directory, kept at the end; a temporary one unless given. */
  readonly dataDir?: string;
}

/** The user with a password in {@link USERS_XML}, allowed everything. */
export const WRITER = { username: "writer", password: "s3cr3t-pass'word" } as const;
/** May read `system` and create databases, no more. */
export const LIMITED = { username: "limited", password: "limited" } as const;
/** Its profile has `readonly = 1`. */
export const READONLY = { username: "readonly", password: "readonly" } as const;

/** Users of a server started without a file of one's own. */
export const USERS_XML = `<clickhouse>
  <profiles>
    <default/>
    <readonly><readonly>1</readonly></readonly>
  </profiles>
  <quotas><default/></quotas>
  <users>
    ${user("default", "", "<access_management>1</access_management>")}
    ${user(WRITER.username, WRITER.password, "<access_management>1</access_management>")}
    ${user(LIMITED.username, LIMITED.password, "<grants><query>GRANT SELECT ON system.*</query><query>GRANT CREATE DATABASE ON *.*</query></grants>")}
    ${user(READONLY.username, READONLY.password, "", "readonly")}
  </users>
</clickhouse>
`;

/** query_log is on, so that tests can count what reaches the server (`SYSTEM FLUSH LOGS` first). */
const CONFIG_XML = `<clickhouse>
  <users_config>users.xml</users_config>
  <query_log>
    <database>system</database><table>query_log</table>
    <flush_interval_milliseconds>500</flush_interval_milliseconds>
  </query_log>
  <mark_cache_size>67108864</mark_cache_size>
</clickhouse>
`;
/** Keeps clickhouse-local at work, so that its listeners stay. */
const FOREVER =
  "SELECT sleepEachRow(3) FROM numbers(100000000) SETTINGS max_block_size = 1, max_threads = 1, " +
  "function_sleep_max_microseconds_per_block = 0 FORMAT Null";
/** Node has no way to call a C function on an ordinary stack. prctl: end with the parent, however that ends. */
const LAUNCHER = `
import ctypes, sys
ctypes.CDLL(None).prctl(1, 9)
args = [a.encode() for a in sys.argv[2:]]
lib = ctypes.CDLL(sys.argv[1])
lib.query_stable_v2.restype = ctypes.c_void_p
lib.query_stable_v2(len(args), (ctypes.c_char_p * (len(args) + 1))(*args, None))
`;
const START_LIMIT = 30_000;
const STOP_LIMIT = 5000;

let shared: Promise<TestServer> | undefined;
const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});
// This file is first loaded at the top of some test file, so the hook is one of the root suite's.
if (typeof after === "function") after("stop the shared server", stopSharedServer);

/** Starts a server of one's own. */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options);
    } catch (error) {
      // Between asking for a free port and listening on it, another process may take it.
      const taken = options.port === undefined && String(error).includes("Address already in use");
      if (!taken || attempt === 5) throw error;
    }
  }
}

async function startOnce(options: ServerOptions): Promise<TestServer> {
  const dataDir = options.dataDir ?? mkdtempSync(join(temporaryBase(), "clickhouse-test-server-"));
  writeFileSync(join(dataDir, "users.xml"), options.users ?? USERS_XML);
  writeFileSync(join(dataDir, "config.xml"), CONFIG_XML);
  const port = options.port ?? (await freePort());
  const child = spawn("python3", ["-c", LAUNCHER, libraryPath(), ...(await serverArguments(dataDir, port))], {
    cwd: dataDir,
    stdio: ["ignore", "ignore", "pipe"],
  });
  running.add(child);
  let output = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output = (output + text).slice(-4000);
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const finish = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal);
    const killer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT);
    if (child.exitCode === null && child.signalCode === null) await ended;
    clearTimeout(killer);
    running.delete(child);
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  };

  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_LIMIT;
  while (!(await answers(url))) {
    if (child.exitCode !== null || child.signalCode !== null || Date.now() > deadline) {
      await finish("SIGKILL");
      throw new Error(`the test server did not start at ${url} within ${START_LIMIT} ms; it said: ${output}`);
    }
    await sleep(20);
  }
  return { url, stop: () => finish("SIGTERM"), kill: () => finish("SIGKILL") };
}

/** The server that all test files use, each test in a database of its own. `CLICKHOUSE_URL` takes its place. */
export function sharedServer(): Promise<TestServer> {
  const nothing = async (): Promise<void> => undefined;
  const given = process.env["CLICKHOUSE_URL"];
  shared ??= given === undefined ? startServer() : Promise.resolve({ url: given, stop: nothing, kill: nothing });
  return shared;
}

/** Ends {@link sharedServer} if it runs; done by a root hook under mocha. */
export async function stopSharedServer(): Promise<void> {
  const server = shared;
  shared = undefined;
  await (await server)?.stop();
}

/** Makes a database that no other test has. @returns its name, which needs no quoting. */
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

/** A port nobody listens on, a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no port is free");
  return address.port;
}

/** Waits. @param milliseconds how long. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Where tests put directories: in memory where possible, the disk's fsync is the slowest part of them. */
export function temporaryBase(): string {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}

async function serverArguments(dataDir: string, port: number): Promise<string[]> {
  return [
    "clickhouse",
    `--path=${dataDir}`,
    `--config-file=${join(dataDir, "config.xml")}`,
    `--http_port=${port}`,
    `--tcp_port=${await freePort()}`,
    "--listen_host=127.0.0.1",
    "--output-format=CSV",
    `--query=SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; ${FOREVER}`,
  ];
}

/** libchdb.so lies in the platform's package, which only chdb depends on. */
function libraryPath(): string {
  const libc = process.platform === "linux" ? "-gnu" : "";
  const name = `@chdb/lib-${process.platform}-${process.arch}${libc}`;
  const root = dirname(require.resolve("chdb/package.json"));
  return join(dirname(require.resolve(`${name}/package.json`, { paths: [root] })), "libchdb.so");
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/ping`, { signal: AbortSignal.timeout(2000) })).ok;
  } catch {
    return false;
  }
}

function user(name: string, password: string, rights: string, profile = "default"): string {
  const escaped = password.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return (
    `<${name}><password>${escaped}</password><networks><ip>::/0</ip></networks>` +
    `<profile>${profile}</profile><quota>default</quota>${rights}</${name}>`
  );
}
