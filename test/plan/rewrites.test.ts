import assert from "node:assert/strict";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { caseNamed } from "./costs";
import { Bench, planBetween } from "./support";

/** Cases over MergeTree tables whose columns must lie where they lay, unless the plan says otherwise. */
const CASES = [
  ...["TTL set", "TTL made longer", "TTL made shorter", "TTL removed", "TTL that recompresses"],
  ...[
    "TTL applied to old parts",
    "TTL made longer, applied to old parts",
    "TTL that recompresses, applied to old parts",
  ],
  ...["column TTL set", "column TTL made longer", "column TTL removed", "codec set"],
  ...["column TTL applied to old parts", "column TTL made longer, applied to old parts"],
  ...["index dropped", "index type changed", "projection dropped", "projection changed", "statistics removed"],
  ...[
    "column dropped",
    "column renamed",
    "column moved to the front",
    "UInt8 → UInt32",
    "settings set, changed and reset",
  ],
] as const;

describe("plan, what it says of rewriting", () => {
  let bench: Bench;

  before(async () => {
    bench = await Bench.open();
  });

  after(() => bench.close());

  for (const name of CASES) {
    it(`is true of wide parts: ${name}`, async () => {
      const one = caseNamed(name);
      await bench.reset(one.setup);
      const [from, to] = [await bench.canonicalize(one.from), await bench.canonicalize(one.to)];
      assert.ok(from.kind === "table");
      await bench.engine.command(one.from);
      await bench.engine.command(
        "ALTER TABLE p.t MODIFY SETTING min_bytes_for_wide_part = 0, min_rows_for_wide_part = 0",
      );
      await bench.fill(from);
      const before = await columnFiles(bench);
      assert.ok(before.length > 0);
      const plan = planBetween(from, to, one);
      await bench.apply(plan);
      await mutated(bench);
      const isWritten = (await columnFiles(bench)).some((file) => !before.includes(file));
      const kinds = plan.steps.flatMap(({ hazards }) => hazards.map(({ kind }) => kind));
      assert.equal(isWritten, kinds.includes("rewrites-parts"), kinds.join());
    });
  }

  it("is true of compact parts, which DROP INDEX, DROP PROJECTION and DROP STATISTICS rewrite", async () => {
    for (const name of ["index dropped", "projection dropped", "statistics removed"]) {
      const one = caseNamed(name);
      await bench.reset();
      const [from, to] = [await bench.canonicalize(one.from), await bench.canonicalize(one.to)];
      assert.ok(from.kind === "table");
      await bench.engine.command(one.from);
      await bench.fill(from);
      const before = await columnFiles(bench);
      await bench.apply(planBetween(from, to, one));
      await mutated(bench);
      assert.ok(
        (await columnFiles(bench)).some((file) => !before.includes(file)),
        name,
      );
    }
  });
});

/** Identities of the files with values in active parts: a linked file keeps its own. */
async function columnFiles({ engine }: Bench): Promise<number[]> {
  const parts = await engine.query<{ path: string }>(
    "SELECT path FROM system.parts WHERE database = 'p' AND table = 't' AND active",
  );
  return parts.flatMap(({ path }) =>
    readdirSync(path)
      .filter((file) => file.endsWith(".bin"))
      .map((file) => statSync(join(path, file)).ino),
  );
}

/** Waits for the mutations that statements leave behind. */
async function mutated({ engine }: Bench): Promise<void> {
  for (;;) {
    const [row] = await engine.query<{ left: string }>(
      "SELECT toString(count()) AS left FROM system.mutations WHERE database = 'p' AND table = 't' AND NOT is_done",
    );
    if (row?.left === "0") return;
  }
}
