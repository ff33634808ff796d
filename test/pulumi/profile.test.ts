import assert from "node:assert/strict";
import { TestProvider } from "../support/provider";
import { freshDatabase, startServer, type TestServer, USERS_XML } from "../support/server";

/** What a profile may set, a query that gives another type by it, and the type. */
const CASES: readonly (readonly [string, string, string])[] = [
  [
    "join_use_nulls",
    "SELECT a.id AS id, b.name AS x FROM {db}.a AS a LEFT JOIN {db}.b AS b ON a.id = b.id",
    "Nullable(String)",
  ],
  ["aggregate_functions_null_for_empty", "SELECT sum(id) AS x FROM {db}.a", "Nullable(UInt64)"],
  ["group_by_use_nulls", "SELECT name AS x, count() AS n FROM {db}.b GROUP BY ROLLUP(name)", "Nullable(String)"],
  ["cast_keep_nullable", "SELECT CAST(if(id > 1, id, NULL) AS String) AS x FROM {db}.a", "Nullable(String)"],
  ["prefer_column_name_to_alias", "SELECT toString(id) AS id, id AS x FROM {db}.a", "UInt64"],
];

describe("settings of the user's profile that change types", () => {
  let server: TestServer;
  let database: string;
  let provider: TestProvider;

  before(async () => {
    const profile = CASES.map(([name]) => `<${name}>1</${name}>`).join("");
    server = await startServer({ users: USERS_XML.replace("<default/>", `<default>${profile}</default>`) });
    database = await freshDatabase(server);
    provider = new TestProvider({ "clickhouse:url": server.url });
    await send("CREATE TABLE {db}.a (id UInt64) ENGINE = MergeTree ORDER BY id");
    await send("CREATE TABLE {db}.b (id UInt64, name String) ENGINE = MergeTree ORDER BY id");
    await send("INSERT INTO {db}.a VALUES (1)");
  });

  after(async () => {
    await provider.close();
    await server.stop();
  });

  const send = async (sql: string): Promise<string> => {
    const response = await fetch(server.url, { method: "POST", body: sql.replaceAll("{db}", database) });
    const text = await response.text();
    assert.ok(response.ok, text);
    return text;
  };

  for (const [setting, query, type] of CASES) {
    it(`${setting} holds on the embedded engine: a view is created as manually, read, and one created manually is adopted`, async () => {
      const text = query.replaceAll("{db}", database);
      const check = (name: string) => provider.check("view", { name, database, args: { query: text } });
      const { inputs = {}, failures } = await check(`v_${setting}`);
      assert.deepEqual(failures, []);
      await provider.of("view").create(inputs);
      await send(`SELECT * FROM {db}.v_${setting}`);
      assert.equal(
        (
          await send(
            `SELECT type FROM system.columns WHERE database = '{db}' AND table = 'v_${setting}' AND name = 'x' FORMAT TSVRaw`,
          )
        ).trim(),
        type,
      );
      await send(`CREATE VIEW {db}.h_${setting} AS ${text}`);
      provider = await provider.next();
      const adopted = await check(`h_${setting}`);
      assert.deepEqual([adopted.failures, adopted.inputs?.["plan"]], [[], undefined]);
    });
  }
});
