import assert from "node:assert/strict";
import { createServer } from "node:http";
import { connect, createServer as createTcpServer, type Server } from "node:net";
import { doctor } from "../../provider/src/cli/doctor";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import type { Check } from "../../provider/src/doctor/check";
import { type ClusterSubject, checkCluster } from "../../provider/src/doctor/cluster/check";
import { clocksCheck, type Host, hostsCheck, macroChecks, type Node } from "../../provider/src/doctor/cluster/hosts";
import { queueCheck } from "../../provider/src/doctor/cluster/tables";
import { checkServer } from "../../provider/src/doctor/server";
import { usersXml } from "../../provider/src/server/users";
import { type Cluster, type ClusterNode, startCluster } from "../support/cluster";
import { sleep } from "../support/server";
import { canReplicate } from "../support/versions";

const grants = (...list: readonly string[]): string =>
  `<grants>${list.map((one) => `<query>GRANT ${one}</query>`).join("")}</grants>`;
const USERS = usersXml([
  { name: "default" },
  { name: "no_cluster", rights: grants("SELECT ON *.*", "REMOTE ON *.*") },
  { name: "no_remote", rights: grants("SELECT ON *.*", "CLUSTER ON *.*") },
]);
const IDS = ["rights", "", "members", "macros", "clocks", "versions", "keeper", "replicas", "plain", "queue"];

