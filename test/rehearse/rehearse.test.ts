import assert from "node:assert/strict";
import type { Connection } from "../../provider/dist/connection/connection";
import { openConnection } from "../../provider/dist/connection/open";
import { freshDatabase, sharedServer, startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";
import { previewOf, rehearsed, rehearseText } from "./support";

for (const version of ["26.7", ...testedVersions(["25.8"])] as const) {
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

    const run = async (...statements: readonly string[]): Promise<void> => {
      for (const sql of statements) await connection.command(sql);
    };
    /** A table of events, a view that counts them by day, and what people read. */
    const chain = async (): Promise<string> => {
      const db = await freshDatabase(server);
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
      const [row] = await connection.query<{ statement: string }>(`SHOW CREATE TABLE ${name}`);
      return row?.statement ?? "";
    };
    /** A preview that changes the text of an object. */
    const changing = async (name: string, change: (statement: string) => string): Promise<string> => {
      const before = await statementOf(name);
      return previewOf({ before, after: change(before) });
    };

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
  });
}
