import assert from "node:assert/strict";
import { BACKFILL, findUnfinished } from "../../provider/src/apply/backfill/index";
import { newOperation } from "../../provider/src/apply/rebuild/index";
import { resume } from "../../provider/src/operation/engine";
import { byEffort, report, SEED } from "../support/effort";
import { freshDatabase, sharedServer } from "../support/server";
import { BACKFILL_CASES, type BackfillCase, createSource, createViews, runBackfill } from "./backfill-cases";
import { dying } from "./backfill-crashes";
import { compareTarget, randomBackfill } from "./backfill-runs";
import { Crash } from "./runs";
import { type Lane, sweep } from "./sweep";
import { insertRetried, open, ViewBench } from "./views-bench";
import { Ledger } from "./writers";

const RUNS = byEffort({ fast: 1, full: 2, soak: 1000 });
/** Crashes at every statement take minutes. */
const STRIDE = byEffort({ fast: 27, full: 29, soak: 1 });
/** How many kinds of backfill crash. */
const SWEPT = byEffort({ fast: 1, full: BACKFILL_CASES.length, soak: BACKFILL_CASES.length });

/** One backfill of a case in a database, and what was inserted. */
class Filling {
  private readonly lane: Lane;
  private readonly one: BackfillCase;
  private readonly ledger = new Ledger();

  constructor(lane: Lane, one: BackfillCase) {
    this.lane = lane;
    this.one = one;
  }

  async begin(): Promise<void> {
    const { connection, database } = this.lane;
    await connection.command(`DROP DATABASE ${database} SYNC`);
    await connection.command(`CREATE DATABASE ${database}`);
    await createSource(connection, database, this.one);
    await this.insert(120);
    await createViews(connection, database, this.one);
    await this.insert(60);
  }

  async insert(count: number): Promise<void> {
    const { connection, database } = this.lane;
    for (const table of ["t", "u"]) {
      const first = this.ledger.take(count / 2);
      for (let id = first; id < first + count / 2; id += 1) if (table === "u") this.ledger.throughView.add(id);
      Ledger.bump(this.ledger.begun, first, count / 2);
      Ledger.bump(this.ledger.acknowledged, first, count / 2);
      await insertRetried(
        connection,
        `INSERT INTO ${database}.${table} (id, grp, v) SELECT number + ${first} AS n, n % 7, 1 FROM numbers(${count / 2})`,
      );
    }
  }

  async assertExact(message = ""): Promise<void> {
    const { connection, database } = this.lane;
    const losses = await compareTarget(connection, database, this.one, this.ledger);
    assert.deepEqual(losses, { targetLost: 0, targetDoubled: 0 }, message);
  }

  /** Asserts that nothing of an operation is left. */
  async assertClean(operation: string): Promise<void> {
    const { connection, database } = this.lane;
    const rows = await connection.query<{ name: string; s: string }>(
      `SELECT name, create_table_query AS s FROM system.tables WHERE database = '${database}'`,
    );
    const left = rows.map(({ name }) => name).filter((name) => name.includes(operation));
    assert.deepEqual(left, this.one.mode === "refill" ? [`na__old_${operation}`] : []);
    for (const { name, s } of rows) {
      assert.doesNotMatch(s, /_gate_|retry_schema_change|max_bytes_to_merge|toInt64/, name);
    }
  }
}

describe(`a backfill (TEST_SEED=${SEED})`, () => {
  let bench: ViewBench;

  before(async () => {
    bench = await ViewBench.open();
  });
  after(() => bench.close());

  for (const one of BACKFILL_CASES) {
    it(`fills with every row of a quiet source, once: ${one.name}`, async () => {
      const { connection, database } = bench;
      const filling = new Filling(bench, one);
      await filling.begin();
      const operation = newOperation();
      const result = await runBackfill(connection, database, one, { operation, chunk: 50 });
      await filling.insert(40);
      await filling.assertExact();
      await filling.assertClean(operation);
      assert.equal(result.rows, one.holds === "both" && one.name.includes("two") ? 270 : one.holds === "u" ? 90 : 180);
      assert.equal(result.gated, one.name !== "by insert time");
      assert.deepEqual(await findUnfinished(connection, database), []);
      const options = { database, operation };
      assert.deepEqual(await resume(BACKFILL, connection, options), result);
    });
  }

  for (const one of BACKFILL_CASES.slice(0, SWEPT)) {
    it(`resumes after a crash at any statement, with rows written in between: ${one.name}`, async () => {
      const crashes = await sweep({ stride: STRIDE, first: SEED % STRIDE }, (lane, dieAt) => diesAt(lane, one, dieAt));
      assert.ok((crashes + 1) * STRIDE > 20, `only ${crashes} statements`);
    }).timeout(600_000);
  }
});

/** @returns whether it died at all. */
async function diesAt(lane: Lane, one: BackfillCase, dieAt: number): Promise<boolean> {
  const { connection, database } = lane;
  const filling = new Filling(lane, one);
  await filling.begin();
  const operation = newOperation();
  const death = await runBackfill(connection, database, one, { operation, chunk: 50, ...dying(dieAt) }).then(
    () => undefined,
    (error: unknown) => error,
  );
  await filling.insert(20);
  if (death !== undefined) {
    assert.ok(death instanceof Crash, String(death));
    const [found] = await findUnfinished(connection, database);
    const fresh = await open();
    if (found === undefined) await runBackfill(fresh, database, one, { operation, chunk: 50 });
    else await resume(BACKFILL, fresh, found);
    await fresh.close();
  }
  await filling.insert(20);
  await filling.assertExact(`died at ${dieAt}: ${death}`);
  await filling.assertClean(operation);
  return death !== undefined;
}

describe(`a backfill under writers (TEST_SEED=${SEED})`, () => {
  for (let run = 0; run < RUNS; run += 1) {
    const one = BACKFILL_CASES[run % BACKFILL_CASES.length];
    assert.ok(one);
    it(`loses and doubles nothing, run ${run}: ${one.name}`, async () => {
      const database = await freshDatabase(await sharedServer());
      const seed = SEED * 1000 + run;
      const { diedAt, gates, crashes, ids, refused, result, ...counted } = await randomBackfill(
        open,
        database,
        one,
        seed,
      );
      report({ name: one.name, seed, ids, crashes, refused, diedAt, gates, ...counted });
      const none = { lost: 0, doubled: 0, viewLost: 0, viewDoubled: 0, halfWay: 0, targetLost: 0, targetDoubled: 0 };
      assert.deepEqual(counted, { ...none, surprises: [] }, JSON.stringify({ seed, diedAt, result }));
      const connection = await open();
      await connection.command(`DROP DATABASE ${database} SYNC`);
      await connection.close();
    });
  }
});
