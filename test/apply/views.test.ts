import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { unfinishedOperations } from "../../provider/src/apply/operations";
import { newOperation } from "../../provider/src/apply/rebuild/index";
import { applyViewStep, VIEW } from "../../provider/src/apply/views/index";
import { resume } from "../../provider/src/operation/engine";
import { byEffort, report, SEED } from "../support/effort";
import { freshDatabase, sharedServer } from "../support/server";
import { Crash, dyingAt } from "./runs";
import { sweep } from "./sweep";
import { open, ViewBench } from "./views-bench";
import { stepOf, VIEW_CASES, type ViewCase } from "./views-cases";
import { randomViewRun } from "./views-runs";

const RUNS = byEffort({ fast: 1, full: 4, soak: 500 });
/** Crashes at every statement take minutes; every ninth of two cases has to do. */
const STRIDE = byEffort({ fast: 27, full: 9, soak: 1 });
const SWEPT: ReadonlySet<string> = new Set(["MV target (`to`) changed", "inner table → explicit target"]);

describe(`a view step (TEST_SEED=${SEED})`, () => {
  let bench: ViewBench;

  before(async () => {
    bench = await ViewBench.open();
  });
  after(() => bench.close());

  for (const view of VIEW_CASES) {
    it(`keeps every row of a quiet source: ${view.name}`, async () => {
      const { connection, database } = bench;
      await bench.create(view);
      await bench.insert(0, 100);
      const options = { operation: "q1", allow: view.allow ?? [] };
      const result = await applyViewStep(connection, stepOf(database, view), options);
      await bench.insert(100, 50);
      await bench.settled(view);
      await bench.assertOnce(150);
      const inner = !view.from.startsWith("TO");
      await bench.assertClean(inner ? ["v__old_q1"] : []);
      assert.equal(result.retired, inner ? `${database}.v__old_q1` : undefined);
      assert.equal(result.rows, inner && !view.to.startsWith("REFRESH") ? 100 : 0);
      assert.deepEqual(await applyViewStep(connection, stepOf(database, view), options), result);
      assert.equal(await bench.statement("v"), await bench.createdAnew(view));
    });
  }

  for (const view of RUNS > 10 ? VIEW_CASES : VIEW_CASES.filter(({ name }) => SWEPT.has(name))) {
    it(`resumes after a crash at any statement, with rows written in between: ${view.name}`, async () => {
      const crashes = await sweep({ stride: STRIDE, first: SEED % STRIDE }, ({ connection, database }, dieAt) =>
        diesAt(new ViewBench(connection, database), view, dieAt),
      );
      assert.ok((crashes + 1) * STRIDE > 8, `only ${crashes} statements`);
    }).timeout(600_000);
  }
});

/** @returns whether it died at all. */
async function diesAt(bench: ViewBench, view: ViewCase, dieAt: number): Promise<boolean> {
  const { connection, database } = bench;
  await bench.create(view);
  await bench.insert(0, 40);
  const step = stepOf(database, view);
  const operation = newOperation();
  const options = { operation, allow: view.allow ?? [] };
  const death = await applyViewStep(connection, step, { ...options, ...dyingAt(dieAt) }).then(
    () => undefined,
    (error: unknown) => error,
  );
  // Where inserts are held they go through when the operation is resumed.
  const written = bench.insert(40, 20);
  await Promise.race([written, sleep(5000)]);
  if (death !== undefined) {
    assert.ok(death instanceof Crash, String(death));
    const [found] = await unfinishedOperations(connection, database);
    assert.ok(found === undefined || found.kind === VIEW.kind);
    const fresh = await open();
    if (found === undefined) await applyViewStep(fresh, step, options);
    else await resume(VIEW, fresh, found);
    await fresh.close();
  }
  await written;
  await bench.insert(60, 20);
  await bench.settled(view);
  await bench.assertOnce(80, `died at ${dieAt}: ${death}`);
  await bench.assertClean(view.from.startsWith("TO") ? [] : [`v__old_${operation}`]);
  assert.deepEqual(await unfinishedOperations(connection, database), []);
  return death !== undefined;
}

describe(`a view step under writers (TEST_SEED=${SEED})`, () => {
  for (let run = 0; run < RUNS; run += 1) {
    const view = VIEW_CASES[run % VIEW_CASES.length];
    assert.ok(view);
    it(`loses and doubles nothing, run ${run}: ${view.name}`, async () => {
      const database = await freshDatabase(await sharedServer());
      const { lost, doubled, viewLost, viewDoubled, halfWay, surprises, ...rest } = await randomViewRun(
        open,
        database,
        view,
        SEED * 1000 + run,
      );
      report({ name: view.name, seed: SEED * 1000 + run, ...rest, result: undefined });
      assert.deepEqual(
        { lost, doubled, viewLost, viewDoubled, halfWay, surprises },
        { lost: 0, doubled: 0, viewLost: 0, viewDoubled: 0, halfWay: 0, surprises: [] },
        JSON.stringify(rest),
      );
      const connection = await open();
      await connection.command(`DROP DATABASE ${database} SYNC`);
      await connection.close();
    });
  }
});
