import { isAbsolute, resolve } from "node:path";
import { ConnectionError } from "./errors";

/** The target of a connection URL. */
export type Target =
  | { readonly kind: "chdb"; readonly path: string; readonly url: string }
  | { readonly kind: "http"; readonly origin: string; readonly pathname: string; readonly url: string };

const EXPECTED = "Expected chdb://PATH (e.g. chdb://./data) or http(s)://HOST:PORT (e.g. http://localhost:8123)";
const CREDENTIALS =
  "The URL carries credentials; set them as clickhouse:username / clickhouse:password " +
  "or CLICKHOUSE_USER / CLICKHOUSE_PASSWORD instead, where they stay secret";

/**
 * Parses a connection URL.
 *
 * @throws {ConnectionError} when it has another form; the message lists the known forms and shows no password.
 */
export function parseUrl(text: string): Target {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === "chdb") return parseChdb(text);
  if (scheme === "http" || scheme === "https") return parseHttp(text);
  const shown = withoutSecrets(text);
  const what = scheme === undefined ? "has no scheme" : `has the unknown scheme "${scheme}"`;
  throw new ConnectionError(`ClickHouse URL "${shown}" ${what}. ${EXPECTED}.`, shown);
}

/** The URL without anything that may be a password: user info and query string. */
export function withoutSecrets(text: string): string {
  return text.replace(/(^|\/\/).*@/s, "$1***@").replace(/[?#].*$/s, "?***");
}

/** The absolute folder of a `chdb://` URL. @throws {ConnectionError} when it names none. */
export function dataFolder(url: string): string {
  return parseChdb(url).path;
}

function parseChdb(text: string): Extract<Target, { kind: "chdb" }> {
  const path = text.slice("chdb://".length);
  if (path === "") throw new ConnectionError(`ClickHouse URL "${text}" names no folder. ${EXPECTED}.`, text);
  if (path.startsWith("~")) {
    // Only a shell expands "~"; taking it literally would create a folder of that name.
    throw new ConnectionError(`ClickHouse URL "${text}": "~" is not expanded here; write the folder out.`, text);
  }
  const absolute = isAbsolute(path) ? resolve(path) : resolve(process.cwd(), path);
  return { kind: "chdb", path: absolute, url: `chdb://${absolute}` };
}

function parseHttp(text: string): Target {
  const shown = withoutSecrets(text);
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    // No cause: Node's error contains the input, including the password.
    throw new ConnectionError(`ClickHouse URL "${shown}" does not parse as a URL. ${EXPECTED}.`, shown);
  }
  const carriesSecret = url.username !== "" || url.password !== "" || /[?&](?:user|password)=/i.test(url.search);
  if (carriesSecret) throw new ConnectionError(`ClickHouse URL "${shown}": ${CREDENTIALS}.`, shown);
  if (url.search !== "" || url.hash !== "") {
    throw new ConnectionError(`ClickHouse URL "${shown}" has a part after the path. ${EXPECTED}.`, shown);
  }
  const pathname = url.pathname.replace(/\/+$/, "");
  return { kind: "http", origin: url.origin, pathname, url: `${url.origin}${pathname}` };
}
