import { setTimeout as sleep } from "node:timers/promises";

/** How the questions of the benchmark itself are told apart from those of the package. */
const USER_AGENT = "bench";

/** Runs one statement on the server and gives its answer. */
export async function ask(url: string, sql: string): Promise<string> {
  const response = await fetch(url, { method: "POST", body: sql, headers: { "User-Agent": USER_AGENT } });
  const text = await response.text();
  if (!response.ok) throw new Error(`${url}: ${sql}: ${text}`);
  return text.trim();
}

/** Counts what others ask the server while `work` runs, as the server's own log has it. */
export async function countQueries(url: string, work: () => Promise<unknown>): Promise<number> {
  const before = await queries(url);
  await work();
  return (await queries(url)) - before;
}

async function queries(url: string): Promise<number> {
  await ask(url, "SYSTEM FLUSH LOGS");
  // The log is written in the background; a second flush takes what came in during the first.
  await sleep(200);
  await ask(url, "SYSTEM FLUSH LOGS");
  const count =
    "SELECT count() FROM system.query_log WHERE is_initial_query AND interface = 2 " +
    `AND type IN ('QueryStart', 'ExceptionBeforeStart') AND http_user_agent != '${USER_AGENT}'`;
  return Number(await ask(url, count));
}
