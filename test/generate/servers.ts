import { startServer, type TestServer, USERS_XML } from "../support/server";
import type { Group, Statement } from "./statements";

/** A server whose users are allowed what a group takes. */
export function serverFor({ gates }: Group): Promise<TestServer> {
  const settings = Object.entries(gates).map(([name, value]) => `<${name}>${value}</${name}>`);
  const users = USERS_XML.replace("<default/>", `<default>${settings.join("")}</default>`);
  const rights = "<access_management>1</access_management>";
  return startServer({
    users: users.replace(rights, `${rights}<named_collection_control>1</named_collection_control>`),
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
