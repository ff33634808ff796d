import assert from "node:assert/strict";
import * as fc from "fast-check";
import { type Preview, renderReport } from "../../provider/src/report";
import { preview } from "./support";

const KINDS = ["Database", "Table", "View", "MaterializedView"];
const HAZARDS = ["drops-data", "rewrites-parts", "copies-rows", "metadata-only", "may-fail", "unproven"];
const OPS = ["create", "update", "delete", "replace", "create-replacement", "same", "refresh", "discard"];

const name = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z_]{1,12}$/) },
  fc.string({ unit: fc.constantFrom("`", "|", "<", "&", "_", "*", "é", "😀", "\n", "]"), maxLength: 3_000 }),
);

/** A text of up to 200,000 characters. */
const text = fc
  .tuple(
    fc.string({ unit: fc.constantFrom("`", "a", " ", "\n", "<", "|", "_", "'", "@"), maxLength: 60 }),
    fc.nat(3_000),
  )
  .map(([piece, times]) => piece.repeat(times));

const statement = fc.oneof(
  fc
    .tuple(name, name, fc.array(name, { maxLength: 4 }))
    .map(
      ([a, b, columns]) =>
        `CREATE TABLE ${a}.${b}\n(\n${columns.map((one) => `    \`${one}\` UInt8`).join(",\n")}\n)\nORDER BY x`,
    ),
  fc.tuple(name, name).map(([a, b]) => `CREATE MATERIALIZED VIEW d.${a} TO d.${b} AS SELECT 1 FROM d.${b}_source`),
  text,
);

const inputs = fc.record(
  {
    database: fc.constantFrom("d", "e"),
    name,
    qualifiedName: name,
    statement: fc.oneof(statement, fc.constantFrom("[secret]", "04da6b54-80e4-46f7-96ec-b56ff0331ba9")),
    deletion: fc.constantFrom("drop", "refuse"),
    plan: fc
      .array(fc.tuple(statement, fc.constantFrom(...HAZARDS), text), { maxLength: 3 })
      .map((steps) => steps.map(([sql, kind, message]) => `${sql};\n-- ${kind}: ${message}`).join("\n\n")),
  },
  { requiredKeys: [] },
);

const urn = fc
  .tuple(fc.constantFrom(...KINDS), name)
  .map(([kind, resource]) => `urn:pulumi:s::p::pulumi-nodejs:dynamic/clickhouse:${kind}::${resource}`);

const step = fc
  .tuple(fc.constantFrom(...OPS), urn, inputs, inputs, fc.array(name, { maxLength: 2 }))
  .map(([op, at, before, after, replaceReasons]) => ({
    op,
    urn: at,
    ...(op !== "create" && { oldState: { inputs: before } }),
    ...(op !== "delete" && { newState: { inputs: after } }),
    replaceReasons,
  }));

const anyPreview: fc.Arbitrary<Preview> = fc
  .tuple(
    fc.array(step, { maxLength: 12 }),
    fc.nat(60),
    fc.array(fc.record({ severity: fc.constantFrom("error", "warning", "info"), message: text }), { maxLength: 5 }),
  )
  .map(([steps, times, messages]) => ({
    // Many resources out of few: each copy has a URN of its own.
    steps: Array.from({ length: times + 1 }, (_, copy) =>
      steps.map((one) => ({ ...one, urn: `${one.urn}${copy}` })),
    ).flat(),
    diagnostics: messages.map((message, index) => {
      const at = index % 2 === 0 ? steps[index]?.urn : undefined;
      return { ...message, ...(at !== undefined && { urn: `${at}0` }) };
    }),
    changeSummary: { same: times },
    config: {},
  }));

describe("the size of a report", function () {
  this.timeout(120_000);

  it("stays under the limit for any preview, and the Markdown stays whole", () => {
    fc.assert(
      fc.property(
        anyPreview,
        fc.constantFrom(4_000, 20_000, 65_000),
        fc.option(name, { nil: undefined }),
        (input, max, title) => {
          const report = renderReport(input, { max, ...(title !== undefined && { title }) });
          assert.ok(report.length <= max, `${report.length} > ${max}`);
          assertWhole(report);
        },
      ),
      { numRuns: 60 },
    );
  });

  it("keeps what drops data, and says what it leaves out", () => {
    const base = preview("obsfly-create.json");
    const steps = Array.from({ length: 30 }, (_, copy) =>
      base.steps.map(({ urn, newState }) => ({
        op: "delete",
        urn: `${urn}${copy}`,
        ...(newState && { oldState: newState }),
      })),
    ).flat();
    for (const max of [4_000, 30_000, 65_000]) {
      const report = renderReport({ ...base, steps, changeSummary: {} }, { max });
      assert.ok(report.length <= max);
      assert.match(report, /\*\*1140 to delete\*\*/);
      assert.match(report, /Drops data: \d{3} objects/);
      assert.match(report, /and \d+ more of this kind/);
      assert.match(report, /<i>Left out to fit the size limit: \d+ more changes not named/);
    }
  });

  it("cuts details of the least grave first", () => {
    const base = preview("obsfly-create.json");
    const report = renderReport(base, { max: 12_000 });
    assert.ok(report.length <= 12_000);
    assert.match(report, /Left out to fit the size limit: details of \d+ changes/);
    assert.match(report, /CREATE DATABASE/);
  });

  it("is refused where nothing could be said", () => {
    assert.throws(() => renderReport(preview("failed.json"), { max: 100 }), /max is 100; expected at least 4000/);
    assert.throws(() => renderReport(preview("failed.json"), { max: Number.NaN }), RangeError);
  });
});

/** Every fence and every `<details>` is closed. */
function assertWhole(report: string): void {
  let open: string | undefined;
  let depth = 0;
  for (const line of report.split("\n")) {
    const [, mark = "", info = ""] = /^ *(`{3,})([^`]*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (mark !== "") open = mark;
      depth += (line.match(/<details/g) ?? []).length - (line.match(/<\/details>/g) ?? []).length;
    } else if (mark.length >= open.length && info.trim() === "") open = undefined;
  }
  assert.equal(open, undefined, "a fence is open");
  assert.equal(depth, 0, "a <details> is open");
}
