import assert from "node:assert/strict";
import { applyPlan } from "../../provider/src/apply/apply-plan";
import { newOperation } from "../../provider/src/apply/rebuild/index";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { diffObject, planObject } from "../../provider/src/kinds/object";
import { renderPlan } from "../../provider/src/plan";
import { parseCreate } from "../../provider/src/sql/parse";
import { freshDatabase, sharedServer } from "../support/server";

/** A change of table `t`, whose engine keeps no rows. */
interface Remake {
  readonly from: string;
  readonly to: string;
  readonly renamedColumns?: Readonly<Record<string, string>>;
  readonly rebuild?: "online" | "offline";
}

describe("a table that keeps no rows, recreated", () => {
  let connection: Connection;
  let d: string;

  before(async () => {
    connection = await openConnection({
      url: (await sharedServer()).url,
      username: process.env["CLICKHOUSE_USER"] ?? "default",
      password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
    });
  });

  beforeEach(async () => {
    d = await freshDatabase(await sharedServer());
    await run(`CREATE TABLE ${d}.all (a UInt64) ENGINE = MergeTree ORDER BY a`);
  });

  afterEach(() => run(`DROP DATABASE ${d} SYNC`));

  after(() => connection.close());

  it("runs the statement that the preview shows, and no other that changes something", async () => {
    const { commands, shown } = await remake({ from: table("a UInt64"), to: table("a UInt64", "Null COMMENT 'x'") });
    assert.deepEqual(commands, [`ALTER TABLE ${d}.t MODIFY COMMENT 'x'`]);
    const other = await remake(
      { from: table("a UInt64", "Null COMMENT 'x'"), to: table("k UInt64"), renamedColumns: { k: "a" } },
      { create: false },
    );
    assert.equal(other.commands.length, 1);
    assert.ok(other.shown.includes(`\n${other.commands[0]};\n`), other.shown);
    assert.match(other.shown, /\n-- metadata-only: a Null table holds no rows/);
    assert.equal(shown.includes("CREATE OR REPLACE"), false);
    assert.equal(await answer(`SELECT name AS value FROM system.columns WHERE database = '${d}' AND table = 't'`), "k");
  });

  it("is refused where a materialized view reads it, with the way out, and changes nothing", async () => {
    await run(table("a UInt64, b UInt8"), `CREATE MATERIALIZED VIEW ${d}.v TO ${d}.all AS SELECT a FROM ${d}.t`);
    const before = await createOf();
    const change = { from: table("a UInt64, b UInt8"), to: table("a UInt64, c UInt8"), renamedColumns: { c: "b" } };
    await assert.rejects(
      remake(change, { create: false }),
      new RegExp(`${d}\\.t: ${d}\\.v would miss rows .* Stop its writers .* rebuild: "offline"`),
    );
    assert.equal(await createOf(), before);
    await run(`INSERT INTO ${d}.t VALUES (1, 1)`);
    assert.equal(await answer(`SELECT sum(a) AS value FROM ${d}.all`), "1");
  });

  it("recreates a Null table in one statement, with a view that reads it, when its writers rest", async () => {
    await run(table("a UInt64, b UInt8"), `CREATE MATERIALIZED VIEW ${d}.v TO ${d}.all AS SELECT a FROM ${d}.t`);
    await run(`INSERT INTO ${d}.t VALUES (1, 1)`);
    const change = { from: table("a UInt64, b UInt8"), to: table("a UInt64, c UInt8"), renamedColumns: { c: "b" } };
    const { commands } = await remake({ ...change, rebuild: "offline" }, { create: false });
    assert.equal(commands.length, 1);
    assert.match(commands[0] ?? "", /^CREATE OR REPLACE TABLE /);
    await run(`INSERT INTO ${d}.t (a, c) VALUES (10, 1)`);
    assert.equal(await answer(`SELECT sum(a) AS value FROM ${d}.all`), "11");
  });

  it("gives a Merge table another pattern", async () => {
    await run(`CREATE TABLE ${d}.some (a UInt64) ENGINE = MergeTree ORDER BY a`, `INSERT INTO ${d}.some VALUES (5)`);
    const engine = (pattern: string): string => table("a UInt64", `Merge('${d}', '${pattern}')`);
    await remake({ from: engine("^all$"), to: engine("^(all|some)$") });
    assert.equal(await answer(`SELECT sum(a) AS value FROM ${d}.t`), "5");
  });

  it("gives a Buffer table other limits; the rows in it reach its table", async () => {
    const engine = (layers: number): string =>
      table("a UInt64", `Buffer('${d}', 'all', ${layers}, 600, 600, 1000000, 1000000, 100000000, 100000000)`);
    await run(engine(1), `INSERT INTO ${d}.t SELECT number FROM numbers(10)`);
    assert.equal(await answer(`SELECT count() AS value FROM ${d}.all`), "0");
    await remake({ from: engine(1), to: engine(2) }, { create: false });
    assert.equal(await answer(`SELECT count() AS value FROM ${d}.all`), "10");
    await run(`INSERT INTO ${d}.t VALUES (10)`, `OPTIMIZE TABLE ${d}.t`);
    assert.equal(await answer(`SELECT sum(a) AS value FROM ${d}.all`), "55");
  });

  it("can become a table that keeps rows", async () => {
    await remake({ from: table("a UInt64"), to: table("a UInt64", "MergeTree ORDER BY a") });
    await run(`INSERT INTO ${d}.t VALUES (1)`);
    assert.equal(await answer(`SELECT count() AS value FROM ${d}.t`), "1");
  });

  function table(columns: string, engine = "Null"): string {
    return `CREATE TABLE ${d}.t (${columns}) ENGINE = ${engine}`;
  }

  async function run(...statements: readonly string[]): Promise<void> {
    for (const statement of statements) await connection.command(statement);
  }

  /** Plans and applies. @returns what was run, and what the preview shows. */
  async function remake(
    { from, to, renamedColumns = {}, rebuild = "online" }: Remake,
    { create = true } = {},
  ): Promise<{ commands: string[]; shown: string }> {
    if (create) await run(from);
    const [before, after] = [parseCreate(from), parseCreate(to)];
    const plan = planObject(before, after, diffObject(before, after, { renamedColumns }));
    const commands: string[] = [];
    const recorded: Connection = {
      url: connection.url,
      version: connection.version,
      capabilities: connection.capabilities,
      query: (sql, params) => connection.query(sql, params),
      insert: (into, rows) => connection.insert(into, rows),
      close: () => Promise.resolve(),
      command: (sql, params) => {
        commands.push(sql);
        return connection.command(sql, params);
      },
    };
    const options = { operation: newOperation(), allow: [], rebuild, tell: () => undefined };
    await applyPlan(recorded, { database: d, name: "t" }, plan, options);
    return { commands, shown: renderPlan(plan) };
  }

  async function answer(sql: string): Promise<string> {
    const [row] = await connection.query<{ value: unknown }>(sql);
    return String(row?.value);
  }

  function createOf(): Promise<string> {
    return answer(`SELECT create_table_query AS value FROM system.tables WHERE database = '${d}' AND name = 't'`);
  }
});
