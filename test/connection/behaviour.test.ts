import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "../../provider/src/connection/connection";
import { ConnectionError, ServerError } from "../../provider/src/connection/errors";
import { openConnection } from "../../provider/src/connection/open";
import { openScratch } from "../../provider/src/connection/scratch";
import { fragmentAt } from "../../provider/src/connection/server-message";
import { freshDatabase, sharedServer, temporaryBase } from "../support/server";

const ODD = 'it\'s; a "b" `c` \\ \\N {x:String} /* -- \n\t\r\0 é 漢 🙂';

interface Way {
  readonly name: string;
  open(): Promise<Connection>;
}

const folder = mkdtempSync(join(temporaryBase(), "clickhouse-test-chdb-"));
const ways: readonly Way[] = [
  {
    name: "a server over HTTP",
    open: async () =>
      openConnection({
        url: (await sharedServer()).url,
        username: process.env["CLICKHOUSE_USER"] ?? "default",
        password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
      }),
  },
  { name: "the embedded engine", open: () => openConnection({ url: `chdb://${folder}/data` }) },
  { name: "the embedded engine for declarations", open: openScratch },
];

after(() => rmSync(folder, { recursive: true, force: true }));

for (const way of ways) {
  describe(`a connection to ${way.name}`, () => {
    let connection: Connection;
    let database: string;

    before(async () => {
      connection = await way.open();
      if (way.name.includes("HTTP")) {
        database = await freshDatabase(await sharedServer());
      } else {
        database = "behaviour";
        await connection.command(`CREATE DATABASE ${database}`);
      }
    });
    after(async () => {
      await connection.command(`DROP DATABASE ${database}`);
      await connection.close();
    });

    it("knows the engine's version and its own address", () => {
      assert.match(connection.version, /^\d+\.\d+/);
      assert.match(connection.url, /^(?:http|chdb):\/\//);
    });

    it("gives one object a row, and none for no row", async () => {
      assert.deepEqual(await connection.query("SELECT number AS n, 'x' AS x FROM numbers(2)"), [
        { n: "0", x: "x" },
        { n: "1", x: "x" },
      ]);
      assert.deepEqual(await connection.query("SELECT 1 AS a WHERE 0"), []);
    });

    it("gives 64-bit integers as strings, also nested, and smaller ones as numbers", async () => {
      const rows = await connection.query(
        "SELECT toUInt64(18446744073709551615) AS u, toInt64(-9223372036854775808) AS i, [toUInt64(1)] AS a, toUInt32(7) AS s",
      );
      assert.deepEqual(rows, [{ u: "18446744073709551615", i: "-9223372036854775808", a: ["1"], s: 7 }]);
    });

    it("runs statements that end in a semicolon or a comment", async () => {
      assert.deepEqual(await connection.query("SELECT 1 AS a -- one"), [{ a: 1 }]);
      assert.deepEqual(await connection.query("SELECT 1 AS a;"), [{ a: 1 }]);
      assert.equal((await connection.query("SHOW DATABASES")).length > 0, true);
    });

    it("fills parameters of every type", async () => {
      const [row] = await connection.query(
        "SELECT {s:String} AS s, {u:UInt64} AS u, {n:Int8} AS n, {b:Bool} AS b, {a:Array(String)} AS a, {e:Array(String)} AS e",
        { s: ODD, u: "18446744073709551615", n: -5, b: true, a: [ODD, "", "b,c", "[]"], e: [] },
      );
      assert.deepEqual(row, { s: ODD, u: "18446744073709551615", n: -5, b: true, a: [ODD, "", "b,c", "[]"], e: [] });
    });

    it("fills identifiers, quoted by the engine", async () => {
      const name = "odd na'me ` é \\ \\n {x:String}";
      const quoted = `\`${name.replaceAll(/[`\\]/g, "\\$&")}\``;
      await connection.command(`CREATE TABLE ${database}.${quoted} (a UInt8) ENGINE = MergeTree ORDER BY a`);
      const rows = await connection.query("SELECT count() AS c FROM {d:Identifier}.{t:Identifier}", {
        d: database,
        t: name,
      });
      assert.deepEqual(rows, [{ c: "0" }]);
    });

    it("keeps no parameter for the next statement", async () => {
      // Once for each session of a pool, and some more.
      for (let i = 0; i < 6; i += 1) await connection.query("SELECT {left:String} AS a", { left: "over" });
      for (let i = 0; i < 6; i += 1) await refused(connection.query("SELECT {left:String} AS a"), 456);
      assert.deepEqual(await connection.query("SELECT {left:UInt8} AS a", { left: 3 }), [{ a: 3 }]);
    });

    it("keeps the parameters of concurrent statements apart", async () => {
      const values = Array.from({ length: 40 }, (_, index) => `v${index}`);
      const rows = await Promise.all(
        values.map((v) => connection.query<{ v: string }>("SELECT {v:String} AS v, sleep(0.005) AS s", { v })),
      );
      assert.deepEqual(
        rows.map(([row]) => row?.v),
        values,
      );
    });

    it("inserts rows with odd names and values", async () => {
      const table = `${database}.\`t\`\`; \\\\ t\``;
      await connection.command(
        `CREATE TABLE ${table} (\`a b\` UInt64, \`ü"\` String, l Array(String), n Nullable(Int64), d Int8 DEFAULT 7)
         ENGINE = MergeTree ORDER BY \`a b\``,
      );
      await connection.insert(table, [
        { "a b": "18446744073709551615", 'ü"': ODD, l: [ODD, ""], n: null },
        { "a b": 1n, 'ü"': "", l: [], n: "-9223372036854775808", d: 1 },
      ]);
      await connection.insert(table, []);
      assert.deepEqual(await connection.query(`SELECT * FROM ${table} ORDER BY \`a b\``), [
        { "a b": "1", 'ü"': "", l: [], n: "-9223372036854775808", d: 1 },
        { "a b": "18446744073709551615", 'ü"': ODD, l: [ODD, ""], n: null, d: 7 },
      ]);
    });

    it("inserts a hundred thousand rows at once", async () => {
      await connection.command(`CREATE TABLE ${database}.many (a UInt64, s String) ENGINE = MergeTree ORDER BY a`);
      const rows = Array.from({ length: 100_000 }, (_, a) => ({ a, s: `row ${a}; 'x'\n` }));
      await connection.insert(`${database}.many`, rows);
      assert.deepEqual(await connection.query(`SELECT count() AS c, max(a) AS m FROM ${database}.many`), [
        { c: "100000", m: "99999" },
      ]);
    });

    it("runs an INSERT with its values in the statement, on several lines", async () => {
      await connection.command(`CREATE TABLE ${database}.inlined (a UInt8, s String) ENGINE = MergeTree ORDER BY a`);
      await connection.command(`INSERT INTO ${database}.inlined (a, s) VALUES\n  (1, 'x;\n'),\n  (2, {s:String})`, {
        s: ODD,
      });
      assert.deepEqual(await connection.query(`SELECT a, s FROM ${database}.inlined ORDER BY a`), [
        { a: 1, s: "x;\n" },
        { a: 2, s: ODD },
      ]);
    });

    it("refuses a row with a field that no column takes", async () => {
      await connection.command(`CREATE TABLE ${database}.strict (a UInt8) ENGINE = MergeTree ORDER BY a`);
      await refused(connection.insert(`${database}.strict`, [{ a: 1, typo: 2 }]), 117);
      assert.deepEqual(await connection.query(`SELECT a FROM ${database}.strict`), []);
    });

    const refusals: readonly [string, number, RegExp][] = [
      ["SELECT * FROM nodb_x.t", 81, /^Database nodb_x does not exist\..*\(UNKNOWN_DATABASE\)$/],
      ["SELECT * FROM system.nope_x", 60, /^Unknown table expression identifier.*\(UNKNOWN_TABLE\)$/],
      ["SELECT nope_x", 47, /^Unknown expression identifier.*\(UNKNOWN_IDENTIFIER\)$/],
      ["SELECT 1 (ENGINE) x", 62, /^Syntax error: .*\(SYNTAX_ERROR\)$/s],
      ["SELECT throwIf(number = 3) FROM numbers(10)", 395, /^Value passed to 'throwIf'.*\(FUNCTION_THROW_IF/],
    ];
    for (const [sql, code, words] of refusals) {
      it(`says in the engine's own words why it refuses ${sql}`, async () => {
        for (const verb of ["query", "command"] as const) {
          const error = await refused(connection[verb](sql), code);
          assert.match(error.message, words);
          assert.doesNotMatch(error.message, /\(version|Stack trace|Code: /);
          assert.equal(error.sql, sql);
        }
      });
    }

    it("points at the place of a syntax error", async () => {
      const oneLine = "CREATE TABLE d.`é` (a UInt8) ENGIN = MergeTree";
      const oneLineError = await refused(connection.command(oneLine), 62);
      assert.equal(fragmentAt(oneLine, oneLineError.message), `1 | ${oneLine}\n  | ${" ".repeat(29)}^`);

      const sql = "SELECT 'é',\n  'é', @ FROM x\nWHERE 1";
      const error = await refused(connection.query(sql), 62);
      assert.equal(fragmentAt(sql, error.message), "2 |   'é', @ FROM x\n  |        ^");
    });

    it("continues after a refusal", async () => {
      await refused(connection.command("DROP TABLE nodb_x.t"), 81);
      assert.deepEqual(await connection.query("SELECT 1 AS a"), [{ a: 1 }]);
    });

    it("answers ten questions at once", async () => {
      const rows = await Promise.all(Array.from({ length: 10 }, (_, i) => connection.query(`SELECT ${i} AS a`)));
      assert.deepEqual(
        rows,
        Array.from({ length: 10 }, (_, a) => [{ a }]),
      );
    });

    it("says that it is closed, as often as it is asked", async () => {
      const other = await way.open();
      await Promise.all([other.close(), other.close()]);
      await assert.rejects(
        other.query("SELECT 1"),
        (error) => error instanceof ConnectionError && /closed/.test(error.message),
      );
    });
  });
}

