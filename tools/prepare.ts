/** Fetches or builds what tests need, once, before they run side by side: the Pulumi CLI, releases of Node, and the servers. */
import { ensureNode, RELEASE_LINES } from "./node-versions";
import { ensurePulumi } from "./pulumi-cli";
import { exitWith } from "./pulumi-cli/run";
import { fetchServers } from "./servers/fetch-all";

async function main(): Promise<number> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  await ensurePulumi({ log });
  try {
    for (const line of RELEASE_LINES) await ensureNode(line, log);
    await fetchServers(log);
  } catch (error) {
    // Outside CI the tests themselves say what is missing.
    if (process.env["CI"] !== undefined) throw error;
    log(error instanceof Error ? error.message : String(error));
  }
  return 0;
}

exitWith(main());
