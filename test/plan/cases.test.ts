import assert from "node:assert/strict";
import { diffObject } from "../../provider/src/kinds/object";
import type { Plan, Step } from "../../provider/src/plan";
import { renderPlan } from "../../provider/src/plan";
import type { ObjectSpec } from "../../provider/src/sql/spec";
import type { PlanCase } from "./case";
import { columnClauses } from "./cases/column-clauses";
import { columnNames } from "./cases/column-names";
import { columns } from "./cases/columns";
import { defaults } from "./cases/defaults";
import { elements } from "./cases/elements";
import { engines } from "./cases/engines";
import { materializedViews } from "./cases/materialized-views";
import { names } from "./cases/names";
import { rebuilds } from "./cases/rebuilds";
import { retypes } from "./cases/retypes";
import { stale } from "./cases/stale";
import { storage } from "./cases/storage";
import { views } from "./cases/views";
import { Bench, orderless, planBetween, survivors } from "./support";

const GROUPS: Readonly<Record<string, readonly PlanCase[]>> = {
  columns,
  "columns under another name or elsewhere": columnNames,
  "defaults of a column": defaults,
  "clauses of a column": columnClauses,
  "types of a column": retypes,
  "indexes, projections, constraints": elements,
  "what is stored of a column that changes": stale,
  "storage clauses": storage,
  "engines with fewer ALTERs": engines,
  rebuilds,
  views,
  "materialized views": materializedViews,
  "names and databases": names,
};

/** Engines that keep no rows, or not where they were inserted. */
const ROWLESS = /^`?(?:Null|Merge\(|Buffer|URL|Kafka)/;

describe("plan, case by case on the engine", () => {
  let bench: Bench;

  before(async () => {
    bench = await Bench.open();
  });

  after(() => bench.close());

  for (const [group, cases] of Object.entries(GROUPS)) {
    describe(group, () => {
      for (const one of cases) it(one.name, () => tryCase(bench, one));
    });
  }

  it("has at least 150 cases, each with a name of its own", () => {
    const all = Object.values(GROUPS).flatMap((cases) => cases.map(({ name }) => name));
    assert.ok(all.length >= 150, `${all.length} cases`);
    assert.deepEqual(
      all.filter((name, index) => all.indexOf(name) !== index),
      [],
    );
  });
});

async function tryCase(bench: Bench, one: PlanCase): Promise<void> {
  for (const database of ["q", "q3"]) await bench.engine.command(`DROP DATABASE IF EXISTS ${database} SYNC`);
  await bench.reset(one.setup);
  const to = await bench.canonicalize(one.to);
  const from = await bench.canonicalize(one.from);
  const plan = planBetween(from, to, one);
  assert.deepEqual(plan.steps.map(describeStep), one.sql);
  assert.deepEqual(hazardKinds(plan), one.hazards);
  const shown = renderPlan(plan);
  for (const words of one.says ?? []) assert.ok(shown.includes(words), `${words}\n\nis not said in\n\n${shown}`);
  // Rebuilds and the protocols of views are proven where they are run.
  if (plan.steps.some(({ kind }) => kind !== "statement" && kind !== "rename")) return;
  await bench.engine.command(one.from);
  await applyAndCompare(bench, one, from, to, plan);
}

async function applyAndCompare(
  bench: Bench,
  one: PlanCase,
  from: ObjectSpec,
  to: ObjectSpec,
  plan: Plan,
): Promise<void> {
  const rows = await rowsOf(bench, one, from, to);
  await bench.apply(plan);
  const live = await bench.show(to);
  assert.deepEqual(diffObject(live, to, one), [], "a second plan has something to do");
  assert.equal(orderless(live), orderless(to));
  assert.equal(await rows?.after(), rows?.before, "rows of surviving columns");
}

/** The rows before, as a digest, and how to get it afterwards. */
async function rowsOf(bench: Bench, one: PlanCase, from: ObjectSpec, to: ObjectSpec) {
  if (from.kind !== "table" || to.kind !== "table" || ROWLESS.test(from.storage.engine ?? "")) return undefined;
  await bench.fill(from);
  await bench.holdTtl(from);
  const kept = survivors(from, to, one.renamedColumns);
  const before = await bench.digest(from, kept.before);
  return { before, after: () => bench.digest(to, kept.after) };
}

function hazardKinds({ steps }: Plan): string[] {
  return [...new Set(steps.flatMap(({ hazards }) => hazards.map(({ kind }) => kind)))];
}

function describeStep(step: Step): string {
  if (step.kind === "statement" || step.kind === "rename") return step.sql.replace(/\s+/g, " ");
  return `${step.kind}: ${step.reasons.join("; ")}`;
}
