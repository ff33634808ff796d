import assert from "node:assert/strict";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild";
import { operations } from "../../provider/src/cli/operations";
import { openCluster } from "../../provider/src/cluster/open";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { type Cluster, startCluster } from "../support/cluster";
import { canReplicate, lastOrAll } from "../support/versions";

for (const version of lastOrAll(canReplicate(["24.8", "25.8"]))) {
  describe(`clickhouse-schema operations on two replicas of ClickHouse ${version}`, function () {
    this.timeout(240_000);
    let cluster: Cluster;
    let urls: string[];
    let operation: string;
    let counter = 0;
    let database: string;

    before(async () => {
      cluster = await startCluster({ version, sessionTimeout: 4000 });
      urls = cluster.nodes.map(({ url }) => url);
    });

    beforeEach(async () => {
      database = `o${++counter}`;
      operation = newOperation();
      await on(0, `CREATE DATABASE ${database} ON CLUSTER main`);
      await on(
        0,
        `CREATE TABLE ${database}.t ON CLUSTER main (a UInt64, b UInt64) ENGINE = ReplicatedMergeTree ORDER BY a`,
      );
      await on(0, `INSERT INTO ${database}.t VALUES (1, 2)`);
      await on(1, `INSERT INTO ${database}.t VALUES (3, 4)`);
    });

    after(() => cluster?.stop());

    async function on(index: number, sql: string): Promise<{ v: string }[]> {
      const connection = await openConnection({ url: urls[index] ?? "" });
      try {
        return await connection.query<{ v: string }>(sql);
      } finally {
        await connection.close();
      }
    }

    const create = (key: string): string =>
      `CREATE TABLE ${database}.t\n(\n    \`a\` UInt64,\n    \`b\` UInt64\n)\nENGINE = ReplicatedMergeTree\nORDER BY ${key}`;

    /** Begins a rebuild that ends before a statement. */
    async function cutOffAt(statement: RegExp): Promise<void> {
      const connection: Connection = await openCluster(await openConnection({ url: urls[0] ?? "" }), "main", {
        ...{ downHosts: "refuse", ddlTimeout: 15 },
        addresses: { login: {}, urls },
      });
      const beforeStatement = (sql: string): void => {
        if (statement.test(sql)) throw new Error("cut off");
      };
      const options = { from: create("a"), to: create("b"), operation, beforeStatement };
      await assert.rejects(rebuildTable(connection, options), /cut off/);
      await connection.close();
    }

    /** Through the second host: any of them knows what another one began. */
    async function run(options: object): Promise<{ code: number; text: string }> {
      let text = "";
      const keep = (more: string): void => {
        text += more;
      };
      const place = { url: urls[1] ?? "", cluster: "main", nodes: urls.join(",") };
      const code = await operations({ ...place, ...options }, { out: keep, error: keep });
      return { code, text };
    }

    async function state(): Promise<string[]> {
      const sql =
        `SELECT concat(sorting_key, ' ', toString((SELECT arraySort(groupArray(a)) FROM ${database}.t)), ' ', ` +
        `toString(match(create_table_query, 'retry_schema|max_bytes|dedup'))) AS v FROM system.tables WHERE database = '${database}' AND name = 't'`;
      return (await Promise.all([on(0, sql), on(1, sql)])).map(([row]) => row?.v ?? "");
    }

    for (const [moment, statement] of [
      ["while inserts are refused", /^(?!.*DROP).*EXCHANGE TABLES/],
      ["once the tables are exchanged", /SYSTEM RESTART REPLICA/],
      ["before anything is copied", /INSERT INTO \S+t__c0_/],
    ] as const) {
      it(`shows what was cut off ${moment}, on any host, and finishes it`, async () => {
        await cutOffAt(statement);
        const listed = await run({});
        assert.match(listed.text, new RegExp(`${operation}  cluster-rebuild of ${database}\\.t, since \\d{4}-`));
        assert.match(listed.text, new RegExp(`--resume ${operation}`));
        const { code, text } = await run({ resume: operation });
        assert.equal(code, 0, text);
        assert.match(text, /Finished cluster-rebuild/);
        assert.deepEqual(await state(), ["b [1,3] 0", "b [1,3] 0"]);
        const kept = `t__old_${operation}  ${database}\\.t as it was, 2 rows, .*; kept until \\d{4}-`;
        assert.match((await run({})).text, new RegExp(kept));
      });
    }

    it("goes back to the old table on all hosts, until the tables are exchanged", async () => {
      await cutOffAt(/^(?!.*DROP).*EXCHANGE TABLES/);
      const { code, text } = await run({ abort: operation });
      assert.equal(code, 0, text);
      assert.match(text, /Aborted cluster-rebuild/);
      assert.deepEqual(await state(), ["a [1,3] 0", "a [1,3] 0"]);
      const left = `SELECT toString(count()) AS v FROM system.tables WHERE database = '${database}' AND name LIKE 't\\_\\_%'`;
      for (const index of [0, 1]) assert.equal((await on(index, left))[0]?.v, "0");
      assert.doesNotMatch((await run({})).text, new RegExp(operation));
    });

    it("does not go back once they are", async () => {
      await cutOffAt(/SYSTEM RESTART REPLICA/);
      const { code, text } = await run({ abort: operation });
      assert.notEqual(code, 0);
      assert.match(text, /has exchanged the tables on some host or on all.*Resume it/);
      assert.equal((await run({ resume: operation })).code, 0);
      assert.deepEqual(await state(), ["b [1,3] 0", "b [1,3] 0"]);
    });

    it("says what it needs where no cluster or no addresses are named", async () => {
      await cutOffAt(/SYSTEM RESTART REPLICA/);
      const alone = await run({ resume: operation, cluster: undefined, nodes: undefined });
      assert.notEqual(alone.code, 0);
      assert.match(
        alone.text,
        /runs on the hosts of a cluster, and the connection is to .* alone\. Name the cluster and its hosts/,
      );
      const { text } = await run({ resume: operation, nodes: undefined });
      assert.match(text, /clickhouse:nodes: expected the HTTP addresses of/);
      assert.equal((await run({ resume: operation })).code, 0);
    });
  });
}
