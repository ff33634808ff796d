import assert from "node:assert/strict";
import fc from "fast-check";
import { askRows } from "../../provider/src/apply/ask-rows";
import { SchemaError } from "../../provider/src/errors";
import { NEED_ALLOW, type Plan, renderPlan } from "../../provider/src/plan";
import { byEffort, report } from "../support/effort";
import { inUtc } from "./retype/types";
import { Bench, planBetween } from "./support";

/** Changes that are tried. */
const RUNS = Number(process.env["YOUNGER_RUNS"] ?? byEffort({ fast: 8, full: 80, soak: 3000 }));

/** A column that is added when there are rows. */
interface Young {
  readonly type: string;
  readonly kind: "" | "DEFAULT" | "MATERIALIZED" | "ALIAS";
  readonly expression: string;
}

/** What the column reads, before or after. */
interface Base {
  readonly n: string;
  readonly d: string;
  readonly l: string;
  readonly g: string;
}

interface Trial {
  readonly from: Young;
  readonly to: Young;
  readonly base: Base;
  readonly engine: "compact" | "wide" | "Memory";
}

const TYPES = [
  ...["UInt8", "UInt64", "Nullable(UInt8)", "Float64", "Decimal(9, 2)", "String", "LowCardinality(String)"],
  ...["FixedString(4)", "Enum8('x' = 1, '7' = 2)", "Enum8('w' = 0, 'x' = 1, '7' = 2)", "DateTime('UTC')", "DateTime"],
  ...["Date", "Date32", "Array(UInt8)", "Array(String)", "Tuple(a UInt8)", "Map(String, UInt8)"],
];
const EXPRESSIONS = ["7", "'7'", "300", "1.5", "NULL", "[7]", "n", "n + 1", "toString(n)", "toHour(d)", "l", "g", "d"];
const BEFORE: Base = { n: "UInt32", d: "DateTime('UTC')", l: "toString(k)", g: "UInt8 DEFAULT 1" };

const ENGINES = (process.env["YOUNGER_ENGINES"]?.split(",") ?? ["compact", "wide", "Memory"]) as Trial["engine"][];

const young: fc.Arbitrary<Young> = fc.record({
  type: fc.constantFrom(...TYPES),
  kind: fc.constantFrom("", "DEFAULT", "DEFAULT", "MATERIALIZED", "ALIAS"),
  expression: fc.constantFrom(...EXPRESSIONS),
});

const trials: fc.Arbitrary<Trial> = fc
  .record({
    from: young,
    other: young,
    keeps: fc.subarray(["type", "kind", "expression"] as const, { maxLength: 2 }),
    base: fc.record({
      n: fc.constantFrom(BEFORE.n, BEFORE.n, "UInt64", "String"),
      d: fc.constantFrom(BEFORE.d, BEFORE.d, "DateTime('Asia/Tokyo')"),
      l: fc.constantFrom(BEFORE.l, BEFORE.l, "toString(k + 1)"),
      g: fc.constantFrom(BEFORE.g, BEFORE.g, "UInt8 DEFAULT 2"),
    }),
    engine: fc.constantFrom(...ENGINES),
  })
  .map(({ from, other, keeps, base, engine }) => {
    const kept = Object.fromEntries(keeps.map((key) => [key, from[key]]));
    return { from, to: { ...other, ...kept }, base, engine };
  });

interface Counts {
  applied: number;
  asked: number;
  kept: number;
}

describe("plan, over parts and blocks that are older than a column", function () {
  this.timeout(Math.max(180_000, RUNS * 3000));
  let bench: Bench;

  before(async () => {
    bench = await Bench.open();
  });

  after(() => bench.close());

  it("keeps what their rows read where it asks for no permission, and asks where they would read another value", async () => {
    const counts: Counts = { applied: 0, asked: 0, kept: 0 };
    await fc.assert(
      fc.asyncProperty(trials, (trial) => tryTrial(bench, trial, counts)),
      { numRuns: RUNS },
    );
    report(counts);
    assert.ok(Math.min(...Object.values(counts)) > RUNS / 20, JSON.stringify(counts));
  });
});

