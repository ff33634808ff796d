import { rebuildTable } from "../../../provider/src/apply/rebuild";
import { openCluster } from "../../../provider/src/cluster/open";
import { openConnection } from "../../../provider/src/connection/open";
import { doOnce, nameStatement } from "../runner-side";
import type { Order } from "./runner-process";

const COLUMNS = "`id` UInt64, `at` DateTime64(3) DEFAULT now64(3)";

async function doJob({ nodes, operation, url }: Order): Promise<void> {
  const connection = await openCluster(await openConnection({ url }), "main", {
    ...{ downHosts: "refuse", ddlTimeout: 15 },
    addresses: { login: {}, urls: nodes },
  });
  await rebuildTable(connection, {
    operation,
    // More than one shard is not proven: this is how it is to be.
    allow: ["unproven"],
    from: `CREATE TABLE d.t (${COLUMNS}) ENGINE = ReplicatedMergeTree ORDER BY id`,
    to: `CREATE TABLE d.t (${COLUMNS}) ENGINE = ReplicatedMergeTree ORDER BY (at, id)`,
    beforeStatement: nameStatement,
  });
  await connection.close();
}

doOnce(doJob);
