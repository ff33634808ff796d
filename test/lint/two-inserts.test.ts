import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LintBench } from "./support";

const FIXTURES = join(__dirname, "fixtures");
/** Orders whose sums, ranks and extremes differ when they are taken for each half alone. */
const ORDERS = [
  "(1, 'a', '2026-01-01 10:00:00', 10, 200)",
  "(1, 'b', '2026-01-01 11:00:00', 30, 90)",
  "(1, 'a', '2026-01-01 12:00:00', 20, 7)",
  "(2, 'a', '2026-01-02 10:00:00', 5, 1)",
];
const orders = (rows: readonly string[]): string =>
  `INSERT INTO shop.orders (account, product, at, price, quantity) VALUES ${rows.join(", ")}`;
const ordersOf = (cut: number): string[] => [orders(ORDERS.slice(0, cut)), orders(ORDERS.slice(cut))];

interface Case {
  readonly rule: string;
  /** Inserts that bring the same rows, cut in two ways. */
  readonly ways: readonly [readonly string[], readonly string[]];
  readonly bad: string;
  readonly good: string;
  /** Tables whose parts are merged before the second reading. */
  readonly merged?: readonly string[];
}

const halves: Case["ways"] = [[orders(ORDERS)], ordersOf(2)];
const invoices: Case["ways"] = [
  ["INSERT INTO shop.invoices VALUES (1, '2026-01-01', 120, 2), (2, '2026-01-01', 50, 1)"],
  [
    "INSERT INTO shop.invoices VALUES (1, '2026-01-01', 100, 1), (2, '2026-01-01', 50, 1)",
    "INSERT INTO shop.invoices VALUES (1, '2026-01-01', 120, 2)",
  ],
];
const invoicesByMonth = (rows: readonly string[]): string[] =>
  rows.map((row) => `INSERT INTO shop.invoices VALUES ${row}`);
const SUMS: Case["ways"] = [
  ["INSERT INTO shop.daily (account, spend, orders) VALUES (1, 30, 3)"],
  [
    "INSERT INTO shop.daily (account, spend, orders) VALUES (1, 20, 1)",
    "INSERT INTO shop.daily (account, spend, orders) VALUES (1, 10, 2)",
  ],
];
const CLICKS = [200, 100].map((clicks) => `INSERT INTO shop.clicks (page, clicks) VALUES ('/', ${clicks})`);

const cases: readonly Case[] = [
  {
    rule: "having-in-incremental-view",
    ways: halves,
    bad: "SELECT account, sum(orders) FROM shop.large GROUP BY account ORDER BY account",
    good: "SELECT * FROM shop.large ORDER BY account",
  },
  {
    rule: "limit-in-incremental-view",
    ways: halves,
    bad: "SELECT count() FROM shop.top",
    good: "SELECT account, product FROM shop.latest FINAL ORDER BY account",
  },
  {
    rule: "distinct-in-incremental-view",
    ways: halves,
    bad: "SELECT count() FROM shop.products",
    good: "SELECT count() FROM shop.products FINAL",
  },
  {
    rule: "window-in-incremental-view",
    ways: halves,
    bad: "SELECT account, max(spent) FROM shop.running GROUP BY account ORDER BY account",
    good: "SELECT account, max(spent) FROM shop.running GROUP BY account ORDER BY account",
  },
  {
    rule: "aggregate-of-partial-rows",
    ways: halves,
    bad: "SELECT account, sum(orders) AS n, sum(largest) AS most FROM shop.monthly GROUP BY account ORDER BY account",
    good:
      "SELECT account, sum(orders) AS n, max(largest) AS most, uniqExactMerge(days) AS days " +
      "FROM shop.monthly GROUP BY account ORDER BY account",
  },
  {
    rule: "counts-replaced-rows",
    ways: invoices,
    bad: "SELECT sum(invoices) AS n, sum(amount) AS total FROM shop.revenue",
    good: "SELECT id, argMaxMerge(amount) AS amount FROM shop.latest GROUP BY id ORDER BY id",
  },
  {
    rule: "version-across-partitions",
    ways: [
      invoicesByMonth(["(1, 120, '2026-02-01 00:00:00')"]),
      invoicesByMonth(["(1, 100, '2026-01-01 00:00:00')", "(1, 120, '2026-02-01 00:00:00')"]),
    ],
    merged: ["shop.invoices"],
    bad: "SELECT count() FROM shop.invoices",
    good: "SELECT count() FROM shop.invoices",
  },
  {
    rule: "stale-projection",
    ways: [
      ["INSERT INTO shop.prices VALUES (1, 30)"],
      ["INSERT INTO shop.prices VALUES (1, 20)", "INSERT INTO shop.prices VALUES (1, 30)"],
    ],
    merged: ["shop.prices"],
    bad: "SELECT price, count() FROM shop.prices GROUP BY price ORDER BY price",
    good: "SELECT price, count() FROM shop.prices GROUP BY price ORDER BY price",
  },
  {
    rule: "computed-from-sums",
    ways: SUMS,
    merged: ["shop.daily"],
    bad: "SELECT account, average FROM shop.daily",
    good: "SELECT account, average, events FROM shop.daily",
  },
];

describe("lint rules about incremental views and merges, by inserts into a real engine", () => {
  let bench: LintBench;
  before(async () => {
    bench = await LintBench.open();
  });
  afterEach(() => bench.clear());
  after(() => bench.close());

  for (const one of cases) {
    it(`${one.rule}: the bad form depends on how rows are cut into inserts, the good one does not`, async () => {
      const [whole, parts] = await results("bad", one);
      assert.notDeepEqual(parts, whole);
      const [same, again] = await results("good", one);
      assert.deepEqual(again, same);
    });
  }

  it("sum-overflows-column: the sum wraps around in the bad form, and not in the good one", async () => {
    const sums: unknown[] = [];
    for (const form of ["bad", "good"]) {
      await bench.run(fixture("sum-overflows-column", form));
      for (const insert of CLICKS) await bench.engine.command(insert);
      await bench.engine.command("OPTIMIZE TABLE shop.clicks FINAL");
      sums.push(...(await bench.engine.query<{ n: string }>("SELECT toString(clicks) AS n FROM shop.clicks")));
      await bench.clear();
    }
    assert.deepEqual(sums, [{ n: "44" }, { n: "300" }]);
  });

  async function results(form: "bad" | "good", { rule, ways, merged = [], ...queries }: Case): Promise<unknown[]> {
    const found: unknown[] = [];
    for (const inserts of ways) {
      await bench.run(fixture(rule, form));
      for (const insert of inserts) await bench.engine.command(insert);
      for (const table of merged) await bench.engine.command(`OPTIMIZE TABLE ${table} FINAL`);
      found.push(await bench.engine.query(queries[form]));
      await bench.clear();
    }
    return found;
  }
});

function fixture(rule: string, form: string): string {
  return readFileSync(join(FIXTURES, `${rule}.${form}.sql`), "utf8");
}
