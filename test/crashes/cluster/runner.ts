import { rebuildTable } from "../../../provider/src/apply/rebuild";
import { applyViewStep } from "../../../provider/src/apply/views";
import { openCluster } from "../../../provider/src/cluster/open";
import { openConnection } from "../../../provider/src/connection/open";
import { parseCreate } from "../../../provider/src/sql/parse";
import { doOnce, nameStatement } from "../runner-side";
import type { Order } from "./runner-process";

async function doJob({ from, nodes, operation, to, url }: Order): Promise<void> {
  const connection = await openCluster(await openConnection({ url }), "main", {
    ...{ downHosts: "refuse", ddlTimeout: 15 },
    addresses: { login: {}, urls: nodes },
  });
  const [old, wanted] = [parseCreate(from), parseCreate(to)];
  if (old.kind === "materializedView" && wanted.kind === "materializedView")
    await applyViewStep(
      connection,
      { kind: "retarget-view", from: old, to: wanted },
      { operation, beforeStatement: nameStatement },
    );
  // What is not proven is run here until it is.
  else await rebuildTable(connection, { operation, allow: ["unproven"], from, to, beforeStatement: nameStatement });
  await connection.close();
}

doOnce(doJob);
