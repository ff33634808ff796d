import assert from "node:assert/strict";
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { byEffort, SEED } from "../../support/effort";
import { Bench } from "../support";
import { learn, type PairReport, tryPair } from "./oracle";
import { PAGE, readPage, renderPage } from "./table";
import { SAMPLES, type Sample } from "./types";

/** Pairs that are tried; `all` for every one. */
const PAIRS = process.env["RETYPE_PAIRS"] ?? byEffort({ fast: "20", full: "120", soak: "all" });
/** A file that takes each pair as it was found: a long run can be watched, and resumes with what is missing or was wrong. */
const LOG = process.env["RETYPE_LOG"];

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
    const known = logged();
    for (const [from, to] of pairs(samples)) {
      const before = known.get(`${from.type} → ${to.type}`);
      const found = before ?? (await tryPair(bench, from, to));
      if (LOG !== undefined && before === undefined) appendFileSync(LOG, `${JSON.stringify(found)}\n`);
      reports.push(found);
    }
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

/** Pairs that an earlier run found right. */
function logged(): ReadonlyMap<string, PairReport> {
  if (LOG === undefined || !existsSync(LOG)) return new Map();
  const lines = readFileSync(LOG, "utf8").split("\n");
  const reports = lines.filter((line) => line !== "").map((line): PairReport => JSON.parse(line));
  return new Map(reports.flatMap((one) => (one.wrong.length === 0 ? [[`${one.from} → ${one.to}`, one] as const] : [])));
}

function pairs(samples: readonly Sample[]): (readonly [Sample, Sample])[] {
  const all = samples.flatMap((from) => samples.filter((to) => to !== from).map((to) => [from, to] as const));
  if (PAIRS === "all") return all;
  const [chosen = []] = fc.sample(fc.shuffledSubarray(all, { minLength: Number(PAIRS), maxLength: Number(PAIRS) }), {
    seed: SEED,
    numRuns: 1,
  });
  return chosen;
}
