/** Clients that insert into every node of a cluster, and what became of their rows. */
import type { Cluster, ClusterNode } from "../support/cluster";
import { sleep } from "../support/server";

/** A statement over HTTP. @returns its rows; rejects with the server's words. */
export async function ask<Row = Record<string, unknown>>(
  { url }: Pick<ClusterNode, "url">,
  sql: string,
  settings: Readonly<Record<string, string | number>> = {},
): Promise<Row[]> {
  const params = new URLSearchParams({ default_format: "JSONEachRow", wait_end_of_query: "1" });
  for (const [name, value] of Object.entries(settings)) params.set(name, String(value));
  const answer = await fetch(`${url}/?${params}`, { method: "POST", body: sql, signal: AbortSignal.timeout(120_000) });
  const body = await answer.text();
  if (!answer.ok) throw new Error(body.trim());
  return body.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line) as Row]));
}

/** How a client inserts: a block every 0.15 s, plainly, by async inserts. */
const KINDS = ["slow", "plain", "async"] as const;
/** Refusals of which nothing was written, so that a client inserts again: constraint, table missing for a moment, dropped. */
const REFUSED = /Code: (?:469|60|218|741)\b/;

/** What the clients insert. */
export interface Written {
  /** Table and, in brackets, columns. */
  readonly into: string;
  /** Values of a row, e.g. `7, 'seven'`. */
  readonly row: (id: number) => string;
  /** The same for an expression in place of the id. */
  readonly select: (id: string) => string;
}

const IDS: Written = { into: "d.t (id)", row: String, select: (id) => id };

/** Clients that insert rows with ids of their own into `d.t`, each to a random node that is up. */
export class ClusterWriters {
  private readonly written: Written;
  private readonly cluster: Cluster;
  private readonly acknowledged = new Set<number>();
  private readonly unsure = new Set<number>();
  private readonly loops: Promise<void>[];
  private next = 1;
  private isOver = false;

  constructor(cluster: Cluster, count: number, written = IDS) {
    this.cluster = cluster;
    this.written = written;
    this.loops = Array.from({ length: count }, (_, index) => this.loop(KINDS[index % KINDS.length] ?? "plain"));
  }

  /** Rows that a client was told are in. */
  get count(): number {
    return this.acknowledged.size;
  }

  /** Ends them, when their last inserts are through. */
  async stop(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.loops);
  }

  /** Compares what was acknowledged with the ids that a table has: those that are not there, and those that are there twice. */
  judge(ids: readonly number[]): { lost: number; doubled: number } {
    const found = new Set(ids);
    const lost = [...this.acknowledged].filter((id) => !found.has(id)).length;
    const known = ids.filter((id) => !this.unsure.has(id));
    return { lost, doubled: known.length - new Set(known).size };
  }

  private async loop(kind: (typeof KINDS)[number]): Promise<void> {
    while (!this.isOver) {
      const ids = Array.from({ length: 1 + Math.floor(Math.random() * 3) }, () => this.next++);
      while (!(await this.write(ids, kind))) await sleep(30);
      await sleep(20 + Math.random() * 60);
    }
  }

  /** @returns false if it was refused and nothing was written. */
  private async write(ids: readonly number[], kind: (typeof KINDS)[number]): Promise<boolean> {
    const up = this.cluster.nodes.filter((node) => node.up);
    const node = up[Math.floor(Math.random() * up.length)];
    if (node === undefined) return false;
    const { into, row, select } = this.written;
    const values = `INSERT INTO ${into} VALUES ${ids.map((id) => `(${row(id)})`).join(", ")}`;
    try {
      if (kind === "slow") {
        const blocks = { max_block_size: 1, min_insert_block_size_rows: 1, min_insert_block_size_bytes: 1 };
        const from = `(SELECT arrayJoin([${ids.join(", ")}]) + 0 * sleepEachRow(0.15) AS i)`;
        await ask(node, `INSERT INTO ${into} SELECT ${select("i")} FROM ${from}`, {
          ...blocks,
          max_threads: 1,
          max_insert_threads: 1,
        });
      } else await ask(node, values, kind === "async" ? { async_insert: 1, wait_for_async_insert: 1 } : {});
      for (const id of ids) this.acknowledged.add(id);
      return true;
    } catch (error) {
      if (REFUSED.test(String(error))) return false;
      // Some of it may be in; it is nobody's loss, since nobody was told.
      for (const id of ids) this.unsure.add(id);
      return true;
    }
  }
}
