import assert from "node:assert/strict";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild/index";
import { openConnection } from "../../provider/src/connection/open";
import { freshDatabase, sharedServer } from "../support/server";

describe("what refers to a rebuilt table", () => {
  it("keeps working by its name: Buffer, Distributed, Merge, a dictionary, a plain view", async () => {
    const connection = await openConnection({
      url: (await sharedServer()).url,
      username: process.env["CLICKHOUSE_USER"] ?? "default",
      password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
    });
    const d = await freshDatabase(await sharedServer());
    const [{ port } = { port: 9000 }] = await connection.query<{ port: number }>(
      "SELECT getServerPort('tcp_port') AS port",
    );
    const columns = "(`k` UInt64, `v` String)";
    const options = {
      from: `CREATE TABLE ${d}.t ${columns} ENGINE = MergeTree ORDER BY k`,
      to: `CREATE TABLE ${d}.t ${columns} ENGINE = MergeTree PARTITION BY k % 2 ORDER BY (v, k)`,
      operation: newOperation(),
    };
    for (const sql of [
      options.from,
      `INSERT INTO ${d}.t SELECT number, toString(number) FROM numbers(100)`,
      `CREATE TABLE ${d}.buffer AS ${d}.t ENGINE = Buffer(${d}, t, 1, 600, 600, 1000000, 1000000, 100000000, 100000000)`,
      // A Distributed table over a cluster of one: no other cluster is sure to be configured.
      `CREATE TABLE ${d}.everywhere AS remote('127.0.0.1:${port}', ${d}, t)`,
      `CREATE TABLE ${d}.merged ${columns} ENGINE = Merge(${d}, '^t$')`,
      `CREATE VIEW ${d}.plain AS SELECT count() AS c FROM ${d}.t`,
      `CREATE DICTIONARY ${d}.dict (k UInt64, v String) PRIMARY KEY k SOURCE(CLICKHOUSE(DB '${d}' TABLE 't')) LAYOUT(HASHED()) LIFETIME(0)`,
      // Rows that the buffer holds while the tables are exchanged.
      `INSERT INTO ${d}.buffer SELECT 1000, 'buffered'`,
    ]) {
      await connection.command(sql);
    }
    const valuesOf = async (sql: string): Promise<string> =>
      (await connection.query<{ c: string }>(sql)).map(({ c }) => c).join();
    assert.equal(await valuesOf(`SELECT dictGet('${d}.dict', 'v', toUInt64(7)) AS c`), "7");
    assert.equal((await rebuildTable(connection, options)).rows, 100);

    await connection.command(`INSERT INTO ${d}.everywhere SELECT 2000, 'sent'`);
    await connection.command(`INSERT INTO ${d}.buffer SELECT 3000, 'after'`);
    await connection.command(`OPTIMIZE TABLE ${d}.buffer`);
    await connection.command(`SYSTEM RELOAD DICTIONARY ${d}.dict`);
    for (const table of ["t", "buffer", "everywhere", "merged"]) {
      assert.equal(await valuesOf(`SELECT count() AS c FROM ${d}.${table}`), "103", table);
    }
    assert.equal(await valuesOf(`SELECT c FROM ${d}.plain`), "103");
    for (const [k, v] of [
      [1000, "buffered"],
      [2000, "sent"],
      [3000, "after"],
    ]) {
      assert.equal(await valuesOf(`SELECT dictGet('${d}.dict', 'v', toUInt64(${k})) AS c`), v);
    }
    assert.equal(await valuesOf(`SELECT count() AS c FROM ${d}.t__old_${options.operation}`), "100");
    await connection.command(`DROP DATABASE ${d} SYNC`);
    await connection.close();
  });
});
