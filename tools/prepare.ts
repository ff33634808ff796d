/** Fetches or builds what tests need, once, before they run side by side: the Pulumi CLI, and the servers. */
import { ensurePulumi } from "./pulumi-cli";
import { exitWith } from "./pulumi-cli/run";
import { fetchServers } from "./servers/fetch-all";

async function main(): Promise<number> {
  const log = (line: string): void => void process.stderr.write(`${line}\n`);
  await ensurePulumi({ log });
  try {
    await fetchServers(log);
  } catch (error) {
    // Outside CI the tests themselves say which servers are missing.
    if (process.env["CI"] !== undefined) throw error;
    log(error instanceof Error ? error.message : String(error));
  }
  return 0;
}

exitWith(main());
