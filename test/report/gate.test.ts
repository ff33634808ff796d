import assert from "node:assert/strict";
import { GATES, tripped } from "../../provider/src/report";
import { changed, preview, updated, updateStep, withFinding } from "./support";

describe("a gate", () => {
  const base = preview("obsfly-delete.json");

  it("is tripped by what drops data, also by a deleted or replaced object that keeps rows", () => {
    assert.deepEqual(tripped(base, ["drops-data"]), ["drops-data: 1 object: metrics.data_ingestion"]);
    assert.deepEqual(tripped(preview("mixed.json"), ["drops-data"]), [
      "drops-data: 4 objects: d.rolled, d.gone, d.old, d.inner_mv",
    ]);
  });

  it("is tripped by a hazard in a plan", () => {
    const retyped = updated(base, "metrics.metrics_v1", (text) =>
      text.replace("`HostIP` LowCardinality(String)", "`HostIP` String"),
    );
    assert.deepEqual(tripped(retyped, ["rewrites-parts", "copies-rows"]), [
      "rewrites-parts: 1 object: metrics.metrics_v1",
    ]);
  });

  it("is tripped by a hazard that 0.1.0 called changes-history", () => {
    assert.deepEqual(tripped(preview("updates.json"), ["keeps-old-rows"]), ["keeps-old-rows: 1 object: shop.daily_mv"]);
  });

  it("is tripped by findings", () => {
    assert.deepEqual(tripped(withFinding(base, "logs.logs_v1", "warning", "x"), ["warning", "error"]), [
      "warning: 1 object: logs.logs_v1",
    ]);
    assert.deepEqual(tripped(preview("failed.json"), ["error"]), ["error: 1 object: typo"]);
  });

  it("is tripped by what cannot be known", () => {
    const secret = changed(base, "logs.logs_v1", (step) => updateStep(step, { statement: "[secret]" }));
    assert.deepEqual(tripped(secret, ["unknown"]), ["unknown: 1 object: logs.logs_v1"]);
  });

  it("is not tripped by objects that are made", () => {
    assert.deepEqual(tripped(preview("obsfly-create.json"), GATES), []);
  });
});
