import assert from "node:assert/strict";
import { rebuildTable } from "../../provider/src/apply/rebuild/index";
import type { RebuildOptions, RebuildProgress } from "../../provider/src/apply/rebuild/options";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { freshDatabase, sharedServer } from "../support/server";

describe("the rows of a rebuilt table", () => {
  let connection: Connection;
  let database: string;
  let number = 0;

  before(async () => {
    connection = await openConnection({
      url: (await sharedServer()).url,
      username: process.env["CLICKHOUSE_USER"] ?? "default",
      password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
    });
    database = await freshDatabase(await sharedServer());
  });
  after(async () => {
    await connection.command(`DROP DATABASE ${database} SYNC`);
    await connection.close();
  });

  /** A table of its own for each test, filled, with both definitions. */
  async function table(
    columns: string,
    from: string,
    to: string,
    toColumns = columns,
  ): Promise<RebuildOptions & { name: string }> {
    number += 1;
    const name = `${database}.t${number}`;
    const options = {
      name,
      from: `CREATE TABLE ${name} ${columns} ${from}`,
      to: `CREATE TABLE ${name} ${toColumns} ${to}`,
      operation: `op${number}`,
    };
    await connection.command(options.from);
    return options;
  }

  const plain = async (): Promise<RebuildOptions & { name: string }> => {
    const options = await table(
      "(`a` UInt64)",
      "ENGINE = MergeTree ORDER BY a",
      "ENGINE = MergeTree PARTITION BY a % 2 ORDER BY a",
    );
    await connection.command(`INSERT INTO ${options.name} SELECT number FROM numbers(100)`);
    return options;
  };

  it("are copied where the engine merges measures beside a MATERIALIZED column", async () => {
    const columns =
      "(`k` UInt64, `n` SimpleAggregateFunction(sum, UInt64), `u` AggregateFunction(uniqExact, UInt64), `half` UInt64 MATERIALIZED intDiv(k, 2))";
    const options = await table(
      columns,
      "ENGINE = AggregatingMergeTree ORDER BY k",
      "ENGINE = AggregatingMergeTree PARTITION BY k % 3 ORDER BY k",
    );
    const fill = `INSERT INTO ${options.name} (k, n, u) SELECT number % 50, number, uniqExactState(number) FROM numbers(500) GROUP BY number`;
    await connection.command(fill);
    const sums = `SELECT sum(n) AS n, uniqExactMerge(u) AS u, sum(half) AS half FROM ${options.name} FINAL`;
    const before = await connection.query(sums);
    await rebuildTable(connection, options);
    assert.deepEqual(await connection.query(sums), before);
  });

  it("are copied with every kind of column", async () => {
    const columns = `(\`k\` UInt64, \`a b\` String, \`hash\` UInt8, \`rows\` Nullable(Int32), \`low\` LowCardinality(Nullable(String)), \`m\` Map(String, UInt8),
      \`t\` Tuple(x UInt8, y Nullable(String)), \`j\` JSON, \`d\` Dynamic, \`n.a\` Array(UInt8), \`n.b\` Array(String), \`gone\` UInt8,
      \`u\` AggregateFunction(uniqExact, UInt64), \`s\` SimpleAggregateFunction(sum, UInt64), \`made\` DateTime64(9) MATERIALIZED now64(9), \`alias\` UInt64 ALIAS k + 1, \`e\` UInt8 EPHEMERAL 3)`;
    const toColumns = columns
      .replace("`hash` UInt8", "`hash` UInt32")
      .replace("`gone` UInt8", "`fresh` String DEFAULT concat('k', toString(k)), `computed` UInt64 MATERIALIZED k * 3")
      .replace("`a b` String", "`a c` String")
      .replace("`alias` UInt64 ALIAS k + 1", "`alias` UInt64");
    const options = await table(
      columns,
      "ENGINE = MergeTree ORDER BY k",
      "ENGINE = MergeTree ORDER BY (`a c`, k)",
      toColumns,
    );
    await connection.command(
      `INSERT INTO ${options.name} (k, \`a b\`, hash, rows, low, m, t, j, d, \`n.a\`, \`n.b\`, gone, u, s) SELECT number, toString(number), number % 256, if(number % 2, NULL, number),
       if(number % 3, NULL, 'x'), map('a', 1), (1, NULL), '{"p": 1, "q": [1, 2]}', number, [1], ['x'], 7, uniqExactState(number), number FROM numbers(1000) GROUP BY number`,
    );
    const digest = (name: string, column: string): string =>
      `SELECT count() AS c, sum(cityHash64(tuple(k, ${column}, toUInt32(hash), rows, low, m, t, toString(j), toString(d), n.a, n.b, finalizeAggregation(u), s, made, alias))) AS h FROM ${name}`;
    const before = await connection.query(digest(options.name, "`a b`"));
    await rebuildTable(connection, { ...options, renamed: { "a c": "a b" } });
    assert.deepEqual(await connection.query(digest(options.name, "`a c`")), before);
    assert.deepEqual(
      await connection.query(
        `SELECT countIf(fresh = concat('k', toString(k)) AND computed = k * 3) AS c FROM ${options.name}`,
      ),
      [{ c: "1000" }],
    );
  });

  it("are those that no lightweight DELETE has hidden", async () => {
    const options = await plain();
    await connection.command(`DELETE FROM ${options.name} WHERE a < 30 SETTINGS lightweight_deletes_sync = 2`);
    assert.equal((await rebuildTable(connection, options)).rows, 70);
    assert.deepEqual(await connection.query(`SELECT count() AS c, min(a) AS m FROM ${options.name}`), [
      { c: "70", m: "30" },
    ]);
  });

  it("keep their order where the last of equal keys wins", async () => {
    const options = await table(
      "(`k` UInt64, `v` UInt64)",
      "ENGINE = ReplacingMergeTree PARTITION BY k % 2 ORDER BY k",
      "ENGINE = ReplacingMergeTree ORDER BY k",
    );
    for (let v = 0; v < 8; v += 1)
      await connection.command(`INSERT INTO ${options.name} SELECT number, ${v} FROM numbers(500)`);
    await rebuildTable(connection, options);
    assert.deepEqual(await connection.query(`SELECT count() AS c, min(v) AS m FROM ${options.name} FINAL`), [
      { c: "500", m: "7" },
    ]);
  });

  it("may be ones whose time is over", async () => {
    const options = await table(
      "(`k` UInt64, `t` DateTime)",
      "ENGINE = MergeTree ORDER BY k TTL t + INTERVAL 1 DAY",
      "ENGINE = MergeTree PARTITION BY k % 2 ORDER BY k TTL t + INTERVAL 1 DAY",
    );
    await connection.command(`SYSTEM STOP TTL MERGES ${options.name}`);
    await connection.command(
      `INSERT INTO ${options.name} SELECT number, if(number < 50, toDateTime(0), now()) FROM numbers(100)`,
    );
    await rebuildTable(connection, options);
    assert.deepEqual(await connection.query(`SELECT countIf(k >= 50) AS c FROM ${options.name}`), [{ c: "50" }]);
  });

  it("are copied again when DROP PARTITION or a mutation changes them before the exchange", async () => {
    for (const [what, rows] of [
      ["DROP PARTITION ID '0'", 50],
      ["DELETE WHERE a < 10", 90],
      ["UPDATE b = 1 WHERE a > 5", 100],
    ] as const) {
      const options = await table(
        "(`a` UInt64, `b` UInt8)",
        "ENGINE = MergeTree PARTITION BY a % 2 ORDER BY a",
        "ENGINE = MergeTree ORDER BY a",
      );
      for (const first of [0, 50])
        await connection.command(`INSERT INTO ${options.name} (a) SELECT number + ${first} FROM numbers(50)`);
      const beforeStatement = async (sql: string): Promise<void> => {
        if (/'passes'/.test(sql))
          await connection.command(`ALTER TABLE ${options.name} ${what} SETTINGS mutations_sync = 2`);
      };
      const before = what.startsWith("UPDATE") ? 94 : 0;
      const copied: number[] = [];
      const onProgress = (progress: RebuildProgress): void => void copied.push(progress.rows);
      assert.equal((await rebuildTable(connection, { ...options, beforeStatement, onProgress })).rows, rows, what);
      assert.equal(copied.at(-1), rows, what);
      assert.deepEqual(await connection.query(`SELECT count() AS c, sum(b) AS s FROM ${options.name}`), [
        { c: `${rows}`, s: `${before}` },
      ]);
    }
  });
});
