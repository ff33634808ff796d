import { startServer, type TestServer, USERS_XML, type Version } from "../support/server";
import type { Group, Statement } from "./statements";

/** What older versions want allowed of what is no experiment any more. */
export const ONCE_EXPERIMENTAL: Readonly<Record<string, number>> = Object.fromEntries(
  [
    "allow_experimental_json_type",
    "allow_experimental_dynamic_type",
    "allow_experimental_variant_type",
    "allow_experimental_refreshable_materialized_view",
    "allow_experimental_statistics",
    "allow_experimental_vector_similarity_index",
    "allow_experimental_bfloat16_type",
    "allow_experimental_full_text_index",
  ].map((name) => [name, 1]),
);
const ADMIN = "<access_management>1</access_management>";
/** As {@link USERS_XML}, with named collections. */
export const USERS_WITH_COLLECTIONS = USERS_XML.replace(
  ADMIN,
  `${ADMIN}<named_collection_control>1</named_collection_control>`,
);

/** A server whose users are allowed what a group takes; 26.7 unless another version is given. */
export function serverFor({ gates }: Group, version?: Version, dataDir?: string): Promise<TestServer> {
  const settings = version === undefined ? gates : { ...ONCE_EXPERIMENTAL, ...gates };
  return startServer({
    users: USERS_WITH_COLLECTIONS,
    ...(Object.keys(settings).length > 0 && { settings }),
    ...(version !== undefined && { version }),
    ...(dataDir !== undefined && { dataDir }),
  });
}

/** Runs a group. @returns what the server refused, by the statement. */
export async function makeAll(url: string, { statements }: Group): Promise<ReadonlyMap<string, string>> {
  const refused = new Map<string, string>();
  for (const statement of statements) {
    const { database, sql, before = [], after = [] } = statement;
    if (database !== undefined) await send(url, `CREATE DATABASE IF NOT EXISTS \`${database}\``);
    for (const one of before) await send(url, one, statement);
    const problem = await send(url, sql, statement);
    if (problem !== undefined) refused.set(sql, problem);
    for (const one of after) await send(url, one, statement);
  }
  return refused;
}

/** Runs one statement. @returns the first line of what the server says against it. */
export async function send(
  url: string,
  sql: string,
  { database, settings = {} }: Partial<Statement> = {},
): Promise<string | undefined> {
  const query = new URLSearchParams({ ...settings, ...(database !== undefined && { database }) });
  const response = await fetch(`${url}/?${query}`, { method: "POST", body: sql });
  const text = await response.text();
  return response.ok ? undefined : text.split("\n", 1)[0];
}
