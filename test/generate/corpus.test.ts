import assert from "node:assert/strict";
import { CORPUS, corpusFiles, type Journey, journeysOf } from "./corpus";

/** Objects that do not come out as they went in, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  "s0426.test": "its disk is defined in a setting, of which the engine hides all values",
};

describe("the corpus of real DDL, created, imported, declared and created again", function () {
  this.timeout(600_000);
  const journeys: Journey[] = [];

  before(async function () {
    const files = corpusFiles();
    if (files.length === 0) {
      console.log(`      skipped: no folder ${CORPUS}; set CORPUS_DIR`);
      this.skip();
    }
    for (const file of files) journeys.push(...(await journeysOf(file)));
  });

  it("is the same on the other engine, but for known exceptions", () => {
    const failed = journeys.filter(({ problem }) => problem !== undefined);
    for (const { name, problem } of failed) if (!(name in EXCEPTIONS)) console.log(`      ${name}: ${problem}`);
    const known = journeys.map(({ name }) => name).filter((name) => name in EXCEPTIONS);
    assert.deepEqual(failed.map(({ name }) => name).sort(), known.sort());
    assert.ok(journeys.length > 50);
  });

  it("is said by arguments, not by plain SQL, nearly always", () => {
    const sorts = new Map<string, Journey[]>();
    for (const journey of journeys) sorts.set(journey.sort, [...(sorts.get(journey.sort) ?? []), journey]);
    for (const [sort, group] of [...sorts].sort()) {
      const same = group.filter(({ problem }) => problem === undefined).length;
      const structured = group.filter(({ plain }) => plain === undefined).length;
      console.log(`      ${sort}: ${same} of ${group.length} the same, ${structured} by arguments`);
    }
    const reasons = new Map<string, number>();
    for (const { plain } of journeys) if (plain !== undefined) reasons.set(plain, (reasons.get(plain) ?? 0) + 1);
    for (const [reason, count] of [...reasons].sort((a, b) => b[1] - a[1]))
      console.log(`      SQL for ${reason}: ${count}`);
    const structured = journeys.filter(({ plain }) => plain === undefined).length;
    assert.ok(structured > 0.85 * journeys.length, `${structured} of ${journeys.length}`);
  });
});
