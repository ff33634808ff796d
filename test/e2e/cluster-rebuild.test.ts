import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { type Cluster, startCluster } from "../support/cluster";
import { createProject, type Project } from "../support/pulumi";
import { canReplicate } from "../support/versions";
import { providerOf, until } from "./processes";
import { assertPresentable } from "./support";

/** A replicated table with a view into another one, and a Distributed table over it. */
function program(orderBy: string): string {
  return `
const db = new clickhouse.Database("shop");
const orders = new clickhouse.Table("orders", { database: db,
  columns: { id: "UInt64", at: "DateTime", country: "LowCardinality(String)" },
  engine: "ReplicatedMergeTree", orderBy: ${orderBy} });
new clickhouse.Table("orders_all", { database: db,
  columns: { id: "UInt64", at: "DateTime", country: "LowCardinality(String)" },
  engine: sql\`Distributed('main', '\${db.name}', '\${orders.name}', id)\` });
const daily = new clickhouse.Table("daily", { database: db, columns: { day: "Date", n: "UInt64" },
  engine: "ReplicatedSummingMergeTree", orderBy: "day" });
new clickhouse.MaterializedView("daily_mv", { database: db, to: daily,
  query: sql\`SELECT toDate(at) AS day, count() AS n FROM \${orders} GROUP BY day\` });
`;
}

for (const version of canReplicate(["25.8"])) {
  describe(`a table with rows gets another key on two replicas of ClickHouse ${version}, with the real CLI`, function () {
    this.timeout(400_000);
    let cluster: Cluster;
    let project: Project;
    let hosts: Connection[];
    let nodes: string;

    before(async () => {
      cluster = await startCluster({ version, sessionTimeout: 4000 });
      hosts = await Promise.all(cluster.nodes.map(({ url }) => openConnection({ url })));
      nodes = cluster.nodes.map(({ url }) => url).join(",");
      const config = { "clickhouse:url": cluster.nodes[0]?.url ?? "", "clickhouse:cluster": "main" };
      project = await createProject({ program: program('["id"]'), config });
      await project.must(["up", "--yes", "--skip-preview"]);
      await hosts[0]?.command("INSERT INTO shop.orders SELECT number, now() - number, 'NL' FROM numbers(300000)");
      await hosts[1]?.command("INSERT INTO shop.orders SELECT number, now() - number, 'DE' FROM numbers(100)");
    });

    after(async () => {
      await Promise.all(hosts?.map((host) => host.close()) ?? []);
      project?.remove();
      await cluster?.stop();
    });

    /** The value of a query, which has to be the same on each host. */
    async function everywhere(sql: string): Promise<string> {
      const rows = await Promise.all(hosts.map((host) => host.query<{ v: string }>(`SELECT toString((${sql})) AS v`)));
      const [first = "", ...rest] = rows.map(([row]) => row?.v ?? "");
      for (const other of rest) assert.equal(other, first, sql);
      return first;
    }

    const key = (): Promise<string> =>
      everywhere("SELECT sorting_key FROM system.tables WHERE database = 'shop' AND name = 'orders'");

    it("is refused at preview, while it is not known where the hosts are", async () => {
      project.write(program('["country", "id"]'));
      const { code, text } = await project.run(["preview"]);
      assert.notEqual(code, 0);
      assert.match(text, /clickhouse:nodes: expected the HTTP addresses of 127\.0\.0\.1, 127\.0\.1\.1, found none/);
      assertPresentable(text);
      assert.equal(await key(), "id");
    });

    it("is previewed with its cost, and done on both hosts", async () => {
      await project.must(["config", "set", "clickhouse:nodes", nodes]);
      const preview = await project.must(["preview", "--diff"]);
      assert.match(preview.text, /to copy: 300,100 rows/);
      assert.match(preview.text, /inserts are refused \(error 469: clients should retry\) for at most 15 s at a time/);
      const { text } = await project.must(["up", "--yes", "--skip-preview"]);
      assertPresentable(text);
      assert.match(text, /300,100 rows copied and compared; the old table is shop\.orders__old_/);
      assert.equal(await key(), "country, id");
      assert.equal(await everywhere("SELECT count() FROM shop.orders"), "300100");
      assert.equal(await everywhere("SELECT sum(n) FROM shop.daily"), "300100");
      await hosts[1]?.command("INSERT INTO shop.orders VALUES (7, now(), 'FR')");
      for (const host of hosts) await host.command("SYSTEM SYNC REPLICA shop.orders");
      assert.equal(await everywhere("SELECT count() FROM shop.orders"), "300101");
      await project.must(["preview", "--expect-no-changes"]);
      await project.must(["refresh", "--yes", "--expect-no-changes"]);
    });

    it("is finished by the next up, where the provider was killed in the middle", async () => {
      project.write(program('["at", "id"]'));
      const up = project.start(["up", "--yes", "--skip-preview"]);
      await until(
        async () =>
          (await everywhere("SELECT count() FROM system.tables WHERE name LIKE 'orders\\_\\_new%'").catch(
            () => "0",
          )) === "1",
      );
      process.kill(providerOf(up.pid), "SIGKILL");
      assert.notEqual((await up.ended).code, 0);
      const { text } = await project.must(["up", "--yes"]);
      assertPresentable(text);
      assert.match(text, /resumes cluster-rebuild \w+ of shop\.orders/);
      assert.equal(await key(), "at, id");
      assert.equal(await everywhere("SELECT count() FROM shop.orders"), "300101");
      await project.must(["preview", "--expect-no-changes"]);
    });
  });
}