describe("a long statement", () => {
  for (const way of ways.slice(0, 2)) {
    it(`does not hold up others on ${way.name}`, async () => {
      const connection = await way.open();
      const started = performance.now();
      const long = connection.query("SELECT {x:String} AS x, sleep(2) AS s", { x: "long" });
      for (let i = 0; i < 5; i += 1) await connection.query("SELECT {x:String} AS x", { x: "short" });
      assert.ok(performance.now() - started < 1500);
      await long;
      await connection.close();
    });

    it(`is aborted after the request timeout on ${way.name}, saying so`, async () => {
      const url = way.name.includes("HTTP") ? (await sharedServer()).url : `chdb://${folder}/timeout`;
      const connection = await openConnection({ url, requestTimeout: 1 });
      await assert.rejects(connection.query("SELECT sleep(2)"), (error) => {
        assert.ok(error instanceof ConnectionError);
        assert.match(error.message, /no answer within 1 s/);
        return true;
      });
      if (way.name.includes("HTTP")) await ended(connection);
      await connection.close();
    });
  }
});

/** A SELECT that was aborted does not keep running on the server. */
async function ended(connection: Connection): Promise<void> {
  const limit = performance.now() + 20_000;
  const started = performance.now();
  await assert.rejects(
    connection.query("SELECT max(sleepEachRow(0.1)) AS gone FROM numbers(400) SETTINGS max_block_size = 1"),
  );
  const left = () =>
    connection.query("SELECT 1 AS x FROM system.processes WHERE query LIKE 'SELECT max(sleepEachRow(0.1)) AS gone%'");
  while ((await left()).length > 0) assert.ok(performance.now() < limit, "it still runs");
  assert.ok(performance.now() - started < 20_000);
}

async function refused(work: Promise<unknown>, code: number): Promise<ServerError> {
  try {
    await work;
  } catch (error) {
    assert.ok(error instanceof ServerError, `a ServerError is expected, it was: ${error}`);
    assert.equal(error.code, code, error.message);
    return error;
  }
  return assert.fail(`the engine should have refused with code ${code}`);
}
