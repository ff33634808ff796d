import assert from "node:assert/strict";
import { TestProvider, urnOf } from "../support/provider";
import { freshDatabase, startServer, type TestServer } from "../support/server";

/** With a name of its own each, because functions belong to no database. */
const FUNCTIONS = {
  fn_mebi: "(x) -> x / 1048576",
  fn_outer: "(x, y) -> fn_inner(x) + y",
  fn_inner: "(x) -> fn_innermost(x) * 2",
  fn_innermost: "(x) -> x + 1",
  fn_lambda: "(xs) -> arraySum(arrayMap(x -> fn_innermost(x), xs))",
  "fn `odd": "(x) -> concat('<', x, '>')",
  fn_aggregate: "(x) -> round(avg(x), 2)",
};

describe("SQL functions of the server", () => {
  let server: TestServer;
  let database: string;
  let provider: TestProvider;

  before(async () => {
    server = await startServer();
    // What a function names need not exist yet.
    for (const [name, body] of Object.entries(FUNCTIONS))
      await send(`CREATE FUNCTION \`${name.replace("`", "\\`")}\` AS ${body}`);
    database = await freshDatabase(server);
    provider = new TestProvider({ "clickhouse:url": server.url });
  });

  after(async () => {
    await provider.close();
    await server.stop();
  });

  const send = async (sql: string): Promise<string> => {
    const response = await fetch(server.url, { method: "POST", body: sql });
    const text = await response.text();
    assert.ok(response.ok, text);
    return text;
  };
  /** Declares, creates, and sees that a refresh and a second look find nothing. */
  const make = async (kind: "table" | "view" | "materializedView", name: string, args: object): Promise<string> => {
    const dependsOn = [urnOf("table", "t", database)];
    const { inputs = {}, failures } = await provider.check(kind, { name, database, args, dependsOn });
    assert.deepEqual(failures, []);
    const { id, outs = {} } = await provider.of(kind).create(inputs);
    const { inputs: drifted } = await provider.of(kind).read(id, outs);
    assert.equal(drifted, undefined, `drift of ${name}`);
    const second = new TestProvider({ "clickhouse:url": server.url });
    const again = await second.check(kind, { name, database, args, dependsOn }).finally(() => second.close());
    assert.deepEqual(again.failures, []);
    return String(inputs["statement"]);
  };

  it("are known to the embedded engine, wherever a declaration calls them, and what they call is", async () => {
    const columns = {
      id: "UInt64",
      mb: { type: "Float64", materialized: "fn_mebi(id)" },
      two: { type: "UInt64", default: "fn_outer(id, 1)" },
      tagged: { type: "String", alias: "`fn \\`odd`(toString(id))" },
    };
    const constraints = [{ name: "positive", check: "fn_innermost(id) > 0" }];
    const indexes = [{ name: "i", expression: "fn_inner(id)", type: "minmax" }];
    const table = await make("table", "t", { columns, constraints, indexes, orderBy: ["fn_innermost(id)"] });
    assert.match(table, /MATERIALIZED \(id \/ 1048576\)/);
    assert.match(table, /DEFAULT \(\(\(id \+ 1\) \* 2\) \+ 1\)/);
    assert.match(table, /CONSTRAINT positive CHECK \(id \+ 1\) > 0/);
    assert.doesNotMatch(table, /fn_/);
    const view = await make("view", "v", {
      query: `SELECT fn_lambda([id]) AS s, arrayMap(fn_innermost, [id]) AS m FROM ${database}.t`,
    });
    assert.match(view, /arrayMap\(x -> \(x \+ 1\), /);
    const query = `SELECT id, fn_aggregate(two) AS a FROM ${database}.t GROUP BY id`;
    await make("materializedView", "mv", { query, inner: { engine: "MergeTree", orderBy: ["id"] } });
  });

  it("are named as taken from the server, once an object, and those that are only called by them are not", async () => {
    provider.messages.length = 0;
    await provider.statement("view", {
      name: "w",
      database,
      args: { query: "SELECT fn_outer(1, 2) + fn_outer(3, 4) AS x" },
    });
    assert.deepEqual(
      provider.messages.filter((message) => message.includes("function")),
      ["uses the function `fn_outer`, which nothing in this stack declares; its definition was taken from the server."],
    );
  });

  it("are warned of because they could be declared; a dictionary could not, and is only named", async () => {
    await send(`CREATE TABLE ${database}.words (id UInt64, word String) ENGINE = MergeTree ORDER BY id`);
    await send(
      `CREATE DICTIONARY ${database}.d (id UInt64, word String) PRIMARY KEY id SOURCE(CLICKHOUSE(DB '${database}' TABLE 'words')) LIFETIME(60) LAYOUT(FLAT())`,
    );
    provider.messages.length = 0;
    const query = `SELECT dictGet('${database}.d', 'word', toUInt64(1)) AS word`;
    await provider.statement("view", { name: "worded", database, args: { query } });
    const said = provider.messages.filter((message) => message.includes(`${database}.d`));
    assert.deepEqual(said, [
      `reads the dictionary \`${database}.d\`, which exists on the server; dictionaries are not managed here.`,
    ]);
  });

  it("that the server lacks are refused as before", async () => {
    const { failures } = await provider.check("view", {
      name: "n",
      database,
      args: { query: "SELECT fn_nobody(1) AS x" },
    });
    assert.match(failures.join(), /fn_nobody/);
  });
});
