import { TestProvider } from "./provider";

/** Runs a statement as a user over HTTP. @returns its text, or `Code: …` of the server's refusal. */
export async function askAs(url: string, sql: string, user = "default", password = ""): Promise<string> {
  const response = await fetch(`${url}/?default_format=TSVRaw`, {
    method: "POST",
    headers: { "X-ClickHouse-User": user, "X-ClickHouse-Key": password },
    body: sql,
  });
  return (await response.text()).trim();
}

/** Runs statements as the administrator. @throws {Error} with the server's words. */
export async function byHand(url: string, ...statements: readonly string[]): Promise<string> {
  let text = "";
  for (const sql of statements) {
    text = await askAs(url, sql);
    if (/^Code: /.test(text)) throw new Error(`${sql}\n${text}`);
  }
  return text;
}

/** Work of one process of the provider. */
export async function inProcess<T>(
  url: string,
  work: (provider: TestProvider) => Promise<T>,
  config: Record<string, string> = {},
): Promise<T> {
  const provider = new TestProvider({ "clickhouse:url": url, ...config });
  return work(provider).finally(() => provider.close());
}
