/** What hosts that are killed do to the rows of clients alone, without a rebuild. */
import type { Cluster, ClusterNode } from "../../support/cluster";
import { sleep } from "../../support/server";
import { type ClusterRun, type Defaults, SCENE, underWriters } from "./run";

/** Hosts that are killed in one run. */
const KILLS = 6;

/** Kills one of the hosts after the other, under writers. */
export async function control(cluster: Cluster, chance: () => number, defaults: Defaults): Promise<ClusterRun> {
  const start = Date.now();
  const { result: _, ...run } = await underWriters(
    cluster,
    async () => {
      const workers = cluster.nodes.filter(({ replica }) => replica === 1);
      for (let kill = 0; kill < KILLS; kill += 1) {
        const node = workers[Math.floor(chance() * workers.length)] as ClusterNode;
        await node.kill();
        await sleep(300 + chance() * 2200);
        await node.start();
        await sleep(chance() * 1500);
      }
    },
    { ...SCENE, defaults },
  );
  return { ...run, took: Date.now() - start, wrong: [], at: "" };
}
