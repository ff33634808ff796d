import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { Sampler } from "../../provider/src/rehearse/read-sample";
import { DEFAULT_LIMITS } from "../../provider/src/rehearse/sampling";
import { Stage } from "../../provider/src/rehearse/stage";
import { keyOf } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { freshDatabase, sharedServer, startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";
import { previewOf, rehearsed, rehearsedUntil, rehearseText } from "./support";

/** Objects to change, on a server. */
function tools(on: () => { readonly server: TestServer; readonly connection: Connection }) {
  const run = async (...statements: readonly string[]): Promise<void> => {
    for (const sql of statements) await on().connection.command(sql);
  };
  /** A table of events, a view that counts them by day, and what people read. */
  const chain = async (): Promise<string> => {
    const db = await freshDatabase(on().server);
    await run(
      `CREATE TABLE ${db}.events (ts DateTime, name LowCardinality(String), code String, size UInt32) ENGINE = MergeTree PARTITION BY toYYYYMM(ts) ORDER BY (name, ts)`,
      `CREATE TABLE ${db}.daily (day Date, name LowCardinality(String), n SimpleAggregateFunction(sum, UInt64), u AggregateFunction(uniq, UInt32)) ENGINE = AggregatingMergeTree ORDER BY (name, day)`,
      `CREATE MATERIALIZED VIEW ${db}.daily_mv TO ${db}.daily AS SELECT toDate(ts) AS day, name, count() AS n, uniqState(size) AS u FROM ${db}.events GROUP BY day, name`,
      `CREATE VIEW ${db}.daily_read AS SELECT day, name, sum(n) AS n, uniqMerge(u) AS u FROM ${db}.daily GROUP BY day, name`,
      `INSERT INTO ${db}.events SELECT toDateTime('2026-01-01 00:00:00') + number * 60, concat('n', toString(number % 3)), toString(number), number % 100 FROM numbers(3000)`,
    );
    return db;
  };
  const statementOf = async (name: string): Promise<string> => {
    const [row] = await on().connection.query<{ statement: string }>(`SHOW CREATE TABLE ${name}`);
    return row?.statement ?? "";
  };
  /** A preview that changes the text of an object. */
  const changing = async (name: string, change: (statement: string) => string): Promise<string> => {
    const before = await statementOf(name);
    return previewOf({ before, after: change(before) });
  };

  return { chain, changing, run, statementOf };
}

for (const version of ["26.7", ...testedVersions(["25.8", "24.8"])] as const) {
  describe(`a rehearsal of a saved preview, with rows of ${version}`, () => {
    let server: TestServer;
    let connection: Connection;
    before(async () => {
      server = version === "26.7" ? await sharedServer() : await startServer({ version });
      connection = await openConnection({ url: server.url });
    });
    after(async () => {
      await connection.close();
      if (version !== "26.7") await server.stop();
    });

    const { chain, changing, run, statementOf } = tools(() => ({ server, connection }));

    it("0: a column that comes: statements run, readers return the same, inserts are taken", async () => {
      const db = await chain();
      const preview = await changing(`${db}.events`, (sql) =>
        sql.replace("`size` UInt32", "`size` UInt32,\n    `extra` String"),
      );
      const { code, found } = await rehearsed(server.url, preview);
      assert.equal(code, 0, JSON.stringify(found, undefined, 1));
      assert.deepEqual(
        found.statements.map(({ object, status }) => [object, status]),
        [[`${db}.events`, "ok"]],
      );
      assert.deepEqual(found.samples, [
        { object: `${db}.daily`, rows: 9, total: 9 },
        { object: `${db}.events`, rows: 3000, total: 3000 },
      ]);
      const status = Object.fromEntries(found.readers.map(({ object, status, what }) => [`${object} ${what}`, status]));
      assert.deepEqual(status, {
        [`${db}.daily table`]: "same",
        [`${db}.daily written`]: "same",
        [`${db}.daily_read view`]: "same",
        [`${db}.events table`]: "differs",
      });
      assert.deepEqual(found.inserts, [{ object: `${db}.events`, rows: 3000 }]);
      assert.deepEqual(found.gaps, []);
    });

    it("values of every kind of type arrive as they are, states and computed columns too", async () => {
      const db = await freshDatabase(server);
      const columns = [
        "k UInt64, s String, f FixedString(3), x Float64, d Decimal(18, 4), w UInt256, t DateTime64(3, 'Asia/Tokyo'), day Date32, u UUID, i IPv6",
        "e Enum8('a' = 1, 'b' = 2), l LowCardinality(Nullable(String)), a Array(Nullable(Int8)), m Map(String, Array(UInt8)), p Tuple(q UInt8, r String)",
        "n Nested(y UInt8, z String), b Bool, c UInt64 MATERIALIZED k + 1, g ALIAS k * 2, h SimpleAggregateFunction(max, UInt8)",
        "v AggregateFunction(uniq, UInt64), o AggregateFunction(quantiles(0.5, 0.9), Float64)",
      ];
      const values =
        "number, concat('\\n\\0\\'', toString(number)), 'ab', if(number = 1, nan, number / 3), 1.5, 12345678901234567890, now64(3), today(), generateUUIDv4(), toIPv6('::1'), " +
        "'b', if(number = 0, NULL, 'x'), [NULL, -1], map('k\\n', [1]), (1, 'r'), [1, 2], ['', 'z'], true, 3, uniqState(number), quantilesState(0.5, 0.9)(toFloat64(number))";
      await run(
        `CREATE TABLE ${db}.t (${columns.join(", ")}) ENGINE = AggregatingMergeTree ORDER BY k${version === "26.7" ? " SETTINGS allow_dimensions_outside_sorting_key = 1" : ""}`,
        `INSERT INTO ${db}.t SELECT ${values} FROM numbers(5) GROUP BY number`,
      );
      const key = `${db}\0t`;
      const sample = await new Sampler(connection, DEFAULT_LIMITS).read(key, "AggregatingMergeTree");
      assert.ok("rows" in sample, JSON.stringify(sample));
      const stage = await Stage.open({
        objects: new Map([[key, parseCreate(await statementOf(`${db}.t`))]]),
        samples: new Map([[key, sample]]),
        moment: 0,
        timezone: "UTC",
        version,
        prepare: async () => undefined,
      });
      const question = `SELECT * EXCEPT (v, o), c, g, finalizeAggregation(v) AS v, finalizeAggregation(o) AS o FROM ${db}.t ORDER BY k`;
      const text = `SELECT toString(groupArray(tuple(*))) AS rows FROM (${question})`;
      try {
        assert.deepEqual(stage.missing, []);
        assert.deepEqual(await stage.engine.query(text), await connection.query(text));
      } finally {
        await stage.close();
      }
    });

    it("1: values that do not fit are counted, and shown only on request", async () => {
      const db = await chain();
      await run(`INSERT INTO ${db}.events VALUES ('2026-01-05 00:00:00', 'n1', 'hunter2', 7)`);
      const preview = await changing(`${db}.events`, (sql) => sql.replace("`code` String", "`code` UInt32"));
      const { code, found } = await rehearsed(server.url, preview);
      assert.equal(code, 1, JSON.stringify(found, undefined, 1));
      assert.equal(found.statements[0]?.status, "fails");
      const [fit] = found.values;
      assert.deepEqual(
        [fit?.column, fit?.from, fit?.to, fit?.values, fit?.unfit],
        ["code", "String", "UInt32", 3001, 1],
      );
      assert.doesNotMatch(JSON.stringify(found), /hunter2/);
      const { out } = await rehearseText(server.url, preview, { showValues: true });
      assert.match(out, /✗ .*events\.code: String → UInt32: of 3,001, 1 do not fit \('hunter2'\)/);
      assert.equal((await rehearseText(server.url, preview)).out.includes("hunter2"), false);
    });

    // The server out of the library has no storage for users.
    if (version !== "26.7") {
      const adding = (db: string): string => {
        const table = (more: string): string =>
          `CREATE TABLE ${db}.t (a UInt64, b String${more}) ENGINE = MergeTree ORDER BY a`;
        return previewOf({ before: table(""), after: table(", c UInt8") });
      };
      const five = async (): Promise<string> => {
        const db = await freshDatabase(server);
        await run(
          `CREATE TABLE ${db}.t (a UInt64, b String) ENGINE = MergeTree ORDER BY a`,
          `INSERT INTO ${db}.t SELECT number, 'x' FROM numbers(5)`,
        );
        return db;
      };
      it("2: the right that is missing is named, and the rest is rehearsed", async () => {
        const db = await five();
        await run(
          `CREATE USER OR REPLACE ${db}_u IDENTIFIED WITH no_password`,
          `GRANT SHOW TABLES, SHOW COLUMNS ON ${db}.* TO ${db}_u`,
        );
        const { code, found } = await rehearsed(server.url, adding(db), { user: `${db}_u` });
        assert.equal(code, 2, JSON.stringify(found));
        assert.deepEqual(found.gaps, [
          { object: `${db}.t`, message: `this user may not read it: GRANT SELECT ON ${db}.t TO ${db}_u;` },
        ]);
        assert.equal(found.statements[0]?.status, "ok");
        await run(`GRANT SELECT ON ${db}.t TO ${db}_u`);
        const granted = await rehearsed(server.url, adding(db), { user: `${db}_u` });
        assert.deepEqual([granted.code, granted.found.samples], [0, [{ object: `${db}.t`, rows: 5, total: 5 }]]);
      });

      it("a row policy that filters what the user reads is named", async () => {
        const db = await five();
        await run(
          `CREATE USER OR REPLACE ${db}_u IDENTIFIED WITH no_password`,
          `GRANT SELECT ON ${db}.* TO ${db}_u`,
          `CREATE ROW POLICY few ON ${db}.t USING a < 2 TO ${db}_u`,
        );
        const { found } = await rehearsed(server.url, adding(db), { user: `${db}_u` });
        assert.equal(found.samples[0]?.rows, 2);
        assert.match(found.notes.find(({ object }) => object === `${db}.t`)?.message ?? "", /row policy/);
      });
    }
  });
}

describe("a rehearsal of a saved preview", () => {
  let server: TestServer;
  let connection: Connection;
  before(async () => {
    server = await sharedServer();
    connection = await openConnection({ url: server.url });
  });
  after(() => connection.close());
  const { chain, changing, run } = tools(() => ({ server, connection }));
  const plain = async (rows = 5): Promise<string> => {
    const db = await freshDatabase(server);
    await run(
      `CREATE TABLE ${db}.t (a UInt64, b String) ENGINE = MergeTree ORDER BY a`,
      `CREATE VIEW ${db}.r AS SELECT b, count() AS n FROM ${db}.t GROUP BY b`,
      `INSERT INTO ${db}.t SELECT number, 'x' FROM numbers(${rows})`,
    );
    return db;
  };
  const TABLE = (db: string, columns = "a UInt64, b String"): string =>
    `CREATE TABLE ${db}.t (${columns}) ENGINE = MergeTree ORDER BY a`;
  const added = (db: string): string =>
    previewOf({ before: TABLE(db), after: TABLE(db, "a UInt64, b String, c UInt8") });

  it("0: without changes there is nothing to rehearse, and no table is read", async () => {
    const db = await plain();
    const { code, out } = await rehearseText(server.url, previewOf({ before: TABLE(db), after: TABLE(db) }));
    assert.equal(code, 0);
    assert.match(out, /^Nothing to rehearse: the preview changes no object \(http.*\)\n$/);
  });

  it("0: an empty table proves nothing, and says so", async () => {
    const db = await plain(0);
    const { code, out } = await rehearseText(server.url, added(db));
    assert.equal(code, 0, out);
    assert.match(out, /✓ .*\.r: no row of the sample, so nothing is proven/);
  });

  it("1: values that become others, although every statement runs", async () => {
    const db = await chain();
    const preview = await changing(`${db}.events`, (sql) => sql.replace("`size` UInt32", "`size` UInt8"));
    await run(`INSERT INTO ${db}.events VALUES ('2026-01-05 00:00:00', 'n1', '1', 257)`);
    const { code, found } = await rehearsed(server.url, preview);
    assert.equal(code, 1);
    assert.equal(found.statements[0]?.status, "ok");
    const [fit] = found.values;
    assert.deepEqual([fit?.column, fit?.unfit, fit?.changed], ["size", 0, 1]);
  });

  it("1: what goes is missed by an insert and a reader that stay as they are", async () => {
    const db = await chain();
    await run(`CREATE VIEW ${db}.codes AS SELECT code, count() AS n FROM ${db}.events GROUP BY code`);
    const preview = await changing(`${db}.events`, (sql) => sql.replace("    `code` String,\n", ""));
    const { code, found } = await rehearsed(server.url, preview);
    assert.equal(code, 1);
    assert.equal(found.statements[0]?.status, "ok", JSON.stringify(found.statements));
    const reader = found.readers.find(({ object }) => object === `${db}.codes`);
    assert.equal(reader?.status, "fails");
    assert.match(reader?.error?.message ?? "", /code/);
    const [insert] = found.inserts;
    assert.equal(insert?.before, undefined);
    assert.match(insert?.after?.message ?? "", /code/);
  });

  it("a changed view shows how its rows differ, as a table", async () => {
    const db = await chain();
    const preview = await changing(`${db}.daily_read`, (sql) =>
      sql.replace("sum(n) AS n", "sum(n) + (name = 'n1') AS n"),
    );
    const { code, out } = await rehearseText(server.url, preview, { showValues: true });
    assert.equal(code, 0, out);
    assert.match(
      out,
      /~ .*daily_read: 9 rows: 3 lost, 3 new, n differs in 3\n {7}day +name +n +u\n {4}~ {2}2026-01-01 +n1 +480 → 481 +100\n/,
    );
    const plain = await rehearseText(server.url, preview);
    assert.doesNotMatch(plain.out, /480/);
  });

  it("rows are copied by a rebuild, and read in the new order by the same views", async () => {
    const db = await chain();
    const preview = await changing(`${db}.events`, (sql) => sql.replace("ORDER BY (name, ts)", "ORDER BY (ts, name)"));
    const { code, found } = await rehearsed(server.url, preview);
    assert.equal(code, 0, JSON.stringify(found, undefined, 1));
    assert.match(found.statements[0]?.sql ?? "", /^-- rebuild /);
    const [estimate] = found.estimates;
    assert.deepEqual([estimate?.object, estimate?.rows], [`${db}.events`, 3000], JSON.stringify(found.notes));
    assert.ok((estimate?.seconds ?? 0) > 0 && (estimate?.bytes.before ?? 0) > 0 && (estimate?.bytes.after ?? 0) > 0);
    assert.deepEqual([...new Set(found.readers.map(({ status }) => status))], ["same"]);
  });

  it("a table with another name takes its readers along, and refuses inserts under the old one", async () => {
    const db = await chain();
    const preview = await changing(`${db}.events`, (sql) => sql.replace(`${db}.events`, `${db}.log`));
    const { code, found } = await rehearsed(server.url, preview);
    assert.equal(code, 1, JSON.stringify(found, undefined, 1));
    assert.deepEqual(
      found.statements.map(({ status }) => status),
      ["ok"],
    );
    assert.deepEqual(
      found.readers.map(({ status }) => status),
      ["same", "same", "same", "same"],
    );
    assert.match(found.inserts[0]?.after?.message ?? "", /events/);
  });

  it("a new view over a new target shows what inserts would write", async () => {
    const db = await chain();
    const target = `CREATE TABLE ${db}.names (name String, n UInt64) ENGINE = SummingMergeTree ORDER BY name`;
    const view = `CREATE MATERIALIZED VIEW ${db}.names_mv TO ${db}.names AS SELECT name, count() AS n FROM ${db}.events GROUP BY name`;
    const { code, found } = await rehearsed(server.url, previewOf({ after: target }, { after: view }));
    assert.equal(code, 0, JSON.stringify(found, undefined, 1));
    const written = found.readers.find(({ object, what }) => object === `${db}.names` && what === "written");
    assert.deepEqual([written?.status, written?.rows.after], ["new", 3]);
    // What it refuses is found as well.
    const wrong = await rehearsed(server.url, previewOf({ after: view.replace(`TO ${db}.names`, `TO ${db}.nowhere`) }));
    assert.equal(wrong.code, 1, JSON.stringify(wrong.found, undefined, 1));
  });

  it("nothing is written on the server, and its queries are read-only and limited", async () => {
    const db = await plain(50_000);
    const before = await connection.query(
      `SELECT name, metadata_modification_time, total_rows FROM system.tables WHERE database = '${db}'`,
    );
    const { code, found } = await rehearsed(server.url, added(db), { rows: 1000 });
    assert.equal(code, 0);
    assert.deepEqual(found.samples, [{ object: `${db}.t`, rows: 992, total: 50_000 }]);
    const after = await connection.query(
      `SELECT name, metadata_modification_time, total_rows FROM system.tables WHERE database = '${db}'`,
    );
    assert.deepEqual(after, before);
    await run("SYSTEM FLUSH LOGS");
    const log = await connection.query<{ readonly: string; limit: string; kind: string }>(
      `SELECT query_kind AS kind, Settings['readonly'] AS readonly, Settings['max_execution_time'] AS limit FROM system.query_log WHERE type = 'QueryFinish' AND has(tables, '${db}.t') AND query LIKE '%formatRow%'`,
    );
    assert.deepEqual(log, [{ kind: "Select", readonly: "1", limit: "20" }]);
  });

  it("names with a backtick, a quote and a dot are no trouble", async () => {
    const db = await freshDatabase(server);
    const [name, key] = ["`a\\`b'c.d`", "`k\\`'y`"];
    const table = (type: string): string =>
      `CREATE TABLE ${db}.${name} (${key} UInt64, v ${type}) ENGINE = MergeTree ORDER BY ${key}`;
    await run(
      table("String"),
      `INSERT INTO ${db}.${name} VALUES (1, '2')`,
      `CREATE VIEW ${db}.r AS SELECT v FROM ${db}.${name}`,
    );
    const { code, found } = await rehearsed(server.url, previewOf({ before: table("String"), after: table("UInt8") }));
    assert.equal(code, 0, JSON.stringify(found, undefined, 1));
    assert.deepEqual(
      found.values.map(({ unfit, changed }) => [unfit, changed]),
      [[0, 0]],
    );
    // A view has the types of its own list.
    const status = found.readers.map(({ object, status }) => [object, status]);
    assert.deepEqual(status, [
      [`${db}.${name}`, "differs"],
      [`${db}.r`, "same"],
    ]);
  });

  it("what replaces something else is named", async () => {
    const db = await plain();
    await run(
      `CREATE DICTIONARY ${db}.dict (a UInt64, w String) PRIMARY KEY a SOURCE(HTTP(URL 'http://127.0.0.1:1/' FORMAT 'TSV')) LAYOUT(FLAT()) LIFETIME(0)`,
      `CREATE VIEW ${db}.named AS SELECT a, dictGetOrDefault('${db}.dict', 'w', a, '') AS w FROM ${db}.t`,
    );
    const change = added(db);
    const { code, found } = await rehearsed(server.url, change);
    assert.equal(code, 0, JSON.stringify(found, undefined, 1));
    assert.match(found.notes.find(({ object }) => object === `${db}.dict`)?.message ?? "", /is empty here/);
  });

  it("a Distributed table is its one shard, and takes changes of columns", async () => {
    const db = await plain();
    const specs = [
      TABLE(db),
      `CREATE TABLE ${db}.dist (a UInt64, b String) ENGINE = Distributed('c', '${db}', 't')`,
    ].map(parseCreate);
    const sample = await new Sampler(connection, DEFAULT_LIMITS).read(`${db}\0t`, "MergeTree");
    assert.ok("rows" in sample);
    const stage = await Stage.open({
      objects: new Map(specs.map((spec) => [keyOf(spec), spec])),
      samples: new Map([[`${db}\0t`, sample]]),
      moment: 0,
      timezone: "UTC",
      version: "26.7",
      prepare: async () => undefined,
    });
    try {
      await stage.engine.command(`ALTER TABLE ${db}.t ADD COLUMN c UInt8 DEFAULT 7`);
      await stage.engine.command(`ALTER TABLE ${db}.dist ADD COLUMN c UInt8`);
      const rows = await stage.engine.query(`SELECT count() AS n, sum(c) AS c FROM ${db}.dist`);
      assert.deepEqual(rows, [{ n: "5", c: "35" }]);
    } finally {
      await stage.close();
    }
  });

  it("2: a connection that breaks leaves nothing behind", async () => {
    const db = await plain();
    const gone = await startServer();
    const other = await openConnection({ url: gone.url });
    await other.command(`CREATE DATABASE ${db}`);
    await other.command(TABLE(db));
    await other.command(`INSERT INTO ${db}.t SELECT number, 'x' FROM numbers(5)`);
    await other.close();
    const killed: Promise<void>[] = [];
    const output: string[] = [];
    const code = await rehearsedUntil(gone.url, added(db), output, () => killed.push(gone.kill()));
    await Promise.all(killed);
    assert.equal(code, 2);
    assert.match(output.join(""), /"code":"server-unreachable"/);
    await gone.stop();
  });
});
