import assert from "node:assert/strict";
import { createServer, request, type Server } from "node:http";
import { createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { apart } from "../../provider/src/cluster/census";
import { ClusterConnection } from "../../provider/src/cluster/cluster-connection";
import type { ClusterHost, Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { type Cluster, type ClusterNode, startCluster } from "../support/cluster";
import { type CheckRequest, TestProvider, urnOf } from "../support/provider";
import { sleep } from "../support/server";
import { canReplicate } from "../support/versions";

type Bag = Record<string, unknown>;
type Kind = Parameters<TestProvider["check"]>[0];

const COLUMNS = { id: "UInt64", v: "String" };
const REPLICATED = { columns: COLUMNS, engine: "ReplicatedMergeTree", orderBy: ["id"] };

/*
 * What is wrong with a cluster, or with what is asked of it, is said before anything runs. Unknown clusters, hosts that do not know each other and equal
 * macros are in cluster.test.ts.
 */
for (const version of canReplicate(["25.8"])) {
  describe(`what cannot be done on a cluster of ClickHouse ${version}`, function () {
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
      config = { "clickhouse:url": node(0).url, "clickhouse:cluster": "main", "clickhouse:ddlTimeout": "15" };
    });

    beforeEach(async () => {
      provider = new TestProvider(config);
      database = `d${++counter}`;
      await host(0).command(`CREATE DATABASE ${database} ON CLUSTER main`);
    });

    afterEach(() => provider?.close());

    after(async () => {
      await Promise.all(hosts?.map((one) => one.close()) ?? []);
      await cluster?.stop();
    });

    const host = (index: number): Connection => hosts[index] as Connection;
    const node = (index: number): ClusterNode => cluster.nodes[index] as ClusterNode;

    async function tables(): Promise<string[]> {
      const found = await Promise.all(
        hosts.map((one) =>
          one.query<{ n: string }>(`SELECT count() AS n FROM system.tables WHERE database = '${database}'`),
        ),
      );
      return found.map(([row]) => String(row?.n));
    }

    const table = (args: object = REPLICATED, more: Partial<CheckRequest> = {}): CheckRequest => ({
      name: "t",
      database,
      args,
      ...more,
    });

    async function again(more: Record<string, string> = {}): Promise<void> {
      await provider.close();
      provider = new TestProvider({ ...config, ...more });
    }

    async function create(kind: Kind, wanted: CheckRequest): Promise<{ inputs: Bag; outs: Bag }> {
      const { inputs = {}, failures } = await provider.check(kind, wanted);
      assert.deepEqual(failures, []);
      const { outs = {} } = await provider.of(kind).create(inputs);
      return { inputs, outs: outs as Bag };
    }

    it("behind a load balancer, each request of which may reach another host, everything is as through one host", async () => {
      const balancer = await balancerOf(cluster.nodes);
      try {
        await again({ "clickhouse:url": balancer.url });
        const view: CheckRequest = {
          name: "v",
          database,
          args: { query: `SELECT id FROM ${database}.t` },
          dependsOn: [urnOf("table", "t", database)],
        };
        const [made, seen] = [await create("table", table()), await create("view", view)];
        assert.deepEqual([made.outs["hosts"], seen.outs["hosts"]], ["all", "all"]);
        const args = { ...REPLICATED, columns: { ...COLUMNS, more: "UInt8" }, comment: "new" };
        await again({ "clickhouse:url": balancer.url });
        const changed = await provider.check("table", table(args, { olds: made.inputs }));
        assert.deepEqual(changed.failures, []);
        const { outs = {} } = await provider.of("table").update("id", made.outs, changed.inputs ?? {});
        assert.equal((outs as Bag)["hosts"], "all");
        await again({ "clickhouse:url": balancer.url });
        const none = await provider.check("table", table(args, { olds: changed.inputs ?? {} }));
        assert.deepEqual([none.failures, none.inputs?.["plan"]], [[], undefined]);
        for (let times = 0; times < 4; times++) {
          const { props } = await provider.of("table").read("id", outs);
          assert.deepEqual(props, outs);
        }
        assert.ok(
          balancer.reached.every((count) => count > 5),
          balancer.reached.join(),
        );
        const one = await provider.check("table", table({ ...REPLICATED, cluster: false }, { name: "one" }));
        assert.match(
          one.failures.join(),
          /one: cluster: expected one host for false, found that \S+ leads to another one each time\. Set clickhouse:url to the host/,
        );
        // As it says.
        await again();
        await create("table", table({ columns: COLUMNS, orderBy: ["id"], cluster: false }, { name: "one" }));
      } finally {
        balancer.server.closeAllConnections();
        balancer.server.close();
      }
    });

    it("a path with {uuid} on one host only is refused, and taken on all", async () => {
      const { failures } = await provider.check("table", table({ ...REPLICATED, cluster: false }));
      assert.match(
        failures.join(),
        /\{uuid\} in a replicated table's path needs a Replicated database.*Leave cluster: false out/,
      );
      await again();
      assert.equal((await create("table", table())).outs["hosts"], "all");
    });

    it("a path that a renamed table still holds is refused, with that table; another path is taken", async () => {
      const at = (path: string) => ({ ...REPLICATED, engine: `ReplicatedMergeTree('${path}', '{replica}')` });
      await create("table", table(at("/clickhouse/tables/{shard}/{database}/{table}")));
      await host(0).command(`RENAME TABLE ${database}.t TO ${database}.old ON CLUSTER main`);
      await again();
      const { failures } = await provider.check("table", table(at("/clickhouse/tables/{shard}/{database}/{table}")));
      assert.match(
        failures.join(),
        new RegExp(
          `its place in Keeper is taken: '/clickhouse/tables/01/${database}/t' has a replica '\\S+', of ${database}\\.old; a table that is renamed keeps its path`,
        ),
      );
      assert.deepEqual(await tables(), ["1", "1"]);
      await again();
      const [, engine = ""] = /engine: "([^"]+)"/.exec(failures.join()) ?? [];
      assert.equal((await create("table", table({ ...REPLICATED, engine }))).outs["hosts"], "all");
      await again();
      // Nor is there anything wrong with none.
      assert.equal((await create("table", table(REPLICATED, { name: "u" }))).outs["hosts"], "all");
    });

    it("a path of a table that was dropped a moment ago is refused, and UNDROP brings that back", async () => {
      const engine = "ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')";
      await create("table", table({ ...REPLICATED, engine }));
      await host(0).command(`DROP TABLE ${database}.t ON CLUSTER main`);
      await again();
      const { failures } = await provider.check("table", table({ ...REPLICATED, engine }));
      assert.match(failures.join(), /dropped a moment ago\. Get it back with UNDROP TABLE d\d+\.t;/);
      const [undrop = ""] = /UNDROP TABLE \S+\.t/.exec(failures.join()) ?? [];
      for (const one of hosts) await one.command(undrop);
      await again();
      assert.equal((await create("table", table({ ...REPLICATED, engine }))).outs["hosts"], "all");
    });

    it("a path that nobody holds any more is refused, with the statement that frees it", async () => {
      const engine = `ReplicatedMergeTree('/clickhouse/tables/{shard}/${database}/lost', '{replica}')`;
      await create("table", table({ ...REPLICATED, engine }, { name: "lost" }));
      for (const one of hosts) await one.command(`DETACH TABLE ${database}.lost PERMANENTLY`);
      await again();
      const wanted = table({ ...REPLICATED, engine });
      for (const one of hosts) {
        const { failures } = await provider.check("table", wanted);
        const [free = ""] = /SYSTEM DROP REPLICA '[^']+' FROM ZKPATH '[^']+'/.exec(failures.join()) ?? [];
        assert.ok(free !== "", failures.join());
        await one.command(free);
        await again();
      }
      assert.equal((await create("table", wanted)).outs["hosts"], "all");
    });

    it("while Keeper is down nothing is created or changed, and the preview reports it", async () => {
      const { inputs } = await create("table", table());
      await cluster.zookeeper.kill();
      try {
        for (const wanted of [
          table(REPLICATED, { name: "u" }),
          table({ ...REPLICATED, comment: "new" }, { olds: inputs }),
        ]) {
          await again();
          const began = Date.now();
          const { failures } = await provider.check("table", wanted);
          assert.match(
            failures.join(),
            /Keeper does not answer the server of cluster main, so nothing was done: .*Start it/s,
          );
          assert.ok(Date.now() - began < 20_000, `took ${Date.now() - began} ms`);
        }
        assert.deepEqual(await tables(), ["1", "1"]);
      } finally {
        await cluster.zookeeper.start();
      }
      for (let left = 60; ; left--) {
        await again();
        const { failures } = await provider.check("table", table(REPLICATED, { name: "u" }));
        if (failures.length === 0) break;
        assert.ok(left > 0, failures.join());
        await sleep(500);
      }
    });

    it("a host that answers /ping and nothing else is one that does not answer", async () => {
      const silent = createTcpServer(() => undefined);
      const port = await listening(silent, "127.0.0.9");
      const http = createServer((asked, answer) => (asked.url === "/ping" ? answer.end("Ok.\n") : undefined));
      await listening(http, "127.0.0.9", Number(new URL(node(0).url).port));
      await cluster.setMembers([...cluster.nodes, { host: "127.0.0.9", port, shard: 1 }]);
      try {
        const { failures } = await provider.check("table", table());
        assert.match(
          failures.join(),
          /127\.0\.0\.9 of cluster main does not answer, so nothing was done: create d\d+\.t/,
        );
        assert.deepEqual(await tables(), ["0", "0"]);
        await again({
          "clickhouse:url": `http://127.0.0.9:${new URL(node(0).url).port}`,
          "clickhouse:requestTimeout": "1",
          "clickhouse:unreachable": "fail",
        });
        await provider.check("table", table());
        assert.match(provider.messages.join("\n"), /The server could not be queried.*127\.0\.0\.9.*1 s/s);
      } finally {
        await cluster.setMembers(cluster.nodes);
        silent.close();
        http.closeAllConnections();
        http.close();
      }
    });

    it("a user without CLUSTER and REMOTE is told both GRANTs, which are enough", async () => {
      await host(0).command("CREATE USER IF NOT EXISTS poor ON CLUSTER main IDENTIFIED WITH no_password");
      await host(0).command("GRANT ON CLUSTER main SELECT, SHOW, CREATE, DROP, ALTER, TABLE ENGINE ON *.* TO poor");
      await again({ "clickhouse:username": "poor" });
      const { failures } = await provider.check("table", table());
      assert.match(
        failures.join(),
        /user poor may not run statements on the hosts of cluster main, or not read them: GRANT/,
      );
      for (const grant of failures.join().match(/GRANT [^;]*/g) ?? []) await host(0).command(grant);
      await again({ "clickhouse:username": "poor" });
      assert.equal((await create("table", table())).outs["hosts"], "all");
    });
  });
}

