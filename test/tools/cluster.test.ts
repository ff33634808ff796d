import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { type Cluster, type ClusterNode, startCluster } from "../support/cluster";
import { sleep, type TestServer } from "../support/server";
import { canReplicate } from "../support/versions";

const PROGRAM = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");

async function ask({ url }: Pick<TestServer, "url">, sql: string, milliseconds = 60_000): Promise<string> {
  const signal = AbortSignal.timeout(milliseconds);
  const answer = await fetch(url, { method: "POST", body: sql, signal });
  const text = (await answer.text()).trim();
  assert.ok(answer.ok, text);
  return text;
}

/** Asks until the answer is the expected one. */
async function awaitAnswer(node: ClusterNode, sql: string, expected: string): Promise<void> {
  let found = "";
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
    found = await ask(node, sql).catch(String);
    if (found === expected) return;
  }
  assert.fail(`${sql}: ${found}, not ${expected}`);
}

function isRunning(pid: number | undefined): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return pid !== undefined;
  } catch {
    return false;
  }
}

for (const version of canReplicate(["25.8"])) {
  describe(`a test cluster of ClickHouse ${version}, two shards of two replicas and a spare server`, function () {
    this.timeout(300_000);
    let cluster: Cluster;
    let nodes: [ClusterNode, ClusterNode, ClusterNode, ClusterNode];
    let spare: ClusterNode;

    before(async () => {
      cluster = await startCluster({ version, shards: 2, replicas: 2, spare: 1, name: "shop", sessionTimeout: 4000 });
      nodes = cluster.nodes.slice(0, 4) as typeof nodes;
      spare = cluster.nodes[4] as ClusterNode;
      await ask(nodes[0], "CREATE DATABASE d ON CLUSTER shop");
      await ask(nodes[0], "CREATE TABLE d.t ON CLUSTER shop (a UInt64) ENGINE = ReplicatedMergeTree ORDER BY a");
    });

    after(() => cluster?.stop());

    it("each node finds itself in it once, and has macros of its own", async () => {
      const macros = new Set<string>();
      for (const { url, shard, replica } of nodes) {
        assert.equal(
          await ask({ url }, "SELECT count(), sum(is_local) FROM system.clusters WHERE cluster = 'shop' FORMAT CSV"),
          "4,1",
        );
        assert.equal(
          await ask({ url }, "SELECT shard_num, replica_num FROM system.clusters WHERE is_local FORMAT CSV"),
          `${shard},${replica}`,
        );
        macros.add(await ask({ url }, "SELECT getMacro('cluster'), getMacro('shard'), getMacro('replica')"));
      }
      assert.deepEqual([...macros], ["shop\t01\tch-1-1", "shop\t01\tch-1-2", "shop\t02\tch-2-1", "shop\t02\tch-2-2"]);
    });

    it("replicas of a shard share rows, shards do not, and a Distributed table has them all", async () => {
      await ask(nodes[0], "INSERT INTO d.t SELECT number FROM numbers(10)");
      await ask(nodes[3], "INSERT INTO d.t SELECT number FROM numbers(7)");
      for (const [node, rows] of [
        [nodes[1], "10"],
        [nodes[2], "7"],
      ] as const) {
        await ask(node, "SYSTEM SYNC REPLICA d.t");
        assert.equal(await ask(node, "SELECT count() FROM d.t"), rows);
      }
      const all = "clusterAllReplicas('shop', d.t)";
      assert.equal(await ask(nodes[2], `SELECT count() FROM ${all}`), "34");
      await ask(nodes[0], "CREATE TABLE d.all ON CLUSTER shop AS d.t ENGINE = Distributed(shop, d, t)");
      for (const node of nodes) assert.equal(await ask(node, "SELECT count() FROM d.all"), "17");
    });

    it("a node that was killed has its rows when it is back, and what the others did meanwhile", async () => {
      const [first, second] = nodes;
      const { pid } = second;
      await second.kill();
      assert.deepEqual([isRunning(pid), second.up, second.pid], [false, false, undefined]);
      await assert.rejects(ask(second, "SELECT 1"));
      await ask(first, "INSERT INTO d.t SELECT 100");
      await ask(
        first,
        "CREATE TABLE d.late ON CLUSTER shop (a UInt8) ENGINE = Null SETTINGS distributed_ddl_task_timeout = 0",
      );
      await second.start();
      await ask(second, "SYSTEM SYNC REPLICA d.t");
      assert.equal(await ask(second, "SELECT count() FROM d.t"), "11");
      await awaitAnswer(second, "EXISTS TABLE d.late", "1");
    });

    it("a frozen node does not answer, the others do, and it continues when it is thawed", async () => {
      const [first, , , last] = nodes;
      last.freeze();
      try {
        await assert.rejects(ask(last, "SELECT 1", 500), /timeout/);
        assert.equal(await ask(first, "SELECT count() FROM d.t"), "11");
      } finally {
        last.thaw();
      }
      assert.equal(await ask(last, "SELECT 1"), "1");
    });

    it("without ZooKeeper tables can be read and not written, and written again when it is back", async () => {
      const { zookeeper } = cluster;
      await zookeeper.kill();
      try {
        assert.equal(await ask(nodes[0], "SELECT count() FROM d.t"), "11");
        await assert.rejects(ask(nodes[0], "INSERT INTO d.t SETTINGS insert_keeper_max_retries = 0 SELECT 200"));
      } finally {
        await zookeeper.start();
      }
      await awaitAnswer(nodes[0], "INSERT INTO d.t SELECT 200", "");
    });

    it("the spare server joins when it is made a member, on all nodes or on some", async () => {
      assert.equal(spare.up, false);
      await spare.start();
      await cluster.setMembers([...nodes, spare], [nodes[0]]);
      const count = "SELECT count() FROM system.clusters WHERE cluster = 'shop'";
      assert.deepEqual([await ask(nodes[0], count), await ask(nodes[1], count)], ["5", "4"]);
      await cluster.setMembers([...nodes, spare]);
      assert.equal(await ask(spare, count), "5");
      await ask(nodes[1], "CREATE DATABASE e ON CLUSTER shop");
      assert.equal(await ask(spare, "EXISTS DATABASE e"), "1");
    });

    it("leaves no process and no file when it is stopped, frozen nodes included", async () => {
      const pids = [cluster.zookeeper.pid, ...cluster.nodes.map(({ pid }) => pid)];
      assert.ok(pids.every(isRunning));
      nodes[2].freeze();
      await cluster.stop();
      assert.deepEqual(pids.filter(isRunning), []);
      assert.ok(!existsSync(nodes[0].directory) && !existsSync(path.dirname(nodes[0].directory)));
    });
  });

  describe(`clickhouse-schema server ${version} --cluster`, function () {
    this.timeout(120_000);

    it("starts one, says where it is, and ends it by a signal", async () => {
      const { child, url, said } = await started("--cluster", "1x2");
      const directory = await directoryOf(url);
      assert.equal(await ask({ url }, "SELECT count() FROM system.clusters WHERE cluster = 'main'"), "2");
      assert.match(said(), /cluster main with ZooKeeper.*\n {2}shard 1, replica 1 {2}http:\/\/127\.0\.0\.1:\d+ /);
      assert.match(
        said(),
        new RegExp(`pulumi config set clickhouse:url ${url}\n {2}pulumi config set clickhouse:cluster main\n`),
      );
      const closed = once(child, "close");
      child.kill("SIGINT");
      assert.deepEqual(await closed, [0, null]);
      assert.ok(!existsSync(directory));
    });

    if (process.platform === "linux") {
      it("leaves nothing behind when it is killed", async () => {
        const { child, url } = await started("--cluster", "1x2");
        const directory = await directoryOf(url);
        assert.equal(processesOf(directory).length, 3);
        child.kill("SIGKILL");
        for (const end = Date.now() + 20_000; Date.now() < end && existsSync(directory); ) await sleep(100);
        assert.deepEqual([processesOf(directory), existsSync(directory)], [[], false]);
      });
    }
  });
}

