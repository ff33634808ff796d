import assert from "node:assert/strict";
import { allowInserts, blockInserts } from "../../provider/src/operation/gate";
import { blockInsertsUntilReleased, isGuardConstraint, releaseInserts } from "../../provider/src/operation/hold";
import { letInsertsThrough } from "../../provider/src/operation/open-inserts";
import { Runner } from "../../provider/src/operation/runner";
import { parseCreate } from "../../provider/src/sql/parse";
import { BackfillBench } from "./backfill-bench";

describe("a gate", () => {
  let bench: BackfillBench;
  before(async () => {
    bench = await BackfillBench.open();
  });
  after(() => bench.close());

  it("tells clients what it is and that a retry works, and leaves nothing behind", async () => {
    const runner = new Runner(bench.connection, "a1b2c3d4");
    const table = { database: bench.database, name: "t" };
    await blockInserts(runner, [table]);
    await assert.rejects(
      bench.insert(0, 1),
      /Constraint `retry_schema_change_in_progress_a1b2c3d4`.* is violated.*\(VIOLATED_CONSTRAINT\)/s,
    );
    await allowInserts(runner, [table]);
    await bench.insert(0, 1);
    assert.doesNotMatch((await statement()) ?? "", /CONSTRAINT/);
  });

  it("that version 0.1.0 has left closed is opened by this one", async () => {
    await bench.run("ALTER TABLE @.t ADD CONSTRAINT _gate_a1b2c3d4 CHECK 0");
    await allowInserts(new Runner(bench.connection, "a1b2c3d4"), [{ database: bench.database, name: "t" }]);
    await bench.insert(0, 1);
    assert.doesNotMatch((await statement()) ?? "", /CONSTRAINT/);
  });

  it("and a hold are told apart from the table's own constraints", async () => {
    const runner = new Runner(bench.connection, "a1b2c3d4");
    const table = { database: bench.database, name: "t" };
    await bench.run("ALTER TABLE @.t ADD CONSTRAINT own CHECK k >= 0");
    await blockInsertsUntilReleased(runner, [table], await blockInserts(runner, [table]));
    const spec = parseCreate((await statement()) ?? "");
    assert.ok(spec.kind === "table");
    assert.equal(spec.constraints.length, 3);
    assert.deepEqual(
      spec.constraints.filter(({ name }) => !isGuardConstraint(name)).map(({ name }) => name),
      ["own"],
    );
    await releaseInserts(runner, [table]);
    await bench.run("ALTER TABLE @.t DROP CONSTRAINT own");
  });

  it("and a hold are opened, whatever made them, where an operation cannot be rolled back", async () => {
    const runner = new Runner(bench.connection, "a1b2c3d4");
    await bench.run("CREATE TABLE @.n (a UInt8) ENGINE = MergeTree ORDER BY a");
    await bench.run("ALTER TABLE @.t ADD CONSTRAINT _gate_a1b2c3d4 CHECK 0");
    await bench.run("ALTER TABLE @.t ADD CONSTRAINT _hold_a1b2c3d4 CHECK 0");
    const gate = "retry_schema_change_in_progress_a1b2c3d4";
    await bench.run(`ALTER TABLE @.t ADD CONSTRAINT ${gate} CHECK 0`);
    await bench.run(`ALTER TABLE @.n ADD CONSTRAINT ${gate} CHECK 0`);
    assert.deepEqual(await letInsertsThrough(runner), []);
    await bench.insert(0, 1);
    for (const name of ["t", "n"]) assert.doesNotMatch((await statement(name)) ?? "", /CONSTRAINT/);
  });

  const statement = (name = "t"): Promise<string | undefined> =>
    bench.value(`SELECT create_table_query AS x FROM system.tables WHERE database = '@' AND name = '${name}'`);
});
