import assert from "node:assert/strict";
import fc from "fast-check";
import { renderPlan } from "../../provider/src/plan";
import { byEffort, report } from "../support/effort";
import { type StructuredPair, structuredPairs } from "./random-structures";
import { Bench, planBetween } from "./support";

/** Pairs that are tried. */
const RUNS = Number(process.env["STALE_RUNS"] ?? byEffort({ fast: 5, full: 15, soak: 2000 }));

/** Nothing but the rows: no index, no projection. What is counted in SELECT is pruned by no key. */
const BARE = "SETTINGS use_skip_indexes = 0, optimize_use_projections = 0, optimize_use_implicit_projections = 0";

describe("plan, over keys, indexes and projections of what changes", function () {
  this.timeout(Math.max(120_000, RUNS * 4_000));
  let bench: Bench;

  before(async () => {
    bench = await Bench.open();
  });

  after(() => bench.close());

  it("answers with and without keys, indexes and projections are equal after any change of what they read", async () => {
    const counts = { applied: 0, rebuilds: 0, answers: 0 };
    const property = fc.asyncProperty(structuredPairs, (pair) => tryPair(bench, pair, counts));
    await fc.assert(property, { numRuns: RUNS });
    report(counts);
    assert.ok(counts.applied > RUNS / 5, JSON.stringify(counts));
  });
});

interface Counts {
  applied: number;
  /** Pairs that are recreated, which has tests of its own. */
  rebuilds: number;
  answers: number;
}

async function tryPair(bench: Bench, pair: StructuredPair, counts: Counts): Promise<void> {
  await bench.reset();
  const to = await bench.canonicalize(pair.to);
  const from = await bench.canonicalize(pair.from);
  const plan = planBetween(from, to, pair);
  if (plan.steps.some(({ kind }) => kind !== "statement")) {
    counts.rebuilds += 1;
    return;
  }
  await bench.engine.command(pair.from);
  for (const start of [0, 40]) await insert(bench, start);
  await bench.apply(plan);
  await insert(bench, 80);
  try {
    counts.answers += await compare(bench, pair.probes);
    await bench.engine.command("OPTIMIZE TABLE p.t FINAL");
    counts.answers += await compare(bench, pair.probes);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n\n${pair.from}\n${pair.to}\n\n${renderPlan(plan)}`, { cause: error });
  }
  counts.applied += 1;
}

/** Forty rows an hour apart, whose values lie together, so that there is something to leave out. */
async function insert({ engine }: Bench, start: number): Promise<void> {
  await engine.command(
    `INSERT INTO p.t (k, c, d, e, s, b) SELECT number, number * 3, toDateTime('2026-03-01 18:00:00', 'UTC') + number * 3600,
     number % 2, concat('S', toString(intDiv(number, 5))), number % 2 FROM numbers(${start}, 40)`,
  );
}

interface Group {
  readonly value: string;
  readonly type: string;
  readonly rows: string;
}

/** Compares what any key, index or projection may answer with what the rows say. @returns how many answers were compared. */
async function compare({ engine }: Bench, probes: readonly string[]): Promise<number> {
  let answers = 0;
  for (const probe of probes) {
    const groups = (tail: string): Promise<Group[]> =>
      engine.query<Group>(
        `SELECT toString(group_key) AS value, toTypeName(group_key) AS type, toString(group_rows) AS rows FROM
         (SELECT ${probe} AS group_key, count() AS group_rows FROM p.t GROUP BY group_key) ORDER BY value ${tail}`,
      );
    const truth = await groups(BARE);
    assert.deepEqual(await groups(""), truth, `count() by ${probe}`);
    for (const group of new Set([truth[0], truth[truth.length >> 1], truth.at(-1)])) {
      if (group === undefined) continue;
      const { value, type, rows } = group;
      const literal = /^U?Int|^Bool/.test(type) ? value : `'${value}'`;
      const [row] = await engine.query<{ rows: string }>(
        `SELECT toString(count()) AS rows FROM p.t WHERE ${probe} = ${literal}`,
      );
      assert.equal(row?.rows, rows, `count() WHERE ${probe} = ${literal}`);
      answers += 1;
    }
  }
  return answers;
}
