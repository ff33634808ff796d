/** Program of a runner process: rebuilds what its argument says, tells its parent how far it is, and waits to be killed. */
import { rebuildTable } from "../../provider/src/apply/rebuild/index";
import type { RebuildOptions } from "../../provider/src/apply/rebuild/options";
import { openConnection } from "../../provider/src/connection/open";

async function main(url: string, options: RebuildOptions): Promise<void> {
  const connection = await openConnection({ url });
  const beforeStatement = (sql: string): void => void process.send?.(sql);
  await rebuildTable(connection, { ...options, beforeStatement });
  await connection.close();
}

const [url = "", options = "{}"] = process.argv.slice(2);
main(url, JSON.parse(options) as RebuildOptions).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
