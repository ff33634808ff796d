/** Program of a runner process: says that it is ready, does the job that it is told, and names each statement before it runs it. */
import { openConnection } from "../../provider/src/connection/open";
import { type Job, type ProtocolName, run } from "./protocols";
import { doOnce, nameStatement } from "./runner-side";

/** What the parent sends. */
export interface Order {
  readonly protocol: ProtocolName;
  readonly url: string;
  readonly job: Job;
}

async function doJob({ protocol, url, job }: Order): Promise<void> {
  const connection = await openConnection({ url });
  await run(protocol, connection, job, { beforeStatement: nameStatement });
  await connection.close();
}

doOnce(doJob);
