import { readFileSync } from "node:fs";
import type { ConnectionOptions } from "../connection/connection";
import { messageOf } from "../errors";
import type { RawConfig } from "./config";

/** What a connection needs besides URL, user and password. */
export type Access = Pick<ConnectionOptions, "tls" | "headers" | "role" | "accessToken" | "proxy">;

/** Parses it. Certificates and keys are PEM strings, or files relative to the program's folder. */
export function parseAccess(raw: RawConfig, problems: string[]): Access {
  const tls = tlsOf(raw, problems);
  const headers = headersOf(raw.headers, problems);
  const role = (raw.role ?? "").replace(/^\[|\]$/g, "").split(",");
  const roles = role.map((name) => name.trim().replace(/^"|"$/g, "")).filter((name) => name !== "");
  if (raw.accessToken !== undefined && (raw.username !== undefined || raw.password !== undefined)) {
    problems.push("clickhouse:accessToken: expected no clickhouse:username and clickhouse:password beside it");
  }
  if (raw.proxy !== undefined && !/^https?:\/\/[^/]+\/?$/.test(raw.proxy)) {
    problems.push("clickhouse:proxy: expected http://HOST:PORT");
  }
  return {
    ...(tls && { tls }),
    ...(headers && { headers }),
    ...(roles.length > 0 && { role: roles }),
    ...(raw.accessToken !== undefined && { accessToken: raw.accessToken }),
    ...(raw.proxy !== undefined && { proxy: raw.proxy }),
  };
}

function tlsOf(raw: RawConfig, problems: string[]): Access["tls"] {
  if (raw.tls !== undefined && raw.tls !== "insecure" && raw.tls !== "verify") {
    problems.push(`clickhouse:tls: expected "verify" or "insecure", found "${raw.tls}"`);
  }
  const ca = pem("tlsCa", raw.tlsCa, problems);
  const cert = pem("tlsCert", raw.tlsCert, problems);
  const key = pem("tlsKey", raw.tlsKey, problems);
  if ((raw.tlsCert === undefined) !== (raw.tlsKey === undefined)) {
    problems.push("clickhouse:tlsCert, clickhouse:tlsKey: expected both, or none");
  }
  const insecure = raw.tls === "insecure";
  if (!insecure && ca === undefined && cert === undefined) return undefined;
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), ...(insecure && { insecure }) };
}

/** The value is never shown: it may be a key. */
function pem(name: string, value: string | undefined, problems: string[]): string | undefined {
  if (value === undefined || value.includes("-----BEGIN ")) return value;
  try {
    const text = readFileSync(value, "utf8");
    if (text.includes("-----BEGIN ")) return text;
    problems.push(`clickhouse:${name}: expected PEM (-----BEGIN …) in file ${value}, found something else`);
  } catch (error) {
    problems.push(`clickhouse:${name}: expected a PEM text or a file with one; ${messageOf(error)}`);
  }
  return undefined;
}

function headersOf(text: string | undefined, problems: string[]): Record<string, string> | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    const isMap = typeof parsed === "object" && parsed !== null && !Array.isArray(parsed);
    if (isMap && Object.values(parsed).every((value) => typeof value === "string"))
      return parsed as Record<string, string>;
  } catch {
    // Reported below, without the value, which may be a secret.
  }
  problems.push('clickhouse:headers: expected a JSON object of strings, e.g. {"X-Team": "data"}');
  return undefined;
}
