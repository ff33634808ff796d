import assert from "node:assert/strict";
import fc from "fast-check";
import { askRows } from "../../provider/src/apply/ask-rows";
import { SchemaError } from "../../provider/src/errors";
import { renderPlan } from "../../provider/src/plan";
import { byEffort, report } from "../support/effort";
import { Bench, planBetween } from "./support";

/** Changes that are tried. */
const RUNS = byEffort({ fast: 40, full: 400, soak: 20_000 });

interface Column {
  readonly type: string;
  readonly kind: "" | "DEFAULT" | "MATERIALIZED" | "ALIAS";
  readonly expression: string;
}

interface Trial {
  readonly n: readonly [from: string, to: string];
  readonly c: readonly [from: Column, to: Column];
  readonly renamed: boolean;
}

const TYPES = [
  ...["UInt8", "UInt64", "Nullable(UInt8)", "String", "Float64", "LowCardinality(String)"],
  ...["Array(UInt8)", "Array(String)", "Date", "DateTime('UTC')"],
];
const EXPRESSIONS = [
  ...["toString(N)", "N + 1", "N", "length(N)", "upper(N)", "toHour(N)", "concat(N, 'x')", "arraySum(N)"],
  ...["7", "'x'", "[1]", "null"],
];
const OWN = ["", "", " DEFAULT 5", " DEFAULT 'x'", " DEFAULT [1]"];

const column: fc.Arbitrary<Column> = fc.record({
  type: fc.constantFrom(...TYPES),
  kind: fc.constantFrom("", "DEFAULT", "DEFAULT", "MATERIALIZED", "ALIAS"),
  expression: fc.constantFrom(...EXPRESSIONS),
});
const typed = fc.tuple(fc.constantFrom(...TYPES), fc.constantFrom(...OWN)).map(([type, own]) => type + own);

const trials: fc.Arbitrary<Trial> = fc
  .record({ n: fc.tuple(typed, typed), c: fc.tuple(column, column), keeps: fc.constantFrom("", "type", "all") })
  .chain(({ n, c: [before, after], keeps }) => {
    const to = keeps === "all" ? before : keeps === "type" ? { ...after, type: before.type } : after;
    return fc.record({ n: fc.constant(n), c: fc.constant([before, to] as const), renamed: fc.boolean() });
  });

describe("plan, of types together with the defaults that read them", function () {
  this.timeout(Math.max(120_000, RUNS * 1000));
  let bench: Bench;

  before(async () => {
    bench = await Bench.open();
  });

  after(() => bench.close());

  it("has statements that the engine takes, each of them", async () => {
    const counts = { applied: 0 };
    await fc.assert(
      fc.asyncProperty(trials, (trial) => tryTrial(bench, trial, counts)),
      { numRuns: RUNS },
    );
    report(counts);
    assert.ok(counts.applied > RUNS / 20, JSON.stringify(counts));
  });
});

async function tryTrial(bench: Bench, trial: Trial, counts: { applied: number }): Promise<void> {
  if (isContradictory(trial)) return;
  await bench.reset();
  const [old, wanted] = ["from", "to"].map((side) => createOf(trial, side === "to" ? 1 : 0)) as [string, string];
  const before = await bench.canonicalize(old).catch(() => undefined);
  const after = await bench.canonicalize(wanted).catch(() => undefined);
  if (before === undefined || after === undefined) return;
  await bench.engine.command(old);
  const plan = planBetween(before, after, trial.renamed ? { renamedColumns: { r: "c" } } : {});
  const asked = await askRows(async () => bench.engine, { database: "p", name: "t" }, plan, { seconds: 60 }).catch(
    (error: unknown) => {
      if (error instanceof SchemaError) return undefined;
      throw error;
    },
  );
  if (asked === undefined) return;
  await bench.apply(asked);
  counts.applied += 1;
  const now = await bench.show(after);
  assert.deepEqual(planBetween(now, after).steps, [], renderPlan(asked));
}

/** With a constant default of `n`, the engine computes the unchanged default of `c` from it, which fits no such column afterwards. */
function isContradictory({ n, c: [before, after] }: Trial): boolean {
  return (
    n[0] !== n[1] && before.kind !== "" && before.expression.includes("N") && before.expression === after.expression
  );
}

function createOf({ n, c, renamed }: Trial, side: 0 | 1): string {
  const { type, kind, expression } = c[side];
  const value = kind === "" ? "" : ` ${kind} ${expression.replaceAll("N", "n")}`;
  const name = renamed && side === 1 ? "r" : "c";
  return `CREATE TABLE p.t (k UInt64, n ${n[side]}, ${name} ${type}${value}) ENGINE = MergeTree ORDER BY k`;
}
