import assert from "node:assert/strict";
import { rebuildTable } from "../../provider/src/apply/rebuild";
import { openCluster } from "../../provider/src/cluster/open";
import { openConnection } from "../../provider/src/connection/open";
import { ask } from "../apply/cluster-writers";
import { type Cluster, startCluster } from "../support/cluster";
import { TestProvider } from "../support/provider";
import { canReplicate } from "../support/versions";

const COLUMNS = { id: "UInt64", v: "String", at: "DateTime" };

for (const version of canReplicate(["25.8"])) {
  describe(`another key for a table on a cluster of two replicas of ClickHouse ${version}`, function () {
    this.timeout(120_000);
    let cluster: Cluster;
    let config: Record<string, string>;
    let counter = 0;
    let database: string;

    before(async () => {
      cluster = await startCluster({ version, sessionTimeout: 4000 });
      config = {
        "clickhouse:url": cluster.nodes[0]?.url ?? "",
        "clickhouse:cluster": "main",
        "clickhouse:nodes": cluster.nodes.map(({ url }) => url).join(","),
      };
    });

    beforeEach(async () => {
      database = `d${++counter}`;
      await on(0, `CREATE DATABASE ${database} ON CLUSTER main`);
    });

    after(() => cluster?.stop());

    const on = async (index: number, sql: string): Promise<void> => {
      await ask(cluster.nodes[index] as { url: string }, sql);
    };

    const table = async (engine = "ReplicatedMergeTree", rest = ""): Promise<void> => {
      await on(
        0,
        `CREATE TABLE ${database}.t ON CLUSTER main (id UInt64, v String, at DateTime) ENGINE = ${engine} ORDER BY id ${rest}`,
      );
      await on(0, `INSERT INTO ${database}.t VALUES (1, 'a', 0)`);
    };

    /** What the preview of another key says. */
    async function preview(args: object = {}, more: Record<string, string | undefined> = {}) {
      const entries = Object.entries({ ...config, ...more }).filter(([, value]) => value !== undefined);
      const provider = new TestProvider(Object.fromEntries(entries) as Record<string, string>);
      try {
        const live = { database, name: "t", cluster: "main", hosts: "all" };
        const olds = {
          ...live,
          statement: `CREATE TABLE ${database}.t (\`id\` UInt64, \`v\` String, \`at\` DateTime) ENGINE = ReplicatedMergeTree ORDER BY id`,
        };
        const declared = { columns: COLUMNS, engine: "ReplicatedMergeTree", orderBy: ["v", "id"], ...args };
        const { failures, inputs } = await provider.check("table", { name: "t", database, args: declared, olds });
        return { text: failures.join("\n"), plan: String(inputs?.["plan"] ?? "") };
      } finally {
        await provider.close();
      }
    }

    it("is planned with its cost, without a statement of it run", async () => {
      await table();
      const { plan, text } = await preview();
      assert.equal(text, "");
      assert.match(plan, /to copy: 1 row/);
      assert.match(plan, /inserts are refused .* for at most 15 s at a time/);
      const [row] = await ask<{ n: string }>(
        cluster.nodes[0] as { url: string },
        `SELECT toString(count()) AS n FROM system.tables WHERE database = '${database}'`,
      );
      assert.equal(row?.n, "1");
    });

    it("needs the addresses of all hosts, and says which are missing", async () => {
      await table();
      const none = await preview({}, { "clickhouse:nodes": undefined });
      assert.match(
        none.text,
        /clickhouse:nodes: expected the HTTP addresses of 127\.0\.0\.1, 127\.0\.1\.1, found none/,
      );
      const one = await preview({}, { "clickhouse:nodes": config["clickhouse:url"] });
      assert.match(one.text, /expected an address for each host of cluster main, found none for 127\.0\.1\.1/);
      const odd = await preview({}, { "clickhouse:nodes": "ch-1:8123" });
      assert.match(odd.text, /clickhouse:nodes: expected addresses such as .*found "ch-1:8123"/);
    });

    it("is refused for what is not replicated, or what was not tested", async () => {
      await table("MergeTree");
      assert.match(
        (await preview({ engine: "MergeTree" })).text,
        /only replicated tables are rebuilt, and it is MergeTree/,
      );
      await on(0, `DROP TABLE ${database}.t ON CLUSTER main SYNC`);
      await table("ReplicatedMergeTree", "TTL at + INTERVAL 1 DAY");
      assert.match((await preview({ ttl: "at + toIntervalDay(1)" })).text, /has a TTL.*not tested on a cluster/);
      await on(0, `DROP TABLE ${database}.t ON CLUSTER main SYNC`);
      await table();
      assert.match(
        (await preview({ engine: "ReplicatedReplacingMergeTree" })).text,
        /ReplicatedReplacingMergeTree is not rebuilt on a cluster, because this was tested for/,
      );
      assert.match(
        (await preview({ rebuild: "offline" })).text,
        /rebuild: expected "online" on a cluster, found "offline"/,
      );
    });

    it("is refused where the path in Keeper follows the name, which a copy does not have", async () => {
      const engine = "ReplicatedMergeTree('/clickhouse/{shard}/{database}/{table}', '{replica}')";
      await table(engine);
      assert.match((await preview({ engine })).text, /its path in Keeper has the macro \{database\} or \{table\}/);
    });

    it("is refused while the table is missing on a host", async () => {
      await table();
      await on(1, `DROP TABLE ${database}.t SYNC`);
      assert.match((await preview()).text, /\.t: does not exist on 127\.0\.1\.1\. Run `pulumi up --refresh` first/);
    });

    it("is refused where rows come in other ways than by clients and Distributed tables", async () => {
      await table();
      await on(0, `CREATE TABLE ${database}.s ON CLUSTER main (id UInt64, v String, at DateTime) ENGINE = Null`);
      await on(
        0,
        `CREATE MATERIALIZED VIEW ${database}.m ON CLUSTER main TO ${database}.t AS SELECT * FROM ${database}.s`,
      );
      assert.match(
        (await preview()).text,
        /views bring it rows from d\d+\.s on 127\.0\.0\.1, and on a cluster that was not tested/,
      );
      await on(0, `DROP VIEW ${database}.m ON CLUSTER main SYNC`);
      await on(
        1,
        `CREATE TABLE ${database}.b (id UInt64, v String, at DateTime) ENGINE = Buffer(${database}, t, 1, 1, 1, 1, 1, 1, 1)`,
      );
      assert.match((await preview()).text, /d\d+\.b \(Buffer\) on 127\.0\.1\.1 writes to it in the background/);
      await on(1, `DROP TABLE ${database}.b SYNC`);
      await on(
        0,
        `CREATE TABLE ${database}.e ON CLUSTER main (id UInt64, v String, at DateTime) ENGINE = Distributed(main, ${database}, t)`,
      );
      await on(
        0,
        `CREATE MATERIALIZED VIEW ${database}.n ON CLUSTER main ENGINE = Memory AS SELECT id FROM ${database}.e`,
      );
      assert.match((await preview()).text, /views read the Distributed table d\d+\.e over it/);
    });

    it("is refused where some users may see only a part of it", async () => {
      await table();
      await on(1, `CREATE ROW POLICY p ON ${database}.t USING id > 1 TO default`);
      const { text } = await preview();
      await on(1, `DROP ROW POLICY p ON ${database}.t`);
      assert.match(text, /some users may see only part of it on 127\.0\.1\.1/);
    });

    it("is planned on several shards", async () => {
      const wide = await startCluster({ version, shards: 2, replicas: 1, sessionTimeout: 4000 });
      try {
        const [first] = wide.nodes;
        assert.ok(first);
        await ask(first, `CREATE DATABASE ${database} ON CLUSTER main`);
        await ask(
          first,
          `CREATE TABLE ${database}.t ON CLUSTER main (id UInt64, v String, at DateTime) ENGINE = ReplicatedMergeTree ORDER BY id`,
        );
        await ask(first, `INSERT INTO ${database}.t VALUES (1, 'a', 0)`);
        const nodes = wide.nodes.map(({ url }) => url).join(",");
        const more = { "clickhouse:url": first.url, "clickhouse:nodes": nodes };
        const { plan, text } = await preview({}, more);
        assert.equal(text, "");
        assert.match(plan, /to copy: 1 row/);
      } finally {
        await wide.stop();
      }
    });

    it("gives way to inserts that make too many parts, and holds merges back again when it is resumed", async () => {
      await table("ReplicatedMergeTree", "SETTINGS parts_to_delay_insert = 10");
      const connection = await openCluster(await openConnection({ url: config["clickhouse:url"] ?? "" }), "main", {
        ...{ downHosts: "refuse", ddlTimeout: 15 },
        addresses: { login: {}, urls: cluster.nodes.map(({ url }) => url) },
      });
      const definition = (key: string): string =>
        `CREATE TABLE ${database}.t (\`id\` UInt64, \`v\` String, \`at\` DateTime) ENGINE = ReplicatedMergeTree ORDER BY ${key} SETTINGS parts_to_delay_insert = 10`;
      const request = { operation: "parts", from: definition("id"), to: definition("(v, id)") };
      const fences: string[] = [];
      let hasRows = false;
      const beforeStatement = async (sql: string): Promise<void> => {
        if (/ALTER TABLE \S+\.t MODIFY SETTING max_bytes_to_merge/.test(sql)) fences.push(sql);
        if (hasRows || !/SYSTEM SYNC REPLICA \S+\.t PULL/.test(sql)) return;
        // Behind the fence, where they are not merged.
        hasRows = true;
        for (let id = 2; id <= 9; id += 1) await on(0, `INSERT INTO ${database}.t VALUES (${id}, 'b', 0)`);
      };
      const hooks = { ...request, beforeStatement };
      try {
        await assert.rejects(
          rebuildTable(connection, hooks),
          /inserts made more parts on 127\.0\.0\.1 \(9 in a partition/,
        );
        assert.equal(fences.length, 2);
        await on(0, `OPTIMIZE TABLE ${database}.t FINAL SETTINGS alter_sync = 2`);
        const { rows } = await rebuildTable(connection, hooks);
        assert.equal(rows, 9);
        assert.equal(fences.length, 4);
      } finally {
        await connection.close();
      }
    });

    it("is refused while a host is down, which is named", async () => {
      await table();
      await cluster.nodes[1]?.kill();
      const down = await preview();
      assert.match(down.text, /127\.0\.1\.1/);
      await cluster.nodes[1]?.start();
    });
  });
}
