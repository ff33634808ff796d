import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "../../provider/src/lint";
import { readFixture } from "./fixture";
import { LintBench } from "./support";

const FIXTURES = join(__dirname, "fixtures");

describe("every lint rule, on objects that a real engine made", () => {
  let bench: LintBench;
  before(async () => {
    bench = await LintBench.open();
  });
  afterEach(() => bench.clear());
  after(() => bench.close());

  it("has a fixture, and every fixture a rule", () => {
    const expected = rules.flatMap(({ id }) => [`${id}.bad.sql`, `${id}.good.sql`]);
    assert.deepEqual(readdirSync(FIXTURES).sort(), expected.sort());
  });

  for (const { id } of rules) {
    it(`${id} fires where it must, alone, and at its place`, async () => {
      const { text, bad, also } = readFixture(join(FIXTURES, `${id}.bad.sql`));
      await bench.run(text);
      const findings = bench.lintAll();
      assert.deepEqual(
        findings
          .filter(({ rule }) => rule !== id && !also.includes(rule))
          .map(({ rule, object, message }) => `${object} [${rule}] ${message}`),
        [],
      );
      assert.deepEqual(
        [...new Set(findings.filter(({ rule }) => rule === id).map(({ object }) => object))].sort(),
        bad.map(({ name }) => name).sort(),
      );
      for (const { at, message } of findings) assert.ok(at, `${message} has a place`);
      const refusals = [...bench.refused].map(([key, error]) => `${key.replace("\0", ".")} ${error.code}`);
      const expected = bad.flatMap(({ name, code }) => (code === undefined ? [] : [`${name} ${code}`]));
      assert.deepEqual(refusals.sort(), expected.sort());
    });

    it(`${id} is silent about the corrected form, and so is every other rule`, async () => {
      await bench.run(readFileSync(join(FIXTURES, `${id}.good.sql`), "utf8"));
      assert.deepEqual(
        [...bench.refused].map(([key, { message }]) => `${key} ${message}`),
        [],
      );
      assert.deepEqual(
        bench.lintAll().map(({ rule, object, message }) => `${object} [${rule}] ${message}`),
        [],
      );
    });
  }
});
