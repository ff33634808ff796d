import assert from "node:assert/strict";
import { openCluster } from "../../provider/src/cluster/open";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { Journal, readJournals } from "../../provider/src/operation/journal";
import { Runner } from "../../provider/src/operation/runner";
import { type Cluster, startCluster } from "../support/cluster";
import { canReplicate } from "../support/versions";

const OPTIONS = { downHosts: "refuse", ddlTimeout: 15 } as const;

for (const version of canReplicate(["24.8", "25.8"])) {
  describe(`the journal of operations on two replicas of ClickHouse ${version}`, function () {
    this.timeout(120_000);
    let cluster: Cluster;
    /** The cluster, through each of its hosts. */
    let through: Connection[];
    let counter = 0;
    let database: string;

    before(async () => {
      cluster = await startCluster({ version, sessionTimeout: 4000 });
      through = await Promise.all(cluster.nodes.map(({ url }) => open(url)));
    });

    beforeEach(async () => {
      database = `j${++counter}`;
      await at(0).command(`CREATE DATABASE ${database}`);
    });

    after(async () => {
      await Promise.all(through?.map((one) => one.close()) ?? []);
      await cluster?.stop();
    });

    async function open(url: string, urls: readonly string[] = []): Promise<Connection> {
      return openCluster(await openConnection({ url }), "main", { ...OPTIONS, addresses: { login: {}, urls } });
    }

    function at(index: number): Connection {
      const one = through[index];
      assert.ok(one);
      return one;
    }

    const journalAt = (index: number, operation = "a1"): Promise<Journal> =>
      Journal.open(new Runner(at(index), operation), database);

    it("is one table for all hosts: what a runner on one writes is what a runner on another reads at once", async () => {
      const journal = await journalAt(0);
      for (let turn = 0; turn < 20; turn += 1) {
        await journal.set("line", turn);
        assert.equal((await readJournals(at(1), database)).get("a1")?.get("line"), turn);
      }
      const [row] = await at(1).query<{ engine: string }>(
        `SELECT engine FROM system.tables WHERE database = '${database}' AND name = '_schema_ops'`,
      );
      assert.equal(row?.engine, "ReplicatedReplacingMergeTree");
    });

    it("belongs to the runner that has taken it last, on whichever host", async () => {
      const [one, other] = [await journalAt(0), await journalAt(1)];
      await one.take();
      await one.assertOwner();
      await other.take();
      await assert.rejects(one.assertOwner(), /another process has taken it over/);
      await other.assertOwner();
    });

    it("comes to a host that has lost it, as the same table", async () => {
      await (await journalAt(0)).set("line", 1);
      const [, second] = cluster.nodes;
      const host = await openConnection({ url: second?.url ?? "" });
      await host.command(`DROP TABLE ${database}._schema_ops SYNC`);
      await (await journalAt(0)).set("line", 2);
      const rows = await host.query(`SELECT key FROM ${database}._schema_ops WHERE key = 'line'`);
      assert.equal(rows.length, 2);
      await host.close();
    });

    it("is refused where a host has a journal of its own, which is named", async () => {
      const [{ url } = { url: "" }] = cluster.nodes;
      const host = await openConnection({ url });
      await Journal.open(new Runner(host, "b1"), database);
      await host.close();
      await assert.rejects(
        journalAt(0),
        /one journal of operations for all hosts.*127\.0\.0\.1 \(ReplacingMergeTree\)/,
      );
    });

    it("hosts are reached one by one only at addresses that are theirs", async () => {
      const urls = cluster.nodes.map(({ url }) => url);
      const [first = "", second = ""] = urls;
      const hosts = async (...given: string[]): Promise<string[]> => {
        const connection = await open(first, given);
        try {
          return ((await connection.hosts?.()) ?? []).map((one) => `${one.host.name} ${one.connection.url}`);
        } finally {
          await connection.close();
        }
      };
      assert.deepEqual(
        await hosts(second, first),
        cluster.nodes.map(({ host, url }) => `${host} ${url}`),
      );
      await assert.rejects(hosts(), /expected the HTTP addresses of 127\.0\.0\.1, 127\.0\.1\.1, found none/);
      await assert.rejects(
        hosts(first),
        /expected an address for each host of cluster main, found none for 127\.0\.1\.1:\d+/,
      );
      await assert.rejects(
        hosts(first, second, second),
        /one address for each of the 2 hosts of cluster main, found 3/,
      );
      await assert.rejects(hosts(first, "http://127.0.0.1:1"), /clickhouse:nodes: .*127\.0\.0\.1:1/);
    });

    it("waits for a host that is down, and then has the line once", async () => {
      const journal = await journalAt(0);
      await journal.set("line", 1);
      await cluster.nodes[1]?.kill();
      const written = journal.set("line", 2);
      const [back] = await Promise.all([cluster.nodes[1]?.start(), written]);
      assert.equal(back, undefined);
      await journal.set("line", 3);
      assert.equal((await readJournals(at(1), database)).get("a1")?.get("line"), 3);
      const rows = await at(1).query(`SELECT key, ver FROM ${database}._schema_ops WHERE key = 'line'`);
      assert.equal(rows.length, 3);
    });
  });
}
