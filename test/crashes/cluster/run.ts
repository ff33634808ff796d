/** One rebuild of a replicated table under writers on every host, while something is killed, frozen or held back. */
import { once } from "node:events";
import { newOperation } from "../../../provider/src/apply/rebuild";
import { ask } from "../../apply/cluster-writers";
import type { Cluster, ClusterNode } from "../../support/cluster";
import { sleep } from "../../support/server";
import { forkClusterRunner, type Order } from "./runner-process";
import { type Differences, persist, Writers } from "./writers";

/** What happens during a run. `worker`: the host that copies; `replica`: another one. */
export const DISTURBANCES = [
  "nothing",
  "kill-replica",
  "kill-worker",
  "kill-runner",
  "freeze",
  "kill-zookeeper",
  "stop-fetches",
] as const;
export type Disturbance = (typeof DISTURBANCES)[number];

/** How a run went. */
export interface ClusterRun {
  readonly rows: number;
  readonly refused: number;
  /** Longest time that a writer waited, in milliseconds. */
  readonly pause: number;
  /** Whole duration of the rebuild, in milliseconds. */
  readonly took: number;
  readonly differences: Differences;
  /** What is wrong besides rows; empty when nothing is. */
  readonly wrong: readonly string[];
  /** Statement at which it was disturbed. */
  readonly at: string;
}

const WRITERS = 8;
const COLUMNS = "(id UInt64, at DateTime64(3) DEFAULT now64(3))";
/** Longest time that a runner may take, in milliseconds. */
const RUNNER_LIMIT = 240_000;

/** A database with the table, a view into a replicated target, and a Distributed table. */
export async function prepare({ nodes: [node] }: Cluster): Promise<void> {
  if (node === undefined) return;
  await ask(node, "DROP DATABASE IF EXISTS d ON CLUSTER main SYNC");
  await ask(node, "CREATE DATABASE d ON CLUSTER main");
  await ask(node, `CREATE TABLE d.t ON CLUSTER main ${COLUMNS} ENGINE = ReplicatedMergeTree ORDER BY id`);
  await ask(node, "CREATE TABLE d.seen ON CLUSTER main (id UInt64) ENGINE = ReplicatedMergeTree ORDER BY id");
  await ask(node, "CREATE MATERIALIZED VIEW d.mv ON CLUSTER main TO d.seen AS SELECT id FROM d.t");
  await ask(node, "CREATE TABLE d.everywhere ON CLUSTER main (id UInt64) ENGINE = Distributed(main, d, t, rand())");
}

/** What people do manually: copy on each shard, wait for the replicas, exchange, drop. */
export async function naive(cluster: Cluster): Promise<void> {
  const [node] = cluster.nodes;
  if (node === undefined) return;
  await ask(node, `CREATE TABLE d.t__new ON CLUSTER main ${COLUMNS} ENGINE = ReplicatedMergeTree ORDER BY (at, id)`);
  for (const worker of cluster.nodes.filter(({ replica }) => replica === 1))
    await ask(worker, "INSERT INTO d.t__new (id, at) SELECT id, at FROM d.t");
  for (const one of cluster.nodes) await ask(one, "SYSTEM SYNC REPLICA d.t__new");
  await ask(node, "EXCHANGE TABLES d.t AND d.t__new ON CLUSTER main");
  await ask(node, "DROP TABLE d.t__new ON CLUSTER main SYNC");
}

/** Writers on all hosts while something is done. @returns what is wrong afterwards. */
export async function underWriters<T>(
  cluster: Cluster,
  work: () => Promise<T>,
): Promise<Omit<ClusterRun, "took" | "wrong" | "at"> & { readonly result: T }> {
  await prepare(cluster);
  const writers = new Writers(cluster, WRITERS);
  await sleep(800);
  let result: T;
  try {
    result = await work();
    await sleep(500);
  } finally {
    await writers.stop();
  }
  const differences = await writers.judge(["d.t", "d.seen"]);
  return { result, differences, rows: writers.count, refused: writers.refused, pause: writers.pause };
}

