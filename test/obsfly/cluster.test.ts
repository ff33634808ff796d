import assert from "node:assert/strict";
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import { load } from "../../examples/obsfly/load/load";
import { openConnection } from "../../provider/src/connection/open";
import type { Version } from "../../provider/src/server/engines";
import { type Cluster, startCluster } from "../support/cluster";
import { byEffort } from "../support/effort";
import { copyObsfly, type ObsflyCopy } from "../support/obsfly";
import { canReplicate } from "../support/versions";
import { select, selectValue } from "./compare";
import { baseTables, compareAll, refreshDependencies } from "./truth";

/** Shards and replicas; OBSFLY_CLUSTER=2x2 tries more of them. */
const [SHARDS = 1, REPLICAS = 2] = (process.env["OBSFLY_CLUSTER"] ?? "1x2").split("x").map(Number);
const OBJECTS =
  "SELECT count() FROM system.tables WHERE database IN ('logs', 'metrics', 'traces', 'profiles') AND name NOT LIKE '.inner%'";

/** On 24.8 in `soak`. */
const VERSIONS = byEffort<readonly Version[]>({ fast: ["25.8"], full: ["25.8"], soak: ["24.8", "25.8"] });

for (const version of canReplicate(VERSIONS)) {
  describe(`ObsFly on a cluster of ${SHARDS} x ${REPLICAS} servers of ClickHouse ${version}`, function () {
    this.timeout(600_000);
    let cluster: Cluster;
    let clients: readonly ClickHouseClient[];
    let stack: ObsflyCopy;

    before(async () => {
      cluster = await startCluster({ version, shards: SHARDS, replicas: REPLICAS });
      clients = cluster.nodes.map(({ url }) =>
        createClient({ url, clickhouse_settings: { distributed_product_mode: "global" } }),
      );
      stack = await copyObsfly({
        "clickhouse:url": cluster.nodes[0]?.url ?? "",
        "clickhouse:cluster": "main",
        "clickhouse:allowDrop": "true",
        "obsfly:cluster": "main",
      });
    });

    after(async () => {
      stack?.remove();
      await Promise.all((clients ?? []).map((client) => client.close()));
      await cluster?.stop();
    });

    it("comes up on every host, and is unchanged afterwards, also after a refresh", async () => {
      await stack.must(["up", "--yes", "--skip-preview"]);
      const counts = await Promise.all(clients.map((client) => selectValue(client, OBJECTS)));
      assert.ok(Number(counts[0]) > 40, `${counts[0]} objects`);
      assert.deepEqual(new Set(counts).size, 1, counts.join(", "));
      await stack.must(["preview", "--expect-no-changes"]);
      await stack.must(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
      await stack.must(["preview", "--expect-no-changes"]);
    });

    it("has replicated tables only, and rows come through the tables of all shards", async () => {
      const [first] = clients as [ClickHouseClient];
      const plain = "engine LIKE '%MergeTree' AND engine NOT LIKE 'Replicated%' AND database NOT IN ('system')";
      assert.equal(await selectValue(first, `SELECT count() FROM system.tables WHERE ${plain}`), "0");
      const connection = await openConnection({ url: cluster.nodes[0]?.url ?? "" });
      try {
        const end = Date.now();
        const written = await load(connection, { seed: 5, rows: 20_000, start: end - 3 * 3_600_000, end, batch: 3000 });
        const total = Object.values(written).reduce((sum, one) => sum + one, 0);
        for (const table of baseTables) await connection.command(`SYSTEM FLUSH DISTRIBUTED ${table}_all`);
        const counts = baseTables.map((table) => `(SELECT count() FROM ${table}_all)`);
        assert.equal(await selectValue(first, `SELECT ${counts.join(" + ")}`), String(total));
      } finally {
        await connection.close();
      }
    });

    it("every rollup equals the truth over all shards, read from any host", async () => {
      await allSynced();
      for (const client of clients) await refreshDependencies(client);
      await allSynced();
      const seen = new Set<string>();
      for (const client of clients) seen.add(JSON.stringify(await compareAll(client, true)));
      assert.equal(seen.size, 1);
    });

    async function allSynced(): Promise<void> {
      for (const client of clients) {
        const replicas = await select(client, "SELECT concat(database, '.', table) FROM system.replicas");
        for (const [table] of replicas) await client.command({ query: `SYSTEM SYNC REPLICA ${table}` });
      }
    }

    it("is gone from every host after destroy", async () => {
      await stack.must(["destroy", "--yes", "--skip-preview"]);
      for (const client of clients) assert.equal(await selectValue(client, OBJECTS), "0");
    });
  });
}
