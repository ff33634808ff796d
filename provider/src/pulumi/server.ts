import { NO_URL } from "../config/config";
import { ConnectionError } from "../connection/errors";
import { isAuthenticationFailed } from "../connection/server-message";
import { parseUrl, withoutSecrets } from "../connection/url";
import { messageOf, SchemaError } from "../errors";
import { identityOf, isSameServer, readIdentity, renderIdentity } from "../introspect/server-identity";
import { quotedName } from "../sql/object-key";
import type { Context } from "./context";
import { keyOfStored } from "./current-state";
import type { Inputs, Outs } from "./state";

/**
 * Reports the server and the user, once per run, at the top. One request, which the run needs anyway; an embedded engine is not opened.
 *
 * @throws {SchemaError} when the configuration cannot be used, or the server is unreachable and the user wants previews to fail then.
 */
export async function announceServer(context: Context): Promise<void> {
  const { connection: options } = context.config;
  if (options === undefined) throw new SchemaError("url-missing", NO_URL);
  const url = urlOf(options.url);
  await warnOfEnvironment(context, url);
  if (options.tls?.insecure === true) {
    await context.log.warn(
      undefined,
      `${url}: its certificate is not checked (clickhouse:tls is insecure), so anybody in between can read and change what is sent.`,
    );
  }
  if (url.startsWith("chdb:"))
    return context.log.info(undefined, `server: ${options.url}, embedded engine${context.whence}`);
  try {
    const { version } = await context.connection();
    const user = options.username ?? (options.accessToken === undefined ? "default" : "(of the access token)");
    await context.log.info(undefined, `server: ${url}, ClickHouse ${version}, user ${user}${context.whence}`);
  } catch (error) {
    if (!(error instanceof ConnectionError)) throw error;
    await unreachable(context, error);
  }
}

/** @throws {SchemaError} for an unusable URL. */
function urlOf(text: string): string {
  try {
    return parseUrl(text).url;
  } catch (error) {
    throw new SchemaError("config-invalid", `clickhouse:url: ${messageOf(error)}`);
  }
}

async function warnOfEnvironment(context: Context, url: string): Promise<void> {
  const { overridden } = context.origin;
  if (overridden.length === 0) return;
  const list = overridden.map(({ key, set }) => {
    const shown = key === "url" ? ` (${withoutSecrets(set)})` : key === "username" ? ` (${set})` : "";
    return `${context.variableOf(key)} overrides ${context.isExplicit ? `${key} of the Provider` : `clickhouse:${key}`}${shown}`;
  });
  const goes = overridden.some(({ key }) => key === "url") ? `; this run goes to ${url}` : "";
  const ignore = context.isExplicit
    ? ""
    : ". To ignore the environment: pulumi config set clickhouse:environment ignore";
  await context.log.warn(
    undefined,
    `The environment differs from the configuration: ${list.join(", ")}${goes}${ignore}`,
  );
}

async function unreachable(context: Context, error: ConnectionError): Promise<void> {
  const { unreachable } = context.config;
  const isLogin = isAuthenticationFailed(error.cause);
  const isCi = !["", "false", "0"].includes(process.env["CI"] ?? "");
  if (unreachable === "fail" || (unreachable === undefined && (isLogin || isCi))) {
    throw new SchemaError(
      "server-unreachable",
      `${error.message}\nTo preview without the server, from the state alone: pulumi config set clickhouse:unreachable warn` +
        ` (or ${context.variableOf("unreachable")}=warn in the environment)`,
    );
  }
  await context.warnUnreachable(undefined, error.message);
}

/** Which server an object of the state is on. */
export interface Place {
  /** To be stored. */
  readonly input: Pick<Inputs, "__server">;
  /** URL of the server that the state was written on, if this is another one. */
  readonly elsewhere?: string;
}

/**
 * Whether the server is the one that the object's state was written on. Needs no query while the URL is the same; another host name
 * for the same server, or the same cluster, is not another server.
 */
export async function placeOf(context: Context, stored: Partial<Outs>): Promise<Place> {
  const kept = stored.__server === undefined ? {} : { __server: stored.__server };
  const url = context.config.connection?.url;
  if (!context.identifies || url === undefined) return { input: kept };
  const known = readIdentity(stored.__server);
  if (known?.url === shownUrl(url)) return { input: kept };
  const now = await context.identity();
  if (now === undefined) return { input: kept };
  const input = { __server: renderIdentity(now) };
  return known === undefined || isSameServer(known, now) ? { input } : { input, elsewhere: known.url };
}

/** @throws {SchemaError} when the object is on another server than this run's: it is not gone. */
export async function refuseElsewhere(context: Context, stored: Partial<Outs>, what: string): Promise<void> {
  const { elsewhere } = await placeOf(context, stored);
  if (elsewhere === undefined) return;
  const url = shownUrl(context.config.connection?.url ?? "");
  throw new SchemaError(
    "server-differs",
    `${quotedName(keyOfStored(stored))}: ${what}, because the state was written on ${elsewhere}, and ${url} is another server. ` +
      `Set clickhouse:url (or the environment) to ${elsewhere} again, or bring the stack to ${url} with \`pulumi up\` first`,
  );
}

/** A server's URL without credentials; an embedded engine's as written, so that it is the same on every machine. */
function shownUrl(url: string): string {
  return url.startsWith("chdb:") ? url : parseUrl(url).url;
}

export { identityOf, shownUrl };
