import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { lintQuery, placeIn } from "../../provider/src/lint";
import { declarationOf } from "../../provider/src/pulumi/declared-spec";
import { qualifiedName } from "../../provider/src/sql/identifiers";
import { renderCreate } from "../../provider/src/sql/render";
import type { ObjectKind } from "../../provider/src/sql/spec";
import { LintBench } from "./support";

/** The nine views that the stack began with, and what was found out about them. Not part of the repository. */
const SEED = process.env["OBSFLY_DIR"] ?? resolve(__dirname, "../../../shared/obsfly");

/** What must be found in each of the views, as `rule: name in the message`. */
const DEFECTS: Readonly<Record<string, readonly [rule: string, about: string][]>> = {
  "metrics.metrics_hourly_mv": ["avg_value", "min_value", "max_value", "p50_value", "p95_value", "p99_value"].map(
    (name) => ["non-additive-aggregate-in-summing", name],
  ),
  "metrics.service_performance_mv": [
    ["string-number-comparison", "Labels['status']"],
    ["counter-averaged", "container_http_requests_duration_seconds_total"],
  ],
  "logs.log_patterns_mv": [["column-outside-key", "PatternHash"]],
  "traces.trace_latency_mv": [["key-names-missing-column", "Name"]],
  "metrics.node_resources_mv": [
    ["column-outside-key", "hostname"],
    ["like-with-bare-underscore", "node_%"],
    ["counter-averaged", "node_net_received_bytes_total"],
  ],
  "profiles.profile_samples_mv": [
    ["column-outside-key", "Runtime"],
    ["zero-rows-dropped", "total_value"],
  ],
  "metrics.data_ingestion_mv": [["multi-source-incremental-view", "UNION"]],
};

/** Right where one row is one request, wrong where it is the reading of a counter: only the stack's owner knows. */
const DOUBT = "metrics.service_performance_mv warning counter-averaged";

describe("lint of ObsFly's schema", () => {
  let bench: LintBench;
  before(async () => {
    bench = await LintBench.open();
  });
  afterEach(() => bench.clear());
  after(() => bench.close());

  it("finds nothing wrong with the stack of examples/obsfly but the doubt about a counter", async () => {
    await bench.run((await declaredStatements()).join(";\n"));
    assert.deepEqual([...bench.refused.keys()], []);
    assert.ok(bench.objects.size > 30);
    const found = bench.lintAll().map(({ object, severity, rule }) => `${object} ${severity} ${rule}`);
    assert.deepEqual([...new Set(found)], [DOUBT]);
  });

  it("finds each of the seed's defects, and in all nine views the hidden table and the missing TTL", async function () {
    if (!existsSync(SEED)) this.skip();
    const seed = sqlBlocks(readFileSync(join(SEED, "seed.md"), "utf8")).filter((text) => /^CREATE MAT/.test(text));
    await bench.run([readFileSync(join(SEED, "base-tables.sql"), "utf8"), ...seed].join(";\n"));
    assert.deepEqual(
      [...bench.refused].map(([key, { code }]) => [key.replace("\0", "."), code]),
      [
        ["traces.trace_latency_mv", 47],
        ["metrics.node_resources_mv", 36],
      ],
    );
    const findings = bench.lintAll();
    for (const [object, defects] of Object.entries(DEFECTS)) {
      for (const [rule, about] of defects) {
        const found = findings.filter(
          (one) => one.object === object && one.rule === rule && one.message.includes(about),
        );
        assert.equal(found.length > 0, true, `${object} [${rule}] ${about}`);
        const fragment = found[0]?.at?.text ?? "";
        const source = seed.find((text) => text.includes(object)) ?? "";
        assert.ok(placeIn(source, fragment) || /multiIf|^`/.test(fragment), `${fragment} is found in the source`);
      }
    }
    for (const rule of ["inner-table", "missing-ttl"]) {
      assert.equal(findings.filter((one) => one.rule === rule).length, 9, rule);
    }
    const errors = findings.filter(({ severity }) => severity === "error").map(({ object }) => object);
    assert.deepEqual([...new Set(errors)].sort(), Object.keys(DEFECTS).sort());
  });

  it("finds what is wrong with the seed's own operating queries", function () {
    if (!existsSync(SEED)) this.skip();
    const queries = sqlBlocks(readFileSync(join(SEED, "seed.md"), "utf8")).filter((text) => /^SELECT/.test(text));
    const found = queries.map((query) =>
      lintQuery(query.replace(/;$/, ""), "seed.md", { find: () => undefined }).map(({ rule, at }) => [rule, at?.text]),
    );
    assert.deepEqual(found, [
      [
        ["like-with-bare-underscore", "'%_mv'"],
        ["monitoring-by-view-name", "'%_mv'"],
      ],
      [
        ["like-with-bare-underscore", "'%_mv'"],
        ["monitoring-by-view-name", "'%_mv'"],
        ["parts-without-active", "formatReadableSize(sum(bytes))"],
      ],
    ]);
  });

  it("finds no error in the corrected design, and only the doubt about a counter", async function () {
    if (!existsSync(SEED)) this.skip();
    const files = ["base-tables.sql", "corrected.sql"].map((file) => readFileSync(join(SEED, file), "utf8"));
    await bench.run(files.join(";\n"));
    const found = bench.lintAll().map(({ object, severity, rule }) => `${object} ${severity} ${rule}`);
    assert.deepEqual([...new Set(found)], [DOUBT]);
  });
});

/** What the program of the stack declares, in order, without an engine of Pulumi's. */
async function declaredStatements(): Promise<string[]> {
  const statements: string[] = [];
  await pulumi.runtime.setMocks({
    call: () => ({}),
    newResource: ({ type, name, inputs }) => {
      const kind = (type.split(":").at(-1) ?? "").replace(/^./, (letter) => letter.toLowerCase()) as ObjectKind;
      const request = { database: inputs["database"], name: inputs["name"], statement: inputs["statement"] };
      if (inputs["statement"] !== undefined)
        statements.push(renderCreate(declarationOf(kind, request as Parameters<typeof declarationOf>[1]).spec));
      const { database } = inputs;
      const named = database === undefined ? inputs["name"] : qualifiedName({ database, name: inputs["name"] });
      return { id: name, state: { ...inputs, qualifiedName: named } };
    },
  });
  const program: {
    readViews: Record<string, pulumi.Input<pulumi.Input<string>[]>>;
  } = require("../../examples/obsfly/index");
  await new Promise((done) => pulumi.output(program.readViews).apply(done));
  await pulumi.runtime.disconnect();
  return statements;
}

function sqlBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, text = ""]) => text.trim());
}
