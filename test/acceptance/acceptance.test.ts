import { type Cluster, startCluster } from "../support/cluster";
import { canReplicate } from "../support/versions";
import { CHECKS } from "./checks";
import { World } from "./world";

for (const version of canReplicate(["25.8"])) {
  describe(`the acceptance checks, on two replicas of ClickHouse ${version}`, function () {
    this.timeout(300_000);
    let cluster: Cluster;
    let world: World;

    before(async () => {
      cluster = await startCluster({ version });
      world = await World.open({ url: cluster.nodes[0]?.url ?? "", cluster: "main" });
    });

    after(async () => {
      await world?.close();
      await cluster?.stop();
    });

    for (const { name, run } of CHECKS) it(name, () => run(world));
  });
}
