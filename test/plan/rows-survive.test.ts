import assert from "node:assert/strict";
import fc from "fast-check";
import { askRows } from "../../provider/dist/apply/ask-rows";
import { SchemaError } from "../../provider/dist/errors";
import { NEED_ALLOW, type Plan, renderPlan } from "../../provider/dist/plan";
import type { ObjectSpec } from "../../provider/dist/sql/spec";
import { byEffort, report } from "../support/effort";
import { inUtc, SAMPLES, type Sample } from "./retype/types";
import { Bench, planBetween } from "./support";

/** Changes that are tried. */
const RUNS = Number(process.env["SURVIVE_RUNS"] ?? byEffort({ fast: 20, full: 60, soak: 3000 }));

/** What becomes of a column. */
interface Fate {
  readonly what: "stays" | "retyped" | "dropped" | "renamed" | "renamed and retyped" | "default";
  readonly to: number;
}

interface Trial {
  readonly engine: "MergeTree" | "ReplacingMergeTree" | "AggregatingMergeTree";
  readonly columns: readonly (Fate & { readonly from: number })[];
  /** Ids of the rows; those that come twice lie in two parts. */
  readonly ids: readonly number[];
  readonly added: boolean;
  readonly compact: boolean;
}

const index = fc.nat(SAMPLES.length - 1);

/** Near types more often than any two: most pairs have no conversion. */
const target = fc.oneof(
  { arbitrary: index, weight: 1 },
  { arbitrary: fc.integer({ min: -6, max: 6 }).map((step) => step), weight: 3 },
);

const trials: fc.Arbitrary<Trial> = fc.record({
  engine: fc.constantFrom("MergeTree", "ReplacingMergeTree", "AggregatingMergeTree"),
  columns: fc.array(
    fc
      .record({
        from: index,
        what: fc.constantFrom(
          "stays",
          "retyped",
          "retyped",
          "retyped",
          "renamed",
          "renamed and retyped",
          "default",
          "dropped",
        ),
        near: target,
      })
      .map(
        ({ from, what, near }) =>
          ({ from, what, to: Math.min(SAMPLES.length - 1, Math.max(0, near < 7 ? from + near : near)) }) as const,
      ),
    { minLength: 1, maxLength: 3 },
  ),
  ids: fc.array(fc.nat(5), { minLength: 1, maxLength: 8 }),
  added: fc.boolean(),
  compact: fc.boolean(),
});

describe("rows, when nothing is allowed", function () {
  this.timeout(Math.max(180_000, RUNS * 3000));
  let bench: Bench;

  before(async () => {
    bench = await Bench.open();
  });

  after(() => bench.close());

  it("are read as before through the columns that live on, after any change and after merges", async () => {
    const counts = { applied: 0, refused: 0 };
    const property = fc.asyncProperty(trials, (trial) => tryTrial(bench, trial, counts));
    await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    assert.ok(counts.applied > RUNS / 10 && counts.refused > RUNS / 10, JSON.stringify(counts));
    report(counts);
  });
});

async function tryTrial(bench: Bench, trial: Trial, counts: { applied: number; refused: number }): Promise<void> {
  await bench.reset();
  const [before, after] = [await shape(bench, trial, "from"), await shape(bench, trial, "to")];
  if (before === undefined || after === undefined) return;
  const renamedColumns = Object.fromEntries(
    trial.columns.flatMap(({ what }, i) => (what.startsWith("renamed") ? [[`r${i}`, `c${i}`]] : [])),
  );
  const plan = planBetween(before, after, { renamedColumns });
  await fill(bench, trial);
  const old = await rowsOf(bench, trial, "before");
  const allowed = await whatMayRun(bench, plan);
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
  await bench.engine.command("OPTIMIZE TABLE p.t FINAL");
  assert.deepEqual(await rowsOf(bench, trial, "after"), old, `after merges: ${told}`);
}

