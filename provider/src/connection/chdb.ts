import { mkdirSync, statSync } from "node:fs";
import { type Capabilities, capabilitiesOf, type Greeting } from "../clickhouse/capabilities";
import { ERROR_CODES } from "../clickhouse/error-codes";
import { ChdbProcess } from "./chdb-process";
import type { OpenRequest } from "./chdb-protocol";
import type { Connection, ConnectionOptions, QueryParams } from "./connection";
import { ConnectionError, ServerError } from "./errors";
import { timeoutError } from "./http-errors";
import { insertStatement, parseRows } from "./rows";
import { parseServerMessage } from "./server-message";

/** Default timeout of one statement, in seconds. */
const DEFAULT_TIMEOUT = 300;
/** Statements that run concurrently. */
const SESSIONS = 4;
/** How long to wait for a locked directory, in milliseconds: the preview's process may still be closing. */
const LOCK_WAIT = 10_000;
const LOCK_RETRY = 150;
/** Cannot lock file: another process has the directory. */
/** Makes the embedded engine behave like a server. */
const SERVER_SETTINGS =
  "SET output_format_json_quote_64bit_integers = 1, input_format_skip_unknown_fields = 0, implicit_select = 0";

/** One child per directory: the engine locks it, so a second connection of this process shares the first one's. */
const shared = new Map<string, { host: Promise<OpenHost>; users: number }>();

interface OpenHost {
  readonly process: ChdbProcess;
  readonly greeting: Greeting;
}

/**
 * Opens a data directory in a child process.
 *
 * @param path absolute.
 * @throws {ConnectionError} when chdb is not installed, the folder cannot be used, or another process holds it.
 */
export async function openChdb(path: string, options: ConnectionOptions): Promise<Connection> {
  const url = `chdb://${path}`;
  let entry = shared.get(path);
  if (entry === undefined) {
    prepareFolder(path, url, options.create ?? true);
    const host = startHost(url, { path, sessions: SESSIONS, setup: [SERVER_SETTINGS], temporary: false });
    entry = { host, users: 0 };
    shared.set(path, entry);
  }
  const mine = entry;
  mine.users += 1;
  const leave = async (): Promise<void> => {
    mine.users -= 1;
    if (mine.users > 0) return;
    if (shared.get(path) === mine) shared.delete(path);
    await (await mine.host).process.close();
  };
  try {
    const { process, greeting } = await mine.host;
    // After a crash, the next open gets a new child.
    void process.ended.then(() => shared.get(path) === mine && shared.delete(path));
    return new ChdbConnection(process, greeting, options.requestTimeout ?? DEFAULT_TIMEOUT, leave);
  } catch (error) {
    if (shared.get(path) === mine) shared.delete(path);
    throw error;
  }
}

/** Opens a directory that nobody else uses, with one session, so that a `SET` persists. Used for the embedded engine. */
export async function openPrivateChdb(path: string, setup: readonly string[]): Promise<ChdbConnection> {
  const request: OpenRequest = { path, sessions: 1, setup: [SERVER_SETTINGS, ...setup], temporary: true };
  const { process, greeting } = await startHost(`chdb://${path}`, request);
  return new ChdbConnection(process, greeting, DEFAULT_TIMEOUT, () => process.close());
}

/** A connection to the engine in a child process. */
export class ChdbConnection implements Connection {
  readonly url: string;
  readonly version: string;
  readonly capabilities: Capabilities;
  /** The process that holds the engine. */
  readonly process: ChdbProcess;
  private readonly timeout: number;
  private readonly leave: () => Promise<void>;
  private closed: Promise<void> | undefined;

  constructor(process: ChdbProcess, greeting: Greeting, timeout: number, leave: () => Promise<void>) {
    this.url = process.url;
    this.version = greeting.version;
    this.capabilities = capabilitiesOf(greeting);
    this.process = process;
    this.timeout = timeout;
    this.leave = leave;
  }

  async query<Row extends object>(sql: string, params?: QueryParams): Promise<Row[]> {
    return parseRows(await this.run(sql, params));
  }

  async command(sql: string, params?: QueryParams): Promise<void> {
    await this.run(sql, params);
  }

  async insert(table: string, rows: readonly object[]): Promise<void> {
    if (rows.length > 0) await this.run(insertStatement(table, rows));
  }

  close(): Promise<void> {
    this.closed ??= this.leave();
    return this.closed;
  }

  private async run(sql: string, params?: QueryParams): Promise<string> {
    if (this.closed !== undefined) throw new ConnectionError(`${this.url}: this connection is closed`, this.url);
    const asked = this.process.ask({ kind: "run", sql, ...(params === undefined ? {} : { params }) });
    const reply = await withLimit(asked, this.timeout, this.url);
    if (reply.kind === "done") return reply.text;
    const { code, message } = parseServerMessage(reply.raw);
    throw new ServerError(message, code, sql);
  }
}

function prepareFolder(path: string, url: string, create: boolean): void {
  try {
    if (create) mkdirSync(path, { recursive: true });
    if (!statSync(path).isDirectory()) throw new Error("it is not a folder");
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConnectionError(
      `${url}: the data directory cannot be used (${reason}). Name a folder that can be written in clickhouse:url.`,
      url,
      { cause: error },
    );
  }
}

/** Starts children until one gets the directory or the time is up; a child that failed to open is not used again. */
async function startHost(url: string, open: OpenRequest): Promise<OpenHost> {
  const deadline = Date.now() + LOCK_WAIT;
  for (;;) {
    const process = new ChdbProcess(url);
    const reply = await process.ask({ kind: "open", open });
    if (reply.kind === "done") {
      return { process, greeting: parseRows<Greeting>(reply.text)[0] ?? { version: "" } };
    }
    // The engine prints why it could not open; the output is complete once the child has exited.
    await process.close();
    if (reply.kind === "not-loaded") throw notLoaded(open, reply.missing, reply.raw);
    const { code, message } = parseServerMessage(`${reply.raw}\n${process.lastOutput}`);
    if (code !== ERROR_CODES.CANNOT_OPEN_FILE || !/lock/i.test(message)) {
      throw new ConnectionError(`${url}: the embedded engine cannot open this directory: ${message}`, url);
    }
    if (Date.now() >= deadline) {
      throw new ConnectionError(
        `${open.path} is in use by another process (pulumi or clickhouse): one process at a time can open it. ` +
          "Wait until that one ends, or end it.",
        url,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY));
  }
}

/** A scratch engine's folder means nothing to anybody, and `clickhouse:url` may well name a server already. */
function notLoaded({ path, temporary }: OpenRequest, missing: boolean, raw: string): ConnectionError {
  const url = `chdb://${path}`;
  const other = temporary
    ? "set clickhouse:scratch to the URL of a throwaway server"
    : "set clickhouse:url to a server";
  const what = missing
    ? `chdb isn't installed: npm install chdb@3.4.0, or ${other}`
    : `chdb is installed but doesn't load here: ${raw}\nInstead, ${other}`;
  return new ConnectionError(temporary ? what : `${url}: ${what}`, url);
}

async function withLimit<T>(work: Promise<T>, seconds: number, url: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(timeoutError(seconds, { url, username: "" })), seconds * 1000);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
