import assert from "node:assert/strict";
import fc from "fast-check";
import { diffObject } from "../../provider/src/kinds/object";
import { byEffort } from "../support/effort";
import { type TablePair, tablePairs } from "./random-table";
import { VIEW_SOURCES, viewPairs } from "./random-view";
import { Bench, orderless, planBetween, survivors } from "./support";

/** Pairs that are tried. */
const RUNS = byEffort({ fast: 10, full: 120, soak: 5000 });

describe("plan, between any two objects", function () {
  this.timeout(Math.max(120_000, RUNS * 2_000));
  let bench: Bench;

  before(async () => {
    bench = await Bench.open();
  });

  after(() => bench.close());

  it("makes the second table of the first, is then empty, and leaves the rows of columns that live on as they were", async () => {
    const counts = { applied: 0, rebuilds: 0, statements: 0 };
    const property = fc.asyncProperty(tablePairs, (pair) => tryPair(bench, pair, counts));
    await fc.assert(property, { numRuns: RUNS });
    if (RUNS > 60) console.log(`      ${JSON.stringify(counts)}`);
    assert.ok(counts.applied > RUNS / 2, JSON.stringify(counts));
  });

  it("makes the second view of the first, and is then empty", async () => {
    const counts = { applied: 0, rebuilds: 0, statements: 0 };
    const property = fc.asyncProperty(viewPairs, (pair) => tryViews(bench, pair, counts));
    await fc.assert(property, { numRuns: RUNS });
    if (RUNS > 60) console.log(`      ${JSON.stringify(counts)}`);
    assert.ok(counts.applied > RUNS / 3, JSON.stringify(counts));
  });
});

interface Counts {
  applied: number;
  /** Pairs that take a protocol of their own. */
  rebuilds: number;
  statements: number;
}

async function tryViews(bench: Bench, pair: { from: string; to: string }, counts: Counts): Promise<void> {
  await bench.reset(VIEW_SOURCES);
  const to = await bench.canonicalize(pair.to);
  const from = await bench.canonicalize(pair.from);
  const plan = planBetween(from, to);
  if (plan.steps.some(({ kind }) => kind !== "statement")) {
    counts.rebuilds += 1;
    return;
  }
  await bench.engine.command(pair.from);
  await bench.apply(plan);
  const live = await bench.show(to);
  assert.deepEqual(diffObject(live, to), []);
  assert.equal(orderless(live), orderless(to));
  counts.applied += 1;
  counts.statements += plan.steps.length;
}

async function tryPair(
  bench: Bench,
  { from: before, to: after, renamedColumns }: TablePair,
  counts: Counts,
): Promise<void> {
  await bench.reset();
  const to = await bench.canonicalize(after);
  const from = await bench.canonicalize(before);
  assert.ok(from.kind === "table" && to.kind === "table");
  const plan = planBetween(from, to, { renamedColumns });
  if (plan.steps.some(({ kind }) => kind !== "statement")) {
    counts.rebuilds += 1;
    return;
  }
  await bench.engine.command(before);
  await bench.fill(from);
  await bench.holdTtl(from);
  const kept = survivors(from, to, renamedColumns);
  const rows = await bench.digest(from, kept.before);
  await bench.apply(plan);
  const live = await bench.show(to);
  assert.deepEqual(diffObject(live, to, { renamedColumns }), []);
  assert.equal(orderless(live), orderless(to));
  assert.equal(await bench.digest(to, kept.after), rows);
  if (to.storage.engine === "MergeTree") {
    // Nothing but a TTL takes rows or values when such parts are merged.
    await bench.engine.command("SYSTEM START TTL MERGES p.t");
    await bench.engine.command("OPTIMIZE TABLE p.t FINAL");
    const isSaid = plan.steps.some(({ hazards }) => hazards.some(({ kind }) => kind === "drops-data"));
    if (!isSaid) assert.equal(await bench.digest(to, kept.after), rows, "a TTL took what the plan does not say");
  }
  counts.applied += 1;
  counts.statements += plan.steps.length;
}
