import { createRequire } from "node:module";
import path from "node:path";
import { SchemaError } from "../errors";
import { configFile, dataFolder, errorLog, writeConfiguration, writeSettings } from "./config";
import { EMBEDDED, ENGINES, type Version } from "./engines";
import { fetchEngine, libraryIn } from "./fetch";
import { launcher } from "./launcher";
import { freePorts, Member, pings, refuseTaken } from "./member";
import { removeTemporary, temporaryDirectory } from "./temporary";

/** A running ClickHouse. */
export interface RunningServer {
  /** Its address, e.g. `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly version: Version;
  /** Stops it cleanly; its data is removed unless `dataDir` was given. */
  stop(): Promise<void>;
  /** Kills it with SIGKILL; its data stays until {@link stop}, or until this process exits. */
  kill(): Promise<void>;
  /** Starts it again on its data and address, after {@link kill}. */
  start(): Promise<void>;
  /** Stops it cleanly and starts it again on its data. */
  restart(): Promise<void>;
}

/** How to start a {@link RunningServer}. */
export interface StartOptions {
  /** Default: the embedded engine's, 26.7. */
  readonly version?: Version;
  /** Contents of users.xml. */
  readonly users: string;
  /** Settings of the default profile; those unknown to the version are left out. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** More elements of the configuration, as XML. */
  readonly config?: string;
  /** HTTP port. Default: a free one. */
  readonly port?: number;
  /** Directory for data and configuration, which is kept. Default: a temporary one. A newer version may open an older one's. */
  readonly dataDir?: string;
  /** Called if the engine has to be fetched first. */
  readonly log?: (line: string) => void;
}

/** Entry point of clickhouse-server, `mainEntryClickHouseServer(int, char **)`. Not a stable export, hence pinned versions. */
const SERVER_ENTRY = "_Z25mainEntryClickHouseServeriPPc";
/** Entry point of clickhouse-local in npm's chdb; not stable either. */
const LOCAL_ENTRY = "query_stable_v2";
/** Keeps clickhouse-local busy, so that its listeners stay up. */
const FOREVER =
  "SELECT sleepEachRow(3) FROM numbers(100000000) SETTINGS max_block_size = 1, max_threads = 1, " +
  "function_sleep_max_microseconds_per_block = 0 FORMAT Null";
const ATTEMPTS = 5;

/** Starts a ClickHouse and waits until it answers: 0.3 to 2 s, plus a few seconds to fetch it, once per version. */
export async function startServer(options: StartOptions): Promise<RunningServer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOnce(options);
    } catch (error) {
      // Between finding a free port and listening on it, another process may take it.
      const taken = options.port === undefined && String(error).includes("Address already in use");
      if (!taken || attempt === ATTEMPTS) throw error;
    }
  }
}

async function startOnce(options: StartOptions): Promise<RunningServer> {
  const { version = EMBEDDED } = options;
  const directory = options.dataDir ?? temporaryDirectory("clickhouse-server-");
  const [free = 0, tcp = 0] = await freePorts(2);
  if (options.port !== undefined) await refuseTaken(options.port);
  const http = options.port ?? free;
  const url = `http://127.0.0.1:${http}`;
  writeConfiguration({
    directory,
    users: options.users,
    local: ENGINES[version].launch !== "server",
    http,
    tcp,
    ...(options.config && { more: options.config }),
  });
  const member = new Member(`ClickHouse ${version} at ${url}`, {
    command: await commandOf(version, directory, { http, tcp }, options.log),
    directory,
    answers: () => pings(url),
    log: errorLog(directory),
  });
  const discard = (): void => {
    if (options.dataDir === undefined) removeTemporary(directory);
  };
  try {
    await member.start();
    if (options.settings !== undefined) await applySettings(member, { url, directory, settings: options.settings });
  } catch (error) {
    await member.kill();
    discard();
    throw error;
  }
  return {
    url,
    version,
    stop: () => member.stop().then(discard),
    kill: () => member.kill(),
    start: () => member.start(),
    restart: () => member.stop().then(() => member.start()),
  };
}

/** Applies those settings that the server knows; with an unknown one it would not start. */
async function applySettings(member: Member, { url, directory, settings }: Applied): Promise<void> {
  const known = new Set((await ask(url, "SELECT name FROM system.settings FORMAT TSVRaw")).split("\n"));
  writeSettings(directory, Object.fromEntries(Object.entries(settings).filter(([name]) => known.has(name))));
  // SYSTEM RELOAD USERS does nothing in the embedded engines.
  await member.stop();
  await member.start();
}

interface Applied {
  readonly url: string;
  readonly directory: string;
  readonly settings: Readonly<Record<string, string | number>>;
}

async function ask(url: string, sql: string): Promise<string> {
  const answer = await fetch(url, { method: "POST", body: sql });
  const text = await answer.text();
  if (!answer.ok) throw new SchemaError("server-not-started", `${url} answered "${sql}" with ${text.trim()}`);
  return text;
}

async function commandOf(
  version: Version,
  directory: string,
  { http, tcp }: { readonly http: number; readonly tcp: number },
  log?: (line: string) => void,
): Promise<[string, ...string[]]> {
  const config = `--config-file=${configFile(directory)}`;
  switch (ENGINES[version].launch) {
    case "server":
      return serverCommand(version, directory, log);
    case "bridge":
      return launcher("bridge.py", await fetchEngine(version, log), directory, String(http));
    case "local": {
      const listeners = [`--http_port=${http}`, `--tcp_port=${tcp}`, "--listen_host=127.0.0.1"];
      const query = `--query=SYSTEM START LISTEN HTTP; SYSTEM START LISTEN TCP; ${FOREVER}`;
      const args = [`--path=${dataFolder(directory)}`, config, ...listeners, "--output-format=CSV", query];
      return launcher("entry.py", embeddedLibrary(), LOCAL_ENTRY, "clickhouse", ...args);
    }
  }
}

/** The command that runs the real clickhouse-server of a version on the configuration in `directory`. */
export async function serverCommand(
  version: Version,
  directory: string,
  log?: (line: string) => void,
): Promise<[string, ...string[]]> {
  const library = libraryIn(await fetchEngine(version, log));
  return launcher("entry.py", library, SERVER_ENTRY, "clickhouse-server", `--config-file=${configFile(directory)}`);
}

/** libchdb.so is in the platform's package, which only chdb depends on. */
function embeddedLibrary(): string {
  const libc = process.platform === "linux" ? "-gnu" : "";
  const platform = `@chdb/lib-${process.platform}-${process.arch}${libc}/package.json`;
  try {
    const fromChdb = createRequire(require.resolve("chdb/package.json"));
    return path.join(path.dirname(fromChdb.resolve(platform)), "libchdb.so");
  } catch (error) {
    throw new SchemaError(
      "server-not-started",
      `ClickHouse ${EMBEDDED} is the engine of npm's chdb, which is not installed here: npm install chdb, or start another version`,
      { cause: error },
    );
  }
}
