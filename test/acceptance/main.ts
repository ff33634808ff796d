/** `npm run acceptance -- --url URL --cluster NAME`: what has to hold on any cluster, by the real CLI, in a database of its own. */
import { parseArgs } from "node:util";
import { exitWith } from "../../tools/pulumi-cli/run";
import { CHECKS } from "./checks";
import { type Target, World } from "./world";

const USAGE = `Runs the acceptance checks on a cluster, by the real CLI, in a database of its own (acceptance_…), which is dropped at the end.

Usage: npm run acceptance -- --url http://HOST:8123 --cluster NAME [--user NAME]

The password comes from CLICKHOUSE_PASSWORD. The user needs every right on acceptance_*, and CLUSTER and REMOTE.
`;

async function main(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const options = { url: { type: "string" }, cluster: { type: "string" }, user: { type: "string" } } as const;
  const { url, cluster, user } = parseArgs({ args: [...args], options }).values;
  if (url === undefined || cluster === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  const password = environment["CLICKHOUSE_PASSWORD"];
  return run({
    url,
    cluster,
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
  });
}

/** @returns 0 if all checks hold. */
async function run(target: Target): Promise<number> {
  const world = await World.open(target);
  console.log(`ClickHouse ${world.connection.version}, cluster ${target.cluster} of ${world.hosts} hosts`);
  let failures = 0;
  try {
    for (const { name, run } of CHECKS) {
      const started = Date.now();
      const problem = await run(world).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      if (problem !== undefined) failures += 1;
      const seconds = ((Date.now() - started) / 1000).toFixed(1);
      console.log(`${problem === undefined ? "ok     " : "failed "}${name} (${seconds} s)`);
      if (problem !== undefined) console.log(`    ${problem.slice(0, 3000).replaceAll("\n", "\n    ")}`);
    }
  } finally {
    const drop = `DROP DATABASE IF EXISTS ${world.database} ON CLUSTER \`${target.cluster}\` SYNC`;
    await world.connection.command(drop).catch((error: unknown) => console.log(`${drop}: ${error}`));
    await world.close();
  }
  console.log(`${CHECKS.length - failures} of ${CHECKS.length} hold`);
  return failures === 0 ? 0 : 1;
}

exitWith(main(process.argv.slice(2), process.env));
