import { randomUUID } from "node:crypto";
import type { Readable } from "node:stream";
import type { ClickHouseClient, ClickHouseSettings } from "@clickhouse/client";
import { type Capabilities, capabilitiesOf, GREETING, type Greeting, OLD_GREETING } from "../clickhouse/capabilities";
import { agentOf } from "./agent";
import type { Connection, ConnectionOptions, QueryParams, Settings } from "./connection";
import { ConnectionError } from "./errors";
import {
  type Answer,
  answerError,
  isBroken,
  networkError,
  notClickHouse,
  openingError,
  silenceError,
  timeoutError,
} from "./http-errors";
import { parameterName, parameterText } from "./params";
import { insertStatement, parseRows } from "./rows";
import { isUnknownFunction } from "./server-message";
import type { Target } from "./url";

type HttpTarget = Extract<Target, { kind: "http" }>;

/** Default timeout of one statement, in seconds. */
const DEFAULT_TIMEOUT = 300;
/** Timeout of the first request, in seconds; an idle Cloud service needs half of that. */
const GREET_TIMEOUT = 60;
/** Timeout of killing a statement that was abandoned, in milliseconds. */
const KILL_TIMEOUT = 5000;
/** Space for the progress headers of a long statement: Node's default limit is 16 KB, about two hours' worth. */
const MAX_HEADERS_BYTES = 1024 * 1024;

const QUERY_SETTINGS: ClickHouseSettings = {
  default_format: "JSONEachRow",
  output_format_json_quote_64bit_integers: 1,
};
/**
 * Load balancers cut connections that are idle for a minute, as in a long ALTER. So the server sends a header now and
 * then, as the client's documentation recommends.
 */
const COMMAND_SETTINGS: ClickHouseSettings = {
  send_progress_in_http_headers: 1,
  http_headers_progress_interval_ms: "20000",
  // A type means what it says, whatever the user's profile says: canonical statements have Nullable where it is meant.
  data_type_default_nullable: 0,
};
/** A field without a column is an error, not silently lost. */
const INSERT_SETTINGS: ClickHouseSettings = { input_format_skip_unknown_fields: 0 };
/** Statements that can safely be repeated. */
const READS = /^\s*(?:SELECT|WITH|SHOW|DESC|DESCRIBE|EXISTS|EXPLAIN)\b/i;

/** Opens a server's HTTP interface. @throws {ConnectionError} */
export async function openHttp(target: HttpTarget, options: ConnectionOptions): Promise<Connection> {
  const { createClient, ClickHouseLogLevel } = await import("@clickhouse/client");
  const timeout = options.requestTimeout ?? DEFAULT_TIMEOUT;
  const username = options.username ?? "default";
  const { accessToken, headers, role } = options;
  const client = createClient({
    url: target.origin,
    pathname: target.pathname,
    ...(accessToken === undefined ? { username, password: options.password ?? "" } : { access_token: accessToken }),
    ...(headers !== undefined && { http_headers: headers }),
    ...(role !== undefined && { role: [...role] }),
    ...agentOf(target.origin, options),
    request_timeout: timeout * 1000,
    max_response_headers_size: MAX_HEADERS_BYTES,
    application: "pulumi-clickhouse-schema",
    ...(options.session !== undefined && { session_id: options.session }),
    // Errors are thrown; logging them as well would print everything twice, into Pulumi's own output.
    log: { level: ClickHouseLogLevel.OFF },
  });
  const connection = new HttpConnection(client, target.url, username, timeout);
  try {
    await connection.greet();
    return connection;
  } catch (error) {
    await connection.close();
    throw openingError(error, { url: target.url, username });
  }
}

class HttpConnection implements Connection {
  readonly url: string;
  version = "";
  capabilities: Capabilities = capabilitiesOf({ version: "" });
  private readonly client: ClickHouseClient;
  private readonly username: string;
  private readonly timeout: number;
  private readonly running = new Set<AbortController>();
  private closed = false;

  constructor(client: ClickHouseClient, url: string, username: string, timeout: number) {
    this.client = client;
    this.url = url;
    this.username = username;
    this.timeout = timeout;
  }

