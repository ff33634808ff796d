import assert from "node:assert/strict";
import { renderReport } from "../../provider/dist/report";
import { costOf, parsePlan } from "../../provider/dist/report/plan-text";
import { changed, preview, updated, updateStep } from "./support";

describe("the text of a plan", () => {
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

  it("is found in an update as the planner wrote it", () => {
    const { steps } = updated(preview("obsfly-delete.json"), "metrics.metrics_v1", (statement) =>
      statement.replace("`ServiceName` LowCardinality(String)", "`ServiceName` String"),
    );
    const plan = steps.map(({ newState }) => newState?.inputs?.["plan"]).find((one) => typeof one === "string");
    const [step, ...more] = parsePlan(String(plan));
    assert.deepEqual(more, []);
    assert.equal(step && costOf(step), "rewrites-parts", String(plan));
  });
});
