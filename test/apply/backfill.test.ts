import assert from "node:assert/strict";
import { findUnfinished, resumeBackfill } from "../../provider/dist/apply/backfill/index.js";
import { newOperation } from "../../provider/dist/apply/rebuild/index.js";
import { byEffort, report, SEED } from "../support/effort";
import { freshDatabase, sharedServer } from "../support/server";
import { BACKFILL_CASES, type BackfillCase, createSource, createViews, runBackfill } from "./backfill-cases";
import { dying } from "./backfill-crashes";
import { compareTarget, randomBackfill } from "./backfill-runs";
import { Crash } from "./runs";
import { open, ViewBench } from "./views-bench";
import { Ledger } from "./writers";

const RUNS = byEffort({ fast: 2, full: 20, soak: 1000 });
/** Crashes at every statement take minutes; every ninth has to do. */
const STRIDE = byEffort({ fast: 27, full: 9, soak: 1 });

describe(`a backfill (TEST_SEED=${SEED})`, () => {
  let bench: ViewBench;
  let ledger: Ledger;

  before(async () => {
    bench = await ViewBench.open();
  });
  after(() => bench.close());

  async function begin(one: BackfillCase): Promise<void> {
    const { connection, database } = bench;
    ledger = new Ledger();
    await connection.command(`DROP DATABASE ${database} SYNC`);
    await connection.command(`CREATE DATABASE ${database}`);
    await createSource(connection, database, one);
    await insert(120);
    await createViews(connection, database, one);
    await insert(60);
  }

  async function insert(count: number): Promise<void> {
    for (const table of ["t", "u"]) {
      const first = ledger.take(count / 2);
      for (let id = first; id < first + count / 2; id += 1) if (table === "u") ledger.throughView.add(id);
      Ledger.bump(ledger.begun, first, count / 2);
      Ledger.bump(ledger.acknowledged, first, count / 2);
      await bench.retried(
        `INSERT INTO @.${table} (id, grp, v) SELECT number + ${first} AS n, n % 7, 1 FROM numbers(${count / 2})`,
      );
    }
  }

  async function assertExact(one: BackfillCase, message = ""): Promise<void> {
    const { connection, database } = bench;
    const losses = await compareTarget(connection, database, one, ledger);
    assert.deepEqual(losses, { targetLost: 0, targetDoubled: 0 }, message);
  }

  /** Asserts that nothing of an operation is left. */
  async function assertClean(operation: string, one: BackfillCase): Promise<void> {
    const rows = await bench.connection.query<{ name: string; s: string }>(
      `SELECT name, create_table_query AS s FROM system.tables WHERE database = '${bench.database}'`,
    );
    const left = rows.map(({ name }) => name).filter((name) => name.includes(operation));
    assert.deepEqual(left, one.mode === "refill" ? [`na__old_${operation}`] : []);
    for (const { name, s } of rows) {
      assert.doesNotMatch(s, /_gate_|max_bytes_to_merge|toInt64/, name);
    }
  }

  for (const one of BACKFILL_CASES) {
    it(`fills with every row of a quiet source, once: ${one.name}`, async () => {
      const { connection, database } = bench;
      await begin(one);
      const operation = newOperation();
      const result = await runBackfill(connection, database, one, { operation, chunk: 50 });
      await insert(40);
      await assertExact(one);
      await assertClean(operation, one);
      assert.equal(result.rows, one.holds === "both" && one.name.includes("two") ? 270 : one.holds === "u" ? 90 : 180);
      assert.equal(result.gated, one.name !== "by insert time");
      assert.deepEqual(await findUnfinished(connection, database), []);
      const options = { database, operation };
      assert.deepEqual(await resumeBackfill(connection, options), result);
    });

    it(`goes on after a crash at any statement, with rows written in between: ${one.name}`, async () => {
      let crashes = 0;
      for (let dieAt = SEED % STRIDE; await diesAt(one, dieAt); dieAt += STRIDE) crashes += 1;
      assert.ok((crashes + 1) * STRIDE > 20, `only ${crashes} statements`);
    }).timeout(600_000);
  }

  /** @returns whether it died at all. */
  async function diesAt(one: BackfillCase, dieAt: number): Promise<boolean> {
    const { connection, database } = bench;
    await begin(one);
    const operation = newOperation();
    const death = await runBackfill(connection, database, one, { operation, chunk: 50, ...dying(dieAt) }).then(
      () => undefined,
      (error: unknown) => error,
    );
    await insert(20);
    if (death !== undefined) {
      assert.ok(death instanceof Crash, String(death));
      const [found] = await findUnfinished(connection, database);
      const fresh = await open();
      if (found === undefined) await runBackfill(fresh, database, one, { operation, chunk: 50 });
      else await resumeBackfill(fresh, found);
      await fresh.close();
    }
    await insert(20);
    await assertExact(one, `died at ${dieAt}: ${death}`);
    await assertClean(operation, one);
    return death !== undefined;
  }
});

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
