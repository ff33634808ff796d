import assert from "node:assert/strict";
import { TestProvider } from "../support/provider";
import { freshDatabase, sharedServer, startServer, stopSharedServer, USERS_XML } from "../support/server";

/** What the server takes from a session that allows more than the user's settings do, and the embedded engine refuses. */
const VIEW = "SELECT a.x, n FROM {db}.t AS a INNER JOIN (SELECT x, count() AS n FROM {db}.t GROUP BY x) USING (x)";

describe("an object that exists on the server as declared, and that the embedded engine would refuse", () => {
  let database: string;
  let url: string;
  let provider: TestProvider;

  beforeEach(async () => {
    ({ url } = await sharedServer());
    database = await freshDatabase(await sharedServer());
    provider = new TestProvider({ "clickhouse:url": url });
    await send("CREATE TABLE {db}.t (x UInt8, y String) ENGINE = MergeTree ORDER BY x");
  });

  afterEach(() => provider.close());
  after(stopSharedServer);

  const send = async (sql: string, settings: Record<string, string> = {}): Promise<void> => {
    const body = sql.replaceAll("{db}", database);
    const response = await fetch(`${url}/?${new URLSearchParams(settings)}`, { method: "POST", body });
    assert.ok(response.ok, await response.text());
  };
  const check = (query: string, olds: Record<string, unknown> = {}) =>
    provider.check("view", { name: "v", database, args: { query: query.replaceAll("{db}", database) }, olds });

  it("is adopted, previewed without a change, and refreshed without drift", async () => {
    await send(`CREATE VIEW {db}.v AS ${VIEW}`, { joined_subquery_requires_alias: "0" });
    const { inputs = {}, failures } = await check(VIEW);
    assert.deepEqual(failures, []);
    assert.match(
      provider.messages.join("\n"),
      /exists on the server as declared; the embedded engine would refuse it \(.*no alias/,
    );
    const { outs = {} } = await provider.of("view").create(inputs);
    assert.match(provider.messages.join("\n"), /matches the declaration: adopted/);
    provider = await provider.next();
    const again = await check(VIEW, inputs);
    assert.deepEqual([again.failures, again.inputs?.["statement"]], [[], inputs["statement"]]);
    const { props, inputs: drifted } = await provider.of("view").read("id", outs);
    assert.deepEqual([props, drifted], [outs, undefined]);
  });

  it("is adopted also where the server would not let this user make it", async () => {
    await send("CREATE TABLE {db}.odd (x LowCardinality(Int32)) ENGINE = Memory", {
      allow_suspicious_low_cardinality_types: "1",
    });
    const args = { columns: { x: "LowCardinality(Int32)" }, engine: "Memory" };
    const { inputs = {}, failures } = await provider.check("table", { name: "odd", database, args });
    assert.deepEqual(failures, []);
    await provider.of("table").create(inputs);
    assert.match(provider.messages.join("\n"), /matches the declaration: adopted/);
    const other = { ...inputs, name: "new", qualifiedName: `${database}.new` };
    const made = provider
      .of("table")
      .create({ ...other, statement: String(inputs["statement"]).replace(".odd", ".new") });
    await assert.rejects(made, /allow_suspicious_low_cardinality_types/);
  });

  it("is refused in the engine's words once it is declared otherwise", async () => {
    await send(`CREATE VIEW {db}.v AS ${VIEW}`, { joined_subquery_requires_alias: "0" });
    const { failures } = await check(VIEW.replace("count()", "sum(x)"));
    assert.match(failures.join("\n"), /no alias for subquery/);
  });

  it("may read a log that the embedded engine does not keep", async () => {
    await send("SYSTEM FLUSH LOGS query_log");
    const { failures, inputs } = await check(
      "SELECT event_time AS t, query AS q FROM system.query_log WHERE type = 'QueryFinish'",
    );
    assert.deepEqual(failures, []);
    assert.match(String(inputs?.["statement"]), /FROM system\.query_log/);
    assert.match((await check("SELECT evnt_time FROM system.query_log")).failures.join(), /evnt_time[\s\S]*event_time/);
  });

  it("may read what a dictionary looks up in its source or keeps in a cache", async () => {
    for (const layout of ["DIRECT()", "CACHE(SIZE_IN_CELLS 10)"]) {
      await send(
        `CREATE OR REPLACE DICTIONARY {db}.d (x UInt64, y String) PRIMARY KEY x SOURCE(CLICKHOUSE(DATABASE '{db}' TABLE 't')) LAYOUT(${layout}) ${layout === "DIRECT()" ? "" : "LIFETIME(60)"}`,
      );
      const { failures } = await check("SELECT dictGet('{db}.d', 'y', x) AS y FROM {db}.t");
      assert.deepEqual(failures, [], layout);
      provider = await provider.next();
    }
  });
});

describe("a server whose profile reads types in another way", () => {
  it("makes what is declared: no type is Nullable unless it says so, and Nested is one column where it is there", async () => {
    const profile =
      "<default><data_type_default_nullable>1</data_type_default_nullable><flatten_nested>0</flatten_nested></default>";
    const server = await startServer({ users: USERS_XML.replace("<default/>", profile) });
    const provider = new TestProvider({ "clickhouse:url": server.url });
    try {
      const database = await freshDatabase(server);
      const args = {
        columns: { k: "UInt64", l: "LowCardinality(String)", n: "Nested(a UInt8, b String)" },
        orderBy: "k",
      };
      const { inputs = {}, failures } = await provider.check("table", { name: "t", database, args });
      assert.deepEqual(failures, []);
      const { outs = {} } = await provider.of("table").create(inputs);
      const { inputs: drifted } = await provider.of("table").read("id", outs);
      assert.equal(drifted, undefined);
      const response = await fetch(
        `${server.url}/?query=${encodeURIComponent(`SELECT name, type FROM system.columns WHERE database = '${database}' FORMAT TSV`)}`,
      );
      assert.equal(await response.text(), "k\tUInt64\nl\tLowCardinality(String)\nn\tArray(Tuple(a UInt8, b String))\n");
    } finally {
      await provider.close();
      await server.stop();
    }
  });
});