describe("clickhouse-schema server --cluster", () => {
  it("refuses what cannot be a cluster", async () => {
    for (const [args, code, words] of [
      [["26.7", "--cluster", "1x2"], 2, /ClickHouse 26\.7 is no real server here.*24\.8, 25\.5, 25\.8/],
      [["25.8", "--cluster", "2"], 2, /expected SHARDSxREPLICAS of 1 to 12 servers/],
      [["25.8", "--cluster", "1x2", "--dir", "x"], 2, /--dir keeps the data of one server/],
    ] as const) {
      const child = spawn(process.execPath, [PROGRAM, "server", ...args], { stdio: ["ignore", "ignore", "pipe"] });
      let said = "";
      child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
      assert.deepEqual([...(await once(child, "close")), said.match(words) !== null], [code, null, true], said);
    }
  });
});

async function started(...args: readonly string[]): Promise<{ child: ChildProcess; url: string; said: () => string }> {
  const child = spawn(process.execPath, [PROGRAM, "server", "25.8", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const closed = once(child, "close").then(() => undefined);
  const url = (await Promise.race([once(child.stdout, "data"), closed]))?.[0] as Buffer | undefined;
  assert.ok(url !== undefined, said);
  await sleep(100);
  return { child, url: url.toString().trim(), said: () => said };
}

/** The directory of the cluster that a node at this address belongs to. */
async function directoryOf(url: string): Promise<string> {
  const data = await ask({ url }, "SELECT path FROM system.disks WHERE name = 'default'");
  return path.resolve(data, "../..");
}

function processesOf(directory: string): string[] {
  const numbers = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const commands = numbers.map((number) => {
    try {
      return readFileSync(`/proc/${number}/cmdline`, "utf8").replaceAll("\0", " ");
    } catch {
      return "";
    }
  });
  return commands.filter((command) => command.includes(directory));
}
