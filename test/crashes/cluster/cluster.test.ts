import assert from "node:assert/strict";
import { random } from "../../apply/writers";
import { type Cluster, startCluster } from "../../support/cluster";
import { byEffort, SEED } from "../../support/effort";
import { canReplicate } from "../../support/versions";
import { clusterRun, DISTURBANCES, type Disturbance, naive, SENT_AGAIN, underWriters } from "./run";

/** What is run on each version on each change; the rest by `npm run crashes:cluster`, and in `soak`. */
const RUNS = byEffort<Readonly<Record<string, readonly Disturbance[]>>>({
  fast: { "25.8": ["kill-worker"] },
  full: { "24.8": ["kill-runner"], "25.8": ["kill-worker"] },
  soak: { "24.8": DISTURBANCES, "25.8": DISTURBANCES },
});
/** The manual way loses rows in each run where it was tried; a run without a loss is luck. */
const NAIVE_RUNS = 3;

for (const version of canReplicate(["24.8", "25.8"])) {
  const disturbances = RUNS[version] ?? [];
  if (disturbances.length === 0) continue;
  // The newer one with two shards: rows come to a shard from others.
  const shards = version === "25.8" ? 2 : 1;
  describe(`clients on all hosts of ${shards} x 2 servers of ClickHouse ${version}, while a table is rebuilt`, function () {
    this.timeout(400_000);
    let cluster: Cluster;

    before(async () => {
      cluster = await startCluster({ version, shards, sessionTimeout: 4000, settings: SENT_AGAIN });
    });

    after(() => cluster?.stop());

    for (const [index, what] of disturbances.entries()) {
      it(`lose nothing and double nothing: ${what}`, async () => {
        const run = await clusterRun(cluster, what, random(SEED * 1000 + index));
        assert.deepEqual({ ...run.differences, wrong: run.wrong }, { wrong: [] }, JSON.stringify(run));
        assert.ok(run.rows > 50, `${run.rows} rows`);
      });
    }

    if (version !== "25.8") return;

    it("lose rows by the manual way: copy, SYNC REPLICA, EXCHANGE ON CLUSTER, DROP", async () => {
      const lost: number[] = [];
      while (lost.length < NAIVE_RUNS && !lost.some((rows) => rows > 0)) {
        const { differences } = await underWriters(cluster, () => naive(cluster));
        lost.push(differences["d.t: lost"] ?? 0);
      }
      assert.ok((lost.at(-1) ?? 0) > 0, `lost ${lost.join(", ")}: the harness does not show it`);
    });
  });
}
