import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { TestProvider, urnOf } from "../support/provider";
import { freshDatabase, sharedServer, stopSharedServer } from "../support/server";

const TABLES = [
  "src (k UInt64, v UInt64)",
  "dst (k UInt64, n UInt64)",
  "other (k UInt64, n UInt64)",
  "empty (k UInt64, n UInt64)",
];

/** What exists, what is declared beside it, and what a preview of a new view says; nothing: it is made. */
const CASES: readonly {
  readonly name: string;
  readonly there?: readonly string[];
  /** Views declared before it in the same program; a table in parentheses is not on the server yet. */
  readonly beside?: Readonly<Record<string, string>>;
  readonly view: string;
  readonly more?: object;
  readonly says?: RegExp;
  /** What makes it pass. */
  readonly allow?: string;
}[] = [
  {
    name: "a refreshable view over rows",
    view: "REFRESH EVERY 1 DAY TO db.dst AS SELECT k, count() AS n FROM db.src GROUP BY k",
    says: /drops-data: every refresh replaces the rows of .*dst: those that are in it now are gone/,
    allow: "drops-data",
  },
  {
    name: "a refreshable view that appends",
    view: "REFRESH EVERY 1 DAY APPEND TO db.dst AS SELECT k, count() AS n FROM db.src GROUP BY k",
  },
  {
    name: "a refreshable view over an empty table",
    view: "REFRESH EVERY 1 DAY TO db.empty AS SELECT k, count() AS n FROM db.src GROUP BY k",
  },
  {
    name: "a refreshable view over an empty table that another view writes to",
    there: ["CREATE MATERIALIZED VIEW db.w TO db.empty AS SELECT k, n FROM db.other"],
    view: "REFRESH EVERY 1 DAY TO db.empty AS SELECT k, count() AS n FROM db.src GROUP BY k",
    says: /drops-data: each refresh of .*\.v replaces all rows of .*empty, also those that .*\.w writes there/,
    allow: "drops-data",
  },
  {
    name: "a view that writes to what another one replaces",
    there: ["CREATE MATERIALIZED VIEW db.w REFRESH EVERY 1 YEAR TO db.empty AS SELECT k, n FROM db.other"],
    view: "TO db.empty AS SELECT k, v AS n FROM db.src",
    says: /drops-data: each refresh of .*\.w replaces all rows of .*empty, also those that .*\.v writes there/,
    allow: "drops-data",
  },
  {
    name: "a backfill into rows",
    view: "TO db.dst AS SELECT k, v AS n FROM db.src",
    more: { backfill: true },
    says: /doubles-rows: .*dst holds rows already, and the backfill adds what the source holds.*TRUNCATE .*dst first/,
    allow: "doubles-rows",
  },
  {
    name: "a backfill into an empty table",
    view: "TO db.empty AS SELECT k, v AS n FROM db.src",
    more: { backfill: true },
  },
  {
    name: "a second view of the same source and target, v1 → v2",
    there: ["CREATE MATERIALIZED VIEW db.v1 TO db.dst AS SELECT k, v AS n FROM db.src"],
    view: "TO db.dst AS SELECT k, v AS n FROM db.src WHERE v > 0",
    says: /doubles-rows: .*\.v1 on the server writes what comes from the same source to .*dst already.*aliases: \[\{ name: .* or name: "v1"/,
    allow: "doubles-rows",
  },
  {
    name: "a second view of the same source and target by a subquery",
    there: ["CREATE MATERIALIZED VIEW db.v1 TO db.dst AS SELECT k, n FROM (SELECT k, v AS n FROM db.src) WHERE n > 1"],
    view: "TO db.dst AS WITH a AS (SELECT k, v FROM db.src) SELECT k, v AS n FROM a",
    says: /doubles-rows/,
  },
  {
    name: "a second view of the same target and another source",
    there: ["CREATE MATERIALIZED VIEW db.v1 TO db.dst AS SELECT k, n FROM db.other"],
    view: "TO db.dst AS SELECT k, v AS n FROM db.src",
  },
  {
    name: "a second view of the same source and another target",
    there: ["CREATE MATERIALIZED VIEW db.v1 TO db.other AS SELECT k, v AS n FROM db.src"],
    view: "TO db.dst AS SELECT k, v AS n FROM db.src",
  },
  {
    name: "a second view beside one that is declared in the same program",
    beside: { v1: "TO db.dst AS SELECT k, v AS n FROM db.src WHERE v > 5" },
    view: "TO db.dst AS SELECT k, v AS n FROM db.src WHERE v <= 5",
  },
  {
    name: "a view that writes to its own source",
    view: "TO db.src AS SELECT k, v FROM db.src",
    says: /\.v: would feed itself: .*\.v → .*\.src → .*\.v\./,
  },
  {
    name: "a view that comes back through another view",
    there: ["CREATE MATERIALIZED VIEW db.back TO db.src AS SELECT k, n AS v FROM db.other"],
    view: "TO db.other AS SELECT k, v AS n FROM db.src",
    says: /\.v: would feed itself: .*\.v → .*\.other → .*\.back → .*\.src → .*\.v\./,
  },
  {
    name: "a view that comes back through a view of a view and a Null table",
    there: [
      "CREATE TABLE db.nil (k UInt64, n UInt64) ENGINE = Null",
      "CREATE MATERIALIZED VIEW db.a TO db.nil AS SELECT k, n FROM db.other",
      "CREATE MATERIALIZED VIEW db.b TO db.src AS SELECT k, n AS v FROM db.a",
    ],
    view: "TO db.other AS SELECT k, v AS n FROM db.src",
    says: /would feed itself: .*\.v → .*\.other → .*\.a → .*\.b → .*\.src/,
  },
  {
    name: "a view that comes back through a Buffer table",
    there: ["CREATE TABLE db.buf (k UInt64, v UInt64) ENGINE = Buffer('db', 'src', 1, 10, 100, 10, 100, 1000, 10000)"],
    view: "TO db.buf AS SELECT k, v FROM db.src",
    says: /would feed itself: .*\.v → .*\.buf → .*\.src → .*\.v/,
  },
  {
    name: "a view that comes back through a Distributed table over a Buffer table",
    there: ["CREATE TABLE db.buf (k UInt64, v UInt64) ENGINE = Buffer('db', 'src', 1, 10, 100, 10, 100, 1000, 10000)"],
    beside: { dist: "(k UInt64, v UInt64) ENGINE = Distributed('cluster', 'db', 'buf')" },
    view: "TO db.dist AS SELECT k, v FROM db.src",
    says: /would feed itself: .*\.v → .*\.dist → .*\.buf → .*\.src → .*\.v/,
  },
  {
    name: "a view that joins its own target",
    view: "TO db.empty AS SELECT src.k AS k, e.n AS n FROM db.src AS src LEFT JOIN db.empty AS e ON e.k = src.k",
  },
  {
    name: "a refreshable view that writes to what it reads",
    view: "REFRESH EVERY 1 DAY APPEND TO db.src AS SELECT k, v FROM db.src LIMIT 1",
  },
];

describe("a new view", function () {
  this.timeout(60_000);
  let connection: Connection;
  let url: string;

  before(async () => {
    url = (await sharedServer()).url;
    connection = await openConnection({ url });
  });

  after(async () => {
    await connection?.close();
    await stopSharedServer();
  });

  for (const { allow, beside = {}, more = {}, name, says, there = [], view } of CASES) {
    it(`${says === undefined ? "is made" : "is refused"}: ${name}`, async () => {
      const database = await freshDatabase(await sharedServer());
      const own = (sql: string): string => sql.replaceAll("db.", `${database}.`).replaceAll("'db'", `'${database}'`);
      for (const table of TABLES)
        await connection.command(own(`CREATE TABLE db.${table} ENGINE = MergeTree ORDER BY k`));
      await connection.command(own("INSERT INTO db.dst SELECT number, 1 FROM numbers(100)"));
      for (const sql of there) await connection.command(own(sql));
      const provider = new TestProvider({ "clickhouse:url": url });
      const check = (object: string, text: string, args: object = {}) =>
        provider.check("materializedView", {
          name: object,
          database,
          dependsOn: Object.keys(beside).map((one) => urnOf("table", one, database)),
          args: {
            sql: own(`CREATE MATERIALIZED VIEW db.${object} ${text}`),
            lint: { "refresh-without-append-or-to": "off" },
            ...args,
          },
        });
      for (const [object, text] of Object.entries(beside)) {
        if (text.startsWith("(")) {
          const args = { sql: own(`CREATE TABLE db.${object} ${text}`) };
          assert.deepEqual((await provider.check("table", { name: object, database, args })).failures, []);
          continue;
        }
        await connection.command(own(`CREATE MATERIALIZED VIEW db.${object} ${text}`));
        assert.deepEqual((await check(object, text)).failures, []);
      }
      const { failures } = await check("v", view, more);
      if (says === undefined) assert.deepEqual(failures, []);
      else assert.match(failures.join("\n"), says);
      assert.deepEqual(
        await connection.query(`SELECT 1 AS x FROM system.tables WHERE database = '${database}' AND name = 'v'`),
        [],
      );
      if (allow !== undefined) {
        const { inputs, failures: none } = await check("v", view, { ...more, allow: [allow] });
        assert.deepEqual(none, []);
        assert.match(String(inputs?.["plan"]), new RegExp(`-- ${allow}: `));
      }
      await provider.close();
    });
  }
});
