/** Clients that insert into every host of a cluster, directly and through a Distributed table, and what became of their rows. */

import { ask } from "../../apply/cluster-writers";
import type { Cluster, ClusterNode } from "../../support/cluster";
import { sleep } from "../../support/server";
import type { Shape } from "./shapes";

/** Repeats a question while the host comes up or has no Keeper. */
export async function persist<Row = Record<string, unknown>>(node: ClusterNode, sql: string): Promise<Row[]> {
  for (let left = 600; ; left -= 1) {
    try {
      return await ask<Row>(node, sql);
    } catch (error) {
      const passes =
        error instanceof TypeError || /Code: (?:159|209|210|225|242|279|341|517|999)\b/.test(String(error));
      if (!passes || left === 0) throw error;
      await sleep(100);
    }
  }
}

/** How a client inserts: a block every 0.15 s, plainly, by async inserts, through the Distributed table. */
const KINDS = ["slow", "plain", "async", "distributed"] as const;
type Kind = (typeof KINDS)[number];
/** Refusals of which nothing was written: constraint, table missing for a moment, dropped. */
const REFUSED = /Code: (?:469|60|218|741)\b/;

interface Owed {
  attempts: number;
  acknowledged: boolean;
}

/** What is wrong with the rows of a run; nothing where it is empty. */
export type Differences = Readonly<Record<string, number>>;

/** Clients that insert rows with ids of their own into `d.t` and `d.everywhere`, each to a random host that is up. */
export class Writers {
  private readonly cluster: Cluster;
  private readonly shape: Shape;
  private readonly owed = new Map<number, Owed>();
  private readonly loops: Promise<void>[];
  /** Refused inserts. */
  refused = 0;
  /** Longest time between two acknowledged inserts of one writer, in milliseconds. */
  pause = 0;
  private next = 1;
  private isOver = false;

  constructor(cluster: Cluster, shape: Shape, count: number) {
    this.cluster = cluster;
    this.shape = shape;
    this.loops = Array.from({ length: count }, (_, index) => this.loop(KINDS[index % KINDS.length] ?? "plain"));
  }

  /** Rows that a client was told are in. */
  get count(): number {
    return [...this.owed.values()].filter(({ acknowledged }) => acknowledged).length;
  }

  /** Ends them, when their last inserts are through. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.loops);
  }

  /** Compares what was acknowledged with what every replica of the table, and of its view's target, has. */
  async judge(): Promise<Differences> {
    const { nodes } = this.cluster;
    for (const node of nodes) await persist(node, "SYSTEM FLUSH DISTRIBUTED d.everywhere");
    const result: Record<string, number> = {};
    const count = (what: string): void => {
      result[what] = (result[what] ?? 0) + 1;
    };
    const queries = { "d.t": this.shape.ids, "d.seen": SEEN };
    for (const [table, ids] of Object.entries(queries)) {
      for (const node of nodes)
        for (const one of table === "d.t" ? [table] : [table, "d.later"])
          await persist(node, `SYSTEM SYNC REPLICA ${one} LIGHTWEIGHT`);
      const copies = await Promise.all(nodes.map((node) => idsOn(node, ids)));
      const shards = [...new Set(nodes.map(({ shard }) => shard))];
      for (const [id, { acknowledged, attempts }] of this.owed) {
        const perShard = shards.map((shard) =>
          nodes.flatMap((node, at) => (node.shard === shard ? [copies[at]?.get(id) ?? 0] : [])),
        );
        if (perShard.some((counts) => new Set(counts).size > 1)) count(`${table}: replicas differ`);
        const total = perShard.reduce((sum, counts) => sum + Math.max(...counts), 0);
        if (acknowledged && total === 0) count(`${table}: lost`);
        if (total > attempts) count(`${table}: doubled`);
      }
    }
    return result;
  }

  private async loop(kind: Kind): Promise<void> {
    let last = Date.now();
    while (!this.isOver) {
      const ids = Array.from(
        { length: kind === "distributed" ? 3 : 1 + Math.floor(Math.random() * 3) },
        () => this.next++,
      );
      for (const id of ids) this.owed.set(id, { attempts: 0, acknowledged: false });
      while (!(await this.write(ids, kind))) await sleep(20 + Math.random() * 40);
      this.pause = Math.max(this.pause, Date.now() - last);
      last = Date.now();
      await sleep(20 + Math.random() * 60);
    }
  }

  /** @returns false if it was refused and nothing was written. */
  private async write(ids: readonly number[], kind: Kind): Promise<boolean> {
    const up = this.cluster.nodes.filter((node) => node.up);
    const node = up[Math.floor(Math.random() * up.length)];
    if (node === undefined) return false;
    const owed = ids.flatMap((id) => this.owed.get(id) ?? []);
    for (const one of owed) one.attempts += 1;
    try {
      await send(node, this.shape, ids, kind);
      for (const one of owed) one.acknowledged = true;
      return true;
    } catch (error) {
      // Some of it may be in; it is nobody's loss, since nobody was told.
      if (!REFUSED.test(String(error))) return true;
      this.refused += 1;
      for (const one of owed) one.attempts -= 1;
      return false;
    }
  }
}

async function send(node: ClusterNode, shape: Shape, ids: readonly number[], kind: Kind): Promise<void> {
  const values = `VALUES ${ids.map((id) => `(${shape.values(String(id))})`).join(", ")}`;
  if (kind === "slow") {
    const blocks = { max_block_size: 1, min_insert_block_size_rows: 1, min_insert_block_size_bytes: 1 };
    const one = `SELECT arrayJoin([${ids.join(", ")}]) + 0 * sleepEachRow(0.15) AS one`;
    const select = `SELECT ${shape.values("one")} FROM (${one})`;
    await ask(node, `INSERT INTO d.t (${shape.inserted}) ${select}`, {
      ...blocks,
      max_threads: 1,
      max_insert_threads: 1,
    });
  } else if (kind === "distributed") await ask(node, `INSERT INTO d.everywhere (${shape.inserted}) ${values}`);
  else
    await ask(
      node,
      `INSERT INTO d.t (${shape.inserted}) ${values}`,
      kind === "async" ? { async_insert: 1, wait_for_async_insert: 1 } : {},
    );
}

/** A view that gets another target while rows come writes each to one of the two. */
const SEEN =
  "SELECT toUInt32(id) AS id, toUInt32(count()) AS c FROM (SELECT id FROM d.seen UNION ALL SELECT id FROM d.later) GROUP BY id";

async function idsOn(node: ClusterNode, query: string): Promise<Map<number, number>> {
  const rows = await persist<{ id: number; c: number }>(node, query);
  return new Map(rows.map(({ c, id }) => [id, c]));
}