/** @param chance random numbers from 0 to 1. */
export async function clusterRun(cluster: Cluster, what: Disturbance, chance: () => number): Promise<ClusterRun> {
  const operation = newOperation();
  let took = 0;
  const run = await underWriters(cluster, async () => {
    const start = Date.now();
    const result = await rebuild(cluster, operation, what, chance);
    took = Date.now() - start;
    return result;
  });
  const { result, ...rest } = run;
  return { ...rest, took, at: result.at, wrong: [...result.wrong, ...(await leftovers(cluster))] };
}

/** Runs the rebuild in processes of its own until one comes to its end; the first is disturbed. */
async function rebuild(
  cluster: Cluster,
  operation: string,
  what: Disturbance,
  chance: () => number,
): Promise<{ at: string; wrong: string[] }> {
  const order: Order = { operation, url: cluster.nodes[0]?.url ?? "", nodes: cluster.nodes.map(({ url }) => url) };
  const statement = Math.floor(chance() * 110 * cluster.nodes.length) / 2;
  const wrong: string[] = [];
  let at = "";
  for (let attempt = 1; attempt <= 4; attempt += 1) {
    const child = forkClusterRunner();
    let said = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
    const closed = once(child, "close") as Promise<[number | null]>;
    const timer = setTimeout(() => child.kill("SIGKILL"), RUNNER_LIMIT);
    let seen = 0;
    let disturbing: Promise<void> = Promise.resolve();
    child.on("message", (message: { readonly statement?: string; readonly ready?: boolean }) => {
      if (message.ready) child.send(order);
      if (message.statement === undefined || attempt > 1 || at !== "" || seen++ < statement) return;
      at = message.statement.replace(/\s+/g, " ").slice(0, 140);
      disturbing = sleep(chance() * 30).then(() => disturb(cluster, what, chance, () => child.kill("SIGKILL")));
    });
    const [code] = await closed;
    clearTimeout(timer);
    await disturbing;
    if (code === 0) return { at, wrong };
    // A runner that was killed, or that has waited long enough, is followed by another one.
    if (!(what === "kill-runner" && code === null) && !/resumes|Run again|next run/.test(said))
      wrong.push(said.slice(0, 1500));
  }
  wrong.push("not done after 4 runs");
  return { at, wrong };
}

async function disturb(
  cluster: Cluster,
  what: Disturbance,
  chance: () => number,
  killRunner: () => void,
): Promise<void> {
  const { nodes, zookeeper } = cluster;
  const replicas = nodes.filter(({ replica }) => replica > 1);
  const workers = nodes.filter(({ replica }) => replica === 1);
  const any = <T>(list: readonly T[]): T => list[Math.floor(chance() * list.length)] as T;
  const pause = 300 + chance() * 2200;
  switch (what) {
    case "nothing":
      return;
    case "kill-runner":
      return killRunner();
    case "kill-replica":
    case "kill-worker":
      return restarted(any(what === "kill-worker" ? workers : replicas), pause);
    case "freeze": {
      const node = any(nodes);
      node.freeze();
      await sleep(pause);
      return node.thaw();
    }
    case "kill-zookeeper":
      await zookeeper.kill();
      await sleep(pause);
      return zookeeper.start();
    case "stop-fetches": {
      const node = any(replicas);
      await persist(node, "SYSTEM STOP FETCHES");
      await sleep(pause);
      await persist(node, "SYSTEM START FETCHES");
    }
  }
}

async function restarted(node: ClusterNode, pause: number): Promise<void> {
  await node.kill();
  await sleep(pause);
  await node.start();
}

/** What refuses inserts, holds merges back or was not dropped, and hosts with another key. */
async function leftovers({ nodes }: Cluster): Promise<string[]> {
  const found: string[] = [];
  for (const { url, ...node } of nodes) {
    const rows = await persist<{ name: string; statement: string; key: string }>(
      { url, ...node } as ClusterNode,
      "SELECT name, create_table_query AS statement, sorting_key AS key FROM system.tables WHERE database = 'd' ORDER BY name",
    );
    for (const { key, name, statement } of rows) {
      if (/retry_schema_change|max_bytes_to_merge|replicated_deduplication_window/.test(statement))
        found.push(`${url}: ${statement}`);
      if (name === "t" && key !== "at, id") found.push(`${url}: the key is ${key}`);
      if (!/^(?:t|seen|mv|everywhere|_schema_ops|t__old_\w+)$/.test(name)) found.push(`${url}: ${name} was left`);
    }
  }
  return found;
}
