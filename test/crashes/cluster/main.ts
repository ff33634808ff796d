/** `npm run crashes:cluster -- 25.8 1x2 [RUNS] [WHAT…]`: rebuilds on a cluster under writers, while hosts, runner and ZooKeeper are killed. */
import { versionNamed } from "../../../provider/src/server/engines";
import { exitWith } from "../../../tools/pulumi-cli/run";
import { random } from "../../apply/writers";
import { startCluster } from "../../support/cluster";
import { SEED } from "../../support/effort";
import { clusterRun, DISTURBANCES, type Disturbance, naive, underWriters } from "./run";

const RUNS = 10;
const KINDS: readonly string[] = [...DISTURBANCES, "naive"];
const HELP = `npm run crashes:cluster -- VERSION SHARDSxREPLICAS [RUNS] [WHAT…]
  RUNS  of each; ${RUNS} unless given
  WHAT  ${KINDS.join(", ")}; all of them unless given. naive is the manual way, which loses rows`;

async function main([version = "", size = "", ...args]: readonly string[]): Promise<number> {
  const [, shards, replicas] = /^(\d+)x(\d+)$/.exec(size) ?? [];
  const count = Number(args.find((arg) => /^\d+$/.test(arg)) ?? RUNS);
  const wanted = args.filter((arg) => !/^\d+$/.test(arg));
  if (shards === undefined || wanted.some((arg) => !KINDS.includes(arg))) {
    console.error(HELP);
    return 2;
  }
  const cluster = await startCluster({
    ...{ version: versionNamed(version), shards: Number(shards), replicas: Number(replicas), sessionTimeout: 4000 },
  });
  let failed = 0;
  try {
    for (const what of wanted.length > 0 ? wanted : KINDS) {
      const sums = { runs: 0, rows: 0, refused: 0, longestPause: 0, bad: 0 };
      for (let index = 0; index < count; index += 1) {
        const chance = random(SEED * 1000 + index);
        const run =
          what === "naive"
            ? { ...(await underWriters(cluster, () => naive(cluster))), wrong: [], took: 0, at: "" }
            : await clusterRun(cluster, what as Disturbance, chance);
        const isGood = Object.keys(run.differences).length + run.wrong.length === 0;
        sums.runs += 1;
        sums.rows += run.rows;
        sums.refused += run.refused;
        sums.longestPause = Math.max(sums.longestPause, run.pause);
        if (!isGood) sums.bad += 1;
        console.log(isGood ? "ok   " : "WRONG", version, size, what, index, JSON.stringify(run));
      }
      if (what !== "naive") failed += sums.bad;
      console.log(`| ${version} ${size} | ${what} | ${Object.values(sums).join(" | ")} |`);
    }
  } finally {
    await cluster.stop();
  }
  return failed > 0 ? 1 : 0;
}

exitWith(main(process.argv.slice(2)));
