import assert from "node:assert/strict";
import { TestProvider } from "../support/provider";
import { freshDatabase, sharedServer } from "../support/server";

/** What fills a table once, and what the refusal says to write. */
const FILLED: readonly (readonly [string, string, RegExp])[] = [
  [
    "CREATE TABLE {db}.t ENGINE = MergeTree ORDER BY a AS SELECT a FROM {db}.s",
    "CREATE TABLE {db}.t ENGINE = MergeTree ORDER BY a EMPTY AS SELECT a FROM {db}.s",
    /AS SELECT fills the table once.* Write EMPTY AS SELECT, and fill it by an INSERT … SELECT/,
  ],
  [
    "CREATE TABLE {db}.t CLONE AS {db}.s",
    "CREATE TABLE {db}.t AS {db}.s",
    /CLONE AS copies rows once.* Write AS \w+\.s, and copy the rows by an INSERT … SELECT/,
  ],
];

describe("a table that is created from another one or a query", () => {
  let url: string;
  let database: string;

  before(async () => {
    const server = await sharedServer();
    ({ url } = server);
    database = await freshDatabase(server);
    await send("CREATE TABLE {db}.s (a UInt64) ENGINE = MergeTree ORDER BY a");
    await send("INSERT INTO {db}.s VALUES (1), (2)");
  });

  const send = async (sql: string): Promise<string> => {
    const response = await fetch(url, { method: "POST", body: own(sql) });
    const text = await response.text();
    assert.ok(response.ok, text);
    return text.trim();
  };
  const own = (sql: string): string => sql.replaceAll("{db}", database);
  const request = (sql: string, olds: Record<string, unknown> = {}) => ({
    name: "t",
    database,
    args: { sql: own(sql) },
    olds,
  });

  for (const [sql, instead, says] of FILLED) {
    it(`is refused where rows would come with it, and made as the refusal says: ${instead}`, async () => {
      let provider = new TestProvider({ "clickhouse:url": url });
      assert.match((await provider.check("table", request(sql))).failures.join(), says);
      const { inputs = {}, failures } = await provider.check("table", request(instead));
      assert.deepEqual(failures, []);
      const { outs = {} } = await provider.of("table").create(inputs);
      await send("INSERT INTO {db}.t SELECT a FROM {db}.s");
      // What it came from may change: the table is what it is, and is not filled again.
      await send("ALTER TABLE {db}.s ADD COLUMN IF NOT EXISTS b UInt8");
      provider = await provider.next();
      assert.equal((await provider.of("table").read("id", outs)).inputs, undefined);
      const again = await provider.check("table", request(instead, inputs));
      assert.deepEqual([again.failures, again.inputs?.["plan"]], [[], undefined]);
      assert.equal(await send("SELECT count() FROM {db}.t"), "2");
      await provider.close();
      await send("DROP TABLE {db}.t SYNC");
      await send("ALTER TABLE {db}.s DROP COLUMN IF EXISTS b");
    });
  }

  it("needs the embedded engine, for nothing else could compare it with what exists on the server", async () => {
    const provider = new TestProvider({ "clickhouse:url": url, "clickhouse:scratch": "off" });
    for (const [, instead] of FILLED) {
      assert.match(
        (await provider.check("table", request(instead))).failures.join(),
        /columns that come from a query or another table need the embedded engine.* or write all columns with their types/,
      );
    }
    const columns = { columns: { a: "UInt64" }, orderBy: "a" };
    const written = await provider.check("table", { ...request(""), args: columns });
    assert.deepEqual(written.failures, []);
    const rows = await provider.check("table", request("CREATE TABLE {db}.t AS numbers(10)"));
    assert.deepEqual(rows.failures, []);
    await provider.close();
  });
});