describe("clocks of a cluster's hosts", () => {
  const hosts = ["a", "b", "c"].map(
    (name, index): ClusterHost => ({
      number: index + 1,
      shard: 1,
      name,
      address: `${name}:9000`,
      isLocal: index === 0,
    }),
  );
  const clocks = (...times: readonly number[]) =>
    times.map((now, index) => ({ host: hosts[index] as ClusterHost, now }));

  it("are apart when they differ by more than the question took, and half a second", () => {
    assert.equal(apart(clocks(1000, 1900, 1400), 500), undefined);
    assert.deepEqual(apart(clocks(1000, 4300, 1400), 100), { ahead: hosts[1], behind: hosts[0], by: 3200 });
    assert.equal(apart([], 0), undefined);
  });

  it("are read on each host, and what differs is reported", async () => {
    const at = (now: number): string =>
      now
        .toString(16)
        .padStart(12, "0")
        .replace(/^(.{8})/, "$1-");
    const server = {
      query: async () =>
        [3000, 9200, 3100].map((now, index) => ({ number: String(index + 1), uuid: `${at(now)}-7000-8000-0` })),
    } as unknown as Connection;
    const options = { downHosts: "refuse", ddlTimeout: 60 } as const;
    const connection = new ClusterConnection(server, { name: "main", hosts }, options);
    assert.match(
      String(await connection.clocks()),
      /^the clock of b is 6\.[12] s ahead of that of a: .*Set all clocks by the same NTP servers$/,
    );
  });
});

/** An HTTP balancer that leads each request to the next host. */
async function balancerOf(nodes: readonly ClusterNode[]): Promise<{ server: Server; url: string; reached: number[] }> {
  const reached = nodes.map(() => 0);
  let next = 0;
  const server = createServer((asked, answer) => {
    const index = next++ % nodes.length;
    reached[index] = (reached[index] ?? 0) + 1;
    const { hostname, port } = new URL(nodes[index]?.url ?? "");
    const { headers, method, url } = asked;
    const passed = request({ hostname, port, headers, method, path: url }, (reply) => {
      answer.writeHead(reply.statusCode ?? 500, reply.headers);
      reply.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    asked.pipe(passed);
  });
  return { server, url: `http://127.0.0.1:${await listening(server, "127.0.0.1")}`, reached };
}

async function listening(server: TcpServer, name: string, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, name, resolve);
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}
