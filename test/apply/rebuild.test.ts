import assert from "node:assert/strict";
import { unfinishedOperations } from "../../provider/src/apply/operations";
import { newOperation, REBUILD, rebuildTable, selfTest } from "../../provider/src/apply/rebuild/index";
import type { RebuildProgress } from "../../provider/src/apply/rebuild/options";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { resume } from "../../provider/src/operation/engine";
import { byEffort, SEED } from "../support/effort";
import { freshDatabase, sharedServer } from "../support/server";
import { Crash, dyingAt, randomRun } from "./runs";
import { sweep } from "./sweep";
import { createTables, definitions, skipSelfTest, VARIANTS, type Variant } from "./tables";
import { type Losses as Comparison, compare, Ledger } from "./writers";

const RUNS = byEffort({ fast: 1, full: 3, soak: 2000 });
/** Runs at a time, all on one server. */
const LANES = 2;
/** A crash at every statement takes a minute. */
const STRIDE = byEffort({ fast: 11, full: 13, soak: 1 });
/** With and without a view that reads the table. */
const READ = byEffort({ fast: [true], full: [true, false], soak: [true, false] });
/** Variants that are rebuilt offline. */
const OFFLINE = byEffort({ fast: 1, full: VARIANTS.length, soak: VARIANTS.length });

/** How many rows are not as clients were told. */
type Losses = Omit<Comparison, "ids">;

const open = async (): Promise<Connection> =>
  openConnection({
    url: (await sharedServer()).url,
    username: process.env["CLICKHOUSE_USER"] ?? "default",
    password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
  });

describe("a rebuild", () => {
  let connection: Connection;
  let database: string;

  before(async () => {
    connection = await open();
    database = await freshDatabase(await sharedServer());
  });
  beforeEach(() => clear(connection, database));
  after(async () => {
    await connection.command(`DROP DATABASE ${database} SYNC`);
    await connection.close();
  });

  it("tries the server out first, once", async () => {
    const statements: string[] = [];
    const hooks = { beforeStatement: (sql: string) => void statements.push(sql) };
    const result = await selfTest(connection, database, hooks);
    assert.deepEqual(result, { version: connection.version, failed: [] });
    assert.ok(statements.some((sql) => sql.startsWith("EXCHANGE")));
    statements.length = 0;
    assert.deepEqual(await selfTest(connection, database, hooks), result);
    assert.equal(statements.length, 1, "the second time, only the journal is asked for");
  });

  for (const mode of ["online", "offline"] as const) {
    for (const [index, variant] of VARIANTS.entries()) {
      if (mode === "offline" && index >= OFFLINE) continue;
      it(`keeps the rows of a quiet table: ${variant.name}, ${mode}`, async () => {
        const operation = `quiet_${mode}_${index}`;
        await createTables(connection, database, variant);
        await fill(connection, database, "t", 0, 1000);
        await fill(connection, database, "u", 1000, 200);
        const before = await contents(connection, `${database}.t`);
        const progress: RebuildProgress[] = [];
        const result = await rebuildTable(connection, {
          ...definitions(database, variant),
          operation,
          mode,
          chunkRows: 300,
          onProgress: (step) => void progress.push(step),
        });
        assert.deepEqual(await contents(connection, `${database}.t`), before);
        assert.deepEqual(await contents(connection, result.retired), before);
        assert.equal(result.rows, 1200);
        assert.equal(progress.at(-1)?.step, "done");
        assert.deepEqual(await leftovers(connection, database), [`t__old_${operation}`]);
        assert.match(
          await statementOf(connection, database),
          new RegExp(variant.to.replaceAll(/[()]/g, "\\$&").split(" ORDER")[0] ?? ""),
        );
        assert.doesNotMatch(
          await statementOf(connection, database),
          /max_bytes_to_merge|enable_block_number|_gate_|retry_schema_change/,
        );
        await fill(connection, database, "t", 2000, 10);
        await fill(connection, database, "u", 3000, 10);
        assert.equal(await count(connection, `${database}.t`), 1220);
        if (variant.read) assert.equal(await count(connection, `${database}.agg FINAL`), 1220);
      });
    }
  }

  it("resumes after a crash before a statement, with rows written in between", async () => {
    const variant = pick("PARTITION BY");
    for (const read of READ) {
      const crashes = await sweep({ stride: STRIDE, first: SEED % STRIDE }, async (lane, dieAt) => {
        await lane.connection.command(`DROP DATABASE ${lane.database} SYNC`);
        await lane.connection.command(`CREATE DATABASE ${lane.database}`);
        await skipSelfTest(lane.connection, lane.database);
        return crashAndResume(lane.connection, lane.database, { ...variant, read }, newOperation(), dieAt);
      });
      assert.ok((crashes + 1) * STRIDE > 35, `only ${crashes} statements`);
    }
  }).timeout(600_000);

  it("resumes after a crash in the server's test, wherever that was", async () => {
    const own = await freshDatabase(await sharedServer());
    for (const prefix of ["EXCHANGE", "ATTACH TABLE `?_schema_self", "DETACH"]) {
      const hooks = {
        beforeStatement: (sql: string) => {
          if (new RegExp(`^${prefix}`).test(sql.replace(`${own}.`, ""))) throw new Crash(sql);
        },
      };
      await assert.rejects(selfTest(connection, own, hooks), Crash);
    }
    let attaches = 0;
    const afterDetach = {
      beforeStatement: (sql: string) => {
        if (/^ATTACH TABLE (?!IF)/.test(sql) && attaches++ === 0) throw new Crash(sql);
      },
    };
    await assert.rejects(selfTest(connection, own, afterDetach), Crash);
    assert.deepEqual((await selfTest(connection, own)).failed, []);
    await connection.command(`DROP DATABASE ${own} SYNC`);
  });
});

