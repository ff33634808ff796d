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
  // What is not proven is run here until it is.
  const how = { operation, allow: ["unproven"], beforeStatement: nameStatement };
  if (old.kind === "materializedView" && wanted.kind === "materializedView")
    await applyViewStep(connection, { kind: "retarget-view", from: old, to: wanted }, how);
  else await rebuildTable(connection, { ...how, from, to });
  await connection.close();
}

doOnce(doJob);
