import assert from "node:assert/strict";
import { applyViewStep, previewViewStep } from "../../provider/src/apply/views";
import { openCluster } from "../../provider/src/cluster/open";
import { openConnection } from "../../provider/src/connection/open";
import { parseCreate } from "../../provider/src/sql/parse";
import { ask } from "../apply/cluster-writers";
import { type Cluster, startCluster } from "../support/cluster";
import { TestProvider, urnOf } from "../support/provider";
import { canReplicate } from "../support/versions";

for (const version of canReplicate(["25.8"])) {
  describe(`another target for a view on a cluster of two replicas of ClickHouse ${version}`, function () {
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

    const on = (index: number, sql: string): Promise<{ v: string }[]> =>
      ask<{ v: string }>(cluster.nodes[index] as { url: string }, sql);

    /** The value of a query on each host. */
    const onEach = async (sql: string): Promise<string[]> => {
      const rows = await Promise.all(cluster.nodes.map((_, index) => on(index, `SELECT toString((${sql})) AS v`)));
      return rows.map(([row]) => row?.v ?? "");
    };

    async function objects(source = "ReplicatedMergeTree ORDER BY id", more = ""): Promise<void> {
      const all = "ON CLUSTER main (id UInt64) ENGINE =";
      await on(0, `CREATE TABLE ${database}.t ${all} ${source}`);
      for (const name of ["a", "b"])
        await on(0, `CREATE TABLE ${database}.${name} ${all} ReplicatedMergeTree ORDER BY id`);
      await on(0, `CREATE TABLE ${database}.everywhere ${all} Distributed(main, ${database}, t)`);
      await on(
        0,
        `CREATE MATERIALIZED VIEW ${database}.mv ON CLUSTER main ${more} TO ${database}.a AS SELECT id FROM ${database}.t`,
      );
    }

    const definition = (target: string): string =>
      `CREATE MATERIALIZED VIEW ${database}.mv TO ${database}.${target} (\`id\` UInt64) AS SELECT id FROM ${database}.t`;

    /** What the preview of the other target says, and how it runs. */
    async function change(more: Record<string, string | undefined> = {}, args: object = {}) {
      const entries = Object.entries({ ...config, ...more }).filter(([, value]) => value !== undefined);
      const provider = new TestProvider(Object.fromEntries(entries) as Record<string, string>);
      const olds = { database, name: "mv", cluster: "main", hosts: "all", statement: definition("a") };
      const declared = { query: `SELECT id FROM ${database}.t`, to: `${database}.b`, allow: ["unproven"], ...args };
      const dependsOn = ["t", "a", "b"].map((name) => urnOf("table", name, database));
      const request = { name: "mv", database, args: declared, olds, dependsOn };
      const { failures, inputs = {} } = await provider.check("materializedView", request);
      return { provider, olds, inputs, text: failures.join("\n"), plan: String(inputs["plan"] ?? "") };
    }

    async function refusal(more?: Record<string, string | undefined>, args?: object): Promise<string> {
      const { provider, text } = await change(more, args);
      await provider.close();
      return text;
    }

    it("comes to both hosts, and the Distributed table and inserts are as before", async () => {
      await objects();
      await on(0, `INSERT INTO ${database}.t VALUES (1)`);
      const { inputs, olds, plan, provider, text } = await change();
      assert.equal(text, "");
      assert.match(plan, /if this run dies meanwhile, inserts stay refused until the next one/);
      assert.match(plan, /inserts are refused \(error 469/);
      await provider.of("materializedView").update("id", olds, inputs);
      await provider.close();
      await on(1, `INSERT INTO ${database}.everywhere SETTINGS distributed_foreground_insert = 1 VALUES (2)`);
      await on(0, `INSERT INTO ${database}.t VALUES (3)`);
      for (const index of [0, 1])
        for (const name of ["a", "b"]) await on(index, `SYSTEM SYNC REPLICA ${database}.${name}`);
      assert.deepEqual(await onEach(`SELECT groupArray(id) FROM ${database}.a`), ["[1]", "[1]"]);
      assert.deepEqual(await onEach(`SELECT arraySort(groupArray(id)) FROM ${database}.b`), ["[2,3]", "[2,3]"]);
      const names = `SELECT groupArray(name) FROM (SELECT name FROM system.tables WHERE database = '${database}' AND name != '_schema_ops' ORDER BY name)`;
      const [first] = await onEach(names);
      assert.equal(first, "['a','b','everywhere','mv','t']");
      assert.equal((await onEach(names))[1], first);
    });

    it("is refused unless it is allowed: it was not run with hosts killed", async () => {
      await objects();
      assert.match(
        await refusal({}, { allow: [] }),
        /another target for a view was not run with hosts killed meanwhile/,
      );
    });

    it("is refused without the addresses of the hosts", async () => {
      await objects();
      assert.match(
        await refusal({ "clickhouse:nodes": undefined }),
        /clickhouse:nodes: expected the HTTP addresses of/,
      );
    });

    it("is refused where its rows do not come from one replicated table", async () => {
      await objects("Null");
      assert.match(
        await refusal(),
        /rows come to it from d\d+\.t \(Null\); on a cluster this was run for one replicated table/,
      );
    });

    it("is refused where some users may see only part of it", async () => {
      await objects();
      await on(1, `CREATE ROW POLICY p ON ${database}.mv USING id > 1 TO default`);
      const text = await refusal();
      await on(1, `DROP ROW POLICY p ON ${database}.mv`);
      assert.match(text, /some users may see only part of it on 127\.0\.1\.1/);
    });

    it("is refused while another one is not finished; that refuses inserts until it is resumed, and then none", async () => {
      await objects();
      const connection = await openCluster(await openConnection({ url: config["clickhouse:url"] ?? "" }), "main", {
        ...{ downHosts: "refuse", ddlTimeout: 15 },
        addresses: { login: {}, urls: cluster.nodes.map(({ url }) => url) },
      });
      const [from, to] = [parseCreate(definition("a")), parseCreate(definition("b"))];
      assert.ok(from.kind === "materializedView" && to.kind === "materializedView");
      const step = { kind: "retarget-view", from, to } as const;
      const allow = ["unproven"];
      const stop = new AbortController();
      const beforeStatement = (sql: string): void => {
        if (/EXCHANGE TABLES \S+\.mv/.test(sql)) stop.abort();
      };
      try {
        await assert.rejects(
          applyViewStep(connection, step, { operation: "cut", allow, signal: stop.signal, beforeStatement }),
        );
        const another = previewViewStep(connection, step, { allow, ending: new Set() });
        await assert.rejects(another, /operation cut \(cluster-view of d\d+\.mv, .*\) is not finished/);
        await assert.rejects(on(1, `INSERT INTO ${database}.t VALUES (1)`), /Code: 469/);
        await applyViewStep(connection, step, { operation: "cut", allow });
        await on(1, `INSERT INTO ${database}.t VALUES (2)`);
        await on(0, `SYSTEM SYNC REPLICA ${database}.b`);
        assert.deepEqual(await onEach(`SELECT count() FROM ${database}.a`), ["0", "0"]);
        assert.deepEqual(await on(0, `SELECT toString(id) AS v FROM ${database}.b`), [{ v: "2" }]);
      } finally {
        await connection.close();
      }
    });
  });
}
