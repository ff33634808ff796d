import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { backfill } from "../../provider/src/cli/backfill";
import { driftOfState } from "../../provider/src/cli/drift";
import { importServer } from "../../provider/src/cli/import";
import { operations } from "../../provider/src/cli/operations";
import { status } from "../../provider/src/cli/status";
import { verifyViews } from "../../provider/src/cli/verify";
import { ask } from "../apply/cluster-writers";
import { type Cluster, startCluster } from "../support/cluster";
import { createProject, type Project } from "../support/pulumi";
import { canReplicate } from "../support/versions";

/** On the host of the URL only. */
const HERE = `
new clickhouse.View("here", { database: shop, cluster: false, query: sql\`SELECT id FROM \${orders}\` });
`;

const PROGRAM = `
const db = new clickhouse.Database("shop");
const orders = new clickhouse.Table("orders", { database: db, columns: { at: "DateTime", id: "UInt64" },
  engine: "ReplicatedMergeTree", orderBy: ["id"] });
const days = new clickhouse.Table("days", { database: db, columns: { day: "Date", n: "UInt64" },
  engine: "ReplicatedSummingMergeTree", orderBy: ["day"] });
new clickhouse.MaterializedView("days_mv", { database: db, to: days,
  query: sql\`SELECT toDate(at) AS day, count() AS n FROM \${orders} GROUP BY day\` });
new clickhouse.View("recent", { database: db, query: sql\`SELECT id FROM \${orders} WHERE at > now() - 60\` });
${HERE.replace("shop,", "db,")}`;

