import assert from "node:assert/strict";
import { checkServer } from "../../provider/src/doctor/server";
import { quoteString } from "../../provider/src/sql/identifiers";
import { sleep } from "../support/server";
import type { World } from "./world";

/** What has to hold on any cluster; each builds on those before it. */
export interface AcceptanceCheck {
  readonly name: string;
  readonly run: (world: World) => Promise<void>;
}

const OBJECTS = ["orders", "orders_all", "daily", "daily_all", "daily_mv", "recent"];
const AMOUNT = ', amount: "UInt32"';
const LAST = { target: ', last: "SimpleAggregateFunction(max, UInt64)"', select: ", max(id) AS last" };
const NO_CHANGES = ["preview", "--expect-no-changes"];

async function insert({ connection, database }: World, first: number, rows: number): Promise<void> {
  const select = `SELECT now() AS at, ${first} + number AS id, 'NL' AS country FROM numbers(${rows})`;
  await connection.command(`INSERT INTO ${database}.orders_all (at, id, country) ${select}`);
}

/** Every row once in the table and in the view's target, on all replicas of its shard. */
async function hasEachRowOnce(world: World, rows: number): Promise<void> {
  const { connection, database, target } = world;
  await connection.command(`SYSTEM FLUSH DISTRIBUTED ${database}.orders_all`);
  await world.awaitValue(`SELECT count() FROM ${database}.orders_all`, String(rows));
  await world.awaitValue(`SELECT uniqExact(id) FROM ${database}.orders_all`, String(rows));
  await world.awaitValue(`SELECT sum(n) FROM ${database}.daily_all`, String(rows));
  for (const [table, count] of [
    ["orders", "count()"],
    ["daily", "sum(n)"],
  ] as const) {
    const from = `clusterAllReplicas(${quoteString(target.cluster)}, ${database}.${table})`;
    const perHost = `SELECT _shard_num AS host, ${count} AS n FROM ${from} GROUP BY host`;
    const shards =
      "SELECT row_number() OVER () AS host, shard_num AS shard FROM " +
      `(SELECT shard_num, replica_num FROM system.clusters WHERE cluster = ${quoteString(target.cluster)} ORDER BY shard_num, replica_num)`;
    // Hosts without a row are in no group; shards whose hosts differ, or of which only some have rows.
    const unequal = `SELECT count() FROM (SELECT shard FROM (${shards}) AS s LEFT JOIN (${perHost}) AS h USING host GROUP BY shard HAVING uniqExact(n) > 1)`;
    await world.awaitValue(unequal, "0");
  }
}

/** The checks, in their order. */
export const CHECKS: readonly AcceptanceCheck[] = [
  {
    name: "doctor finds nothing wrong with the cluster",
    run: async ({ connection, target, database }) => {
      const subject = { databases: [database], scratch: undefined, cluster: target.cluster };
      const wrong = (await checkServer(connection, subject)).filter(({ status }) => status === "error");
      assert.deepEqual(wrong, []);
    },
  },
  {
    name: "one up creates every object on all hosts, each with one UUID",
    run: async (world) => {
      await world.up();
      for (const name of OBJECTS) await world.everywhere(name);
    },
  },
  {
    name: "a second preview and a refresh show no difference",
    run: async ({ project }) => {
      await project.must(NO_CHANGES);
      await project.must(["refresh", "--yes", "--expect-no-changes"]);
      await project.must(NO_CHANGES);
    },
  },
  {
    name: "rows through the Distributed table are there once, on all replicas of a shard, and the view has counted them",
    run: async (world) => {
      await insert(world, 0, 1000);
      await hasEachRowOnce(world, 1000);
    },
  },
  {
    name: "a column comes to all hosts while a client inserts, and no insert fails",
    run: async (world) => {
      let [rows, isOver] = [1000, false];
      const writer = (async () => {
        for (; !isOver; await sleep(50)) {
          await insert(world, rows, 10);
          rows += 10;
        }
      })();
      // Its failure is thrown where it is waited for.
      writer.catch(() => undefined);
      try {
        await world.up({ columns: AMOUNT });
      } finally {
        isOver = true;
      }
      await writer;
      assert.ok(rows > 1000);
      for (const name of ["orders", "orders_all"])
        assert.match(await world.everywhere(name, "create_table_query LIKE '%amount%'"), /^(?:1|true)$/);
      await hasEachRowOnce(world, rows);
      await world.project.must(NO_CHANGES);
    },
  },
  {
    name: "a view gets another query after its target has the new column, on all hosts",
    run: async (world) => {
      await world.up({ columns: AMOUNT, ...LAST });
      await world.everywhere("daily_mv", "create_table_query LIKE '%max(id)%'");
      await insert(world, 9_000_000, 1);
      await world.connection.command(`SYSTEM FLUSH DISTRIBUTED ${world.database}.orders_all`);
      await world.awaitValue(`SELECT max(last) FROM ${world.database}.daily_all`, "9000000");
      await world.project.must(NO_CHANGES);
    },
  },
  {
    name: "a setting and a comment, which are no part of replication, change on all hosts",
    run: async (world) => {
      const table = ', settings: { merge_with_ttl_timeout: 3600 }, comment: "all of them"';
      await world.up({ columns: AMOUNT, ...LAST, table });
      assert.equal(await world.everywhere("orders", "comment"), "all of them");
      await world.everywhere("orders", "create_table_query LIKE '%merge_with_ttl_timeout = 3600%'");
      await world.up({ columns: AMOUNT, ...LAST });
      assert.equal(await world.everywhere("orders", "comment"), "");
    },
  },
  {
    name: "what one host has lost is found by a refresh and brought back by the next up",
    run: async (world) => {
      const { connection, database, project } = world;
      const before = await world.everywhere("recent", "create_table_query");
      await connection.command(`DROP VIEW ${database}.recent SYNC`);
      await project.must(["refresh", "--yes"]);
      assert.notEqual((await project.run(NO_CHANGES)).code, 0, "the preview shows no difference");
      await project.must(["up", "--yes"]);
      assert.equal(await world.everywhere("recent", "create_table_query"), before);
      await project.must(NO_CHANGES);
    },
  },
  {
    name: "an unknown cluster is refused before anything runs",
    run: async (world) => {
      world.project.write(world.program({ columns: `${AMOUNT}, never: "UInt8"`, ...LAST }));
      const { code, text } = await world.project.run(["up", "--yes"], { CLICKHOUSE_CLUSTER: "no_such_cluster" });
      assert.notEqual(code, 0);
      assert.match(text, /no_such_cluster/);
      await world.everywhere("orders", "create_table_query LIKE '%never%'");
      assert.match(await world.everywhere("orders", "create_table_query LIKE '%never%'"), /^(?:0|false)$/);
    },
  },
  {
    name: "columns leave all hosts, those of a view's target with its query",
    run: async (world) => {
      await world.up();
      for (const [name, column] of [
        ["orders", "amount"],
        ["orders_all", "amount"],
        ["daily", "last"],
      ])
        assert.match(await world.everywhere(name ?? "", `create_table_query LIKE '%${column}%'`), /^(?:0|false)$/);
      await world.project.must(NO_CHANGES);
    },
  },
  {
    name: "destroy leaves nothing on any host",
    run: async (world) => {
      await world.project.must(["destroy", "--yes"]);
      assert.equal((await world.onHosts("name", "databases", `name = '${world.database}'`)).hosts, 0);
    },
  },
];
