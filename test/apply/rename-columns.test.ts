import assert from "node:assert/strict";
import { changeColumns } from "../../provider/src/apply/change-columns";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { startCluster } from "../support/cluster";
import { byEffort } from "../support/effort";
import { freshDatabase, sharedServer, sleep, startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";

const RENAMES = byEffort({ fast: 2, full: 4, soak: 40 });
const WRITERS = [0, 1, 2];

for (const version of ["26.7", ...testedVersions(["24.8", "25.8"])] as const) {
  describe(`a column renamed while clients insert, on ${version}`, function () {
    this.timeout(240_000);
    let server: TestServer;
    let connections: Connection[] = [];
    let database = "";

    before(async () => {
      server = version === "26.7" ? await sharedServer() : await startServer({ version });
      const open = () =>
        openConnection({
          url: server.url,
          username: process.env["CLICKHOUSE_USER"] ?? "default",
          password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
        });
      connections = await Promise.all([0, ...WRITERS].map(open));
    });
    beforeEach(async () => {
      database = await freshDatabase(server);
      await connections[0]?.command(`CREATE TABLE ${database}.s (i UInt64, b UInt64) ENGINE = MergeTree ORDER BY i`);
      await connections[0]?.command(`CREATE TABLE ${database}.t (i UInt64, b UInt64) ENGINE = MergeTree ORDER BY i`);
      await connections[0]?.command(
        `CREATE MATERIALIZED VIEW ${database}.v TO ${database}.t AS SELECT i, b FROM ${database}.s`,
      );
      // Under both names: CREATE refuses what the target does not have, ALTER does not.
      await connections[0]?.command(`ALTER TABLE ${database}.v MODIFY QUERY SELECT i, b, b AS c FROM ${database}.s`);
    });
    afterEach(() => connections[0]?.command(`DROP DATABASE ${database} SYNC`));
    after(async () => {
      for (const connection of connections) await connection.close();
      if (version !== "26.7") await server?.stop();
    });

    /** Renames to and fro under writers that take their time. @returns rows taken, and rows without their value. */
    async function underWriters(rename: (sql: string, index: number) => Promise<void>): Promise<[number, number]> {
      let going = true;
      let taken = 0;
      // Into the table itself, and through the view of another.
      const write = async (connection: Connection | undefined, table: string): Promise<void> => {
        for (let id = 0; going; id += 1) {
          const values = `SELECT ${id}, 1 + 0 * sleepEachRow(0.03) FROM numbers(2)`;
          await connection?.command(`INSERT INTO ${database}.${table} ${values}`).then(
            () => {
              taken += 2;
            },
            (error: { code?: number }) => {
              if (error.code !== 469) throw error;
            },
          );
        }
      };
      const writers = WRITERS.map((index) => write(connections[index + 1], index === 0 ? "s" : "t"));
      for (let index = 0; index < RENAMES; index += 1) {
        await sleep(150);
        const [from, to] = index % 2 === 0 ? ["b", "c"] : ["c", "b"];
        await rename(`ALTER TABLE ${database}.t RENAME COLUMN ${from} TO ${to}`, index);
      }
      going = false;
      await Promise.all(writers);
      const name = RENAMES % 2 === 0 ? "b" : "c";
      const [row] =
        (await connections[0]?.query<{ rows: string; wrong: string }>(
          `SELECT count() AS rows, countIf(${name} != 1) AS wrong FROM ${database}.t`,
        )) ?? [];
      assert.equal(Number(row?.rows), taken);
      return [taken, Number(row?.wrong)];
    }

    it("keeps the values of every row that was taken", async () => {
      const [connection] = connections as [Connection];
      const [taken, wrong] = await underWriters((sql, index) =>
        changeColumns(connection, { database, name: "t" }, () => connection.command(sql), { operation: `op${index}` }),
      );
      assert.ok(taken > 10, `${taken} rows only`);
      assert.equal(wrong, 0);
      const [row] = await connection.query<{ n: number }>(
        `SELECT toUInt32(countIf(create_table_query LIKE '%retry_schema_change%')) AS n FROM system.tables WHERE database = '${database}'`,
      );
      assert.equal(row?.n, 0);
    });

    it("loses those of an insert under way by a plain ALTER, which shows that this test can fail", async () => {
      const [connection, writer] = connections as [Connection, Connection];
      const insert = writer.command(
        `INSERT INTO ${database}.t SELECT number, 1 + 0 * sleepEachRow(0.5) FROM numbers(3) SETTINGS max_block_size = 10`,
      );
      await sleep(600);
      await connection.command(`ALTER TABLE ${database}.t RENAME COLUMN b TO c`);
      await insert;
      assert.deepEqual(await connection.query(`SELECT toUInt32(sum(c)) AS kept FROM ${database}.t`), [{ kept: 0 }]);
    });
  });
}

for (const version of testedVersions(["24.8", "25.8"])) {
  describe(`a column of a replicated table renamed while a client inserts, on ${version}`, function () {
    this.timeout(120_000);

    it("keeps the values of the insert, on both replicas", async () => {
      const cluster = await startCluster({ version });
      const connections = await Promise.all(cluster.nodes.map(({ url }) => openConnection({ url })));
      const [connection] = connections as [Connection];
      try {
        for (const [index, one] of connections.entries()) {
          await one.command("CREATE DATABASE IF NOT EXISTS d");
          await one.command(
            `CREATE TABLE d.t (i UInt64, b UInt64) ENGINE = ReplicatedMergeTree('/rename/t', 'r${index}') ORDER BY i`,
          );
        }
        const writer = await openConnection({ url: cluster.nodes[0]?.url ?? "" });
        const insert = writer.command(
          "INSERT INTO d.t SELECT number, 1 + 0 * sleepEachRow(0.5) FROM numbers(3) SETTINGS max_block_size = 10",
        );
        await sleep(600);
        const rename = () => connection.command("ALTER TABLE d.t RENAME COLUMN b TO c");
        await changeColumns(connection, { database: "d", name: "t" }, rename, { operation: "op1" });
        await insert;
        await writer.close();
        for (const one of connections) {
          await one.command("SYSTEM SYNC REPLICA d.t");
          assert.deepEqual(await one.query("SELECT toUInt32(sum(c)) AS kept FROM d.t"), [{ kept: 3 }]);
        }
      } finally {
        for (const one of connections) await one.close();
        await cluster.stop();
      }
    });
  });
}
