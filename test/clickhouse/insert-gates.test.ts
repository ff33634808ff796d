import assert from "node:assert/strict";
import { withoutClosedGates } from "../../provider/src/clickhouse/insert-gates";

const table = (constraint: string): string =>
  `CREATE TABLE d.t\n(\n    \`i\` UInt64${constraint}\n)\nENGINE = MergeTree\nORDER BY i`;
const gate = (opens: number): string =>
  `,\n    CONSTRAINT retry_schema_change_in_progress_a1b2 CHECK now64(3) > fromUnixTimestamp64Milli(toInt64(${opens}))`;
const NOW = 1_800_000_000_000;

describe("the statement of a table while an operation refuses inserts into it", () => {
  it("is the table's own", () => {
    assert.equal(withoutClosedGates(table(gate(NOW + 4000)), NOW), table(""));
    assert.equal(withoutClosedGates(table(gate(NOW + 4000) + gate(NOW - 1000)), NOW), table(""));
  });

  it("shows what a dead runner has left, and every other constraint", () => {
    for (const other of [gate(NOW - 3_600_000), ",\n    CONSTRAINT k CHECK i > 1"])
      assert.equal(withoutClosedGates(table(other), NOW), table(other));
  });
});
