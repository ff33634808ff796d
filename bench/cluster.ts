/**
 * A stack of many tables on a cluster of two shards and two replicas, beside the same stack on one server, and beside a plain loop of the same
 * statements on the same cluster.
 *
 *     npx ts-node -T bench/cluster.ts [--tables 300] [--rounds 3]
 *
 * Times are medians; the table goes to stdout, progress to stderr. Exits with 1 when a limit is missed.
 */
import { randomUUID } from "node:crypto";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { onCluster } from "../provider/src/sql/on-cluster";
import { startCluster } from "../test/support/cluster";
import { createProject, type Project } from "../test/support/pulumi";
import { startServer } from "../test/support/server";
import { median } from "./report";
import { ask, countQueries } from "./server";
import { EMPTY, OURS } from "./variants";

/** What the issue that asked for clusters promises: the same on four hosts, and its queries; an `up` beside a loop, without what Pulumi takes itself. */
const LIMITS = { ratio: 1.3, queries: 10, up: 1.2 };
const VERSION = "25.8";
const DATABASE = "bench";

const { values: options } = parseArgs({
  options: { tables: { type: "string", default: "300" }, rounds: { type: "string", default: "3" } },
});
const [TABLES, ROUNDS] = [Number(options.tables), Number(options.rounds)];

/** Runs the CLI. @returns seconds. */
async function timed(project: Project, args: readonly string[]): Promise<number> {
  return seconds(() => project.must(args));
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** What the stack has created, by a client that sends one statement after the other. @returns seconds. */
async function loop(url: string, project: Project): Promise<number> {
  const { deployment } = await project.state();
  const statements = (deployment.resources ?? []).flatMap(({ outputs }) => {
    const text = outputs?.["statement"];
    if (typeof text !== "string") return [];
    const renamed = text.replaceAll(`${DATABASE}.`, "looped.").replace(/^(CREATE DATABASE) \S+/, "$1 looped");
    return [onCluster(renamed, { cluster: "main", uuid: randomUUID() }) ?? renamed];
  });
  const took = await seconds(async () => {
    for (const sql of statements) await ask(url, sql);
  });
  const made = Number(await ask(url, "SELECT count() FROM system.tables WHERE database = 'looped'"));
  if (made !== TABLES) throw new Error(`the loop has created ${made} tables`);
  await ask(url, "DROP DATABASE looped ON CLUSTER main SYNC");
  return took;
}

interface Row {
  readonly figure: string;
  readonly ours: string;
  readonly other: string;
  readonly value: number;
  readonly limit: number;
}

async function main(): Promise<void> {
  const before = loadavg()[0];
  const cluster = await startCluster({ version: VERSION, shards: 2, replicas: 2 });
  const server = await startServer({ version: VERSION });
  const url = cluster.nodes[0]?.url ?? "";
  const program = OURS.program(DATABASE, TABLES);
  const replicated = program.replace("database: db,", 'database: db, engine: "ReplicatedMergeTree",');
  const projects: Project[] = [];
  const project = async (text: string, config: Readonly<Record<string, string>>): Promise<Project> => {
    const one = await createProject({ program: text, config });
    projects.push(one);
    return one;
  };
  try {
    const many = await project(replicated, { "clickhouse:url": url, "clickhouse:cluster": "main" });
    const one = await project(program, { "clickhouse:url": server.url });
    const empty = await project(EMPTY.program(DATABASE, TABLES), { "clickhouse:url": server.url });
    const up = ["up", "--yes", "--skip-preview"];
    const ups = { ours: await timed(many, up), loop: await loop(url, many), empty: await timed(empty, up) };
    console.error("up", JSON.stringify(ups));
    await timed(one, up);
    const rows = [upRow(ups)];
    const phases = { "preview, no change": ["preview", "--expect-no-changes"], refresh: ["refresh", "--yes"] };
    for (const [phase, args] of Object.entries(phases)) rows.push(...(await sideBySide(phase, args, url, many, one)));
    console.log(
      `${TABLES} tables, ${cpus().length} CPUs, load ${before?.toFixed(1)} before and ${loadavg()[0]?.toFixed(1)} after\n`,
    );
    console.log("| figure | 2 × 2 | beside | | limit | verdict |\n|---|--:|--:|--:|--:|---|");
    for (const { figure, limit, other, ours, value } of rows) {
      const verdict = value <= limit ? "met" : "**missed**";
      console.log(`| ${figure} | ${ours} | ${other} | ${value.toFixed(2)} | ${limit} | ${verdict} |`);
      if (value > limit) process.exitCode = 1;
    }
  } finally {
    for (const one of projects) one.remove();
    await cluster.stop();
    await server.stop();
  }
}

function upRow({ empty, loop: plain, ours }: Readonly<Record<"ours" | "loop" | "empty", number>>): Row {
  return {
    figure: "`up` beside a loop of its statements, without what an empty provider takes",
    ours: `${ours.toFixed(1)} s`,
    other: `${plain.toFixed(1)} s and ${empty.toFixed(1)} s`,
    value: (ours - empty) / plain,
    limit: LIMITS.up,
  };
}

async function sideBySide(
  phase: string,
  args: readonly string[],
  url: string,
  many: Project,
  one: Project,
): Promise<Row[]> {
  const [ours, other, ratios]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    const pair = { many: 0, one: 0 };
    // Each first in turn, so that what else the machine does falls on both.
    for (const which of round % 2 === 0 ? (["many", "one"] as const) : (["one", "many"] as const))
      pair[which] = await timed(which === "many" ? many : one, args);
    ours.push(pair.many);
    other.push(pair.one);
    ratios.push(pair.many / pair.one);
    console.error(phase, JSON.stringify(pair));
  }
  const queries = await countQueries(url, () => many.must(args));
  const [shown, beside] = [ours, other].map((times) => `${median(times).toFixed(2)} s`);
  return [
    {
      figure: `${phase}, beside one server`,
      ours: shown ?? "",
      other: beside ?? "",
      value: median(ratios),
      limit: LIMITS.ratio,
    },
    { figure: `queries of it`, ours: String(queries), other: "", value: queries, limit: LIMITS.queries },
  ];
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
