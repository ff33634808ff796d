/** One rebuild of a replicated table under writers on every host, while something is killed, frozen or held back. */
import { once } from "node:events";
import { newOperation } from "../../../provider/src/apply/rebuild";
import { ask } from "../../apply/cluster-writers";
import type { Cluster, ClusterNode } from "../../support/cluster";
import { sleep } from "../../support/server";
import { forkClusterRunner, type Order } from "./runner-process";
import { createTable, SHAPES, type Shape } from "./shapes";
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

/** A block that is sent again is left out by views, too; without this, servers that are killed store rows of a view's target twice. */
export const SENT_AGAIN = { deduplicate_blocks_in_dependent_materialized_views: 1 };

const WRITERS = 8;
/** Longest time that a runner may take, in milliseconds. */
const RUNNER_LIMIT = 240_000;

/**
 * Which host computes the defaults of what is inserted through the Distributed table: the one that takes the insert, or each that stores it. A host that
 * is killed may have stored what it did not acknowledge. It is sent again, and left out where it is the same block: `now64()` must not be computed anew.
 */
export type Defaults = "sender" | "receiver";

/** What is written to, and how. */
export interface Scene {
  readonly shape: Shape;
  readonly defaults: Defaults;
}

export const SCENE: Scene = { shape: SHAPES.MergeTree, defaults: "sender" };

/** A database with the table, a view into a replicated target, and a Distributed table. */
async function prepare({ nodes: [node] }: Cluster, { defaults, shape }: Scene): Promise<void> {
  if (node === undefined) return;
  const on = " ON CLUSTER main";
  await ask(node, `DROP DATABASE IF EXISTS d${on} SYNC`);
  await ask(node, `CREATE DATABASE d${on}`);
  await ask(node, createTable(shape, 0, "d.t", on));
  for (const target of ["seen", "later"])
    await ask(node, `CREATE TABLE d.${target}${on} (id UInt64) ENGINE = ReplicatedMergeTree ORDER BY id`);
  await ask(node, `CREATE MATERIALIZED VIEW d.mv${on} TO d.seen AS SELECT ${shape.each} FROM d.t`);
  const columns = defaults === "sender" ? shape.columns : "id UInt64";
  await ask(node, `CREATE TABLE d.everywhere${on} (${columns}) ENGINE = Distributed(main, d, t, rand())`);
}

/** What people do manually: copy on each shard, wait for the replicas, exchange, drop. */
export async function naive(cluster: Cluster): Promise<void> {
  const [node] = cluster.nodes;
  if (node === undefined) return;
  await ask(node, createTable(SHAPES.MergeTree, 1, "d.t__new", " ON CLUSTER main"));
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
  scene: Scene = SCENE,
): Promise<Omit<ClusterRun, "took" | "wrong" | "at"> & { readonly result: T }> {
  await prepare(cluster, scene);
  const writers = new Writers(cluster, scene.shape, WRITERS);
  await sleep(800);
  let result: T;
  try {
    result = await work();
    await sleep(500);
  } finally {
    await writers.stop();
  }
  const differences = await writers.judge();
  return { result, differences, rows: writers.count, refused: writers.refused, pause: writers.pause };
}

/** What is done under writers. */
export type Work = "rebuild" | "retarget";

/** @param chance random numbers from 0 to 1. */
export async function clusterRun(
  cluster: Cluster,
  what: Disturbance,
  chance: () => number,
  { shape = SHAPES.MergeTree, work = "rebuild" }: { readonly shape?: Shape; readonly work?: Work } = {},
): Promise<ClusterRun> {
  const operation = newOperation();
  let took = 0;
  const change = async (): Promise<{ at: string; wrong: string[] }> => {
    const start = Date.now();
    const order = await orderOf(cluster, operation, work, shape);
    const result = await disturbed(cluster, order, { what, chance, statements: work === "rebuild" ? 110 : 14 });
    took = Date.now() - start;
    return result;
  };
  const run = await underWriters(cluster, change, { shape, defaults: "sender" });
  const { result, ...rest } = run;
  return { ...rest, took, at: result.at, wrong: [...result.wrong, ...(await leftovers(cluster, work, shape))] };
}

async function orderOf({ nodes }: Cluster, operation: string, work: Work, { keys }: Shape): Promise<Order> {
  const [node = { url: "" }] = nodes;
  const [row] = await ask<{ text: string }>(
    node,
    `SELECT create_table_query AS text FROM system.tables WHERE database = 'd' AND name = '${work === "rebuild" ? "t" : "mv"}'`,
  );
  const from = row?.text ?? "";
  const to =
    work === "rebuild"
      ? from.replace(`ORDER BY ${keys[0]} `, `ORDER BY ${keys[1]} `)
      : from.replace("TO d.seen ", "TO d.later ");
  return { operation, url: node.url, nodes: nodes.map(({ url }) => url), from, to };
}

/** What happens, when, and at the latest at which statement of a host. */
interface Trouble {
  readonly what: Disturbance;
  readonly chance: () => number;
  readonly statements: number;
}

/** Runs it in processes of its own until one comes to its end; the first is disturbed. */
async function disturbed(
  cluster: Cluster,
  order: Order,
  { chance, statements, what }: Trouble,
): Promise<{ at: string; wrong: string[] }> {
  const statement = Math.floor(chance() * statements * cluster.nodes.length) / 2;
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
    // A runner that was killed, that has waited long enough, or that has refused to begin without a host, is followed by another one.
    if (!(what === "kill-runner" && code === null) && !/resumes|Run again|next run|nothing was done/.test(said))
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
async function leftovers({ nodes }: Cluster, work: Work, { keys }: Shape): Promise<string[]> {
  const found: string[] = [];
  for (const { url, ...node } of nodes) {
    const rows = await persist<{ name: string; statement: string; key: string }>(
      { url, ...node } as ClusterNode,
      "SELECT name, create_table_query AS statement, sorting_key AS key FROM system.tables WHERE database = 'd' ORDER BY name",
    );
    for (const { key, name, statement } of rows) {
      if (/retry_schema_change|CHECK 0|max_bytes_to_merge|replicated_deduplication_window/.test(statement))
        found.push(`${url}: ${statement}`);
      if (name === "mv" && work === "retarget" && !statement.includes("TO d.later")) found.push(`${url}: ${statement}`);
      if (name === "t" && work === "rebuild" && `(${key})` !== keys[1]) found.push(`${url}: the key is ${key}`);
      if (!/^(?:t|seen|later|mv|everywhere|_schema_ops|t__old_\w+)$/.test(name)) found.push(`${url}: ${name} was left`);
    }
  }
  return found;
}
