import assert from "node:assert/strict";
import fc from "fast-check";
import { askRows } from "../../provider/src/apply/ask-rows";
import { ServerError } from "../../provider/src/connection/errors";
import { SchemaError } from "../../provider/src/errors";
import { NEED_ALLOW, type Plan, renderPlan } from "../../provider/src/plan";
import type { ObjectSpec } from "../../provider/src/sql/spec";
import { byEffort, report, SEED } from "../support/effort";
import { sleep } from "../support/server";
import { Bench, planBetween } from "./support";
import { createOf, fill, renamesOf, rowsLeft, rowsOf, type Trial, trials, ttlTrials } from "./survive/trial";

/** Changes that are tried, a quarter of them with a TTL whose time comes. */
const ALL = Number(process.env["SURVIVE_RUNS"] ?? byEffort({ fast: 10, full: 200, soak: 5000 }));
const TIMED = Math.ceil(ALL / 4);
const RUNS = ALL - TIMED;

/** Tables that wait for their TTL together. */
const BATCH = 50;

/** Seconds that a batch has until the time comes, and how long the engine may take to delete by it. */
const WINDOW = 20;
const MARGIN = 2;

describe("rows, when nothing is allowed", function () {
  this.timeout(Math.max(300_000, ALL * 3000));
  let bench: Bench;

  before(async () => {
    bench = await Bench.open();
  });

  after(() => bench.close());

  it("are read as before through the columns that live on, after any change and after merges", async () => {
    const counts = { applied: 0, refused: 0 };
    const property = fc.asyncProperty(trials, (trial) => tryTrial(bench, trial, counts));
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    report(counts);
    assert.ok(counts.applied > RUNS / 10 && counts.refused > RUNS / 10, JSON.stringify(counts));
  });

  it("leave by the TTL that is declared, when its time has come, and by no other", async () => {
    const counts = { applied: 0, refused: 0, late: 0 };
    const chosen = fc.sample(ttlTrials, { numRuns: TIMED, seed: SEED });
    for (let at = 0; at < TIMED; at += BATCH) await tryTimed(bench, chosen.slice(at, at + BATCH), counts);
    report(counts);
    assert.ok(counts.applied > TIMED / 20, JSON.stringify(counts));
  });
});

async function tryTrial(bench: Bench, trial: Trial, counts: { applied: number; refused: number }): Promise<void> {
  await bench.reset();
  const change = await changeOf(bench, trial, "t");
  if (change === undefined) return;
  const old = await fill(bench, trial)
    .then(() => rowsOf(bench, trial, "before"))
    .catch(notReadable);
  if (old === undefined) return;
  const allowed = await whatMayRun(bench, change, "t");
  if (allowed === undefined) {
    counts.refused += 1;
    assert.deepEqual(await rowsOf(bench, trial, "before"), old);
    return;
  }
  if (allowed.steps.some(({ kind }) => kind !== "statement")) return;
  await bench.apply(allowed);
  counts.applied += 1;
  const told = `${JSON.stringify(trial)}\n${renderPlan(allowed)}`;
  assert.deepEqual(await rowsOf(bench, trial, "after"), old, told);
  await bench.engine.query("SELECT max(length(toString(tuple(*)))) AS n FROM p.t");
  if (trial.engine === "Memory") return;
  await bench.engine.command("OPTIMIZE TABLE p.t FINAL");
  assert.deepEqual(await rowsOf(bench, trial, "after"), old, `after merges: ${told}`);
}

/** An earlier change, of a test's own making, can have left what nobody can read. */
function notReadable(error: unknown): undefined {
  if (error instanceof ServerError) return undefined;
  throw error;
}

/** Tables with TTLs, changed one after the other before the time comes, and looked at behind it. */
async function tryTimed(
  bench: Bench,
  chosen: readonly Trial[],
  counts: { applied: number; refused: number; late: number },
): Promise<void> {
  await bench.reset();
  const soon = Math.floor(Date.now() / 1000) + WINDOW;
  const waiting: { trial: Trial; name: string; plan: Plan; old: readonly string[] }[] = [];
  for (const [at, trial] of chosen.entries()) {
    const name = `t${at}`;
    const change = await changeOf(bench, trial, name);
    if (change === undefined) continue;
    await fill(bench, trial, name, soon);
    const old = await rowsOf(bench, trial, "before", name);
    const plan = await whatMayRun(bench, change, name);
    if (plan === undefined) counts.refused += 1;
    if (plan === undefined || plan.steps.some(({ kind }) => kind !== "statement")) continue;
    await bench.apply(plan);
    // On a machine that is too slow for it, nothing is known of what an earlier merge has deleted.
    if (Date.now() / 1000 > soon - 1) counts.late += 1;
    else waiting.push({ trial, name, plan, old });
  }
  await sleep(Math.max(0, (soon + 1 + MARGIN) * 1000 - Date.now()));
  for (const { trial, name, plan, old } of waiting) {
    counts.applied += 1;
    const left = trial.ttl === undefined ? old : rowsLeft(old, trial.ttl.to);
    await bench.engine.command(`OPTIMIZE TABLE p.${name} FINAL`);
    const told = `${JSON.stringify(trial)}\n${renderPlan(plan)}`;
    assert.deepEqual(await rowsOf(bench, trial, "after", name), left, told);
  }
}

/** The plan of the trial; undefined where the engine does not have such tables. */
async function changeOf(bench: Bench, trial: Trial, name: string): Promise<Plan | undefined> {
  const shape = (side: "from" | "to"): Promise<ObjectSpec | undefined> =>
    bench.canonicalize(createOf(trial, side, name)).catch(() => undefined);
  const [before, after] = [await shape("from"), await shape("to")];
  if (before === undefined || after === undefined) return undefined;
  return planBetween(before, after, { renamedColumns: renamesOf(trial) });
}

/** The plan with what the rows say, if it needs no permission. */
async function whatMayRun(bench: Bench, plan: Plan, name: string): Promise<Plan | undefined> {
  try {
    const asked = await askRows(async () => bench.engine, { database: "p", name }, plan, { seconds: 60 });
    return asked.steps.some(({ hazards }) => hazards.some(({ kind }) => NEED_ALLOW.has(kind))) ? undefined : asked;
  } catch (error) {
    if (error instanceof SchemaError) return undefined;
    throw error;
  }
}