for (const version of canReplicate(["25.8"])) {
  describe(`the commands on a cluster of two shards of ClickHouse ${version}`, function () {
    this.timeout(300_000);
    let cluster: Cluster;
    let project: Project;
    let place: { url: string; cluster: string; nodes: string };
    let folder: string;
    let printed = "";
    let said = "";
    const output = {
      out: (text: string) => {
        printed += text;
      },
      error: (text: string) => {
        said += text;
      },
    };

    before(async () => {
      cluster = await startCluster({ version, shards: 2, replicas: 1, sessionTimeout: 4000 });
      const urls = cluster.nodes.map(({ url }) => url);
      place = { url: urls[0] ?? "", cluster: "main", nodes: urls.join(",") };
      folder = mkdtempSync(path.join(tmpdir(), "cluster-cli-"));
      const config = { "clickhouse:url": place.url, "clickhouse:cluster": "main" };
      project = await createProject({ program: PROGRAM, config });
      await project.must(["up", "--yes"]);
      await on(0, "INSERT INTO shop.orders SELECT toDateTime('2026-01-01 00:00:00'), number FROM numbers(5)");
      await on(1, "INSERT INTO shop.orders SELECT toDateTime('2026-01-02 00:00:00'), number FROM numbers(7)");
    });

    beforeEach(() => {
      [printed, said] = ["", ""];
    });

    after(async () => {
      project?.remove();
      rmSync(folder, { recursive: true, force: true });
      await cluster?.stop();
    });

    const on = (index: number, sql: string): Promise<unknown[]> => ask(cluster.nodes[index] as { url: string }, sql);

    /** Of a state as `pulumi stack export` writes it. */
    async function drift(options = {}): Promise<number> {
      [printed, said] = ["", ""];
      const file = path.join(folder, "state.json");
      await project.must(["stack", "export", "--file", file]);
      return driftOfState({ url: place.url, state: file, ...options }, output, {});
    }

    it("drift takes the cluster from the state, and finds none where all hosts are as declared", async () => {
      assert.equal(await drift(), 0, printed + said);
      assert.match(printed, /No drift: 6 in sync/);
    });

    it("drift names the hosts that lack an object or have it otherwise; one that is meant for one host is compared there", async () => {
      await on(1, "DROP VIEW shop.recent");
      await on(1, "ALTER TABLE shop.orders MODIFY COMMENT 'other'");
      await on(1, "CREATE VIEW shop.here AS SELECT 1 AS other");
      try {
        assert.equal(await drift(), 1);
        assert.match(printed, /drifted: view shop\.recent: 1 of 2: missing on 127\.0\.1\.1/);
        assert.match(printed, /drifted: table shop\.orders: 1 of 2: different on 127\.0\.1\.1/);
        assert.match(printed, /2 drifted/);
        assert.doesNotMatch(printed, /shop\.here/);
        assert.equal(await drift({ json: true }), 1);
        const { objects } = JSON.parse(printed) as { objects: { name: string; differs: string[] }[] };
        assert.deepEqual(objects.find(({ name }) => name === "shop.recent")?.differs, ["hosts"]);
      } finally {
        await on(1, "CREATE VIEW shop.recent AS SELECT id FROM shop.orders WHERE at > (now() - 60)");
        await on(1, "ALTER TABLE shop.orders MODIFY COMMENT ''");
        await on(1, "DROP VIEW shop.here");
      }
      assert.equal(await drift(), 0, printed);
    });

    it("verify compares each shard, and says which differs", async () => {
      assert.equal(await verifyViews([], place, output), 0, printed + said);
      assert.match(printed, /shard 1, on 127\.0\.0\.1\n.*shop\.days.*shard 2, on 127\.0\.1\.1\n.*shop\.days/s);
      await on(1, "INSERT INTO shop.days VALUES ('2026-01-02', 1)");
      printed = "";
      assert.equal(await verifyViews([], { ...place, json: true }, output), 1);
      const { shards } = JSON.parse(printed) as {
        shards: { shard: number; result: { targets: { verdict: string }[] } }[];
      };
      assert.deepEqual(
        shards.map(({ shard, result }) => [shard, result.targets[0]?.verdict]),
        [
          [1, "equal"],
          [2, "different"],
        ],
      );
      assert.equal(await verifyViews([], { ...place, repair: true }, output), 2);
      assert.match(said, /--repair: partitions are replaced on one host of a shard/);
      // As it says.
      const own = { url: cluster.nodes[1]?.url ?? "", repair: true, allow: ["unproven"] };
      await verifyViews([], own, output);
      printed = "";
      assert.equal(await verifyViews([], place, output), 0, printed);
    });

    it("verify and status without the addresses of the shards are refused, with the setting", async () => {
      const { nodes: _, ...without } = place;
      for (const run of [() => verifyViews([], without, output), () => status(without, output)]) {
        said = "";
        assert.equal(await run(), 2);
        assert.match(said, /clickhouse:nodes: expected the HTTP addresses of 127\.0\.0\.1, 127\.0\.1\.1, found none/);
      }
    });

    it("status shows one host of each shard", async () => {
      assert.equal(await status(place, output), 0, printed + said);
      assert.match(printed, /shard 1, on 127\.0\.0\.1\n.*days_mv.*shard 2, on 127\.0\.1\.1\n.*days_mv/s);
    });

    it("operations are read on all hosts, and a backfill is refused", async () => {
      assert.equal(await operations(place, output), 0);
      assert.match(printed, /No unfinished operation/);
      process.env["CLICKHOUSE_CLUSTER"] = "main";
      try {
        assert.equal(await backfill({ url: place.url, view: [{ database: "shop", name: "days_mv" }] }, output), 2);
      } finally {
        delete process.env["CLICKHOUSE_CLUSTER"];
      }
      assert.match(said, /backfill: works on one server, and was not tried on a cluster \(main\); nothing was done/);
    });

    it("import writes the cluster into the commands and no path that is the default, and its preview is empty", async () => {
      const out = path.join(folder, "program");
      await on(1, "CREATE VIEW shop.other AS SELECT 1 AS one");
      try {
        assert.equal(
          await importServer({ ...place, out, database: ["shop"], exclude: ["shop.here"] }, output),
          0,
          said,
        );
      } finally {
        await on(1, "DROP VIEW shop.other");
      }
      assert.match(printed, /pulumi config set clickhouse:cluster main/);
      assert.match(printed, /shop\.other: missing on 127\.0\.0\.1; written as most hosts have it/);
      const files = readdirSync(out).filter((name) => name.endsWith(".ts"));
      const program = files.map((name) => readFileSync(path.join(out, name), "utf8")).join("\n");
      assert.match(program, /engine: "ReplicatedMergeTree"/);
      assert.doesNotMatch(program, /\{uuid\}/);
      // All of it is on the server as written.
      const body = PROGRAM.replace(/new clickhouse.View\("here".*\n/, "");
      assert.equal(
        body.match(/new clickhouse\.\w+/g)?.length,
        (program.match(/new (?:Database|Table|View|MaterializedView)\(/g)?.length ?? 0) - 1,
      );
      // It is taken as the program that made it, whose preview is empty.
      const imported = program
        .replaceAll(/^import .*$/gm, "")
        .replaceAll("export ", "")
        .replaceAll(/new (?=[A-Z])/g, "new clickhouse.");
      project.write(imported.replace(/const other = new clickhouse.View\([^;]*;/, "") + HERE);
      await project.must(["preview", "--expect-no-changes"]);
      project.write(PROGRAM);
    });

    it("drift while a host does not answer is unknown, not missing", async () => {
      await cluster.nodes[1]?.kill();
      try {
        assert.equal(await drift(), 2, printed);
        assert.match(printed, /Unknown, because a host does not answer: 6 in sync/);
        assert.match(printed, /warning: no answer from 127\.0\.1\.1: what is there is unknown/);
      } finally {
        await cluster.nodes[1]?.start();
      }
    });
  });
}
