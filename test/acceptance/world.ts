import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { quoteString } from "../../provider/src/sql/identifiers";
import { createProject, type Project } from "../support/pulumi";
import { sleep } from "../support/server";

/** A cluster that somebody else has started, as seen through one address. */
export interface Target {
  /** HTTP address of a host, or of a load balancer. */
  readonly url: string;
  /** Its name in `system.clusters`. */
  readonly cluster: string;
  readonly username?: string;
  readonly password?: string;
}

/** How the program differs from the first one. */
export interface Variant {
  /** Columns more, as JavaScript, in the table and the Distributed table: `, amount: "UInt32"`. */
  readonly columns?: string;
  /** The same in the view's target, and what the view selects for it. */
  readonly target?: string;
  readonly select?: string;
  /** Arguments more of the table. */
  readonly table?: string;
  readonly more?: string;
}

/** A stack in a database of its own on the cluster, driven by the real CLI. */
export class World {
  readonly target: Target;
  readonly connection: Connection;
  readonly project: Project;
  /** Names no other database. */
  readonly database: string;
  readonly hosts: number;

  private constructor(target: Target, connection: Connection, project: Project, database: string, hosts: number) {
    this.target = target;
    this.connection = connection;
    this.project = project;
    this.database = database;
    this.hosts = hosts;
  }

  static async open(target: Target): Promise<World> {
    const connection = await openConnection(target);
    const [row] = await connection.query<{ hosts: string }>(
      "SELECT toString(count()) AS hosts FROM system.clusters WHERE cluster = {cluster:String}",
      { cluster: target.cluster },
    );
    if (Number(row?.hosts) === 0) throw new Error(`${target.url} knows no cluster ${target.cluster}`);
    const { url, cluster, username, password } = target;
    const project = await createProject({
      config: {
        "clickhouse:url": url,
        "clickhouse:cluster": cluster,
        "clickhouse:allow": "drops-data",
        "clickhouse:allowDrop": "true",
        ...(username !== undefined && { "clickhouse:username": username }),
        ...(password !== undefined && { "clickhouse:password": password }),
      },
    });
    const database = `acceptance_${randomUUID().replaceAll("-", "").slice(0, 12)}`;
    return new World(target, connection, project, database, Number(row?.hosts));
  }

  async close(): Promise<void> {
    await this.connection.close();
    this.project.remove();
  }

  /** A database, a replicated table, all shards of it, a view that counts, its target and all shards of that, an ordinary view. */
  program({ columns = "", target = "", select = "", table = "", more = "" }: Variant = {}): string {
    const { cluster } = this.target;
    return `
const db = new clickhouse.Database("${this.database}");
const columns = { at: "DateTime", id: "UInt64", country: "LowCardinality(String)"${columns} };
const orders = new clickhouse.Table("orders", { database: db, columns, engine: "ReplicatedMergeTree", orderBy: ["id"]${table} });
const all = new clickhouse.Table("orders_all", { database: db, columns,
  engine: sql\`Distributed('${cluster}', '\${db.name}', '\${orders.name}', id)\` });
const days = { day: "Date", country: "LowCardinality(String)", n: "UInt64"${target} };
const daily = new clickhouse.Table("daily", { database: db, columns: days, engine: "ReplicatedSummingMergeTree", orderBy: ["country", "day"] });
new clickhouse.Table("daily_all", { database: db, columns: days, engine: sql\`Distributed('${cluster}', '\${db.name}', '\${daily.name}')\` });
new clickhouse.MaterializedView("daily_mv", { database: db, to: daily,
  query: sql\`SELECT toDate(at) AS day, country, count() AS n${select} FROM \${orders} GROUP BY day, country\` });
new clickhouse.View("recent", { database: db, query: sql\`SELECT id FROM \${all} WHERE at > now() - 60\` });
${more}`;
  }

  /** Brings a program to the cluster. */
  async up(variant: Variant = {}): Promise<void> {
    this.project.write(this.program(variant));
    await this.project.must(["up", "--yes"]);
  }

  /** How many hosts have rows in a table of `system` that fulfil a condition, and how many different values of an expression these have. */
  async onHosts(expression: string, table: string, where: string): Promise<{ hosts: number; values: string[] }> {
    const from = `clusterAllReplicas(${quoteString(this.target.cluster)}, system.${table})`;
    const [row] = await this.connection.query<{ hosts: string; values: string[] }>(
      `SELECT toString(uniqExact(_shard_num)) AS hosts, groupUniqArray(toString(${expression})) AS values FROM ${from} WHERE ${where}`,
    );
    return { hosts: Number(row?.hosts), values: row?.values ?? [] };
  }

  /** Fails unless every host has the object, with the same value of an expression over `system.tables`. */
  async everywhere(name: string, expression = "uuid"): Promise<string> {
    const where = `database = '${this.database}' AND name = '${name}'`;
    const { hosts, values } = await this.onHosts(expression, "tables", where);
    assert.deepEqual([hosts, values.length], [this.hosts, 1], `${name}: on ${hosts} of ${this.hosts} hosts, ${values}`);
    return values[0] ?? "";
  }

  async value(sql: string): Promise<string> {
    const [row] = await this.connection.query<{ value: string }>(`SELECT toString((${sql})) AS value`);
    return row?.value ?? "";
  }

  /** Waits for what replication brings. */
  async awaitValue(sql: string, expected: string): Promise<void> {
    let found = "";
    for (const end = Date.now() + 60_000; Date.now() < end; await sleep(200)) {
      found = await this.value(sql);
      if (found === expected) return;
    }
    assert.equal(found, expected, sql);
  }
}
