/** Program of a runner process: says that it is ready, does the job that it is told, and names each statement before it runs it. */
import { openConnection } from "../../provider/src/connection/open";
import { type Job, type ProtocolName, run } from "./protocols";

/** What the parent sends. */
export interface Order {
  readonly protocol: ProtocolName;
  readonly url: string;
  readonly job: Job;
}

async function doJob({ protocol, url, job }: Order): Promise<void> {
  const connection = await openConnection({ url });
  const beforeStatement = (sql: string): void => void process.send?.({ statement: sql });
  await run(protocol, connection, job, { beforeStatement });
  await connection.close();
}

process.once("message", (order: Order) =>
  doJob(order).then(
    () => process.exit(0),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  ),
);
process.send?.({ ready: true });