for (const version of canReplicate(["25.8"])) {
  describe(`doctor on a cluster of ClickHouse ${version}`, function () {
    this.timeout(300_000);
    let cluster: Cluster;
    let first: ClusterNode;
    let second: ClusterNode;
    let connection: Connection;

    before(async () => {
      cluster = await startCluster({ version, users: USERS, sessionTimeout: 4000 });
      [first, second] = cluster.nodes as [ClusterNode, ClusterNode];
      connection = await openConnection({ url: first.url });
      await connection.command("CREATE DATABASE d ON CLUSTER main");
      await connection.command("CREATE TABLE d.r ON CLUSTER main (a UInt64) ENGINE = ReplicatedMergeTree ORDER BY a");
    });

    after(async () => {
      await connection?.close();
      await cluster?.stop();
    });

    /** What is not in order. */
    async function examine(subject: Partial<ClusterSubject> = {}): Promise<Check[]> {
      const checks = await checkCluster(connection, { cluster: "main", databases: ["d"], ...subject });
      return checks.filter(({ status }) => status !== "ok");
    }

    async function on(node: ClusterNode, sql: string): Promise<void> {
      const answer = await fetch(node.url, { method: "POST", body: sql });
      assert.ok(answer.ok, await answer.text());
    }

    /** The only finding, which has a next step. */
    async function finds(id: string, status: Check["status"], message: RegExp, next: RegExp): Promise<void> {
      const found = await examine({ lag: 1, queued: 0 });
      assert.deepEqual(
        found.map((one) => `${one.id} ${one.status}`),
        [`${id} ${status}`],
        JSON.stringify(found),
      );
      assert.match(found[0]?.message ?? "", message);
      assert.match(found[0]?.next ?? "", next);
    }

    it("finds nothing wrong with a good one, and says what it has looked at", async () => {
      const checks = await checkCluster(connection, { cluster: "main", databases: ["d"] });
      assert.deepEqual(
        checks.map(({ id, status }) => `${id} ${status}`),
        IDS.map((id) => `${id === "" ? "cluster" : `cluster-${id}`} ok`),
        JSON.stringify(checks),
      );
      assert.match(checks[1]?.message ?? "", /cluster main: 1 shard, 2 hosts/);
    });

    it("is part of the doctor's look at a server when a cluster is named, and says that there is one when none is", async () => {
      const look = async (more: { cluster?: string }): Promise<Check[]> => {
        const checks = await checkServer(connection, { databases: ["d"], scratch: connection.version, ...more });
        return checks.filter(({ id }) => id.startsWith("cluster"));
      };
      assert.equal((await look({ cluster: "main" })).length, IDS.length);
      const [beside, ...more] = await look({});
      assert.deepEqual([beside?.status, more.length], ["warning", 0]);
      assert.match(beside?.message ?? "", /clusters main \(2 hosts\)/);
    });

    it("looks at the cluster that the option or the environment names", async () => {
      for (const [options, environment] of [
        [{ cluster: "main" }, {}],
        [{}, { CLICKHOUSE_CLUSTER: "main" }],
        [{ cluster: "{cluster}" }, {}],
      ] as const) {
        let text = "";
        const output = { out: (more: string) => (text += more), error: () => undefined };
        await doctor({ url: first.url, database: ["d"], ...options }, output, { PATH: "", ...environment });
        assert.match(text, /^ok {7}cluster main: 1 shard, 2 hosts$/m);
      }
    });

    it("names the clusters that there are when it is given another name", async () => {
      const [found] = await examine({ cluster: "prod" });
      assert.deepEqual([found?.id, found?.status], ["cluster", "error"]);
      assert.match(found?.message ?? "", /knows no cluster prod, only: .*main/);
    });

    it("names a missing right, CLUSTER or REMOTE, with the GRANT", async () => {
      for (const [username, right] of [
        ["no_cluster", "CLUSTER"],
        ["no_remote", "REMOTE"],
      ] as const) {
        const other = await openConnection({ url: first.url, username });
        try {
          const [found, ...more] = await checkCluster(other, { cluster: "main", databases: [] });
          assert.deepEqual([found?.id, found?.status, more.length], ["cluster-rights", "error", 0]);
          assert.match(found?.message ?? "", new RegExp(`${username} lacks ${right},`));
          await connection.command(`CREATE USER ${username}_2`);
          const grant = (found?.next ?? "").replace(`TO ${username}`, `TO ${username}_2`);
          assert.match(grant, new RegExp(`^GRANT ${right} ON \\*\\.\\* TO ${username}_2;$`));
          await connection.command(grant.replace(/;$/, ""));
        } finally {
          await other.close();
        }
      }
    });

    it("names a host that is down, and one that is frozen", async () => {
      const says = /cluster main: 1 shard, 2 hosts; no answer from 127\.0\.1\.1:\d+ \(shard 1\)$/;
      second.freeze();
      const started = Date.now();
      try {
        await finds("cluster-hosts", "error", says, /Start it, or take it out/);
      } finally {
        second.thaw();
      }
      assert.ok(Date.now() - started < 20_000, `${Date.now() - started} ms`);
      await second.kill();
      try {
        await finds("cluster-hosts", "error", says, /Start it, or take it out/);
      } finally {
        await second.start();
      }
    });

    it("tells a host that answers /ping and nothing else", async () => {
      const silent = createTcpServer(() => undefined);
      const port = await listening(silent, "127.0.0.9");
      const http = createServer((request, answer) => (request.url === "/ping" ? answer.end("Ok.\n") : undefined));
      await listening(http, "127.0.0.9", Number(new URL(first.url).port));
      await cluster.setMembers([...cluster.nodes, { host: "127.0.0.9", port, shard: 1 }]);
      try {
        await finds(
          "cluster-hosts",
          "error",
          /no answer from 127\.0\.0\.9:\d+ \(shard 1\), which answers \/ping and no query/,
          /does not serve its native port/,
        );
      } finally {
        await cluster.setMembers(cluster.nodes);
        silent.close();
        http.closeAllConnections();
        http.close();
      }
    });

    it("names a host that does not know the cluster, knows other hosts, or does not find itself in it", async () => {
      const on = [second];
      try {
        await cluster.setMembers([], on);
        await finds(
          "cluster-members",
          "error",
          /127\.0\.1\.1:\d+ does not know cluster main$/,
          /the same <remote_servers>/,
        );
        await cluster.setMembers([second], on);
        await finds("cluster-members", "error", /knows other hosts .*: it lacks 127\.0\.0\.1:\d+$/, /RELOAD CONFIG/);
      } finally {
        await cluster.setMembers(cluster.nodes, on);
      }
      const elsewhere = { host: "127.0.0.2", port: second.port, shard: 1 };
      await cluster.setMembers([first, elsewhere]);
      // It listens on the right address only.
      const relay = await relayTo(second, "127.0.0.2");
      try {
        await finds(
          "cluster-self",
          "error",
          /127\.0\.0\.2:\d+ does not find itself in cluster main.*wait for it forever/,
          /<tcp_port> and host names/,
        );
      } finally {
        await cluster.setMembers(cluster.nodes);
        relay.close();
      }
    });

    it("says that Keeper is down, and what that means", async () => {
      await cluster.zookeeper.kill();
      try {
        const found = await examine();
        const keeper = found.find(({ id }) => id === "cluster-keeper");
        assert.equal(keeper?.status, "error", JSON.stringify(found));
        assert.match(keeper?.message ?? "", /Keeper does not answer this server, so nothing can be created/);
        assert.match(keeper?.next ?? "", /Start Keeper/);
      } finally {
        await cluster.zookeeper.start();
      }
      await settled(async () => (await examine()).length === 0);
    });

    it("names a replica that is behind", async () => {
      await on(second, "SYSTEM STOP FETCHES d.r");
      try {
        await connection.command("INSERT INTO d.r SELECT 1");
        await sleep(3000);
        await finds(
          "cluster-lag",
          "warning",
          /behind the other replicas: d\.r on 127\.0\.1\.1:\d+ by \d+ s \(1 in its queue/,
          /SYSTEM START FETCHES/,
        );
      } finally {
        await on(second, "SYSTEM START FETCHES d.r");
      }
      await on(second, "SYSTEM SYNC REPLICA d.r");
    });

    it("names tables that have rows of their own on each host", async () => {
      await connection.command("CREATE TABLE d.plain ON CLUSTER main (a UInt64) ENGINE = SummingMergeTree ORDER BY a");
      await finds(
        "cluster-plain",
        "warning",
        /rows of its own.*: d\.plain \(SummingMergeTree, on 2 hosts\)$/,
        /engine: "ReplicatedMergeTree"/,
      );
      await connection.command("DROP TABLE d.plain ON CLUSTER main SYNC");
    });

    it("names a table that is two in one shard, after an EXCHANGE on one host", async () => {
      await connection.command("CREATE TABLE d.s ON CLUSTER main (a UInt64) ENGINE = ReplicatedMergeTree ORDER BY a");
      await connection.command("EXCHANGE TABLES d.r AND d.s");
      const found = await examine();
      assert.deepEqual(
        found.map(({ id, status }) => `${id} ${status}`),
        ["cluster-paths error", "cluster-paths error"],
      );
      assert.match(found[0]?.message ?? "", /d\.[rs] is two tables in shard 1, which do not replicate each other/);
      await connection.command("EXCHANGE TABLES d.r AND d.s");
      await connection.command("DROP TABLE d.s ON CLUSTER main SYNC");
    });

    it("names the host for which statements ON CLUSTER wait", async () => {
      await second.kill();
      try {
        const settings = "SETTINGS distributed_ddl_task_timeout = 0";
        await connection.command(`CREATE TABLE d.n ON CLUSTER main (a UInt8) ENGINE = Null ${settings}`);
        await sleep(1500);
        const found = (await examine({ queued: 0 })).find(({ id }) => id === "cluster-queue");
        assert.match(found?.message ?? "", /did not run: 1 statement on 127\.0\.1\.1:\d+, the oldest \(query-\d{10}\)/);
        assert.match(found?.next ?? "", /system\.distributed_ddl_queue/);
      } finally {
        await second.start();
      }
      await settled(async () => (await examine({ queued: 0 })).length === 0);
    });
  });

  describe(`doctor on two servers of different versions with equal macros`, function () {
    this.timeout(300_000);

    it("names the versions, and the macros", async () => {
      const cluster = await startCluster({
        version,
        users: USERS,
        node: ({ replica }) => (replica === 2 ? { version: "24.8", macros: { replica: "ch-1-1" } } : {}),
      });
      const connection = await openConnection({ url: cluster.nodes[0]?.url ?? "" });
      try {
        const checks = await checkCluster(connection, { cluster: "main", databases: [] });
        const found = checks.filter(({ status }) => status !== "ok");
        assert.deepEqual(
          found.map(({ id, status }) => `${id} ${status}`),
          ["cluster-macros error", "cluster-versions warning"],
          JSON.stringify(checks),
        );
        assert.match(
          found[0]?.message ?? "",
          /127\.0\.0\.1:\d+ and 127\.0\.1\.1:\d+ have the same macros {shard} "01"/,
        );
        assert.match(found[1]?.message ?? "", /25\.8\.\S+ on 127\.0\.0\.1:\d+; 24\.8\.\S+ on 127\.0\.1\.1:\d+\./);
        // The doctor may be connected to either.
        const other = await openConnection({ url: cluster.nodes[1]?.url ?? "" });
        try {
          const seen = await checkCluster(other, { cluster: "main", databases: [] });
          assert.deepEqual(
            seen.map(({ id }) => id),
            checks.map(({ id }) => id),
          );
        } finally {
          await other.close();
        }
      } finally {
        await connection.close();
        await cluster.stop();
      }
    });
  });
}

describe("what doctor says of a cluster", () => {
  const hosts: readonly Host[] = [
    { number: 1, shard: 1, host: "a", port: 9000 },
    { number: 2, shard: 1, host: "b", port: 9000 },
    { number: 3, shard: 2, host: "c", port: 9000 },
  ];
  const node = (number: number, macros: Readonly<Record<string, string>>, now = 0): Node => ({
    ...(hosts[number - 1] as Host),
    version: "25.8",
    now,
    members: [],
    local: 1,
    macros: new Map(Object.entries(macros)),
  });

  it("clocks are apart when they differ by more than the question took", () => {
    const clocks = (...times: readonly number[]) => times.map((now, index) => node(index + 1, {}, now));
    assert.equal(clocksCheck(hosts, clocks(1000, 1900, 1400), 500).status, "ok");
    const found = clocksCheck(hosts, clocks(1000, 4300, 1400), 100);
    assert.equal(found.status, "error");
    assert.match(found.message, /the clock of b is 3\.2 s ahead of that of a/);
    assert.match(found.next ?? "", /NTP/);
  });

  it("macros are equal within a shard, and the replicas' different", () => {
    const good = [
      node(1, { shard: "1", replica: "a" }),
      node(2, { shard: "1", replica: "b" }),
      node(3, { shard: "2", replica: "a" }),
    ];
    assert.deepEqual(
      macroChecks(hosts, good).map(({ status }) => status),
      ["ok"],
    );
    const messages = (...nodes: readonly Node[]): string =>
      macroChecks(hosts, nodes)
        .map(({ message }) => message)
        .join("\n");
    assert.match(messages(node(1, { shard: "1" }), node(2, { shard: "1", replica: "b" })), /^a: no macro {replica}/);
    assert.match(
      messages(node(1, { shard: "1", replica: "a" }), node(2, { shard: "2", replica: "b" })),
      /a and b are in one shard, and have the macros {shard} "1" and "2"/,
    );
    assert.match(
      messages(node(1, { shard: "1", replica: "a" }), node(3, { shard: "1", replica: "c" })),
      /a and c are in shards 1 and 2, and both have the macro {shard} "1": they would replicate each other's rows/,
    );
  });

  it("hosts are named by their names, and entries by their age", () => {
    const found = hostsCheck("prod", hosts, new Set([1, 3]), new Set());
    assert.match(found.message, /^cluster prod: 2 shards, 3 hosts; no answer from b \(shard 1\)$/);
    const entry = (host: string, age: number) => ({ entry: `query-${age}`, host, age });
    assert.equal(queueCheck([entry("b:9000", 59)]).status, "ok");
    assert.match(
      queueCheck([entry("b:9000", 100), entry("b:9000", 7300), entry("c:9000", 61)]).message,
      /did not run: 2 statements on b:9000, 1 statement on c:9000, the oldest \(query-7300\) 2 hours old/,
    );
  });
});

async function listening(server: Server, host: string, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(port, host, resolve));
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function settled(isOver: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await isOver()); await sleep(500))
    assert.ok(Date.now() < end, "it did not settle within 60 s");
}

/** The node's native port on another address, which it does not take for its own. */
async function relayTo(node: ClusterNode, host: string): Promise<Server> {
  const relay = createTcpServer((socket) => {
    const target = connect(node.port, node.host);
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => other.destroy());
    }
  });
  await listening(relay, host, node.port);
  return relay;
}
