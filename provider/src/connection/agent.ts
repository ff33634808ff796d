import https from "node:https";
import type { ClickHouseClientConfigOptions } from "@clickhouse/client";
import type * as Http from "http-proxy-agent";
import type * as Https from "https-proxy-agent";
import type { ConnectionOptions } from "./connection";

/** As the client's own agents: sockets stay open, and there are ten of them. */
const POOL = { keepAlive: true, maxSockets: 10 } as const;

/** How the client reaches the server: by TLS of one's own, through a proxy, or plainly. */
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
    // Loaded only where there is a proxy: every start of a provider process would wait for them.
    if (!isTls) {
      const { HttpProxyAgent } = require("http-proxy-agent") as typeof Http;
      return { http_agent: new HttpProxyAgent(proxy, POOL) };
    }
    const { HttpsProxyAgent } = require("https-proxy-agent") as typeof Https;
    const agent = new HttpsProxyAgent(proxy, POOL);
    // What is given to the constructor is for the proxy; what is given here, for the server behind it.
    Object.assign(agent.options, trust);
    return { http_agent: agent };
  }
  if (!isTls || Object.keys(trust).length === 0) return {};
  return { http_agent: new https.Agent({ ...POOL, ...trust }) };
}
