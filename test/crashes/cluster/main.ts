/** `npm run crashes:cluster -- 25.8 1x2 [RUNS] [WORK] [ENGINE] [WHAT…]`: rebuilds on a cluster under writers, while hosts, runner and ZooKeeper are killed. */
import { versionNamed } from "../../../provider/src/server/engines";
import { exitWith } from "../../../tools/pulumi-cli/run";
import { random } from "../../apply/writers";
import { type Cluster, startCluster } from "../../support/cluster";
import { SEED } from "../../support/effort";
import { control } from "./control";
import {
  type ClusterRun,
  clusterRun,
  DISTURBANCES,
  type Disturbance,
  naive,
  SENT_AGAIN,
  underWriters,
  type Work,
} from "./run";
import { SHAPES, type Shape, type ShapeName } from "./shapes";

const RUNS = 10;
const CONTROLS = ["naive", "kills", "kills-receiver"];
const ENGINES = Object.keys(SHAPES);
const WORKS: readonly string[] = ["rebuild", "retarget"];
const KINDS: readonly string[] = [...DISTURBANCES, ...CONTROLS];
const HELP = `npm run crashes:cluster -- VERSION SHARDSxREPLICAS [RUNS] [WORK] [ENGINE] [WHAT…]
  RUNS  of each; ${RUNS} unless given
  WORK  rebuild (default), or retarget: a view of the table gets another target
  ENGINE  ${ENGINES.join(", ")}, of the table; MergeTree unless given
  WHAT  ${KINDS.join(", ")}; all of them unless given. naive is the manual way, which loses rows; kills is no
        rebuild at all, and kills-receiver the same where the hosts that store rows compute now64() in their defaults, which stores some twice`;

async function main([version = "", size = "", ...args]: readonly string[]): Promise<number> {
  const [, shards, replicas] = /^(\d+)x(\d+)$/.exec(size) ?? [];
  const count = Number(args.find((arg) => /^\d+$/.test(arg)) ?? RUNS);
  const engine = (args.find((arg) => ENGINES.includes(arg)) ?? "MergeTree") as ShapeName;
  const work = (args.find((arg) => WORKS.includes(arg)) ?? "rebuild") as Work;
  const wanted = args.filter((arg) => !/^\d+$/.test(arg) && arg !== engine && arg !== work);
  if (shards === undefined || wanted.some((arg) => !KINDS.includes(arg))) {
    console.error(HELP);
    return 2;
  }
  const cluster = await startCluster({
    ...{ version: versionNamed(version), shards: Number(shards), replicas: Number(replicas), sessionTimeout: 4000 },
    settings: SENT_AGAIN,
  });
  let failed = 0;
  try {
    for (const what of wanted.length > 0 ? wanted : KINDS) {
      const sums = { runs: 0, rows: 0, refused: 0, longestPause: 0, bad: 0 };
      for (let index = 0; index < count; index += 1) {
        const chance = random(SEED * 1000 + index);
        const run = await runOf(cluster, what, { shape: SHAPES[engine], work }, chance);
        const isGood = Object.keys(run.differences).length + run.wrong.length === 0;
        sums.runs += 1;
        sums.rows += run.rows;
        sums.refused += run.refused;
        sums.longestPause = Math.max(sums.longestPause, run.pause);
        if (!isGood) sums.bad += 1;
        console.log(isGood ? "ok   " : "WRONG", version, size, work, engine, what, index, JSON.stringify(run));
      }
      if (!CONTROLS.includes(what)) failed += sums.bad;
      console.log(`| ${version} ${size} | ${work} | ${engine} | ${what} | ${Object.values(sums).join(" | ")} |`);
    }
  } finally {
    await cluster.stop();
  }
  return failed > 0 ? 1 : 0;
}

async function runOf(
  cluster: Cluster,
  what: string,
  how: { readonly shape: Shape; readonly work: Work },
  chance: () => number,
): Promise<ClusterRun> {
  switch (what) {
    case "naive":
      return { ...(await underWriters(cluster, () => naive(cluster))), wrong: [], took: 0, at: "" };
    case "kills":
      return control(cluster, chance, "sender");
    case "kills-receiver":
      return control(cluster, chance, "receiver");
    default:
      return clusterRun(cluster, what as Disturbance, chance, how);
  }
}

exitWith(main(process.argv.slice(2)));
