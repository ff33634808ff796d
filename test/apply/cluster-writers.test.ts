import assert from "node:assert/strict";
import { type Cluster, startCluster } from "../support/cluster";
import { sleep } from "../support/server";
import { canReplicate } from "../support/versions";
import { ask, ClusterWriters } from "./cluster-writers";

/** Each loses rows where this was tried; one that does not is luck. */
const RUNS = 4;

/*
 * That a run of a protocol under these writers loses nothing says something only if another way of doing the same loses rows in the same
 * harness.
 */
for (const version of canReplicate(["25.8"])) {
  describe(`clients that insert into all replicas of ClickHouse ${version}`, function () {
    this.timeout(300_000);
    let cluster: Cluster;

    before(async () => {
      cluster = await startCluster({ version });
      await on(0, "CREATE DATABASE d ON CLUSTER main");
    });

    after(() => cluster?.stop());

    const on = (index: number, sql: string): Promise<unknown[]> => ask(cluster.nodes[index] as { url: string }, sql);

    /** Runs something while they insert, and compares every replica's rows with what they were told. */
    async function under(work: () => Promise<void>): Promise<{ lost: number; doubled: number; rows: number }> {
      const columns = "(id UInt64, at DateTime64(3) DEFAULT now64(3))";
      await on(0, `CREATE TABLE d.t ON CLUSTER main ${columns} ENGINE = ReplicatedMergeTree ORDER BY id`);
      try {
        const writers = new ClusterWriters(cluster, 6);
        await sleep(1500);
        try {
          await work();
          await sleep(700);
        } finally {
          await writers.stop();
        }
        const results = [];
        for (const node of cluster.nodes) {
          await ask(node, "SYSTEM SYNC REPLICA d.t");
          const ids = await ask<{ id: string }>(node, "SELECT id FROM d.t");
          results.push(writers.judge(ids.map(({ id }) => Number(id))));
        }
        const [first, ...others] = results;
        assert.ok(first !== undefined);
        for (const other of others) assert.deepEqual(other, first, "the replicas differ");
        return { ...first, rows: writers.count };
      } finally {
        await on(0, "DROP TABLE d.t ON CLUSTER main SYNC");
      }
    }

    it("lose nothing and double nothing when nothing happens, and when a column is added", async () => {
      const quiet = await under(async () => undefined);
      assert.deepEqual([quiet.lost, quiet.doubled], [0, 0]);
      assert.ok(quiet.rows > 20, `${quiet.rows} rows`);
      const altered = await under(async () => {
        await on(0, "ALTER TABLE d.t ON CLUSTER main ADD COLUMN IF NOT EXISTS c UInt8");
      });
      assert.deepEqual([altered.lost, altered.doubled], [0, 0]);
    });

    it("lose rows when a table is rebuilt manually: copy, SYNC REPLICA, EXCHANGE ON CLUSTER, DROP", async () => {
      const lost: number[] = [];
      while (lost.length < RUNS && !lost.some((rows) => rows > 0)) {
        const result = await under(async () => {
          const engine = "ENGINE = ReplicatedMergeTree ORDER BY (at, id)";
          await on(0, `CREATE TABLE d.t__new ON CLUSTER main (id UInt64, at DateTime64(3)) ${engine}`);
          await on(0, "INSERT INTO d.t__new (id, at) SELECT id, at FROM d.t");
          for (const index of cluster.nodes.keys()) await on(index, "SYSTEM SYNC REPLICA d.t__new");
          await on(0, "EXCHANGE TABLES d.t AND d.t__new ON CLUSTER main");
          await on(0, "DROP TABLE d.t__new ON CLUSTER main SYNC");
        });
        assert.equal(result.doubled, 0);
        lost.push(result.lost);
      }
      assert.ok((lost.at(-1) ?? 0) > 0, `lost ${lost.join(", ")}: the harness does not show it`);
    });
  });
}
