import assert from "node:assert/strict";
import { type Cluster, startCluster } from "../support/cluster";
import { TestProvider } from "../support/provider";
import { sleep } from "../support/server";
import { canReplicate } from "../support/versions";
import { ask, ClusterWriters, type Written } from "./cluster-writers";

type Bag = Record<string, unknown>;

/** The naive way loses values in most runs; that none of these does is luck. */
const NAIVE_RUNS = 6;
/** Clients that name no columns, so that they need not know of the rename. */
const WRITTEN: Written = { into: "d.t", row: (id) => `${id}, ${id * 7}`, select: (id) => `${id}, ${id} * 7` };
/** An insert that is under way loses its values in a partition that had no rows before the rename. */
const TABLE = { engine: "ReplicatedMergeTree", orderBy: ["id"], partitionBy: "id % 97" };
const BEFORE = { ...TABLE, columns: { id: "UInt64", v: "UInt64" } };
const AFTER = { ...TABLE, columns: { id: "UInt64", w: { type: "UInt64", renamedFrom: "v" } } };

for (const version of canReplicate(["25.8"])) {
  describe(`a column that is renamed while clients insert into all replicas of ClickHouse ${version}`, function () {
    this.timeout(300_000);
    let cluster: Cluster;
    let provider: TestProvider;
    let config: Record<string, string>;

    before(async () => {
      cluster = await startCluster({ version, shards: 2, sessionTimeout: 4000 });
      config = { "clickhouse:url": cluster.nodes[0]?.url ?? "", "clickhouse:cluster": "main" };
      await on(0, "CREATE DATABASE d ON CLUSTER main");
    });

    beforeEach(() => {
      provider = new TestProvider(config);
    });

    afterEach(async () => {
      await provider.close();
      await on(0, "DROP TABLE IF EXISTS d.all ON CLUSTER main SYNC");
      await on(0, "DROP TABLE IF EXISTS d.t ON CLUSTER main SYNC");
    });

    after(() => cluster?.stop());

    const on = <Row = Bag>(index: number, sql: string): Promise<Row[]> =>
      ask<Row>(cluster.nodes[index] as { url: string }, sql);

    async function create(): Promise<{ inputs: Bag; outs: Bag }> {
      const { inputs = {}, failures } = await provider.check("table", { name: "t", database: "d", args: BEFORE });
      assert.deepEqual(failures, []);
      const { outs = {} } = await provider.of("table").create(inputs);
      return { inputs, outs: outs as Bag };
    }

    async function rename({ inputs, outs }: { inputs: Bag; outs: Bag }): Promise<Bag> {
      await provider.close();
      provider = new TestProvider(config);
      const planned = await provider.check("table", { name: "t", database: "d", args: AFTER, olds: inputs });
      assert.deepEqual(planned.failures, []);
      return (await provider.of("table").update("id", outs, planned.inputs ?? {})).outs as Bag;
    }

    /** Runs something while they insert, and compares all rows with what they were told. */
    async function under(work: () => Promise<void>) {
      const writers = new ClusterWriters(cluster, 6, WRITTEN);
      await sleep(700);
      try {
        await work();
        await sleep(500);
      } finally {
        await writers.stop();
      }
      const shards: { id: string; w: string }[][] = [];
      for (const node of cluster.nodes) {
        await ask(node, "SYSTEM SYNC REPLICA d.t");
        const rows = await ask<{ id: string; w: string }>(node, "SELECT id, w FROM d.t ORDER BY id");
        shards[node.shard - 1] ??= rows;
        assert.deepEqual(rows, shards[node.shard - 1], "the replicas differ");
      }
      const rows = shards.flat();
      const wrong = rows.filter(({ id, w }) => Number(w) !== Number(id) * 7).length;
      return { ...writers.judge(rows.map(({ id }) => Number(id))), wrong, rows: writers.count };
    }

    const NOTHING = { lost: 0, doubled: 0, wrong: 0 };

    function holds({ rows, ...found }: Awaited<ReturnType<typeof under>>): void {
      assert.deepEqual(found, NOTHING);
      assert.ok(rows > 20, `${rows} rows`);
    }

    async function isOpen(): Promise<void> {
      for (const node of cluster.nodes) {
        const [row] = await ask<{ sql: string }>(
          node,
          "SELECT create_table_query AS sql FROM system.tables WHERE database = 'd' AND name = 't'",
        );
        assert.doesNotMatch(String(row?.sql), /_hold_/);
      }
    }

    it("loses values when it is renamed by ALTER … ON CLUSTER alone", async () => {
      const found: number[] = [];
      while (found.length < NAIVE_RUNS && !found.some((wrong) => wrong > 0)) {
        await on(
          0,
          "CREATE TABLE d.t ON CLUSTER main (id UInt64, v UInt64) ENGINE = ReplicatedMergeTree PARTITION BY id % 97 ORDER BY id",
        );
        const { wrong } = await under(async () => {
          await on(0, "ALTER TABLE d.t ON CLUSTER main RENAME COLUMN v TO w");
        });
        found.push(wrong);
        await on(0, "DROP TABLE d.t ON CLUSTER main SYNC");
      }
      assert.ok((found.at(-1) ?? 0) > 0, `lost values of ${found.join(", ")} rows: the harness does not show it`);
    });

    it("keeps every value, and every row once", async () => {
      const made = await create();
      const hosts: unknown[] = [];
      holds(
        await under(async () => {
          hosts.push((await rename(made))["hosts"]);
        }),
      );
      assert.deepEqual(hosts, ["all"]);
      await isOpen();
    });

    it("keeps them when a replica is killed meanwhile, and comes back", async () => {
      const made = await create();
      const found = await under(async () => {
        const [second] = cluster.nodes.slice(1);
        const killed = sleep(Math.random() * 800).then(() => second?.kill());
        // It may be killed before the first statement, and then nothing is done.
        const failed = await rename(made).then(
          () => false,
          () => true,
        );
        await killed;
        await second?.start();
        if (failed) await again(made);
      });
      const { rows, ...rest } = found;
      assert.deepEqual(rest, NOTHING);
      assert.ok(rows > 20);
      await isOpen();
    });

    it("keeps them when a host is frozen meanwhile", async () => {
      const made = await create();
      const found = await under(async () => {
        const [second] = cluster.nodes.slice(1);
        const thawed = sleep(Math.random() * 400)
          .then(() => second?.freeze())
          .then(() => sleep(1500))
          .then(() => second?.thaw());
        const failed = await rename(made).then(
          () => false,
          () => true,
        );
        await thawed;
        if (failed) await again(made);
      });
      holds(found);
      await isOpen();
    });

    it("is let in again by the next run when the runner has died and left inserts refused", async () => {
      const made = await create();
      await on(0, "INSERT INTO d.t VALUES (1, 7)");
      await on(0, "ALTER TABLE d.t ON CLUSTER main ADD CONSTRAINT `_hold_abcdef01` CHECK 0");
      await assert.rejects(on(0, "INSERT INTO d.t VALUES (2, 14)"), /469/);
      await rename(made);
      await isOpen();
      await on(3, "INSERT INTO d.t VALUES (2, 14)");
      assert.deepEqual(await on(3, "SELECT id FROM d.t WHERE w = 14"), [{ id: 2 }]);
    });

    it("is refused while a Distributed table sends rows to it, which could be stored twice", async () => {
      const made = await create();
      await on(
        0,
        "CREATE TABLE d.all ON CLUSTER main (id UInt64, v UInt64) ENGINE = Distributed('main', 'd', 't', id)",
      );
      await assert.rejects(
        rename(made),
        /d\.`all` \(Distributed\) may have sent a part of one by then.*Add a column with the new name/s,
      );
      await on(0, "DROP TABLE d.all ON CLUSTER main SYNC");
      assert.equal((await rename(made))["hosts"], "all");
    });

    /** The next `up`, when the host is there again. */
    async function again(made: { inputs: Bag; outs: Bag }): Promise<void> {
      for (let left = 20; ; left--) {
        try {
          await rename(made);
          return;
        } catch (error) {
          if (left === 0) throw error;
          await sleep(500);
        }
      }
    }
  });
}
