import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { openViews, type PlacedTest, type Views } from "../../provider/src/testing";
import { readTestFiles } from "../../provider/src/testing/files";
import { byEffort, SEED } from "../support/effort";

const PROGRAM = path.resolve(__dirname, "../../examples/obsfly");

describe("the views of ObsFly", () => {
  let views: Views;
  before(async () => {
    views = await openViews({ program: PROGRAM, stack: "prod" });
  });
  after(() => views.close());

  const { problems, tests } = readTestFiles([PROGRAM]);
  for (const test of tests) {
    it(nameOf(test), () => views.run(test));
  }

  it("have tests that are well formed, in a file for each signal", () => {
    assert.deepEqual(problems, []);
    const files = readdirSync(PROGRAM).filter((file) => file.endsWith(".test.yaml"));
    assert.deepEqual(
      files,
      ["ingestion", "logs", "metrics", "profiles", "traces"].map((one) => `${one}.test.yaml`),
    );
  });

  it("are all written to by a test", () => {
    const targets = views.program.objects.flatMap(({ spec }) =>
      spec.kind === "materializedView" && spec.to !== undefined ? [`${spec.to.database}.${spec.to.name}`] : [],
    );
    const read = tests.flatMap(({ test }) => test.expect.map(({ from = "" }) => from.replace(/_read$/, "")));
    assert.equal(targets.length, 12);
    assert.deepEqual(new Set(targets), new Set(read));
  });

  it(`hold what their queries return over all rows, after random inserts and merges`, async function () {
    const seeds = Array.from({ length: byEffort({ fast: 1, full: 4, soak: 600 }) }, (_, index) => SEED + index);
    this.timeout(120_000 + seeds.length * 10_000);
    for (const seed of seeds) {
      const results = await views.random({ seed });
      const bad = results.filter(
        ({ status, target }) => status !== "passed" && target !== "traces.service_dependencies",
      );
      assert.deepEqual(bad, [], `seed ${seed}`);
      assert.equal(results.length, 9);
    }
  });
});

function nameOf({ file = "", test }: PlacedTest): string {
  return `${path.basename(file, ".test.yaml")}: ${test.name}`;
}
