import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import type { Version } from "../../provider/src/server/engines";
import { type Cluster, startCluster } from "../support/cluster";
import { byEffort } from "../support/effort";
import { createProject, type Project } from "../support/pulumi";
import { sleep } from "../support/server";
import { canReplicate } from "../support/versions";
import { assertPresentable } from "./support";

/** Database, replicated table, Distributed table over it, rollup's target and view, an ordinary view, and a function. */
function program({ extra = "", distributed = "", select = "", more = "", target = "" } = {}): string {
  return `
const db = new clickhouse.Database("shop");
const orders = new clickhouse.Table("orders", { database: db,
  columns: { at: "DateTime", id: "UInt64", country: "LowCardinality(String)"${extra} },
  engine: "ReplicatedMergeTree", orderBy: ["id"] });
const all = new clickhouse.Table("orders_all", { database: db,
  columns: { at: "DateTime", id: "UInt64", country: "LowCardinality(String)"${distributed} },
  engine: sql\`Distributed('main', '\${db.name}', '\${orders.name}', id)\` });
const daily = new clickhouse.Table("daily", { database: db,
  columns: { day: "Date", country: "LowCardinality(String)", n: "UInt64"${target} },
  engine: "ReplicatedSummingMergeTree", orderBy: ["country", "day"] });
const view = new clickhouse.MaterializedView("daily_mv", { database: db, to: daily,
  query: sql\`SELECT toDate(at) AS day, country, count() AS n${select} FROM \${orders} GROUP BY day, country\` });
new clickhouse.View("recent", { database: db, query: sql\`SELECT id FROM \${all} WHERE at > now() - 60\` });
new clickhouse.SqlFunction("shop_twice", { parameters: ["x"], expression: "x * 2" });
${more}`;
}

/** The view writes one more column. */
const CHANGED = { target: ', last: "SimpleAggregateFunction(max, UInt64)"', select: ", max(id) AS last" };
const OBJECTS = ["daily", "daily_mv", "orders", "orders_all", "recent"];

/** On 24.8 in `soak`. */
const VERSIONS = byEffort<readonly Version[]>({ fast: ["25.8"], full: ["25.8"], soak: ["24.8", "25.8"] });

