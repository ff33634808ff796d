import assert from "node:assert/strict";
import { TestProvider } from "../support/provider";
import { freshDatabase, sharedServer, stopSharedServer } from "../support/server";

/** What the server takes from a session that allows more than the user's settings do, and the embedded engine refuses. */
const VIEW = "SELECT a.x, n FROM {db}.t AS a INNER JOIN (SELECT x, count() AS n FROM {db}.t GROUP BY x) USING (x)";

describe("an object that stands on the server as it is declared, and that the embedded engine would refuse", () => {
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
      /stands on the server as it is declared; the embedded engine would refuse it \(.*no alias/,
    );
    const { outs = {} } = await provider.of("view").create(inputs);
    assert.match(provider.messages.join("\n"), /equal to the declaration: adopted/);
    provider = await provider.next();
    const again = await check(VIEW, inputs);
    assert.deepEqual([again.failures, again.inputs?.["statement"]], [[], inputs["statement"]]);
    const { props, inputs: drifted } = await provider.of("view").read("id", outs);
    assert.deepEqual([props, drifted], [outs, undefined]);
  });

  it("is refused in the engine's words once it is declared otherwise", async () => {
    await send(`CREATE VIEW {db}.v AS ${VIEW}`, { joined_subquery_requires_alias: "0" });
    const { failures } = await check(VIEW.replace("count()", "sum(x)"));
    assert.match(failures.join("\n"), /no alias for subquery/);
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
