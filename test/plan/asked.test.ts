import assert from "node:assert/strict";
import { askRows } from "../../provider/src/apply/ask-rows";
import { type Plan, renderPlan } from "../../provider/src/plan";
import { Bench, planBetween } from "./support";

const DATES = "a UInt64, d DateTime";

/** A change of a table, ten rows of which were asked, and what the plan says then. */
const CASES: readonly {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly rows: string;
  readonly says?: string;
}[] = [
  {
    name: "a shorter TTL that no row is past",
    from: `(${DATES}) ENGINE = MergeTree ORDER BY a TTL d + INTERVAL 7 DAY`,
    to: `(${DATES}) ENGINE = MergeTree ORDER BY a TTL d + INTERVAL 3 DAY`,
    rows: "SELECT number, now() FROM numbers(10)",
    says: "(0 of 10 rows at present)",
  },
  {
    name: "a TTL with a condition that some rows are past",
    from: `(${DATES}) ENGINE = MergeTree ORDER BY a`,
    to: `(${DATES}) ENGINE = MergeTree ORDER BY a TTL d + INTERVAL 1 DAY DELETE WHERE a > 7`,
    rows: "SELECT number, now() - INTERVAL 2 DAY FROM numbers(10)",
    says: "(2 of 10 rows at present)",
  },
  {
    name: "a TTL over a column that is new",
    from: "(a UInt64) ENGINE = MergeTree ORDER BY a",
    to: `(${DATES}) ENGINE = MergeTree ORDER BY a TTL d + INTERVAL 1 DAY`,
    rows: "SELECT number FROM numbers(10)",
    says: "-- drops-data: rows of p.t that are past d + toIntervalDay(1)",
  },
  {
    name: "an engine that merges rows, with two of each key",
    from: `(${DATES}) ENGINE = MergeTree ORDER BY a`,
    to: `(${DATES}) ENGINE = ReplacingMergeTree ORDER BY a`,
    rows: "SELECT intDiv(number, 2), now() FROM numbers(10)",
    says: "-- drops-data: rows of p.t that agree in a become one when ReplacingMergeTree merges them (10 rows)",
  },
  {
    name: "an engine that merges rows, with one of each key",
    from: `(${DATES}) ENGINE = MergeTree ORDER BY a`,
    to: `(${DATES}) ENGINE = ReplacingMergeTree ORDER BY a`,
    rows: "SELECT number, now() FROM numbers(10)",
  },
  {
    name: "an engine that merges rows, with those of one key in partitions of their own",
    from: `(${DATES}) ENGINE = MergeTree ORDER BY a`,
    to: `(${DATES}) ENGINE = ReplacingMergeTree PARTITION BY toYYYYMMDD(d) ORDER BY a`,
    rows: "SELECT 1, now() + INTERVAL number DAY FROM numbers(10)",
  },
  {
    name: "an alias that is stored with another value",
    from: "(a UInt64, b UInt64 ALIAS a + 1) ENGINE = MergeTree ORDER BY a",
    to: "(a UInt64, b UInt64) ENGINE = MergeTree ORDER BY a",
    rows: "SELECT number FROM numbers(10)",
    says: "(10 rows would change, e.g. 1 → 0)",
  },
  {
    name: "an alias that is stored as it is",
    from: "(a UInt64, b UInt64 ALIAS a + 1) ENGINE = MergeTree ORDER BY a",
    to: "(a UInt64, b UInt64 MATERIALIZED a + 1) ENGINE = MergeTree ORDER BY a",
    rows: "SELECT number FROM numbers(10)",
  },
];

describe("plan, when the rows are asked what is lost", () => {
  let bench: Bench;

  before(async () => {
    bench = await Bench.open();
  });

  after(() => bench.close());

  for (const { name, from, to, rows, says } of CASES) {
    it(`${says === undefined ? "needs no permission for" : "counts them for"} ${name}`, async () => {
      await bench.reset();
      const create = (tail: string): string => `CREATE TABLE p.t ${tail}`;
      const [before, after] = [await bench.canonicalize(create(from)), await bench.canonicalize(create(to))];
      await bench.engine.command(create(from));
      await bench.engine.command(`INSERT INTO p.t ${rows}`);
      const table = { database: "p", name: "t" };
      const plan = await askRows(async () => bench.engine, table, planBetween(before, after), { seconds: 30 });
      const shown = renderPlan(plan, { rows: 10 });
      if (says === undefined) assert.doesNotMatch(shown, /drops-data/);
      else assert.ok(shown.includes(says), shown);
    });
  }

  it("stores what an ALIAS gives by the steps that it names", async () => {
    const create = (b: string): string => `CREATE TABLE p.t (a UInt64, b UInt64${b}) ENGINE = MergeTree ORDER BY a`;
    await bench.reset();
    const specs = [];
    for (const b of [" ALIAS a + 1", " MATERIALIZED a + 1", ""]) specs.push(await bench.canonicalize(create(b)));
    const [alias, materialized, stored] = specs;
    assert.ok(alias && materialized && stored);
    await bench.engine.command(create(" ALIAS a + 1"));
    await bench.engine.command("INSERT INTO p.t SELECT number FROM numbers(3)");
    const asked = async (from: typeof alias, to: typeof alias): Promise<Plan> =>
      askRows(async () => bench.engine, { database: "p", name: "t" }, planBetween(from, to), { seconds: 30 });
    const statement = /(ALTER TABLE p\.t MATERIALIZE COLUMN .*) \(/.exec(renderPlan(await asked(alias, stored)))?.[1];
    assert.ok(statement);
    await bench.apply(await asked(alias, materialized));
    await bench.engine.command(statement);
    const plan = await asked(materialized, stored);
    assert.doesNotMatch(renderPlan(plan), /drops-data/);
    await bench.apply(plan);
    const rows = await bench.engine.query<{ b: string }>("SELECT b FROM p.t ORDER BY a");
    assert.deepEqual(
      rows.map(({ b }) => Number(b)),
      [1, 2, 3],
    );
  });

  it("refuses an Enum without 0 for a column with NULLs of its own, for the table could not be read", async () => {
    const create = (v: string): string => `CREATE TABLE p.t (a UInt64, v ${v}) ENGINE = MergeTree ORDER BY a`;
    await bench.reset();
    const from = await bench.canonicalize(create("Variant(String, UInt64)"));
    const to = await bench.canonicalize(create("Enum8('x' = 1)"));
    await bench.engine.command(create("Variant(String, UInt64)"));
    await bench.engine.command("INSERT INTO p.t SELECT 1, NULL");
    const table = { database: "p", name: "t" };
    await assert.rejects(
      askRows(async () => bench.engine, table, planBetween(from, to), { seconds: 30 }),
      /v, which may be NULL, does not become Enum8\('x' = 1\) on the server where it is NULL, .*\(1 row\); nothing was done/,
    );
  });
});
