import assert from "node:assert/strict";
import fc from "fast-check";
import { applyPlan } from "../../provider/src/apply/apply-plan";
import { newOperation, rebuildTable, selfTest } from "../../provider/src/apply/rebuild/index";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { diffObject, planObject } from "../../provider/src/kinds/object";
import { SELF_TEST_PREFIX } from "../../provider/src/operation/names";
import { parseCreate } from "../../provider/src/sql/parse/index";
import { byEffort } from "../support/effort";
import { freshDatabase, sharedServer } from "../support/server";
import { KINDS, runSideBySide } from "./side-by-side-runs";
import { skipSelfTest } from "./tables";

const RUNS = byEffort({ fast: 1, full: 2, soak: 50 });

/** Runners of one process share by the URL what they know; these are of several. */
let runners = 0;
async function open(): Promise<Connection> {
  const connection = await openConnection({
    url: (await sharedServer()).url,
    username: process.env["CLICKHOUSE_USER"] ?? "default",
    password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
  });
  runners += 1;
  return Object.assign(Object.create(connection), { url: `runner ${runners}` });
}

describe("operations side by side", function () {
  this.timeout(300_000);
  let connection: Connection;
  let database: string;

  before(async () => {
    connection = await openConnection({ url: (await sharedServer()).url });
  });
  beforeEach(async () => {
    database = await freshDatabase(await sharedServer());
  });
  afterEach(() => connection.command(`DROP DATABASE ${database} SYNC`));
  after(() => connection.close());

  it("try the server out at the same time without disturbing each other, and leave nothing behind", async () => {
    const connections = await Promise.all(Array.from({ length: 6 }, open));
    for (const { failed } of await Promise.all(connections.map((own) => selfTest(own, database)))) {
      assert.deepEqual(failed, []);
    }
    await Promise.all(connections.map((own) => own.close()));
    assert.deepEqual(await scratchTables(), []);
  });

  it("try it out once in a process", async () => {
    const statements: string[] = [];
    const hooks = { beforeStatement: (sql: string) => void statements.push(sql) };
    await Promise.all([1, 2, 3].map(() => selfTest(connection, database, hooks)));
    assert.equal(statements.filter((sql) => sql.startsWith("EXCHANGE")).length, 1);
  });

  it("what a runner that died long ago has left of its try-out is dropped, what is young is let be", async () => {
    const now = Date.now();
    const names = [`${now - 3_600_000}_abcdef01_`, `${now}_abcdef02_`, ""].map((part) => SELF_TEST_PREFIX + part);
    for (const name of names) {
      for (const table of ["a", "seen"]) {
        await connection.command(`CREATE TABLE ${database}.${name}${table} (x UInt8) ENGINE = MergeTree ORDER BY x`);
      }
      await connection.command(
        `CREATE MATERIALIZED VIEW ${database}.${name}view TO ${database}.${name}seen AS SELECT x FROM ${database}.${name}a`,
      );
    }
    await connection.command(`DETACH TABLE ${database}.${names[0]}a SYNC`);
    await selfTest(connection, database);
    assert.deepEqual(
      await scratchTables(),
      ["a", "seen", "view"].map((table) => names[1] + table),
    );
  });

  it("a copy of one that lasts does not keep the others from their moment without inserts", async () => {
    await skipSelfTest(connection, database);
    const table = (name: string, orderBy: string): string =>
      `CREATE TABLE ${database}.${name} (\`a\` UInt64) ENGINE = MergeTree ORDER BY ${orderBy}`;
    for (const sql of [
      table("s", "a"),
      table("x", "a"),
      `CREATE MATERIALIZED VIEW ${database}.v TO ${database}.x AS SELECT a FROM ${database}.s`,
    ]) {
      await connection.command(sql);
    }
    const id = newOperation();
    // What the copy of another operation looks like to the server.
    const copy = connection
      .command(
        `/* schema-op ${id} */ INSERT INTO FUNCTION null('a UInt64') SELECT number + sleepEachRow(0.5) FROM numbers(240) ` +
          "SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0",
      )
      .catch(() => undefined);
    await rebuildTable(connection, { from: table("s", "a"), to: table("s", "a + 1"), operation: newOperation() });
    const copies = `startsWith(query, '/* schema-op ${id}')`;
    assert.equal((await connection.query(`SELECT 1 AS one FROM system.processes WHERE ${copies}`)).length, 1);
    await connection.command(`KILL QUERY WHERE ${copies} SYNC`);
    await copy;
  });

  it(`of all kinds, ${RUNS} times, in one database and in several: all end well, no row is lost or doubled`, async () => {
    const kinds = fc.array(fc.constantFrom(...KINDS), { minLength: 3, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(kinds, fc.boolean(), async (chosen, apart) => {
        const server = await sharedServer();
        const own = await freshDatabase(server);
        const databases: string[] = [];
        for (const _ of chosen) databases.push(apart ? await freshDatabase(server) : own);
        for (const one of await runSideBySide(open, databases, chosen)) {
          const { acknowledged } = one;
          assert.deepEqual(one, { kind: one.kind, acknowledged, inSource: acknowledged, inTargets: acknowledged });
        }
        for (const name of new Set([own, ...databases])) await connection.command(`DROP DATABASE ${name} SYNC`);
      }),
      { numRuns: RUNS, examples: [[[...KINDS], false]], endOnFailure: true },
    );
  });

  it("several protocols in the plan of one object run one after the other, each as an operation of its own", async () => {
    const table = (name: string, orderBy: string): string =>
      `CREATE TABLE ${database}.${name} (\`a\` UInt64, \`b\` UInt64) ENGINE = MergeTree ORDER BY ${orderBy}`;
    await connection.command(table("old", "a"));
    await connection.command(`INSERT INTO ${database}.old SELECT number, 1 FROM numbers(100)`);
    const [from, to] = [parseCreate(table("old", "a")), parseCreate(table("new", "b"))];
    const plan = planObject(from, to, diffObject(from, to));
    assert.deepEqual(
      plan.steps.map(({ kind }) => kind),
      ["rename", "rebuild"],
    );
    const options = { operation: newOperation(), allow: [], rebuild: "online" as const, tell: () => undefined };
    await applyPlan(connection, { database, name: "new" }, plan, options);
    const rows = await connection.query(
      `SELECT name, sorting_key, toUInt32(total_rows) AS rows FROM system.tables WHERE database = '${database}' AND name IN ('old', 'new')`,
    );
    assert.deepEqual(rows, [{ name: "new", sorting_key: "b", rows: 100 }]);
  });

  async function scratchTables(): Promise<string[]> {
    const rows = await connection.query<{ name: string }>(
      `SELECT name FROM system.tables WHERE database = '${database}' AND startsWith(name, '${SELF_TEST_PREFIX}') ORDER BY name`,
    );
    return rows.map(({ name }) => name);
  }
});
