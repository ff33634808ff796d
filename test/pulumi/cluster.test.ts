import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { type Cluster, startCluster } from "../support/cluster";
import { type CheckRequest, TestProvider, urnOf } from "../support/provider";
import { sleep } from "../support/server";
import { canReplicate } from "../support/versions";

type Bag = Record<string, unknown>;
type Kind = Parameters<TestProvider["check"]>[0];

const COLUMNS = { id: "UInt64", v: "String" };
const REPLICATED = { columns: COLUMNS, engine: "ReplicatedMergeTree", orderBy: ["id"] };

for (const version of canReplicate(["25.8"])) {
  describe(`objects on a cluster of two replicas of ClickHouse ${version}`, function () {
    this.timeout(120_000);
    let cluster: Cluster;
    let hosts: Connection[];
    let provider: TestProvider;
    let config: Record<string, string>;
    let counter = 0;
    let database: string;

    before(async () => {
      cluster = await startCluster({ version, sessionTimeout: 4000 });
      hosts = await Promise.all(cluster.nodes.map(({ url }) => openConnection({ url })));
      config = {
        "clickhouse:url": cluster.nodes[0]?.url ?? "",
        "clickhouse:cluster": "main",
        "clickhouse:ddlTimeout": "15",
      };
    });

    beforeEach(async () => {
      provider = new TestProvider(config);
      database = `d${++counter}`;
      await first().command(`CREATE DATABASE ${database} ON CLUSTER main`);
    });

    afterEach(() => provider?.close());

    after(async () => {
      await Promise.all(hosts?.map((host) => host.close()) ?? []);
      await cluster?.stop();
    });

    function first(): Connection {
      const [host] = hosts;
      assert.ok(host);
      return host;
    }

    function second(): Connection {
      const [, host] = hosts;
      assert.ok(host);
      return host;
    }

    async function ask(host: Connection, sql: string): Promise<string> {
      const [row] = await host.query<{ v: string }>(`SELECT toString((${sql})) AS v`);
      return row?.v ?? "";
    }

    async function create(kind: Kind, request: CheckRequest): Promise<{ inputs: Bag; outs: Bag }> {
      const { inputs = {}, failures } = await provider.check(kind, request);
      assert.deepEqual(failures, []);
      const { outs = {} } = await provider.of(kind).create(inputs);
      return { inputs, outs: outs as Bag };
    }

    /** A check in a new process, with other config if given. */
    async function checkAgain(kind: Kind, request: CheckRequest, more: Record<string, string> = {}) {
      await provider.close();
      provider = new TestProvider({ ...config, ...more });
      return provider.check(kind, request);
    }

    const table = (args: object = REPLICATED, more: Partial<CheckRequest> = {}): CheckRequest => ({
      name: "t",
      database,
      args,
      ...more,
    });

    it("an unknown cluster is refused at preview, with those that there are", async () => {
      const { failures } = await checkAgain("table", table(), { "clickhouse:cluster": "mian" });
      assert.match(failures.join(), /knows no cluster "mian"; it knows .*main.* Did you mean "main"\?/);
    });

    it("asks nothing about an object that is as declared, although its creation said where", async () => {
      const { inputs } = await create("table", table());
      assert.match(String(inputs["plan"]), /created on 2 hosts/);
      // Nobody is there.
      const { failures } = await checkAgain("table", table(REPLICATED, { olds: inputs }), {
        "clickhouse:url": "http://127.0.0.1:1",
      });
      assert.deepEqual([failures, provider.messages], [[], []]);
    });

    it("a macro names the cluster", async () => {
      const { failures } = await checkAgain("table", table(), { "clickhouse:cluster": "{cluster}" });
      assert.deepEqual(failures, []);
    });

    it("a resource cannot name another cluster than its stack", async () => {
      const { failures } = await provider.check("table", table({ ...REPLICATED, cluster: "other" }));
      assert.match(
        failures.join(),
        /expected the stack's cluster or false, found "other".*use a Provider with cluster/,
      );
    });

    it("an object with cluster: false is on one host only, whatever the others have, and is dropped only there", async () => {
      await second().command(`CREATE TABLE ${database}.t (x UInt8) ENGINE = Memory`);
      const { outs } = await create("table", table({ columns: COLUMNS, orderBy: ["id"], cluster: false }));
      assert.equal(outs["cluster"], "false");
      assert.equal(outs["hosts"], undefined);
      assert.equal(await ask(first(), `SELECT engine FROM system.tables WHERE database = '${database}'`), "MergeTree");
      assert.equal(await ask(second(), `SELECT engine FROM system.tables WHERE database = '${database}'`), "Memory");
      const { props } = await provider.of("table").read("id", outs);
      assert.deepEqual(props, outs);
      await provider.of("table").delete("id", outs);
      assert.equal(await ask(first(), `SELECT count() FROM system.tables WHERE database = '${database}'`), "0");
      assert.equal(await ask(second(), `SELECT count() FROM system.tables WHERE database = '${database}'`), "1");
    });

    it("in a Replicated database there is no ON CLUSTER and no UUID of ours, and an explicit cluster is refused", async () => {
      const name = `r${counter}`;
      const dependsOn = [urnOf("database", name)];
      const { outs } = await create("database", {
        name,
        args: { engine: `Replicated('/clickhouse/databases/${name}', '{shard}', '{replica}')` },
      });
      assert.equal(outs["hosts"], "all");
      assert.equal(await ask(second(), `SELECT engine FROM system.databases WHERE name = '${name}'`), "Replicated");
      const refused = await provider.check("table", {
        name: "t",
        database: name,
        args: { ...REPLICATED, cluster: "main" },
        dependsOn,
      });
      assert.match(refused.failures.join(), /cluster: expected none, found "main": its database is Replicated/);
      const made = await create("table", { name: "t", database: name, args: REPLICATED, dependsOn });
      assert.equal(made.outs["hosts"], "all");
      assert.equal(await ask(second(), `SELECT count() FROM system.tables WHERE database = '${name}'`), "1");
      const args = { ...REPLICATED, columns: { ...COLUMNS, more: "UInt8" } };
      const { inputs = {}, failures } = await provider.check("table", {
        name: "t",
        database: name,
        args,
        olds: made.inputs,
        dependsOn,
      });
      assert.deepEqual(failures, []);
      assert.doesNotMatch(String(inputs["plan"]), /ON CLUSTER/);
      await provider.of("table").update("id", made.outs, inputs);
      assert.equal(await ask(second(), `SELECT count() FROM system.columns WHERE database = '${name}'`), "3");
    });

    it("what needs a copy of the rows, a hold or a gate on every host is refused, with what to do instead", async () => {
      const { inputs } = await create("table", table());
      const cases: [object, Partial<CheckRequest>, RegExp][] = [
        [
          { ...REPLICATED, orderBy: ["v"] },
          {},
          /t: cannot be rebuilt now; nothing was done:\nclickhouse:nodes: expected the HTTP addresses of .*found none/,
        ],
        [REPLICATED, { name: "t2" }, /it would get another name.*Keep the name/],
      ];
      for (const [args, more, expected] of cases) {
        const { failures } = await checkAgain("table", table(args, { ...more, olds: inputs }));
        assert.match(failures.join(), expected);
      }
      const view = { query: `SELECT id, v FROM ${database}.t`, to: `${database}.u`, backfill: true };
      await create("table", table(REPLICATED, { name: "u" }));
      const { failures } = await provider.check("materializedView", {
        name: "m",
        database,
        args: view,
        dependsOn: [urnOf("table", "t", database), urnOf("table", "u", database)],
      });
      assert.match(failures.join(), /not filled from its source on a cluster \(main\) yet/);
    });

    it("settings, comments, indexes, mutations and a retype reach both replicas", async () => {
      const { inputs, outs } = await create("table", table());
      await first().command(`INSERT INTO ${database}.t SELECT number, toString(number) FROM numbers(100)`);
      await second().command(`SYSTEM SYNC REPLICA ${database}.t`);
      const args = {
        ...REPLICATED,
        columns: {
          id: "UInt64",
          v: { type: "LowCardinality(String)", comment: "a word" },
          n: { type: "UInt64", default: "id * 2" },
        },
        indexes: [{ name: "i", expression: "v", type: "set(10)" }],
        settings: { merge_with_ttl_timeout: 1234 },
        materialize: true,
        comment: "all of it",
      };
      const changed = await checkAgain("table", table(args, { olds: inputs }));
      assert.deepEqual(changed.failures, []);
      const { outs: after = {} } = await provider.of("table").update("id", outs, changed.inputs ?? {});
      assert.equal((after as Bag)["hosts"], "all");
      const text = `SELECT create_table_query FROM system.tables WHERE database = '${database}'`;
      assert.equal(await ask(first(), text), await ask(second(), text));
      assert.match(
        await ask(second(), text),
        /LowCardinality.*INDEX i v.*merge_with_ttl_timeout = 1234.*COMMENT 'all of it'/,
      );
      for (const host of hosts)
        assert.equal(await ask(host, "SELECT count() FROM system.mutations WHERE NOT is_done"), "0");
      const again = await checkAgain("table", table(args, { olds: changed.inputs ?? {} }));
      assert.equal(again.inputs?.["plan"], undefined);
    });

    it("a mutation that takes long holds no statement of another stack, and is awaited on both replicas", async () => {
      const { inputs, outs } = await create("table", table());
      await first().command(`INSERT INTO ${database}.t SELECT number, toString(number) FROM numbers(100)`);
      await second().command(`SYSTEM SYNC REPLICA ${database}.t`);
      for (const host of hosts) await host.command(`SYSTEM STOP MERGES ${database}.t`);
      const retyped = { ...REPLICATED, columns: { id: "UInt64", v: "UInt64" } };
      const changed = await checkAgain("table", table(retyped, { olds: inputs }));
      assert.deepEqual(changed.failures, []);
      let isOver = false;
      const update = provider
        .of("table")
        .update("id", outs, changed.inputs ?? {})
        .finally(() => {
          isOver = true;
        });
      try {
        for (let left = 100; left > 0; left--) {
          if ((await ask(first(), `SELECT count() FROM system.mutations WHERE database = '${database}'`)) === "1")
            break;
          await sleep(100);
        }
        for (let times = 0; times < 3; times++)
          await first().command(`CREATE VIEW ${database}.v${times} ON CLUSTER main AS SELECT 1 AS one`);
        assert.equal(await ask(second(), `SELECT count() FROM system.tables WHERE database = '${database}'`), "4");
        assert.ok(!isOver);
      } finally {
        for (const host of hosts) await host.command(`SYSTEM START MERGES ${database}.t`);
      }
      assert.equal(((await update).outs as Bag)["hosts"], "all");
      for (const host of hosts) assert.equal(await ask(host, `SELECT sum(v) FROM ${database}.t`), "4950");
    });

    it("a value that only another host has is found before a retype", async () => {
      const { inputs } = await create("table", table({ columns: COLUMNS, orderBy: ["id"] }));
      await second().command(`INSERT INTO ${database}.t VALUES (1, 'no number')`);
      const { failures } = await checkAgain(
        "table",
        table({ columns: { id: "UInt64", v: "UInt64" }, orderBy: ["id"] }, { olds: inputs }),
      );
      assert.match(
        failures.join(),
        /a value of v cannot be converted from String to UInt64 \(1 row, e\.g\. .*no number/,
      );
    });

    it("two paths in Keeper under one name are refused, never touched", async () => {
      const { inputs, outs } = await create("table", table());
      await create("table", table(REPLICATED, { name: "other" }));
      await second().command(`EXCHANGE TABLES ${database}.t AND ${database}.other`);
      const { props = {} } = await provider.of("table").read("id", outs);
      assert.match(String(props["hosts"]), /^1 of 2: another path in Keeper on 127\.0\.1\.1$/);
      const { failures } = await checkAgain("table", table(REPLICATED, { olds: { ...inputs, hosts: props["hosts"] } }));
      assert.match(failures.join(), /127\.0\.1\.1 and the other replicas have two different tables under this name/);
    });

    it("a host that cannot do it is named, with what the others have done; the next run does the rest", async () => {
      const { inputs, outs } = await create("table", table({ columns: COLUMNS, orderBy: ["id"] }));
      await second().command(`RENAME TABLE ${database}.t TO ${database}.away`);
      const args = { columns: { ...COLUMNS, more: "UInt8" }, orderBy: ["id"] };
      const planned = await checkAgain("table", table(args, { olds: inputs }));
      assert.deepEqual(planned.failures, []);
      await first()
        .command(`ALTER TABLE ${database}.t ADD COLUMN IF NOT EXISTS unused UInt8`)
        .catch(() => undefined);
      await first().command(`ALTER TABLE ${database}.t DROP COLUMN unused`);
      const failed = await provider
        .of("table")
        .update("id", outs, planned.inputs ?? {})
        .then(
          () => undefined,
          (error: Error) => error,
        );
      assert.match(String(failed?.message), /127\.0\.1\.1 refused it: .*(?:\(code 60\))\. It is done on 127\.0\.0\.1/);
      await second().command(`RENAME TABLE ${database}.away TO ${database}.t`);
      const stored = (failed as Error & { properties?: Bag }).properties ?? {};
      assert.match(String(stored["hosts"]), /^1 of 2: missing on 127\.0\.1\.1$/);
      const again = await checkAgain("table", table(args, { olds: { ...planned.inputs } }));
      assert.deepEqual(again.failures, []);
      const { outs: after = {} } = await provider.of("table").update("id", stored, again.inputs ?? {});
      assert.equal((after as Bag)["hosts"], "all");
      assert.equal(
        await ask(second(), `SELECT count() FROM system.columns WHERE database = '${database}' AND name = 'more'`),
        "1",
      );
    });

    it("what one host has already is adopted, and created on the other with the same UUID", async () => {
      const uuid = "5f4e2a3b-0000-4000-8000-000000000001";
      await first().command(
        `CREATE TABLE ${database}.t UUID '${uuid}' (id UInt64, v String) ENGINE = ReplicatedMergeTree ORDER BY id`,
      );
      await first().command(`INSERT INTO ${database}.t VALUES (1, 'a')`);
      const { outs } = await create("table", table());
      assert.equal(outs["hosts"], "all");
      await second().command(`SYSTEM SYNC REPLICA ${database}.t`);
      assert.equal(await ask(second(), `SELECT count() FROM ${database}.t`), "1");
      assert.equal(await ask(second(), `SELECT uuid FROM system.tables WHERE database = '${database}'`), uuid);
    });

    it("a stack from one server is brought to the other hosts when it gets its cluster", async () => {
      await provider.close();
      const { "clickhouse:cluster": _, "clickhouse:ddlTimeout": _t, ...single } = config;
      provider = new TestProvider(single);
      const args = { query: "SELECT 1 AS one" };
      const { inputs, outs } = await create("view", { name: "v", database, args });
      assert.equal(await ask(second(), `SELECT count() FROM system.tables WHERE database = '${database}'`), "0");
      const moved = await checkAgain("view", { name: "v", database, args, olds: inputs });
      assert.deepEqual(moved.failures, []);
      assert.match(String(moved.inputs?.["plan"]), /CREATE VIEW IF NOT EXISTS \S+ ON CLUSTER `main`/);
      const { outs: after = {} } = await provider.of("view").update("id", outs, moved.inputs ?? {});
      assert.equal((after as Bag)["hosts"], "all");
      assert.equal(await ask(second(), `SELECT count() FROM system.tables WHERE database = '${database}'`), "1");
    });

    it("an object that leaves its cluster stays on all hosts, and the preview says so", async () => {
      const args = { query: "SELECT 1 AS one" };
      const { inputs, outs } = await create("view", { name: "v", database, args });
      const left = await checkAgain("view", { name: "v", database, args: { ...args, cluster: false }, olds: inputs });
      assert.deepEqual(left.failures, []);
      assert.match(
        provider.messages.join("\n"),
        /stays on all hosts of cluster main, and is changed and dropped only on the one/,
      );
      const { outs: after = {} } = await provider.of("view").update("id", outs, left.inputs ?? {});
      assert.deepEqual([(after as Bag)["cluster"], (after as Bag)["hosts"]], ["false", undefined]);
      await provider.of("view").delete("id", after as Bag);
      assert.equal(await ask(first(), `SELECT count() FROM system.tables WHERE database = '${database}'`), "0");
      assert.equal(await ask(second(), `SELECT count() FROM system.tables WHERE database = '${database}'`), "1");
    });

    it("a host that is frozen costs a preview of a change no more than a few seconds, and is named", async () => {
      const { inputs } = await create("table", table());
      await provider.close();
      provider = new TestProvider(config);
      const node = cluster.nodes[1];
      node?.freeze();
      try {
        const began = Date.now();
        const { failures } = await provider.check("table", table({ ...REPLICATED, comment: "new" }, { olds: inputs }));
        assert.match(failures.join(), /127\.0\.1\.1 of cluster main does not answer/);
        assert.ok(Date.now() - began < 15_000, `took ${Date.now() - began} ms`);
      } finally {
        node?.thaw();
        await sleep(500);
      }
    });

    it("a role, which each host keeps for itself, is refused: only one host would get it", async () => {
      const { failures } = await provider.check("role", { name: "reader", args: {} });
      assert.match(failures.join(), /each host of cluster main keeps roles for itself.*one Provider for each host/);
    });

    it("a Distributed table with another sharding key is recreated on both hosts", async () => {
      await create("table", table());
      const over = (key: string): CheckRequest => ({
        name: "all",
        database,
        args: { columns: COLUMNS, engine: `Distributed('main', '${database}', 't', ${key})` },
        dependsOn: [urnOf("table", "t", database)],
      });
      const { inputs, outs } = await create("table", over("id"));
      const changed = await checkAgain("table", { ...over("cityHash64(v)"), olds: inputs });
      assert.deepEqual(changed.failures, []);
      assert.match(String(changed.inputs?.["plan"]), /CREATE OR REPLACE TABLE \S+ ON CLUSTER `main`/);
      const { outs: after = {} } = await provider.of("table").update("id", outs, changed.inputs ?? {});
      assert.equal((after as Bag)["hosts"], "all");
      for (const host of hosts)
        assert.match(
          await ask(host, `SELECT engine_full FROM system.tables WHERE database = '${database}' AND name = 'all'`),
          /cityHash64/,
        );
    });

    it("a view, a Memory table and settings that differ on one host are fixed, and nothing else", async () => {
      const view = { query: "SELECT 1 AS one" };
      const memory = { columns: COLUMNS, engine: "Memory" };
      const [v, m, t] = [
        await create("view", { name: "v", database, args: view }),
        await create("table", table(memory, { name: "m" })),
        await create("table", table({ ...REPLICATED, settings: { merge_with_ttl_timeout: 77 } })),
      ];
      await second().command(`DROP VIEW ${database}.v`);
      await second().command(`ALTER TABLE ${database}.m DROP COLUMN v`);
      await second().command(`ALTER TABLE ${database}.t MODIFY SETTING merge_with_ttl_timeout = 78`);
      for (const [kind, name, args, made, expected] of [
        ["view", "v", view, v, /^1 of 2: missing on/],
        ["table", "m", memory, m, /^1 of 2: different on/],
        ["table", "t", { ...REPLICATED, settings: { merge_with_ttl_timeout: 77 } }, t, /^1 of 2: different on/],
      ] as const) {
        const { props = {} } = await provider.of(kind).read("id", made.outs);
        assert.match(String(props["hosts"]), expected);
        const olds = { ...made.inputs, hosts: props["hosts"] };
        const planned = await provider.check(kind, { name, database, args, olds });
        assert.deepEqual(planned.failures, []);
        const { outs: after = {} } = await provider.of(kind).update("id", props, planned.inputs ?? {});
        assert.equal((after as Bag)["hosts"], "all");
      }
      const text = `SELECT groupArray(create_table_query) FROM (SELECT * FROM system.tables WHERE database = '${database}' ORDER BY name)`;
      assert.equal(await ask(first(), text), await ask(second(), text));
    });
  });

  describe(`a cluster of ClickHouse ${version} that changes`, function () {
    this.timeout(120_000);
    let cluster: Cluster;
    let provider: TestProvider;
    let config: Record<string, string>;

    before(async () => {
      cluster = await startCluster({ version, spare: 1, sessionTimeout: 4000 });
      config = { "clickhouse:url": cluster.nodes[0]?.url ?? "", "clickhouse:cluster": "main" };
    });

    beforeEach(() => {
      provider = new TestProvider(config);
    });

    afterEach(() => provider?.close());
    after(() => cluster?.stop());

    const members = (count: number) => cluster.nodes.slice(0, count);

    it("gives a host that joins it the whole schema, with its rows", async () => {
      const objects: [Kind, CheckRequest][] = [
        ["database", { name: "shop", args: {} }],
        ["table", { name: "t", database: "shop", args: REPLICATED, dependsOn: [urnOf("database", "shop")] }],
        [
          "view",
          {
            name: "v",
            database: "shop",
            args: { query: "SELECT id FROM shop.t" },
            dependsOn: [urnOf("table", "t", "shop")],
          },
        ],
      ];
      const made: { inputs: Bag; outs: Bag }[] = [];
      for (const [kind, request] of objects) {
        const { inputs = {}, failures } = await provider.check(kind, request);
        assert.deepEqual(failures, []);
        const { outs = {} } = await provider.of(kind).create(inputs);
        made.push({ inputs, outs: outs as Bag });
      }
      const host = await openConnection({ url: config["clickhouse:url"] ?? "" });
      await host.command("INSERT INTO shop.t SELECT number, '' FROM numbers(5)");
      await host.close();

      await cluster.nodes[2]?.start();
      await cluster.setMembers(members(3));
      await provider.close();
      provider = new TestProvider(config);
      for (const [index, [kind, request]] of objects.entries()) {
        const { inputs = {}, outs = {} } = made[index] ?? {};
        const { props = {} } = await provider.of(kind).read("id", outs);
        assert.match(String(props["hosts"]), /^2 of 3: missing on /);
        const planned = await provider.check(kind, { ...request, olds: { ...inputs, hosts: props["hosts"] } });
        assert.deepEqual(planned.failures, []);
        const { outs: after = {} } = await provider.of(kind).update("id", props, planned.inputs ?? {});
        assert.equal((after as Bag)["hosts"], "all");
      }
      const third = await openConnection({ url: cluster.nodes[2]?.url ?? "" });
      await third.command("SYSTEM SYNC REPLICA shop.t");
      const [row] = await third.query<{ n: string }>("SELECT count() AS n FROM shop.v");
      assert.equal(row?.n, "5");
      await third.close();
    });

    it("is refused where its hosts do not know each other, and each that differs is named", async () => {
      await cluster.setMembers(members(2), cluster.nodes.slice(1, 2));
      const { failures } = await provider.check("view", {
        name: "v",
        database: "default",
        args: { query: "SELECT 1 AS one" },
      });
      assert.match(
        failures.join(),
        /127\.0\.1\.1 has 2 hosts in cluster main, http:\S+ has 3: write the same <remote_servers> on each/,
      );
      await cluster.setMembers(members(2));
    });
  });

  describe(`a cluster of ClickHouse ${version} whose hosts have equal macros`, function () {
    this.timeout(120_000);

    it("is refused: a replicated table would be one replica twice", async () => {
      const cluster = await startCluster({ version, node: () => ({ macros: { shard: "01", replica: "same" } }) });
      const provider = new TestProvider({
        "clickhouse:url": cluster.nodes[0]?.url ?? "",
        "clickhouse:cluster": "main",
      });
      try {
        const { failures } = await provider.check("view", {
          name: "v",
          database: "default",
          args: { query: "SELECT 1 AS one" },
        });
        assert.match(failures.join(), /127\.0\.0\.1 and 127\.0\.1\.1 have equal macros \(replica = same, shard = 01\)/);
      } finally {
        await provider.close();
        await cluster.stop();
      }
    });
  });
}
