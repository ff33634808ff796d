import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { byEffort, SEED } from "../../support/effort";
import { Bench } from "../support";
import { learn, type PairReport, tryPair } from "./oracle";
import { PAGE, readPage, renderPage } from "./table";
import { SAMPLES, type Sample } from "./types";

/** Pairs that are tried; `all` for every one. */
const PAIRS = process.env["RETYPE_PAIRS"] ?? byEffort({ fast: "40", full: "120", soak: "all" });

describe(`a column of another type, any pair of types (TEST_SEED=${SEED})`, function () {
  this.timeout(PAIRS === "all" ? 3_600_000 : Math.max(120_000, Number(PAIRS) * 2000));
  let bench: Bench;
  let samples: readonly Sample[];

  before(async () => {
    bench = await Bench.open();
    samples = await learn(bench, SAMPLES);
    // Older servers lack some types; the embedded engine has all.
    if (process.env["PLAN_URL"] === undefined) assert.deepEqual(samples, SAMPLES);
  });

  after(() => bench.close());

  it("keeps every value where no permission is asked for, and asks exactly where one would change or fail", async () => {
    const reports: PairReport[] = [];
    for (const [from, to] of pairs(samples)) reports.push(await tryPair(bench, from, to));
    const wrong = reports.filter((report) => report.wrong.length > 0);
    assert.deepEqual(
      wrong.map(({ from, to, how, wrong }) => `${from} → ${to} (${how}): ${wrong.join("; ")}`),
      [],
    );
    if (process.env["UPDATE_DOCS"] !== undefined && PAIRS === "all") writeFileSync(PAGE, renderPage(reports));
    // The page is of the embedded engine.
    if (process.env["PLAN_URL"] !== undefined || !existsSync(PAGE)) return;
    const page = readPage(readFileSync(PAGE, "utf8"));
    for (const { from, to, how } of reports) assert.equal(page(from, to), how, `docs/retypes.md: ${from} → ${to}`);
  });
});

function pairs(samples: readonly Sample[]): (readonly [Sample, Sample])[] {
  const all = samples.flatMap((from) => samples.filter((to) => to !== from).map((to) => [from, to] as const));
  if (PAIRS === "all") return all;
  const [chosen = []] = fc.sample(fc.shuffledSubarray(all, { minLength: Number(PAIRS), maxLength: Number(PAIRS) }), {
    seed: SEED,
    numRuns: 1,
  });
  return chosen;
}
