import assert from "node:assert/strict";
import { TestProvider } from "../support/provider";
import { freshDatabase, startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";

describe("clickhouse:scratch with the URL of a throwaway server", () => {
  let target: TestServer;
  let scratch: TestServer;
  let database: string;
  let provider: TestProvider;

  before(async () => {
    const [version] = testedVersions(["25.8"]);
    [target, scratch] = await Promise.all([startServer(), startServer(version === undefined ? {} : { version })]);
    database = await freshDatabase(target);
  });

  beforeEach(() => {
    provider = new TestProvider({ "clickhouse:url": target.url, "clickhouse:scratch": scratch.url });
  });

  afterEach(() => provider.close());
  after(() => Promise.all([target.stop(), scratch.stop()]));

  const ask = async (server: TestServer, sql: string): Promise<string> => {
    const response = await fetch(server.url, { method: "POST", body: sql });
    const text = await response.text();
    assert.ok(response.ok, text);
    return text.trim();
  };
  const databases = (): Promise<string> =>
    ask(
      scratch,
      "SELECT arrayStringConcat(groupArray(name), ',') FROM system.databases WHERE NOT match(name, '(?i)^(system|information_schema|default)$') FORMAT TSVRaw",
    );
  const table = (orderBy: string) => ({ name: "t", database, args: { columns: { a: "bigint" }, orderBy } });

  it("creates declarations there, and removes them at the end", async () => {
    const { inputs = {}, failures } = await provider.check("table", table("(a)"));
    assert.deepEqual(failures, []);
    assert.match(
      String(inputs["statement"]),
      /`a` Int64\n\)\nENGINE = MergeTree\nORDER BY a\nSETTINGS index_granularity = 8192$/,
    );
    assert.match(await databases(), new RegExp(database));
    await provider.close();
    assert.equal(await databases(), "");
  });

  it("asks it nothing while nothing has changed", async () => {
    const { inputs: olds = {} } = await provider.check("table", table("a"));
    await provider.close();
    provider = new TestProvider({ "clickhouse:url": target.url, "clickhouse:scratch": "http://127.0.0.1:1" });
    const { inputs, failures } = await provider.check("table", { ...table("a"), olds });
    assert.deepEqual([failures, inputs?.["statement"]], [[], olds["statement"]]);
  });

  it("names the engine that refuses", async () => {
    const { failures } = await provider.check("table", table("nobody"));
    assert.match(failures.join(), /nobody/);
    const version = await ask(scratch, "SELECT version() FORMAT TSVRaw");
    assert.ok(
      failures.join().includes(`\nReported by ClickHouse ${version} at ${scratch.url} (clickhouse:scratch).`),
      failures.join(),
    );
  });

  it("clears what a killed run has left, and is refused where anything else is, which stays", async () => {
    await provider.check("table", table("a"));
    const next = new TestProvider({ "clickhouse:url": target.url, "clickhouse:scratch": scratch.url });
    assert.deepEqual((await next.check("table", table("a"))).failures, []);
    await next.close();
    assert.equal(await databases(), "");
    for (const sql of ["CREATE DATABASE somebodys", "CREATE TABLE default.somebodys (a UInt8) ENGINE = Memory"]) {
      await ask(scratch, sql);
      const other = new TestProvider({ "clickhouse:url": target.url, "clickhouse:scratch": scratch.url });
      const { failures } = await other.check("table", table("a"));
      await other.close();
      assert.match(
        failures.join(),
        /^clickhouse:scratch: http:\S+ holds (?:default\.)?somebodys, and declarations are only tried on a server that holds/,
      );
      assert.equal(
        await ask(scratch, "SELECT count() FROM system.tables WHERE name = 'somebodys' FORMAT TSVRaw"),
        sql.includes("TABLE") ? "1" : "0",
      );
      await ask(scratch, sql.replace(/CREATE (\w+) (\S+).*/, "DROP $1 $2 SYNC"));
    }
  });

  it("is an error where it does not answer, or is the server that is changed", async () => {
    for (const [url, words] of [
      [
        "http://user:s3cret@127.0.0.1:1",
        /^clickhouse:scratch: expected .* without a password, found "\*\*\*@127\.0\.0\.1:1"/,
      ],
      ["http://127.0.0.1:1", /^clickhouse:scratch: .*127\.0\.0\.1:1/],
      [target.url, /clickhouse:scratch: is the same as clickhouse:url/],
    ] as const) {
      const other = new TestProvider({ "clickhouse:url": target.url, "clickhouse:scratch": url });
      const failures = await other.check("table", table("a")).then(
        (result) => result.failures.join(),
        (error: Error) => error.message,
      );
      await other.close();
      assert.match(failures, words);
    }
  });
});
