import { openChdb } from "./chdb";
import type { Connection, ConnectionOptions } from "./connection";
import { openHttp } from "./http";
import { parseUrl } from "./url";

/**
 * Opens what the URL names and queries its version, so that a wrong address, user or password is reported here.
 *
 * Neither the HTTP client nor the embedded engine is loaded before this is called.
 *
 * @throws {ConnectionError} when the URL is wrong, there is no answer, or the answer is not ClickHouse's.
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const target = parseUrl(options.url);
  return target.kind === "chdb" ? openChdb(target.path, options) : openHttp(target, options);
}
