import assert from "node:assert/strict";
import type { ObjectKind } from "../../provider/src/sql/spec";
import { type CheckRequest, TestProvider, UNKNOWN, urnOf } from "../support/provider";

const DB = { name: "m", args: {} };
const AFTER_DB = { database: "m", dependsOn: [urnOf("database", "m")] };
const TABLE = { name: "t", ...AFTER_DB, args: { columns: { a: "UInt64", s: "String" }, orderBy: ["a"] } };
const AFTER_TABLE = { database: "m", dependsOn: [urnOf("table", "t", "m")] };

describe("check, on the embedded engine", () => {
  let provider: TestProvider;

  beforeEach(async () => {
    provider = new TestProvider();
    await provider.statement("database", DB);
    await provider.statement("table", TABLE);
  });

  afterEach(() => provider.close());

  it("gives the same canonical statement for structured arguments and for plain SQL, however it is spelled", async () => {
    const sql = "create table if not exists m.t (`a` UInt64,s String) order by (a) engine=MergeTree() -- comment";
    const structured = await provider.statement("table", TABLE);
    const { inputs } = await provider.check("table", { ...TABLE, args: { sql } });
    assert.equal(inputs?.["statement"], structured);
  });

  it("takes the columns of a table from a query, with the types of the states", async () => {
    const query = "SELECT a, uniqState(s) AS u FROM m.t GROUP BY a";
    const args = { columnsFrom: query, engine: "AggregatingMergeTree", orderBy: "a" };
    const statement = await provider.statement("table", { name: "states", ...AFTER_TABLE, args });
    assert.match(statement, /`a` UInt64,\n {4}`u` AggregateFunction\(uniq, String\)/);
    assert.doesNotMatch(statement, /SELECT/);
  });

  it("keeps what a refreshable view leaves to the server out of the statement", async () => {
    const args = { to: "m.t", refresh: "EVERY 1 HOUR", append: true, query: "SELECT a, s FROM m.t" };
    const statement = await provider.statement("materializedView", { name: "v", ...AFTER_TABLE, args });
    assert.match(statement, /REFRESH EVERY 1 HOUR APPEND TO m\.t/);
    assert.doesNotMatch(statement, /DEFINER|EMPTY/);
  });

  it("quotes a name with a backtick, a quote, a newline, a backslash or an emoji", async () => {
    for (const name of ["b`t", "q'q", 'd"q', "n\nl", "b\\s", "e😀", "dot.dot", "sp ace"]) {
      const args = { columns: [{ name, type: "UInt8" }], orderBy: [] };
      const table = { name, ...AFTER_DB, args };
      const { inputs, failures } = await provider.check("table", table);
      assert.deepEqual(failures, [], JSON.stringify(name));
      const view = {
        name: `${name} view`,
        database: "m",
        args: { query: `SELECT * FROM ${inputs?.["qualifiedName"]}` },
      };
      await provider.statement("view", { ...view, dependsOn: [urnOf("table", name, "m")] });
    }
  });

  it("hosts what needs Keeper, a cluster or a storage policy as the nearest local kind, and keeps the text", async () => {
    const columns = { a: "UInt64", v: "UInt64", d: "DateTime" };
    const cases = [
      { engine: "ReplicatedReplacingMergeTree('/x/{shard}', '{replica}', v)", orderBy: "a" },
      { engine: "MergeTree", orderBy: "a", settings: { storage_policy: "cold" } },
      {
        engine: "MergeTree",
        orderBy: "a",
        ttl: "d + toIntervalDay(1) TO VOLUME 'slow'",
        settings: { storage_policy: "cold" },
      },
      { engine: "SharedMergeTree", orderBy: "a" },
      { engine: "Distributed('prod', 'm', 't')" },
    ];
    for (const [index, args] of cases.entries()) {
      const statement = await provider.statement("table", {
        name: `r${index}`,
        ...AFTER_DB,
        args: { columns, ...args },
      });
      for (const text of [args.engine, args.ttl, args.settings?.storage_policy])
        assert.ok(statement.includes(text ?? ""), statement);
    }
    assert.ok(
      provider.messages.some((message) => message.includes("nearest kind that the embedded engine can create")),
    );
  });

  it("keeps a secret of an engine in the statement that runs, although the engine hides it", async () => {
    const engine = "S3('https://bucket.s3.amazonaws.com/x.csv', 'key', 'hush', 'CSV')";
    const statement = await provider.statement("table", {
      name: "s",
      ...AFTER_DB,
      args: { columns: { a: "UInt8" }, engine },
      sensitive: true,
    });
    assert.ok(statement.includes("'hush'"));
  });

  it("does not ask the engine while nothing changed, and does when a source did", async () => {
    const view = { name: "v", ...AFTER_TABLE, args: { inner: { orderBy: "a" }, query: "SELECT a, s FROM m.t" } };
    const first = await provider.check("materializedView", view);
    assert.deepEqual(first.failures, []);
    const table = await provider.check("table", TABLE);
    const next = await provider.next();
    const database = await next.check("database", { ...DB, olds: (await provider.check("database", DB)).inputs ?? {} });
    assert.deepEqual(database.failures, []);
    await next.check("table", { ...TABLE, olds: table.inputs ?? {} });
    // A wrong stored text would be found out by the engine, if it were asked.
    const stored = { ...first.inputs, statement: "kept as it is" };
    assert.equal(await next.statement("materializedView", { ...view, olds: stored }), "kept as it is");
    await next.close();

    const changed = new TestProvider();
    await changed.statement("database", DB);
    await changed.statement("table", { ...TABLE, args: { columns: { a: "UInt32", s: "String" }, orderBy: ["a"] } });
    assert.match(await changed.statement("materializedView", { ...view, olds: first.inputs ?? {} }), /`a` UInt32/);
    await changed.close();
  });

  const refusals: [string, ObjectKind, CheckRequest, RegExp][] = [
    [
      "an unknown type",
      "table",
      table({ columns: { a: "Uint64" }, orderBy: "a" }),
      /columns\.a: ClickHouse knows no type `Uint64`\. Did you mean `UInt64`\?\n {2}ClickHouse: Unknown data type family: Uint64\. \(UNKNOWN_TYPE\)$/,
    ],
    [
      "a key that names a missing column",
      "table",
      table({ columns: { a: "UInt64" }, orderBy: "ab" }),
      /orderBy: reads `ab`, which is no column of the table\. Did you mean `a`\?/,
    ],
    ["a view of a missing column", "view", view("SELECT aa FROM m.t"), /`aa`.*Did you mean `a`/s],
    [
      "an empty column list",
      "table",
      table({ columns: {}, orderBy: [] }),
      /columns: is empty; a table needs at least one column/,
    ],
    ["a column twice", "table", table({ columns: [col("a"), col("a")], orderBy: "a" }), /`a` is listed twice/],
    ["columns out of order by a map", "table", table({ columns: { b: "Int8", 1: "Int8" }, orderBy: [] }), /as a list/],
    ["no columns at all", "table", table({ orderBy: "a" }), /columns: give the columns/],
    [
      "a misspelt argument",
      "table",
      table({ columns: { a: "Int8" }, orderby: "a" }),
      /orderby: is not an argument. Did you mean `orderBy`\?/,
    ],
    [
      "no sorting key",
      "table",
      table({ columns: { a: "Int8" } }),
      /orderBy: is missing; MergeTree needs a sorting key/,
    ],
    [
      "a number for a type",
      "table",
      table({ columns: { a: 8 }, orderBy: "a" }),
      /columns\[0\]\.type: expected a string, found a number/,
    ],
    [
      "two default kinds",
      "table",
      table({ columns: [{ ...col("a"), default: "1", alias: "2" }], orderBy: [] }),
      /at most one/,
    ],
    ["a wrong codec", "table", table({ columns: [{ ...col("a"), codec: "ZST" }], orderBy: [] }), /codec.*ZST/is],
    [
      "an unknown setting",
      "table",
      table({ columns: { a: "Int8" }, orderBy: "a", settings: { ttl_only_drop_part: 1 } }),
      /ttl_only_drop_part/,
    ],
    ["a syntax error, with its line", "view", view("SELECT a FRM m.t WHERE"), /\^/],
    [
      "a view of a table nobody has",
      "view",
      view("SELECT a FROM m.tt"),
      /`m\.tt`, which does not exist. Did you mean `m\.t`\?/,
    ],
    [
      "a source without the dependency",
      "view",
      { ...view("SELECT a FROM m.t"), dependsOn: [] },
      /does not depend on it/,
    ],
    [
      "a target nobody has",
      "materializedView",
      mv({ to: "m.nope", query: "SELECT a FROM m.t" }),
      /`m\.nope`, which does not exist/,
    ],
    ["an output that the target lacks", "materializedView", mv({ to: "m.t", query: "SELECT a AS z FROM m.t" }), /z/],
    ["target and inner table", "materializedView", mv({ to: "m.t", inner: {}, query: "SELECT 1" }), /one of the two/],
    [
      "append without a schedule",
      "materializedView",
      mv({ to: "m.t", append: true, query: "SELECT a FROM m.t" }),
      /only a refreshable view/,
    ],
    [
      "an unqualified target",
      "materializedView",
      mv({ to: "t", query: "SELECT a FROM m.t" }),
      /expected `database.table`, found `t`/,
    ],
    [
      "POPULATE",
      "materializedView",
      mv({ sql: "CREATE MATERIALIZED VIEW m.x ENGINE=Memory POPULATE AS SELECT 1" }),
      /POPULATE loses/,
    ],
    ["SQL of another kind", "table", table({ sql: "CREATE VIEW m.x AS SELECT 1" }), /of a table, found one of a view/],
    [
      "two statements",
      "table",
      table({ sql: "CREATE TABLE m.x (a Int8) ORDER BY a; DROP TABLE m.t" }),
      /another statement/,
    ],
    ["no statement", "table", table({ sql: "DROP TABLE m.t" }), /CREATE/],
    ["an unqualified name", "table", table({ sql: "CREATE TABLE x (a Int8) ENGINE=Memory" }), /database/],
    ["ON CLUSTER", "table", table({ sql: "CREATE TABLE m.x ON CLUSTER c (a Int8) ENGINE=Memory" }), /ON CLUSTER/],
    ["an empty name", "table", { ...table({ columns: { a: "Int8" }, orderBy: "a" }), name: "" }, /name: is empty/],
    [
      "a wrong deletion",
      "table",
      { ...table({ columns: { a: "Int8" }, orderBy: "a" }), deletion: "yes" },
      /"refuse" or "drop"/,
    ],
  ];
  for (const [what, kind, request, expected] of refusals) {
    it(`refuses ${what}`, async () => {
      const { failures } = await provider.check(kind, request);
      assert.match(failures.join("\n"), expected);
    });
  }

  /** Arguments of a table beside columns and key, which argument is to be named, and how. */
  const MISTAKES: [args: object, path: string, words: RegExp][] = [
    [{ columns: { a: "Array(Nulable(Int8))" } }, "columns.a", /no type `Nulable`\. Did you mean `Nullable`\?/],
    [{ columns: { a: "Decimal(10" } }, "columns.a", /`Decimal\(10` cannot be read as SQL/],
    [{ columns: { a: { type: "String", codec: "Dbl" } } }, "columns.a.codec", /no codec of this name in `Dbl`/],
    [
      { columns: { a: { type: "String", codec: "Gorilla" } } },
      "columns.a.codec",
      /`Gorilla` is refused\n.*not of fixed size/,
    ],
    [{ columns: { a: { type: "String", default: "none" } } }, "columns.a.default", /quotes of its own: "'none'"\n/],
    [{ columns: { a: { type: "UInt8", default: "1 +" } } }, "columns.a.default", /`1 \+` cannot be read as SQL/],
    [{ columns: { a: { type: "UInt8", statistics: "tdigst" } } }, "columns.a.statistics", /refused\n.*'tdigest'/],
    [{ ttl: "90 days" }, "ttl", /cannot be read as SQL\. Name the time that it counts from: `time \+ INTERVAL 90 DAY`/],
    [
      { indexes: [{ name: "i", expression: "knd", type: "minmax" }] },
      "indexes.i",
      /reads `knd`.*Did you mean `kind`\?/,
    ],
    [
      { indexes: [{ name: "i", expression: "kind", type: "minimax" }] },
      "indexes.i",
      /refused\n.*Unknown Index type 'minimax'/,
    ],
    [{ projections: [{ name: "p", query: "SELECT knd" }] }, "projections.p", /reads `knd`.*Did you mean `kind`\?/],
    [{ constraints: [{ name: "c", check: "knd != ''" }] }, "constraints.c", /reads `knd`.*Did you mean `kind`\?/],
    [{ partitionBy: "toYYYYMM(att)" }, "partitionBy", /reads `att`.*Did you mean `at`\?/],
    [{ sampleBy: "kind" }, "sampleBy", /`kind` is refused/],
    [{ settings: { index_granularit: 1 } }, "settings.index_granularit", /is no setting/],
    [{ engine: "MergTree" }, "engine", /knows no engine `MergTree`\. Did you mean `MergeTree`\?/],
  ];
  for (const [args, path, words] of MISTAKES) {
    it(`names the argument that is wrong, in its own words first: ${JSON.stringify(args)}`, async () => {
      const { columns = {}, ...others } = args as { columns?: object };
      const all = { columns: { id: "UInt64", kind: "String", at: "DateTime", ...columns }, orderBy: "id", ...others };
      const { failures } = await provider.check("table", table(all));
      assert.equal(failures.length, 1, failures.join("\n"));
      const [failure = ""] = failures;
      assert.ok(failure.startsWith(`m.x: ${path}: `), failure);
      assert.match(failure, words);
      assert.doesNotMatch(failure, /Expected one of|tmp_alter|'_part|\n\s+at /);
    });
  }

  it("names all wrong columns of a table, and a resource in a plain string", async () => {
    const two = await provider.check("table", table({ columns: { a: "Strng", b: "Int8", c: "Intger" }, orderBy: "b" }));
    assert.deepEqual(
      two.failures.map((text) => text.split(": ")[1]),
      ["columns.a", "columns.c"],
    );
    for (const query of [
      "SELECT * FROM [object Object]",
      "SELECT 1 FROM Calling [toString] on an [Output<T>] is not supported",
    ]) {
      const { failures } = await provider.check("view", view(query));
      assert.match(failures.join(), /^query: a resource or an Output was put into a plain string\. Write it as sql`…`/);
    }
  });

  it("takes several expressions in one string for a tuple, with and without a server's object of that key", async () => {
    const columns = { id: "UInt64", kind: "String" };
    const tuple = await provider.statement("table", table({ columns, orderBy: ["id", "kind"] }));
    for (const orderBy of ["id, kind", ["id, kind"], "(id, kind)"]) {
      assert.equal(await provider.statement("table", table({ columns, orderBy })), tuple);
    }
  });

  it("refuses a view declared before its source", async () => {
    const fresh = await provider.next();
    await fresh.statement("database", DB);
    const { failures } = await fresh.check("view", {
      ...view("SELECT a FROM m.t"),
      dependsOn: [urnOf("database", "m")],
    });
    assert.match(failures.join(), /not declared before this resource.*dependsOn/s);
    await fresh.close();
  });

  it("refuses the same object declared twice, naming the other", async () => {
    const { failures } = await provider.check("table", { ...TABLE, urn: "urn:pulumi:test::test::x::other" });
    assert.match(failures.join(), /declared twice.*resource "m\/t"/);
  });

  it("prints nothing of a secret when the engine refuses it", async () => {
    const args = { columns: { a: "UInt8", b: "Strin" }, engine: "MySQL('db:3306', 'd', 't', 'u', 'hush-hush')" };
    const { failures } = await provider.check("table", { ...table(args), sensitive: true });
    assert.ok(failures.length > 0);
    assert.doesNotMatch(failures.join() + provider.messages.join(), /hush/);
  });
});

describe("check of values that are not computed yet", () => {
  let provider: TestProvider;

  beforeEach(() => {
    provider = new TestProvider();
  });
  afterEach(() => provider.close());

  it("passes an unknown statement through and keeps the known names", async () => {
    await provider.statement("database", DB);
    const { inputs, failures } = await provider.check("table", { name: "t", database: "m", args: UNKNOWN });
    assert.deepEqual(failures, []);
    assert.equal(inputs?.["statement"], UNKNOWN);
    assert.equal(inputs?.["qualifiedName"], "m.t");
  });

  it("passes an unknown name, database or deletion through", async () => {
    const args = { columns: { a: "UInt8" }, orderBy: "a" };
    const byName = await provider.check("table", { name: UNKNOWN, database: "m", args });
    const byDatabase = await provider.check("table", { name: "t", database: UNKNOWN, args });
    const database = await provider.check("database", { name: UNKNOWN, args: {} });
    for (const { inputs, failures } of [byName, byDatabase, database]) {
      assert.deepEqual(failures, []);
      assert.equal(inputs?.["qualifiedName"], UNKNOWN);
    }
    const deletion = await provider.check("database", { name: "m", args: {}, deletion: UNKNOWN });
    assert.equal(deletion.inputs?.["deletion"], UNKNOWN);
  });

  it("does not judge a view whose source is not computed yet", async () => {
    await provider.statement("database", DB);
    await provider.check("table", { name: "t", ...AFTER_DB, args: UNKNOWN });
    const { inputs, failures } = await provider.check("view", view("SELECT a FROM m.t"));
    assert.deepEqual(failures, []);
    assert.equal(inputs?.["statement"], UNKNOWN);
  });
});

function table(args: object): CheckRequest {
  return { name: "x", ...AFTER_DB, args };
}

function view(query: string): CheckRequest {
  return { name: "x", ...AFTER_TABLE, args: { query } };
}

function mv(args: object): CheckRequest {
  return { name: "x", ...AFTER_TABLE, args };
}

function col(name: string): object {
  return { name, type: "UInt8" };
}