/** The plan with what the rows say, if it needs no permission. */
async function whatMayRun(bench: Bench, plan: Plan): Promise<Plan | undefined> {
  try {
    const asked = await askRows(async () => bench.engine, { database: "p", name: "t" }, plan, { seconds: 60 });
    return asked.steps.some(({ hazards }) => hazards.some(({ kind }) => NEED_ALLOW.has(kind))) ? undefined : asked;
  } catch (error) {
    if (error instanceof SchemaError) return undefined;
    throw error;
  }
}

async function shape(bench: Bench, trial: Trial, side: "from" | "to"): Promise<ObjectSpec | undefined> {
  return bench.canonicalize(createOf(trial, side)).catch(() => undefined);
}

function createOf({ engine, columns, added, compact }: Trial, side: "from" | "to"): string {
  const list = columns.flatMap((column, i) => {
    const { type } = sampleOf(column.from);
    if (side === "from") return [`c${i} ${type}`];
    const other = sampleOf(column.to).type;
    switch (column.what) {
      case "stays":
        return [`c${i} ${type}`];
      case "retyped":
        return [`c${i} ${other}`];
      case "renamed":
        return [`r${i} ${type}`];
      case "renamed and retyped":
        return [`r${i} ${other}`];
      case "default":
        return [`c${i} ${type} DEFAULT defaultValueOfTypeName('${quoted(type)}')`];
      case "dropped":
        return [];
      default:
        throw new Error(column.what);
    }
  });
  const more = side === "to" && added ? ["x UInt8 DEFAULT id + 1"] : [];
  const settings = compact ? "" : " SETTINGS min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0";
  return `CREATE TABLE p.t (${["id UInt64", ...list, ...more].join(", ")}) ENGINE = ${engine} ORDER BY id${settings}`;
}

async function fill(bench: Bench, trial: Trial): Promise<void> {
  await bench.engine.command(createOf(trial, "from"));
  await bench.engine.command("SYSTEM STOP MERGES p.t");
  const seen = new Set<number>();
  // The second time an id comes in another part.
  const parts: string[][] = [[], []];
  trial.ids.forEach((id, row) => {
    const values = trial.columns.map(({ from }) => {
      const { values } = sampleOf(from);
      return values[(row + id) % values.length] ?? "NULL";
    });
    parts[seen.has(id) ? 1 : 0]?.push(`SELECT toUInt64(${id}), ${values.join(", ")}`);
    seen.add(id);
  });
  for (const rows of parts)
    if (rows.length > 0) await bench.engine.command(`INSERT INTO p.t ${rows.join(" UNION ALL ")}`);
  await bench.engine.command("SYSTEM START MERGES p.t");
}

/** Every row as text, through the columns that live on and the types that they had. */
async function rowsOf(bench: Bench, { engine, columns }: Trial, when: "before" | "after"): Promise<string[]> {
  const values = columns.flatMap(({ what, from, to }, i) => {
    if (what === "dropped") return [];
    const name = when === "after" && what.startsWith("renamed") ? `r${i}` : `c${i}`;
    const [old, wanted] = [sampleOf(from).type, sampleOf(to).type];
    const byText = old.includes("Enum") && wanted.includes("Enum");
    const back = when === "after" && what.endsWith("retyped") && !byText && old !== wanted;
    const read = inUtc(old);
    return [`toString(tuple(${back || read !== old ? `CAST(${name}, '${quoted(read)}')` : name}))`];
  });
  const final = engine === "MergeTree" ? "" : " FINAL";
  const rows = await bench.engine.query<{ row: string }>(
    `SELECT concat(toString(id), ' ', ${values.join(", ' ', ") || "''"}) AS row FROM p.t${final} ORDER BY row`,
  );
  return rows.map(({ row }) => row);
}

function sampleOf(at: number): Sample {
  const sample = SAMPLES[at];
  if (sample === undefined) throw new Error(`no sample ${at}`);
  return sample;
}

function quoted(type: string): string {
  return type.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
}