for (const version of canReplicate(VERSIONS)) {
  describe(`a stack on a cluster of two replicas of ClickHouse ${version}`, function () {
    this.timeout(300_000);
    let cluster: Cluster;
    let project: Project;
    let hosts: Connection[];

    before(async () => {
      cluster = await startCluster({ version, sessionTimeout: 4000 });
      hosts = await Promise.all(cluster.nodes.map(({ url }) => openConnection({ url })));
      const url = cluster.nodes[0]?.url ?? "";
      const config = { "clickhouse:url": url, "clickhouse:cluster": "main", "clickhouse:ddlTimeout": "10" };
      project = await createProject({ program: program(), config });
    });

    after(async () => {
      await Promise.all(hosts?.map((host) => host.close()) ?? []);
      project?.remove();
      await cluster?.stop();
    });

    /** The value of a query on each host. */
    async function onEach(sql: string): Promise<string[]> {
      const rows = await Promise.all(hosts.map((host) => host.query<{ v: unknown }>(`SELECT toString((${sql})) AS v`)));
      return rows.map(([row]) => String(row?.v));
    }

    /** The same on all hosts. */
    async function everywhere(sql: string): Promise<string> {
      const [first = "", ...rest] = await onEach(sql);
      for (const other of rest) assert.equal(other, first, sql);
      return first;
    }

    const columnsOf = (table: string): Promise<string> =>
      everywhere(
        `SELECT groupArray(name) FROM (SELECT name FROM system.columns WHERE database = 'shop' AND table = '${table}' ORDER BY position)`,
      );

    async function hostsOf(name: string): Promise<unknown> {
      const { deployment } = await project.state();
      return deployment.resources?.find(({ urn }) => urn.endsWith(`::${name}`))?.outputs?.["hosts"];
    }

    it("is created on both hosts by one up, each table with one UUID, and is no difference afterwards", async () => {
      const { text } = await project.must(["up", "--yes"]);
      assertPresentable(text);
      assert.match(text, /created on 2 hosts \(1 shard\), ON CLUSTER main/);
      const names = await everywhere(
        "SELECT groupArray(name) FROM (SELECT name FROM system.tables WHERE database = 'shop' ORDER BY name)",
      );
      assert.equal(names, `['${OBJECTS.join("','")}']`);
      await everywhere(
        "SELECT groupArray(toString(uuid)) FROM (SELECT uuid FROM system.tables WHERE database = 'shop' ORDER BY name)",
      );
      assert.equal(await everywhere("SELECT shop_twice(4)"), "8");
      assert.equal(await hostsOf("orders"), "all");
      await project.must(["preview", "--expect-no-changes"]);
      await project.must(["refresh", "--yes", "--expect-no-changes"]);
    });

    it("has its rows on both replicas, and those of the view", async () => {
      await hosts[0]?.command("INSERT INTO shop.orders SELECT now(), number, 'NL' FROM numbers(10)");
      await hosts[1]?.command(
        "INSERT INTO shop.orders_all SELECT now(), 100 + number, 'NL' FROM numbers(10) SETTINGS distributed_foreground_insert = 1",
      );
      for (const host of hosts) {
        await host.command("SYSTEM SYNC REPLICA shop.orders");
        await host.command("SYSTEM SYNC REPLICA shop.daily");
      }
      assert.equal(await everywhere("SELECT count() FROM shop.orders"), "20");
      assert.equal(await everywhere("SELECT sum(n) FROM shop.daily"), "20");
    });

    it("gets a column on both hosts, in the local table before the Distributed one", async () => {
      project.write(program({ extra: ', amount: "UInt32"', distributed: ', amount: "UInt32"' }));
      const preview = await project.must(["preview", "--diff"]);
      assert.match(preview.text, /ALTER TABLE shop\.orders ON CLUSTER `main` ADD COLUMN IF NOT EXISTS `amount`/);
      const { text } = await project.must(["up", "--yes", "--skip-preview"]);
      assertPresentable(text);
      assert.equal(await columnsOf("orders"), "['at','id','country','amount']");
      assert.equal(await columnsOf("orders_all"), "['at','id','country','amount']");
      await project.must(["preview", "--expect-no-changes"]);
    });

    it("loses a column on both hosts, in the Distributed table before the local one", async () => {
      project.write(program());
      const { text } = await project.must(["up", "--yes"], { CLICKHOUSE_ALLOW: "drops-data" });
      assertPresentable(text);
      assert.match(text, /-- first shop\.orders_all, which this run changes too and which reads what goes:/);
      assert.equal(await columnsOf("orders"), "['at','id','country']");
      assert.equal(await columnsOf("orders_all"), "['at','id','country']");
      await project.must(["preview", "--expect-no-changes"]);
    });

    it("changes a view's query after its target has the new column, on both hosts", async () => {
      project.write(program(CHANGED));
      const { text } = await project.must(["up", "--yes"]);
      assertPresentable(text);
      await hosts[1]?.command("INSERT INTO shop.orders VALUES (now(), 7000, 'DE')");
      for (const host of hosts) await host.command("SYSTEM SYNC REPLICA shop.daily");
      assert.equal(await everywhere("SELECT max(last) FROM shop.daily"), "7000");
      await project.must(["preview", "--expect-no-changes"]);
    });

    it("brings back what one host has lost, and nothing happens on the other", async () => {
      const before = await onEach(
        "SELECT toString(uuid) FROM system.tables WHERE database = 'shop' AND name = 'orders'",
      );
      await hosts[1]?.command("DROP VIEW shop.recent SYNC");
      await hosts[1]?.command("DROP TABLE shop.orders_all SYNC");
      await hosts[1]?.command(
        "ALTER TABLE shop.daily_mv MODIFY QUERY SELECT toDate(at) AS day, country, count() AS n, 1 AS last FROM shop.orders GROUP BY day, country",
      );
      await hosts[1]?.command("DROP TABLE shop.daily");
      const refresh = await project.must(["refresh", "--yes", "--diff"]);
      assert.match(refresh.text, /hosts\s*: "all" => "1 of 2: missing on 127\.0\.1\.1"/);
      assert.equal(await hostsOf("daily_mv"), "1 of 2: different on 127.0.1.1");
      const { text } = await project.must(["up", "--yes"]);
      assertPresentable(text);
      assert.match(text, /UNDROP TABLE shop\.daily/);
      for (const host of hosts) await host.command("SYSTEM SYNC REPLICA shop.daily");
      await everywhere(
        "SELECT groupArray((name, create_table_query)) FROM (SELECT * FROM system.tables WHERE database = 'shop' ORDER BY name)",
      );
      await everywhere(
        "SELECT groupArray(toString(uuid)) FROM (SELECT uuid FROM system.tables WHERE database = 'shop' AND engine NOT LIKE '%View' ORDER BY name)",
      );
      await everywhere("SELECT (sum(n), max(last)) FROM shop.daily");
      assert.deepEqual(
        await onEach("SELECT toString(uuid) FROM system.tables WHERE database = 'shop' AND name = 'orders'"),
        before,
      );
      await project.must(["preview", "--expect-no-changes"]);
    });

    it("runs nothing while a host does not answer, and names it", async () => {
      await cluster.nodes[1]?.kill();
      project.write(
        program({
          ...CHANGED,
          more: 'new clickhouse.View("late", { database: db, query: sql`SELECT id FROM ${orders}` });',
        }),
      );
      const { code, text } = await project.run(["up", "--yes"]);
      assert.notEqual(code, 0);
      assert.match(text, /127\.0\.1\.1 of cluster main does not answer, so nothing was done: create shop\.late/);
      assertPresentable(text);
      // Who is not there is unknown, not missing.
      await project.must(["refresh", "--yes", "--expect-no-changes"]);
    });

    it("leaves the rest to the queue where the configuration says so, and the host gets it when it is back", async () => {
      const env = { CLICKHOUSE_DOWN_HOSTS: "queue", CLICKHOUSE_DDL_TIMEOUT: "2" };
      const { text } = await project.must(["up", "--yes"], env);
      assertPresentable(text);
      assert.match(text, /1 of 2: 127\.0\.1\.1 waits in the DDL queue \(query-\d+\)/);
      assert.match(String(await hostsOf("late")), /^1 of 2: 127\.0\.1\.1 waits/);
      await cluster.nodes[1]?.start();
      await eventually(async () =>
        assert.deepEqual(await onEach("SELECT count() FROM system.tables WHERE name = 'late'"), ["1", "1"]),
      );
      await project.must(["up", "--yes"]);
      assert.equal(await hostsOf("late"), "all");
      await project.must(["preview", "--expect-no-changes"]);
    });

    it("is gone from both hosts after a destroy", async () => {
      const { text } = await project.must(["destroy", "--yes"], { CLICKHOUSE_ALLOW_DROP: "true" });
      assertPresentable(text);
      assert.deepEqual(await onEach("SELECT count() FROM system.databases WHERE name = 'shop'"), ["0", "0"]);
      assert.deepEqual(await onEach("SELECT count() FROM system.functions WHERE name = 'shop_twice'"), ["0", "0"]);
    });
  });
}

/** Tries for half a minute. */
async function eventually(check: () => Promise<void>): Promise<void> {
  for (let left = 60; ; left--) {
    try {
      return await check();
    } catch (error) {
      if (left === 0) throw error;
      await sleep(500);
    }
  }
}
