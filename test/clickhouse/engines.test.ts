import assert from "node:assert/strict";
import { abilityOf, holdsRows, isMergeTreeFamily, opensOthers, passesOn } from "../../provider/src/clickhouse/engines";
import { Bench } from "../plan/support";

/** How a table of an engine is made on an engine alone. */
const MADE: Readonly<Record<string, string>> = {
  Memory: "Memory",
  Log: "Log",
  TinyLog: "TinyLog",
  StripeLog: "StripeLog",
  Set: "Set",
  Join: "Join(ANY, LEFT, a)",
  EmbeddedRocksDB: "EmbeddedRocksDB PRIMARY KEY a",
  File: "File(CSV)",
  Null: "Null",
  Merge: "Merge(p, '^other$')",
  Buffer: "Buffer(p, other, 1, 1000, 1000, 1000000, 1000000, 1000000, 1000000)",
  GenerateRandom: "GenerateRandom",
  MergeTree: "MergeTree ORDER BY a",
  ReplacingMergeTree: "ReplacingMergeTree ORDER BY a",
  SummingMergeTree: "SummingMergeTree ORDER BY a",
  AggregatingMergeTree: "AggregatingMergeTree ORDER BY a",
  CoalescingMergeTree: "CoalescingMergeTree ORDER BY a",
};
/** Keep their rows, and need more than an engine alone: Keeper, a feature, a column of its own. */
const OWN: ReadonlySet<string> = new Set(["KeeperMap", "TimeSeries", "WindowView", "LiveView"]);

describe("table engines", () => {
  let bench: Bench;
  let all: readonly string[];

  before(async () => {
    bench = await Bench.open();
    all = (await bench.engine.query<{ name: string }>("SELECT name FROM system.table_engines")).map(({ name }) => name);
  });
  after(() => bench.close());

  it("are all known: each of the engine's own list keeps rows, passes them on, or has them elsewhere", () => {
    const unknown = all.filter(
      (name) => holdsRows(name) && !opensOthers(name) && !isMergeTreeFamily(name) && !(name in MADE) && !OWN.has(name),
    );
    assert.deepEqual(unknown, []);
  });

  for (const [name, engine] of Object.entries(MADE)) {
    it(`keep rows and take ALTER as said: ${name}`, async () => {
      await bench.reset();
      const { engine: connection } = bench;
      await connection.command("CREATE TABLE p.other (a UInt8, b UInt8) ENGINE = MergeTree ORDER BY a");
      await connection.command(`CREATE TABLE p.t (a UInt8, b UInt8) ENGINE = ${engine}`);
      const taken = (sql: string): Promise<boolean> =>
        connection.command(sql).then(
          () => true,
          () => false,
        );
      const inserted = await taken("INSERT INTO p.t VALUES (1, 2)");
      const alters = await taken("ALTER TABLE p.t ADD COLUMN c UInt8");
      assert.equal(alters, abilityOf(name) !== "comments", "ADD COLUMN");
      await connection.command("DROP TABLE p.t SYNC");
      const [rest] = await connection.query<{ rows: string }>("SELECT count() AS rows FROM p.other");
      // What is neither in the table nor in another one was passed on, or never taken.
      const kept = inserted && Number(rest?.rows) === 0 && !passesOn(name);
      assert.equal(holdsRows(name), kept);
    });
  }

  it("take an engine that nobody knows for one that keeps rows", () => {
    assert.ok(holdsRows("OfTomorrow(1)"));
  });

  it("say of KeeperMap that a drop takes its rows along", () => {
    assert.ok(holdsRows("KeeperMap('/t')"));
  });
});
