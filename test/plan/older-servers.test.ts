import assert from "node:assert/strict";
import { capabilitiesOf } from "../../provider/src/clickhouse/capabilities";
import { diffObject } from "../../provider/src/kinds/object";
import { type PlanCase, table } from "./case";
import { retypes } from "./cases/retypes";
import { Bench, planBetween } from "./support";

const LTS = capabilitiesOf({ version: "25.8" });
const DROPS = /^ALTER TABLE p\.t\s+\(?DROP (?:INDEX|STATISTICS)[^\n]*$/;

/** What prevents a new type on an LTS, with the statements that the plan has there. */
const IN_THE_WAY: readonly (PlanCase & { readonly lts: readonly string[] })[] = [
  one(
    "an index",
    "a UInt64, b UInt32, INDEX i b TYPE minmax GRANULARITY 1",
    "a UInt64, b UInt64, INDEX i b TYPE minmax GRANULARITY 1",
    [
      "ALTER TABLE p.t DROP INDEX i",
      "ALTER TABLE p.t MODIFY COLUMN `b` UInt64, ADD INDEX i b TYPE minmax GRANULARITY 1",
      "ALTER TABLE p.t MATERIALIZE INDEX i",
    ],
  ),
  one(
    "an index that changes too, and one that reads another column",
    "a UInt64, b UInt32, INDEX i b TYPE minmax GRANULARITY 1, INDEX k a TYPE minmax GRANULARITY 1",
    "a UInt64, b UInt64, INDEX i b TYPE set(9) GRANULARITY 1, INDEX k a TYPE minmax GRANULARITY 1",
    [
      "ALTER TABLE p.t DROP INDEX i",
      "ALTER TABLE p.t MODIFY COLUMN `b` UInt64, ADD INDEX i b TYPE set(9) GRANULARITY 1",
    ],
  ),
  one("statistics", "a UInt64, b UInt32 STATISTICS(tdigest)", "a UInt64, b UInt64 STATISTICS(tdigest)", [
    "ALTER TABLE p.t DROP STATISTICS `b`",
    "ALTER TABLE p.t MODIFY COLUMN `b` UInt64, ADD STATISTICS `b` TYPE tdigest",
  ]),
  one("statistics that go", "a UInt64, b UInt32 STATISTICS(tdigest)", "a UInt64, b UInt64", [
    "ALTER TABLE p.t DROP STATISTICS `b`",
    "ALTER TABLE p.t MODIFY COLUMN `b` UInt64",
  ]),
];

describe("a new type under what older servers do not change a column under", () => {
  let bench: Bench;
  before(async () => {
    bench = await Bench.open();
  });
  after(() => bench.engine.close());

  for (const found of IN_THE_WAY) {
    it(`takes it away and brings it again: ${found.name}`, async () => {
      const plan = await planned(found);
      assert.deepEqual(
        plan.steps.map((step) => (step.kind === "statement" ? step.sql.replace(/\s+/g, " ") : step.kind)),
        found.lts,
      );
    });
  }

  for (const found of [...IN_THE_WAY, ...retypes.filter(({ from }) => /INDEX|STATISTICS/.test(from))]) {
    it(`comes to the same in the end: ${found.name}`, async () => {
      const plan = await planned(found);
      const to = await bench.canonicalize(found.to);
      await bench.engine.command(found.from);
      await bench.apply(plan);
      assert.deepEqual(diffObject(await bench.show(to), to, found), []);
    });
  }

  it("is one ALTER where the server can, and the index or the statistics do not change themselves", async () => {
    for (const { from, to } of IN_THE_WAY.filter(({ name }) => !name.includes("changes too"))) {
      await bench.reset();
      const plan = planBetween(await bench.canonicalize(from), await bench.canonicalize(to), {
        server: bench.engine.capabilities,
      });
      assert.ok(
        plan.steps.every((step) => step.kind === "statement" && !DROPS.test(step.sql)),
        JSON.stringify(plan.steps),
      );
    }
  });

  async function planned(found: PlanCase) {
    await bench.reset(found.setup);
    const [from, to] = [await bench.canonicalize(found.from), await bench.canonicalize(found.to)];
    return planBetween(from, to, { ...found, server: LTS });
  }
});

function one(name: string, from: string, to: string, lts: readonly string[]) {
  return { name, from: table(from), to: table(to), hazards: [], sql: [], lts };
}