describe(`a rebuild under writers (TEST_SEED=${SEED})`, function () {
  this.timeout(600_000);
  const runs: Promise<Losses>[] = [];

  // Begun ahead of their tests, some at a time, in databases of their own: each waits most of its time.
  before(() => {
    const lanes = Array.from({ length: LANES }, () => Promise.resolve<unknown>(undefined));
    for (let run = 0; run < RUNS; run += 1) {
      const lane = run % LANES;
      const result = Promise.resolve(lanes[lane]).then(() => lossesOf(run));
      runs.push(result);
      lanes[lane] = result.catch(() => undefined);
    }
  });

  for (let run = 0; run < RUNS; run += 1) {
    it(`loses and doubles nothing, run ${run}: ${variantOf(run).name}`, async () => {
      assert.deepEqual(await runs[run], { lost: 0, doubled: 0, viewLost: 0, viewDoubled: 0, halfWay: 0 });
    });
  }
});

function variantOf(run: number): Variant {
  return VARIANTS[run % VARIANTS.length] ?? pick("ORDER BY");
}

async function lossesOf(run: number): Promise<Losses> {
  const database = await freshDatabase(await sharedServer());
  const { lost, doubled, viewLost, viewDoubled, halfWay } = await randomRun(
    open,
    database,
    variantOf(run),
    SEED * 1000 + run,
  );
  const connection = await open();
  await connection.command(`DROP DATABASE ${database} SYNC`);
  await connection.close();
  return { lost, doubled, viewLost, viewDoubled, halfWay };
}

/** @returns whether it died at all. */
async function crashAndResume(
  connection: Connection,
  database: string,
  variant: Variant,
  operation: string,
  dieAt: number,
): Promise<boolean> {
  const ledger = new Ledger();
  const add = async (table: "t" | "u"): Promise<void> => {
    const first = ledger.take(40);
    Ledger.bump(ledger.begun, first, 40);
    if (table === "u") for (let id = first; id < first + 40; id += 1) ledger.throughView.add(id);
    for (;;) {
      try {
        await fill(connection, database, table, first, 40);
        break;
      } catch (error) {
        if ((error as { code?: number }).code !== 469) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    Ledger.bump(ledger.acknowledged, first, 40);
  };
  await createTables(connection, database, variant);
  await add("t");
  await add("u");
  const options = { ...definitions(database, variant), operation, chunkRows: 40 };
  let died = false;
  try {
    await rebuildTable(connection, { ...options, ...dyingAt(dieAt) });
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
    died = true;
    await add("t");
    await add("u");
    const [found] = await unfinishedOperations(connection, database);
    const fresh = await open();
    if (found === undefined) await rebuildTable(fresh, options);
    else await resume(REBUILD, fresh, found, { chunkRows: 40 });
    await fresh.close();
  }
  await add("t");
  await add("u");
  const { ids: _, ...losses } = await compare(connection, database, ledger, variant.read);
  assert.deepEqual(
    losses,
    { lost: 0, doubled: 0, viewLost: 0, viewDoubled: 0, halfWay: 0 },
    `died at statement ${dieAt}`,
  );
  assert.deepEqual(await leftovers(connection, database), [`t__old_${operation}`], `died at statement ${dieAt}`);
  assert.deepEqual(await unfinishedOperations(connection, database), []);
  return died;
}

function pick(name: string): Variant {
  const variant = VARIANTS.find((candidate) => candidate.name === name);
  assert.ok(variant);
  return variant;
}

async function fill(
  connection: Connection,
  database: string,
  table: string,
  first: number,
  rows: number,
): Promise<void> {
  await connection.command(
    `INSERT INTO ${database}.${table} (id, grp, v, note) SELECT number + ${first} AS n, toUInt32(n % 7), 1, if(n % 3 = 0, NULL, toString(n)) FROM numbers(${rows})`,
  );
}

async function contents(connection: Connection, table: string): Promise<unknown> {
  return connection.query(
    `SELECT count() AS c, sum(cityHash64(toInt64(id), toUInt64(grp), v, ifNull(note, 'none'), twice, label)) AS h FROM ${table}`,
  );
}

async function count(connection: Connection, table: string): Promise<number> {
  const [row] = await connection.query<{ c: string }>(`SELECT count() AS c FROM ${table}`);
  return Number(row?.c);
}

async function statementOf(connection: Connection, database: string): Promise<string> {
  const [row] = await connection.query<{ s: string }>(
    `SELECT create_table_query AS s FROM system.tables WHERE database = '${database}' AND name = 't'`,
  );
  return row?.s ?? "";
}

async function leftovers(connection: Connection, database: string): Promise<string[]> {
  const rows = await connection.query<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = '${database}' AND name NOT IN ('t', 'u', 'agg', 'u_to_t', 't_to_agg', '_schema_ops') ORDER BY name`,
  );
  return rows.map(({ name }) => name);
}

/** Drops everything but the journal, which knows that the server was tried out. */
async function clear(connection: Connection, database: string): Promise<void> {
  const rows = await connection.query<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = '${database}' AND name != '_schema_ops' ORDER BY engine != 'MaterializedView'`,
  );
  for (const { name } of rows) await connection.command(`DROP TABLE ${database}.\`${name}\` SYNC`);
}
