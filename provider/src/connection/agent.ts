import https from "node:https";
import type { ClickHouseClientConfigOptions } from "@clickhouse/client";
import type * as Http from "http-proxy-agent";
import type * as Https from "https-proxy-agent";
import type { ConnectionOptions } from "./connection";

/** Like the client's own agents: sockets stay open, at most ten. */
const POOL = { keepAlive: true, maxSockets: 10 } as const;

/** How the client reaches the server: with custom TLS, through a proxy, or directly. */
export function agentOf(
  origin: string,
  { tls = {}, proxy }: ConnectionOptions,
): { http_agent?: NonNullable<ClickHouseClientConfigOptions["http_agent"]> } {
  const { ca, cert, key, insecure } = tls;
  const trust = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(insecure === true && { rejectUnauthorized: false }),
  };
  const isTls = origin.startsWith("https:");
  if (proxy !== undefined) {
    // Loaded only if there is a proxy: otherwise every start of a provider process would wait for them.
    if (!isTls) {
      const { HttpProxyAgent } = require("http-proxy-agent") as typeof Http;
      return { http_agent: new HttpProxyAgent(proxy, POOL) };
    }
    const { HttpsProxyAgent } = require("https-proxy-agent") as typeof Https;
    const agent = new HttpsProxyAgent(proxy, POOL);
    // The constructor's options are for the proxy; these are for the server behind it.
    Object.assign(agent.options, trust);
    return { http_agent: agent };
  }
  if (!isTls || Object.keys(trust).length === 0) return {};
  return { http_agent: new https.Agent({ ...POOL, ...trust }) };
}
