import assert from "node:assert/strict";
import { declarable, declared } from "../compat/objects";
import { ONCE_EXPERIMENTAL, send } from "../generate/servers";
import { Stage } from "../generate/stage";
import { startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";

interface Spelling {
  readonly name: string;
  /** What releases show in different words. */
  readonly sql: string;
  /** Makes something else of it. */
  readonly byHand: readonly string[];
}

const again = (name: string, sql: string): string[] => [`DROP TABLE ${name} SYNC`, sql];

const SPELLINGS: readonly Spelling[] = [
  {
    name: "a format as a string",
    sql: "CREATE TABLE d.file (a UInt64) ENGINE = File('TabSeparated')",
    byHand: again("d.file", "CREATE TABLE d.file (a UInt64) ENGINE = File('CSV')"),
  },
  {
    name: "a format as a word",
    sql: "CREATE TABLE d.word (a UInt64) ENGINE = File(TabSeparated)",
    byHand: again("d.word", "CREATE TABLE d.word (a UInt64) ENGINE = File(CSV)"),
  },
  {
    name: "statistics",
    sql: "CREATE TABLE d.stat (a UInt64 STATISTICS(tdigest), b UInt64) ENGINE = MergeTree ORDER BY b",
    byHand: ["ALTER TABLE d.stat DROP STATISTICS a"],
  },
  {
    name: "a connection through ODBC",
    sql: "CREATE TABLE d.odbc (a UInt64) ENGINE = ODBC('DSN=one', 'db', 't')",
    byHand: again("d.odbc", "CREATE TABLE d.odbc (a UInt64) ENGINE = ODBC('DSN=one', 'db', 't2')"),
  },
  {
    name: "words among the arguments of an engine",
    sql: "CREATE TABLE d.buffer (a UInt64) ENGINE = Buffer(d, s, 1, 600, 600, 1000, 1000, 1000, 1000)",
    byHand: again(
      "d.buffer",
      "CREATE TABLE d.buffer (a UInt64) ENGINE = Buffer(d, t, 1, 600, 600, 1000, 1000, 1000, 1000)",
    ),
  },
  {
    name: "shapes",
    sql: "CREATE TABLE d.geo (a Point, b Array(Ring), c MultiPolygon) ENGINE = MergeTree ORDER BY tuple()",
    byHand: ["ALTER TABLE d.geo MODIFY COLUMN c Array(Array(Array(Tuple(Float64, Float64))))"],
  },
  {
    name: "operators written as functions, in a table",
    sql: `CREATE TABLE d.ops (a UInt64, b UInt64 DEFAULT plus(a, 1), c DateTime TTL plus(c, toIntervalDay(1)), CONSTRAINT k CHECK less(a, 100),
      INDEX i multiply(a, b) TYPE minmax, PROJECTION p (SELECT plus(a, b), count() GROUP BY plus(a, b)))
      ENGINE = MergeTree PARTITION BY modulo(a, 2) ORDER BY tuple(a, plus(a, negate(2))) TTL plus(c, toIntervalDay(1))
      SETTINGS deduplicate_merge_projection_mode = 'rebuild'`,
    byHand: ["ALTER TABLE d.ops MODIFY COLUMN b DEFAULT minus(a, 1)"],
  },
  {
    name: "operators written as functions, in a query",
    sql: `CREATE VIEW d.ops_view AS SELECT tuple(1, 'a').2 AS t, negate(a) AS n, array(1, 2) AS r, arrayMap(lambda(tuple(x), plus(x, 1)), r) AS m
      FROM d.s WHERE and(greater(a, 1), in(a, tuple(1, 2)), not(isNull(a)))`,
    byHand: again(
      "d.ops_view",
      `CREATE VIEW d.ops_view AS SELECT tuple(1, 'a').2 AS t, negate(a) AS n, array(1, 2) AS r, arrayMap(lambda(tuple(x), plus(x, 1)), r) AS m
      FROM d.s WHERE or(greater(a, 1), in(a, tuple(1, 2)), not(isNull(a)))`,
    ),
  },
];
/** Names by which older servers mean another type. */
const OTHER_TYPES: Readonly<Record<string, { readonly means: string; readonly before: readonly string[] }>> = {
  Geometry: { means: "String", before: ["24.8", "25.8"] },
  Time: { means: "Int64", before: ["24.8"] },
};

for (const version of testedVersions(["24.8", "25.8", "26.7"])) {
  describe(`what ClickHouse ${version} spells in its own way`, function () {
    this.timeout(240_000);
    let server: TestServer;
    let stage: Stage;

    before(async () => {
      server = await startServer({ version, settings: ONCE_EXPERIMENTAL });
      await run("CREATE DATABASE d", "CREATE TABLE d.s (a UInt64) ENGINE = MergeTree ORDER BY a");
      stage = new Stage(server.url);
    });
    after(async () => {
      await stage?.close();
      await server?.stop();
    });

    async function run(...statements: readonly string[]): Promise<void> {
      for (const sql of statements) assert.equal(await send(server.url, sql), undefined, sql);
    }
    const of = (sql: string) => {
      const spec = declarable(sql);
      assert.ok(spec, sql);
      return declared(spec, sql, []);
    };

    for (const { name, sql, byHand } of SPELLINGS) {
      it(`is no drift, and drift where it is something else: ${name}`, async () => {
        await run(sql);
        const one = of(sql);
        const { inputs, outs, adopted } = await stage.create(one);
        assert.ok(adopted, "what was created manually in the same words is adopted");
        assert.equal(await stage.changes(one, inputs, outs), undefined);
        // As after a change by somebody else: the text is looked at, not only its digest.
        assert.equal(await stage.drift(one, { ...outs, __observed: "" }), undefined);
        await run(...byHand);
        const found = new Stage(server.url);
        try {
          assert.match((await found.drift(one, outs)) ?? "none", /^drifted: /);
        } finally {
          await found.close();
        }
      });
    }

    for (const [type, { before, means }] of Object.entries(OTHER_TYPES)) {
      it(`is ${before.includes(version) ? `refused where ${type} means ${means}` : "made as it is"}: ${type}`, async () => {
        const one = of(`CREATE TABLE d.${type} (a UInt64, b Array(${type})) ENGINE = MergeTree ORDER BY a`);
        if (before.includes(version))
          await assert.rejects(stage.check(one, {}), new RegExp(`does not know type ${type}`));
        else assert.equal(await stage.drift(one, (await stage.create(one)).outs), undefined);
      });
    }
  });
}