async function tryTrial(bench: Bench, trial: Trial, counts: Counts): Promise<void> {
  await bench.reset();
  const canonical = (young: Young, base: Base) =>
    bench.canonicalize(createOf(trial, base, young)).catch(() => undefined);
  const [before, after] = [await canonical(trial.from, BEFORE), await canonical(trial.to, trial.base)];
  if (before === undefined || after === undefined) return;
  const plan = planBetween(before, after);
  // A default that cannot be computed makes the table unreadable before anything changes.
  const old = await fill(bench, trial)
    .then(() => rowsOf(bench, trial, "before"))
    .catch(() => undefined);
  if (old === undefined) return;
  let asked = await ask(bench, plan);
  const told = (): string => `${JSON.stringify(trial)}\n${asked ? renderPlan(asked) : ""}`;
  if (asked !== undefined && needs(asked).length > 0) {
    const ways = needs(asked).map((words) => /run first: (.*?)(?: \(|$)/.exec(words)?.[1]);
    if (!needs(asked).every((words) => words.includes("read another value"))) return;
    counts.asked += 1;
    if (ways.includes(undefined)) {
      if (needs(asked).some((words) => words.includes("cannot be compared"))) return;
      await bench.apply(asked);
      assert.notDeepEqual(await rowsOf(bench, trial, "after"), old, `asked for nothing: ${told()}`);
      return;
    }
    for (const way of ways) await bench.engine.command(way ?? "");
    assert.deepEqual(await rowsOf(bench, trial, "before"), old, `the way out changes rows: ${told()}`);
    const again = await ask(bench, plan);
    if (again !== undefined) assert.deepEqual(needs(again), [], `asked again: ${told()}`);
    asked = again;
    counts.kept += 1;
  }
  if (asked === undefined || asked.steps.some(({ kind }) => kind !== "statement")) return;
  const refused = await bench.apply(asked).then(
    () => undefined,
    (error: Error) => error,
  );
  if (refused !== undefined) {
    throw new Error(`${refused.message}\n${told()}`);
  }
  counts.applied += 1;
  assert.deepEqual(await rowsOf(bench, trial, "after"), old, told());
  if (trial.engine === "Memory") return;
  await bench.engine.command("OPTIMIZE TABLE p.t FINAL");
  assert.deepEqual(await rowsOf(bench, trial, "after"), old, `after merges: ${told()}`);
}

async function ask(bench: Bench, plan: Plan): Promise<Plan | undefined> {
  try {
    return await askRows(async () => bench.engine, { database: "p", name: "t" }, plan, { seconds: 60 });
  } catch (error) {
    if (error instanceof SchemaError) return undefined;
    throw error;
  }
}

/** What needs a permission, in the words of the plan. */
function needs({ steps }: Plan): string[] {
  const hazards = steps.flatMap((step) => step.hazards).filter(({ kind }) => NEED_ALLOW.has(kind));
  return hazards.map(({ message, found }) => (found === undefined ? message : `${message} (${found})`));
}

function createOf({ engine }: Trial, { n, d, l, g }: Base, young?: Young): string {
  const columns = ["k UInt64", `n ${n}`, `d ${d}`, `l String ALIAS ${l}`];
  const more = young === undefined ? [] : [`g ${g}`, `c ${definition(young)}`];
  const wide = engine === "compact" ? "" : " SETTINGS min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0";
  const storage = engine === "Memory" ? engine : `MergeTree ORDER BY k${wide}`;
  return `CREATE TABLE p.t (${[...columns, ...more].join(", ")}) ENGINE = ${storage}`;
}

function definition({ type, kind, expression }: Young): string {
  return kind === "" ? type : `${type} ${kind} ${expression}`;
}

/** A part without the young columns, and one with them. */
async function fill(bench: Bench, trial: Trial): Promise<void> {
  const { engine } = bench;
  await engine.command(createOf(trial, BEFORE));
  if (trial.engine !== "Memory") await engine.command("SYSTEM STOP MERGES p.t");
  const insert = (start: number): Promise<void> =>
    engine.command(
      `INSERT INTO p.t (k, n, d) SELECT number, number * 100, toDateTime('2026-03-01 18:00:00', 'UTC') + number * 3600 FROM numbers(${start}, 3)`,
    );
  await insert(0);
  await engine.command(`ALTER TABLE p.t ADD COLUMN g ${BEFORE.g}, ADD COLUMN c ${definition(trial.from)}`);
  await insert(3);
  if (trial.engine !== "Memory") await engine.command("SYSTEM START MERGES p.t");
}

/** Every row as text, through the types that the columns had. */
async function rowsOf(bench: Bench, { from, to }: Trial, when: "before" | "after"): Promise<string[]> {
  const byText = from.type.includes("Enum") && to.type.includes("Enum");
  const read = inUtc(from.type);
  const c =
    (when === "after" && !byText && from.type !== to.type) || read !== from.type ? `CAST(c, '${quoted(read)}')` : "c";
  // What is not stored before and after belongs to its declaration.
  const isStored = from.kind !== "ALIAS" && to.kind !== "ALIAS";
  const values = ["k", "toUInt64(n)", "toUnixTimestamp(d)", "g", ...(isStored || to.kind !== "ALIAS" ? [c] : [])];
  const rows = await bench.engine.query<{ row: string }>(
    `SELECT concat(${values.map((value) => `toString(tuple(${value}))`).join(", ' ', ")}) AS row FROM p.t ORDER BY row`,
  );
  return rows.map(({ row }) => row);
}

function quoted(type: string): string {
  return type.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
}
