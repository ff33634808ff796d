import { ConnectionError, ServerError, TimeoutError } from "./errors";
import { isAuthenticationFailed, isReadonly, parseServerMessage } from "./server-message";

/** Who is connected to what, for messages. */
export interface Peer {
  readonly url: string;
  readonly username: string;
}

/** A complete answer. */
export interface Answer {
  readonly status: number;
  /** Value of `X-ClickHouse-Exception-Code`: set when a statement fails after the status line was sent. */
  readonly exceptionCode: string | undefined;
  readonly body: string;
}

/** Next step per network error; keys are Node's codes. */
const NETWORK_HINTS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused. Is the server running, and is this its HTTP port (8123)?",
  ENOTFOUND: "no such host. Check the name in clickhouse:url or CLICKHOUSE_URL.",
  EAI_AGAIN: "the host's name cannot be resolved now. Check the name and the DNS of this machine.",
  EHOSTUNREACH: "the host cannot be reached. Check network, VPN and firewall.",
  ENETUNREACH: "the network cannot be reached. Check network, VPN and firewall.",
  ETIMEDOUT: "no answer to the connection attempt. Check network, VPN and firewall.",
  EPROTO: "the TLS handshake failed. Is this the HTTPS port (8443), and not the plain HTTP one (8123)?",
};
const BROKEN = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "ERR_STREAM_PREMATURE_CLOSE"]);

/** Whether the connection broke before the answer was complete. */
export function isBroken(error: unknown): boolean {
  return BROKEN.has(codeOf(error)) || /socket hang up|aborted|Premature close/.test(textOf(error));
}

/** Explains a failure to send or receive. */
export function networkError(error: unknown, peer: Peer): ConnectionError {
  const code = codeOf(error);
  const { url } = peer;
  const hint = NETWORK_HINTS[code];
  if (hint !== undefined) return new ConnectionError(`${url}: ${hint}`, url, { cause: error });
  if (isBroken(error)) {
    return new ConnectionError(
      `${url}: the connection broke before the answer came (${code || textOf(error)}). ` +
        "The statement may or may not have run; run the same command again.",
      url,
      { cause: error },
    );
  }
  if (code.startsWith("HPE_")) {
    return new ConnectionError(
      `${url}: the answer is not HTTP (${code}). Is this ClickHouse's HTTP port (8123, or 8443 with https)?`,
      url,
      { cause: error },
    );
  }
  if (/CERT|SELF_SIGNED|ISSUER|VERIFY/.test(code)) {
    return new ConnectionError(
      `${url}: the server's certificate is not trusted (${textOf(error)}). ` +
        "Name its authority in clickhouse:tlsCa, CLICKHOUSE_TLS_CA or NODE_EXTRA_CA_CERTS.",
      url,
      { cause: error },
    );
  }
  return new ConnectionError(`${url}: ${textOf(error)}`, url, { cause: error });
}

/** The statement outlasted `requestTimeout`. */
export function timeoutError(seconds: number, peer: Peer): TimeoutError {
  return new TimeoutError(
    `${peer.url}: no answer within ${seconds} s. A SELECT was ended there; another statement may still be running ` +
      "(see system.processes). If it needs longer: --timeout on the command line, clickhouse:requestTimeout in a stack, or CLICKHOUSE_REQUEST_TIMEOUT, in seconds.",
    peer.url,
  );
}

/**
 * The error in an answer.
 *
 * @returns undefined for an ordinary result.
 */
export function answerError(answer: Answer, sql: string, peer: Peer): ConnectionError | ServerError | undefined {
  if (answer.status < 400 && answer.exceptionCode === undefined) return undefined;
  const { code, message } = parseServerMessage(answer.body);
  if (code === 0) return notClickHouse(answer, peer);
  const refusal = new ServerError(message, code, sql);
  if (isAuthenticationFailed(refusal)) {
    return new ConnectionError(
      `${peer.url}: the server refused user \`${peer.username}\`: check clickhouse:username / clickhouse:password ` +
        "or CLICKHOUSE_USER / CLICKHOUSE_PASSWORD",
      peer.url,
      { cause: refusal },
    );
  }
  return refusal;
}

/** The first request got no answer. */
export function silenceError(seconds: number, peer: Peer): ConnectionError {
  return new ConnectionError(
    `${peer.url}: no answer within ${seconds} s. Check host and port, network, VPN and firewall; ` +
      "a ClickHouse Cloud service that was asleep answers when asked again.",
    peer.url,
  );
}

/** Explains why the first request to a server failed. */
export function openingError(error: unknown, peer: Peer): unknown {
  if (!isReadonly(error)) return error;
  return new ConnectionError(
    `${peer.url}: user \`${peer.username}\` may not change settings (readonly = 1), which every request here does. ` +
      "Give it a profile with readonly = 2, which still cannot write.",
    peer.url,
    { cause: error },
  );
}

/** The other side speaks HTTP, but not ClickHouse's. */
export function notClickHouse(answer: Answer, peer: Peer): ConnectionError {
  const text = answer.body.replaceAll(/<[^>]*>|\s+/g, " ").trim();
  const shown = text === "" ? "an empty body" : `"${text.length > 120 ? `${text.slice(0, 120)}…` : text}"`;
  return new ConnectionError(
    `${peer.url}: HTTP ${answer.status} with ${shown}, which is not an answer of ClickHouse. ` +
      "Does the URL lead to its HTTP port (8123, or 8443 with https)?",
    peer.url,
  );
}

function codeOf(error: unknown): string {
  // "localhost" tries IPv6 and IPv4; the errors are then inside an AggregateError that repeats their code.
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : "";
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
