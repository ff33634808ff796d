import assert from "node:assert/strict";
import { applyViewStep } from "../../provider/src/apply/views";
import { unsupported } from "../../provider/src/clickhouse/capabilities";
import { systemLog } from "../../provider/src/clickhouse/system-logs";
import { atLeast } from "../../provider/src/clickhouse/version";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { unreadBy } from "../../provider/src/introspect/parser";
import type { ViewStep } from "../../provider/src/plan";
import { keyOf, keyParts } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { TestProvider } from "../support/provider";
import { startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";

type Bag = Record<string, unknown>;

/** What older servers do in other words than the embedded engine. */
const OTHERWISE: readonly { readonly name: string; readonly from: string; readonly to: string }[] = [
  {
    name: "a view's comment and query",
    from: "CREATE VIEW d.o COMMENT 'one' AS SELECT a FROM d.s",
    to: "CREATE VIEW d.o COMMENT 'two' AS SELECT a, b FROM d.s",
  },
  {
    name: "a materialized view's target, with a comment",
    from: "CREATE MATERIALIZED VIEW d.o TO d.g (`a` UInt64, `b` String) COMMENT 'it''s one' AS SELECT a, b FROM d.s",
    to: "CREATE MATERIALIZED VIEW d.o TO d.g2 (`a` UInt64, `b` String) COMMENT 'it''s one' AS SELECT a, b FROM d.s",
  },
  {
    name: "the rows of an inner table",
    from: "CREATE MATERIALIZED VIEW d.o ENGINE = MergeTree PARTITION BY a % 2 ORDER BY a COMMENT 'c' AS SELECT a, b FROM d.s",
    to: "CREATE MATERIALIZED VIEW d.o TO d.g (`a` UInt64, `b` String) COMMENT 'c' AS SELECT a, b FROM d.s",
  },
  {
    name: "a sorting key",
    from: "CREATE TABLE d.o (a UInt64, b String) ENGINE = MergeTree PARTITION BY a % 2 ORDER BY a",
    to: "CREATE TABLE d.o (a UInt64, b String) ENGINE = MergeTree PARTITION BY a % 2 ORDER BY b",
  },
  {
    name: "a type under an index and statistics",
    from: "CREATE TABLE d.o (a UInt64, b UInt32 STATISTICS(tdigest), INDEX i b TYPE minmax GRANULARITY 1) ENGINE = MergeTree ORDER BY a",
    to: "CREATE TABLE d.o (a UInt64, b UInt64 STATISTICS(tdigest), INDEX i b TYPE minmax GRANULARITY 1) ENGINE = MergeTree ORDER BY a",
  },
  {
    name: "a schedule",
    from: "CREATE MATERIALIZED VIEW d.o REFRESH EVERY 1 DAY TO d.g (`a` UInt64, `b` String) AS SELECT a, b FROM d.s",
    to: "CREATE MATERIALIZED VIEW d.o REFRESH EVERY 2 DAY TO d.g (`a` UInt64, `b` String) AS SELECT a, b FROM d.s",
  },
];

/** What no older server can, with words of the refusal. */
const REFUSED: readonly { readonly sql: string; readonly says: RegExp; readonly since: string }[] = [
  {
    sql: "CREATE MATERIALIZED VIEW d.o REFRESH EVERY 1 DAY APPEND TO d.g (`a` UInt64, `b` String) AS SELECT a, b FROM d.s",
    says: /REFRESH … APPEND came with ClickHouse 24\.9/,
    since: "24.9",
  },
  {
    sql: "CREATE TABLE d.o (a UInt64, PROJECTION p (SELECT a ORDER BY a) WITH SETTINGS (index_granularity = 128)) ENGINE = MergeTree ORDER BY a",
    says: /WITH SETTINGS came with ClickHouse 26\.3/,
    since: "26.3",
  },
  {
    sql: "CREATE TABLE d.o (a UInt64, q QBit(Float32, 16)) ENGINE = MergeTree ORDER BY a",
    says: /the server, does not read this, so nothing was changed: Unknown data type family: QBit\.[^[]*(?:\[[^\]]*\])?[^[]*The embedded engine \(26\.7\S*\) took it/,
    since: "26.3",
  },
  {
    sql: "CREATE TABLE d.o (a Array(UInt8), b Array(UInt8) DEFAULT arrayRemove(a, 1)) ENGINE = MergeTree ORDER BY a",
    says: /d\.o: ClickHouse 2\S+, the server, does not know function arrayRemove, so nothing was changed\. The embedded engine \(26\.7\S*\) does/,
    since: "26.3",
  },
  {
    sql: "CREATE MATERIALIZED VIEW d.o TO d.g (`a` UInt64, `b` String) AS SELECT a, argAndMinIf(b, a, a > 1).1 AS b FROM d.s GROUP BY a",
    says: /does not know function argAndMin, so/,
    since: "26.3",
  },
  {
    sql: "CREATE VIEW d.o AS SELECT count() AS n FROM primes(3)",
    says: /does not know function primes, so/,
    since: "26.3",
  },
  {
    sql: "CREATE VIEW d.o AS SELECT a FROM d.s SETTINGS enable_full_text_index = 1, max_threads = 2",
    says: /does not know setting enable_full_text_index, so/,
    since: "26.3",
  },
  {
    sql: "CREATE TABLE d.o (a UInt64) ENGINE = MergeTree ORDER BY a SETTINGS share_nested_offsets = 1",
    says: /does not know MergeTree setting share_nested_offsets, so/,
    since: "26.3",
  },
  {
    sql: "CREATE TABLE d.o (a UInt64, b UInt64) ENGINE = CoalescingMergeTree ORDER BY a",
    says: /does not know engine CoalescingMergeTree, so/,
    since: "25.8",
  },
  {
    sql: "CREATE TABLE d.o (a String, INDEX i a TYPE sparse_grams(3, 5, 1024, 2, 0)) ENGINE = MergeTree ORDER BY a",
    says: /an index of type sparse_grams came with ClickHouse 26\.3/,
    since: "26.3",
  },
];

/** Of a case, everything in a database of its own. */
function inDatabase({ name, from, to }: (typeof OTHERWISE)[number], d: string) {
  const [before, after] = [from, to].map((sql) => sql.replace(/\bd\./g, `${d}.`)) as [string, string];
  return { d, name, from: before, to: after, kind: parseCreate(before).kind };
}

/** A query for column `a` of all that came through, or was there. */
function rowsOf(d: string, kind: string, to: string): string {
  if (kind !== "materializedView") return `SELECT a FROM ${d}.o`;
  // What is refreshed tomorrow has the rows in its source only.
  if (to.includes("REFRESH")) return `SELECT a FROM ${d}.s`;
  return `SELECT a FROM ${d}.g UNION ALL SELECT a FROM ${d}.g2`;
}

for (const version of testedVersions(["24.8", "25.8"])) {
  describe(`the provider on ClickHouse ${version}`, function () {
    this.timeout(240_000);
    let server: TestServer;
    let connection: Connection;

    before(async () => {
      server = await startServer({ version });
      connection = await openConnection({ url: server.url });
    });
    after(async () => {
      await connection?.close();
      await server?.stop();
    });
    async function database(name: string): Promise<void> {
      const tables = ["s", "g", "g2"].map(
        (table) => `CREATE TABLE ${name}.${table} (a UInt64, b String) ENGINE = MergeTree ORDER BY a`,
      );
      for (const sql of [`CREATE DATABASE ${name}`, ...tables]) await connection.command(sql);
    }

    async function check(provider: TestProvider, sql: string, olds: Bag = {}): Promise<Bag> {
      const spec = parseCreate(sql);
      const { database, name = database } = keyParts(keyOf(spec));
      const urn = `urn:pulumi:test::test::pulumi-nodejs:dynamic/clickhouse:Object::${keyOf(spec).replace("\0", ".")}`;
      const { inputs = {}, failures } = await provider.check(spec.kind, {
        name,
        database,
        args: { sql, allow: ["drops-data"] },
        olds,
        urn,
      });
      if (failures.length > 0) throw new Error(failures.join("\n"));
      return inputs as Bag;
    }

    async function withProvider<T>(work: (provider: TestProvider) => Promise<T>, scratch?: string): Promise<T> {
      const provider = new TestProvider({
        "clickhouse:url": server.url,
        "clickhouse:lint": "off",
        ...(scratch !== undefined && { "clickhouse:scratch": scratch }),
      });
      try {
        return await work(provider);
      } finally {
        await provider.close();
      }
    }

    // Three providers for all of them: each opens an engine.
    it("creates and changes in other words, and sees no difference afterwards", async () => {
      const objects = OTHERWISE.map((one, index) => inDatabase(one, `d${index}`));
      const states = new Map<string, Bag>();
      for (const { d } of objects) await database(d);
      await withProvider(async (provider) => {
        for (const { d, from, kind } of objects) {
          states.set(d, (await provider.of(kind).create(await check(provider, from))).outs as Bag);
          await connection.command(`INSERT INTO ${d}.s SELECT number, toString(number) FROM numbers(10)`);
          if (kind === "table") await connection.command(`INSERT INTO ${d}.o SELECT number, number FROM numbers(10)`);
        }
      });
      await withProvider(async (provider) => {
        for (const { d, kind, name, to } of objects) {
          const made = states.get(d) ?? {};
          assert.equal((await provider.of(kind).read("id", made)).inputs, undefined, `${name}, created`);
          states.set(d, (await provider.of(kind).update("id", made, await check(provider, to, made))).outs as Bag);
        }
      });
      await withProvider(async (provider) => {
        for (const { d, kind, name, to } of objects) {
          const outs = states.get(d) ?? {};
          assert.equal((await check(provider, to, outs))["statement"], outs["statement"], name);
          assert.equal((await provider.of(kind).read("id", outs)).inputs, undefined, `${name}, changed`);
          await connection.command(`INSERT INTO ${d}.s SELECT 100, 'new'`);
          assert.deepEqual(
            await connection.query(
              `SELECT toString(count()) AS rows, toString(sum(a)) AS sum FROM (${rowsOf(d, kind, to)})`,
            ),
            [kind === "table" ? { rows: "10", sum: "45" } : { rows: "11", sum: "145" }],
            name,
          );
        }
      });
      const left = await connection.query(
        "SELECT name FROM system.tables WHERE match(create_table_query, '_(?:gate|hold)_[a-z0-9]+ CHECK')",
      );
      assert.deepEqual(left, []);
    });

    it("is told at preview what it cannot do", async () => {
      await database("d");
      await withProvider(async (provider) => {
        for (const { sql, says } of REFUSED.filter(({ since }) => !atLeast(version, since)))
          await assert.rejects(check(provider, sql), says);
      });
      assert.deepEqual(
        await connection.query("SELECT name FROM system.tables WHERE database = 'd' AND name = 'o'"),
        [],
      );
      await connection.command("DROP DATABASE d SYNC");
    });

    it("says of statements and codecs what it does not read, and nothing of the question", async () => {
      const nothing = { statements: [], types: [], words: [], codecs: [] };
      const codecs = [
        { type: "UInt64", codec: "Delta(8), ZSTD(1)" },
        { type: "Float64", codec: "ALP, LZ4" },
      ];
      assert.match((await unreadBy(connection, { ...nothing, codecs })).said ?? "", /Unknown codec family: ALP/);
      const statements = ["CREATE TABLE d.t (a UInt8) ENGINE = TimeSeries SAMPLES INNER ENGINE = MergeTree"];
      const { said = "" } = await unreadBy(connection, { ...nothing, statements });
      assert.match(said, /Syntax error: .*SAMPLES/);
      assert.doesNotMatch(said, /formatQuery/);
    });

    it("is told apart from the engine that checks, where that knows less", async () => {
      await database("d");
      await withProvider(async (provider) => {
        const sql = "CREATE VIEW d.o AS SELECT kql_array_sort_asc([a]) AS n FROM d.s";
        await assert.rejects(check(provider, sql), (error: Error) => {
          assert.match(error.message, /Function with name `?kql_array_sort_asc`? does not exist/);
          assert.match(
            error.message,
            /ClickHouse 2\S+, the server, knows function kql_array_sort_asc; the engine that checks declarations \(26\.7\S*\) does not\. .*set clickhouse:scratch to the URL/,
          );
          return true;
        });
      });
      const throwaway = await startServer({ version });
      try {
        await withProvider(
          (provider) => check(provider, "CREATE VIEW d.o AS SELECT kql_array_sort_asc([a]) AS n FROM d.s"),
          throwaway.url,
        );
      } finally {
        await throwaway.stop();
      }
      await connection.command("DROP DATABASE d SYNC");
    });

    it("takes back what it cannot finish, and lets inserts through", async () => {
      await database("d");
      await connection.command("CREATE MATERIALIZED VIEW d.o TO d.g (`a` UInt64, `b` String) AS SELECT a, b FROM d.s");
      const [from, to] = ["g", "g2"].map((target) =>
        parseCreate(`CREATE MATERIALIZED VIEW d.o TO d.${target} (\`a\` UInt64, \`b\` String) AS SELECT a, b FROM d.s`),
      ) as [ViewStep["from"], ViewStep["to"]];
      const failing = {
        operation: "f1",
        beforeStatement: (sql: string) => {
          if (/ EXCHANGE TABLES |^EXCHANGE TABLES /.test(sql) && sql.includes("o__new")) throw new Error("for good");
        },
      };
      await assert.rejects(applyViewStep(connection, { kind: "retarget-view", from, to }, failing), /for good/);
      await connection.command("INSERT INTO d.s SELECT 1, 'x'");
      assert.deepEqual(
        await connection.query("SELECT (SELECT count() FROM d.g) AS g, (SELECT count() FROM d.g2) AS g2"),
        [{ g: "1", g2: "0" }],
      );
      await applyViewStep(connection, { kind: "retarget-view", from, to }, { operation: "f1" });
      await connection.command("INSERT INTO d.s SELECT 2, 'y'");
      assert.deepEqual(
        await connection.query("SELECT (SELECT count() FROM d.g) AS g, (SELECT count() FROM d.g2) AS g2"),
        [{ g: "1", g2: "1" }],
      );
    });

    it("logs no column of a query that lint does not know without a server", async () => {
      await connection.command("SYSTEM FLUSH LOGS");
      const columns = await connection.query<{ name: string }>(
        "SELECT name FROM system.columns WHERE database = 'system' AND table = 'query_log'",
      );
      const known = parseCreate(systemLog("query_log") ?? "");
      const names = known.kind === "table" ? known.columns.map(({ name }) => name) : [];
      assert.deepEqual(
        columns.map(({ name }) => name).filter((name) => !names.includes(name)),
        [],
      );
      assert.ok(columns.length > 70, `${columns.length} columns`);
    });

    it("is one of the supported releases", () => assert.equal(unsupported(connection.version), undefined));
  });
}