  /** Runs a query that needs a ClickHouse and a login; `/ping` would answer anybody. */
  async greet(): Promise<void> {
    const seconds = Math.min(this.timeout, GREET_TIMEOUT);
    const giveUp = { seconds, error: silenceError(seconds, this.peer()) };
    const ask = (sql: string): Promise<Answer> => this.send(sql, QUERY_SETTINGS, {}, giveUp);
    const answer = await ask(GREETING).catch((error: unknown) => {
      if (isUnknownFunction(error)) return ask(OLD_GREETING);
      throw error;
    });
    // A proxy's login page also has status 200.
    if (!/^\{"version":"[^"]+"[^\n]*\}\s*$/.test(answer.body)) throw notClickHouse(answer, this.peer());
    const greeting = JSON.parse(answer.body) as Greeting;
    this.version = greeting.version;
    this.capabilities = capabilitiesOf(greeting);
  }

  async query<Row extends object>(sql: string, params?: QueryParams, settings: Settings = {}): Promise<Row[]> {
    const sent = READS.test(sql)
      ? { ...QUERY_SETTINGS, ...settings }
      : { ...this.forCommands(), ...QUERY_SETTINGS, ...settings };
    try {
      return parseRows((await this.send(sql, sent, params)).body);
    } catch (error) {
      const broken = error instanceof ConnectionError && isBroken(error.cause) && !this.closed;
      if (!broken || !READS.test(sql)) throw error;
      return parseRows((await this.send(sql, sent, params)).body);
    }
  }

  async command(sql: string, params?: QueryParams): Promise<void> {
    await this.send(sql, this.forCommands(), params);
  }

  private forCommands(): ClickHouseSettings {
    const { sent } = this.capabilities.gates;
    return { ...Object.fromEntries(sent.map((setting) => [setting, 1])), ...COMMAND_SETTINGS };
  }

  async insert(table: string, rows: readonly object[]): Promise<void> {
    if (rows.length > 0) await this.send(insertStatement(table, rows), INSERT_SETTINGS);
  }

  async close(): Promise<void> {
    this.closed = true;
    for (const request of this.running) request.abort();
    await this.client.close();
  }

  /** Sends one statement. @throws as {@link Connection.query} says. */
  private async send(
    sql: string,
    settings: ClickHouseSettings,
    params: QueryParams = {},
    giveUp = { seconds: this.timeout, error: timeoutError(this.timeout, this.peer()) },
  ): Promise<Answer> {
    if (this.closed) throw new ConnectionError(`${this.url}: this connection is closed`, this.url);
    const request = new AbortController();
    this.running.add(request);
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      request.abort();
    }, giveUp.seconds * 1000);
    const id = randomUUID();
    let answer: Answer;
    try {
      answer = await this.exchange(sql, settings, params, { signal: request.signal, id });
    } catch (error) {
      if (this.closed) {
        throw new ConnectionError(`${this.url}: closed while a statement was running`, this.url, { cause: error });
      }
      const timedOut = late || (error instanceof Error && error.message === "Timeout error.");
      if (timedOut && READS.test(sql)) await this.kill(id);
      throw timedOut ? giveUp.error : networkError(error, this.peer());
    } finally {
      clearTimeout(timer);
      this.running.delete(request);
    }
    const error = answerError(answer, sql, this.peer());
    if (error !== undefined) throw error;
    return answer;
  }

  /**
   * One request and its complete answer.
   *
   * The client's own error handling is switched off: it cuts messages at the first upper-case word in parentheses, and
   * takes status 200 for success even if the statement fails after a progress header.
   */
  private async exchange(
    sql: string,
    settings: ClickHouseSettings,
    params: QueryParams,
    { id, signal }: { readonly id: string; readonly signal: AbortSignal },
  ): Promise<Answer> {
    const result = await this.client.exec({
      query: sql,
      clickhouse_settings: { wait_end_of_query: 1, ...settings, ...parameters(sql, params) },
      ignore_error_response: true,
      query_id: id,
      abort_signal: signal,
    });
    const exceptionCode = result.response_headers["x-clickhouse-exception-code"];
    return {
      status: result.http_status_code ?? 200,
      exceptionCode: typeof exceptionCode === "string" ? exceptionCode : undefined,
      body: await readAll(result.stream, signal),
    };
  }

  /** Kills a SELECT that nobody waits for any more. Every user may kill their own queries. */
  private async kill(id: string): Promise<void> {
    const giveUp = AbortSignal.timeout(KILL_TIMEOUT);
    const sql = `KILL QUERY WHERE query_id = '${id}' ASYNC`;
    await this.exchange(sql, {}, {}, { signal: giveUp, id: randomUUID() }).catch(() => undefined);
  }

  private peer(): { url: string; username: string } {
    return { url: this.url, username: this.username };
  }
}

/** Parameters are sent like settings, in the URL. */
function parameters(sql: string, params: QueryParams): Record<string, string> {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [parameterName(name), parameterText(sql, name, value)] as const),
  );
}

async function readAll(stream: Readable, signal: AbortSignal): Promise<string> {
  const stop = (): void => void stream.destroy(new Error("aborted"));
  signal.addEventListener("abort", stop, { once: true });
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString("utf8");
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
