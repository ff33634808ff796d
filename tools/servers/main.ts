import { serverCommand } from "../../provider/src/cli/server";
import { VERSIONS } from "../../provider/src/server/engines";
import { exitWith } from "../pulumi-cli/run";
import { fetchServers } from "./fetch-all";

/** `npm run servers`: fetches every version that the tests use, and ZooKeeper, once. `npm run servers -- VERSION` starts one. */
async function main(args: readonly string[]): Promise<number> {
  if (args.length === 0) {
    await fetchServers(log);
    log(`These can be started: ${VERSIONS.join(", ")}`);
    return 0;
  }
  const output = {
    out: (text: string): void => void process.stdout.write(text),
    error: (text: string): void => void process.stderr.write(text),
  };
  await serverCommand(output).name("npm run servers --").parseAsync(args, { from: "user" });
  return Number(process.exitCode ?? 0);
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

exitWith(main(process.argv.slice(2)));
