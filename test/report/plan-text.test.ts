import assert from "node:assert/strict";
import fc from "fast-check";
import { readShown, renderShown } from "../../provider/src/plan";
import { HAZARD_KINDS } from "../../provider/src/plan/plan";
import { planInput } from "../../provider/src/pulumi/plan-input";
import { renderReport, tripped } from "../../provider/src/report";
import { costOf } from "../../provider/src/report/hazards";
import { parsePlan } from "../../provider/src/report/plan-text";
import { changed, preview, updated, updateStep } from "./support";

describe("the text of a plan, as 0.1.0 stored it alone", () => {
  it("is taken apart into its steps, each with what it costs", () => {
    const steps = parsePlan(
      "ALTER TABLE d.t\n    ADD COLUMN `a` UInt8;\n-- metadata-only: no part is rewritten\n\n" +
        "ALTER TABLE d.t DROP COLUMN `b`;\n-- drops-data: the values of b are lost\n-- breaks-reader: d.v reads b\n\n" +
        "-- rebuild d.t, because:\n--   ORDER BY a → b\n-- copies-rows: all rows",
    );
    assert.deepEqual(steps, [
      {
        sql: "ALTER TABLE d.t\n    ADD COLUMN `a` UInt8;",
        hazards: [{ kind: "metadata-only", message: "no part is rewritten" }],
      },
      {
        sql: "ALTER TABLE d.t DROP COLUMN `b`;",
        hazards: [
          { kind: "drops-data", message: "the values of b are lost" },
          { kind: "breaks-reader", message: "d.v reads b" },
        ],
      },
      {
        sql: "-- rebuild d.t, because:\n--   ORDER BY a → b",
        hazards: [{ kind: "copies-rows", message: "all rows" }],
      },
    ]);
    assert.deepEqual(steps.map(costOf), ["metadata-only", "drops-data", "copies-rows"]);
  });

  it("keeps empty lines inside of a statement, and lines of a hazard together", () => {
    const text =
      "ALTER TABLE d.v MODIFY QUERY SELECT 'a\n\nb';\n-- may-fail: this must run before:\nSELECT 1\n\nSELECT 2;";
    assert.deepEqual(parsePlan(text), [
      {
        sql: "ALTER TABLE d.v MODIFY QUERY SELECT 'a\n\nb';",
        hazards: [{ kind: "may-fail", message: "this must run before:\nSELECT 1" }],
      },
      { sql: "SELECT 2;", hazards: [] },
    ]);
  });

  it("is told as lines: what something costs, and each further remark below it", () => {
    const plan =
      "-- rebuild logs.logs_v1, because:\n--   ORDER BY a → b\n-- copies-rows: all rows are copied [3 rows, 23 B]\n" +
      "-- to copy: 3 rows, 23 B; free on its disks: 18 GiB\n-- no insert is refused";
    const report = renderReport(
      changed(preview("obsfly-delete.json"), "logs.logs_v1", (step) => updateStep(step, { plan })),
    );
    assert.match(
      report,
      /\n- 📦 <b>copies rows<\/b>: all rows are copied [^\n]*\n {2}- to copy: 3 rows, 23 B; free on its disks: 18 GiB\n {2}- no insert is refused\n/,
    );
  });

  it("may be empty", () => {
    assert.deepEqual(parsePlan(""), []);
  });

  it("says which rows could not be checked", () => {
    assert.deepEqual(parsePlan("ALTER x;\n-- drops-data: y (the rows could not be asked; `pulumi up` asks them)"), [
      {
        sql: "ALTER x;",
        hazards: [
          { kind: "drops-data", message: "y (the rows could not be asked; `pulumi up` asks them)", unasked: true },
        ],
      },
    ]);
  });
});

describe("the plan of an update as data", () => {
  const name = "metrics.metrics_v1";
  const edited = updated(preview("obsfly-delete.json"), name, (statement) =>
    statement.replace("`ServiceName` LowCardinality(String)", "`ServiceName` String"),
  );

  it("has the steps that the text shows", () => {
    const inputs = edited.steps.map(({ newState }) => newState?.inputs).find((one) => one?.["__plan"] !== undefined);
    const steps = readShown(inputs?.["__plan"]);
    assert.deepEqual(steps, parsePlan(String(inputs?.["plan"])));
    assert.deepEqual(steps?.map(costOf), ["rewrites-parts"]);
  });

  it("is read instead of the text, whatever the text says", () => {
    const other = changed(edited, name, (step) => updateStep(step, { plan: "in other words" }));
    assert.deepEqual(tripped(other, ["rewrites-parts"]), [`rewrites-parts: 1 object: ${name}`]);
  });

  it("tells of rows that were not checked", () => {
    const steps = [{ sql: "ALTER x;", hazards: [{ kind: "may-fail", message: "in any words", unasked: true }] }];
    const unasked = changed(edited, name, (step) => updateStep(step, { __plan: JSON.stringify(steps) }));
    assert.ok(tripped(unasked, ["drops-data"]).join().includes(name));
    assert.ok(!tripped(edited, ["drops-data"]).join().includes(name));
  });

  it("is rendered as it is read, whatever it contains", () => {
    const text = fc.string({ unit: "grapheme" });
    const hazard = fc.record(
      {
        kind: fc.constantFrom(...HAZARD_KINDS),
        message: text,
        unasked: fc.constant(true as const),
      },
      { noNullPrototype: true },
    );
    const notes = fc.array(text);
    const step = fc.record(
      { sql: text, hazards: fc.array(hazard), notes, secret: text },
      { requiredKeys: ["sql", "hazards"], noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(step, { minLength: 1 }), (steps) => {
        const input = planInput(steps);
        assert.deepEqual(readShown(input.__plan), steps);
        assert.equal(renderShown(readShown(input.__plan) ?? []), input.plan);
      }),
    );
  });

  it("may come from a later version: hazards that are not known are left out, and what is no plan is none", () => {
    assert.deepEqual(readShown('[{"sql":"x","hazards":[{"kind":"melts","message":"y"},{"kind":"may-fail"}]},7]'), [
      { sql: "x", hazards: [{ kind: "may-fail", message: "" }] },
    ]);
    for (const json of ["{}", "x", "7", undefined]) assert.equal(readShown(json), undefined);
  });
});
