import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { openViews, type Views, ViewTestError } from "../../provider/src/testing";
import { programFolder, SHOP } from "./support";

const ORDERS = (price: string) => ({
  into: "shop.orders",
  rows: [{ time: "2026-03-01 10:00:00", product: "tea", price }],
});

const FRAMEWORK = `
const assert = require("node:assert/strict");
const { after, before, describe, it } = require("node:test");
const { openViews } = require("pulumi-clickhouse-schema/testing");
describe("views", () => {
  let views;
  before(async () => { views = await openViews({ program: __dirname }); });
  after(() => views.close());
  const test = (orders) => views.test({
    given: [{ into: "shop.orders", rows: [{ time: "2026-03-01 10:00:00", product: "tea", price: 2 }] }],
    expect: [{ from: "shop.daily_read", rows: [{ product: "tea", orders }] }],
  });
  it("passes", () => test(1));
  it("fails", () => assert.rejects(test(2), /tea +2 → 1/));
});
`;

describe("tests of views in a test framework", () => {
  let views: Views;
  before(async () => {
    const reader = 'new (require("pulumi-clickhouse-schema").Role)("reader");';
    views = await openViews({ program: programFolder({ "index.js": SHOP + reader }) });
  });
  after(() => views.close());

  it("run the program's own objects, without a Pulumi CLI", async () => {
    assert.deepEqual(views.program.objects.map(({ spec }) => spec.name).sort(), [
      "daily",
      "daily_mv",
      "daily_read",
      "orders",
      "reader",
      "shop",
    ]);
    await views.test({
      given: [ORDERS("2.50"), ORDERS("1")],
      expect: [{ from: "shop.daily_read", rows: [{ product: "tea", day: "2026-03-01", orders: 2, revenue: "3.5" }] }],
    });
  });

  it("throw an error with a table of what differs", async () => {
    const test = {
      given: [ORDERS("2.50")],
      expect: [
        {
          from: "shop.daily_read",
          rows: [
            { product: "tea", orders: 1, revenue: 2.5 },
            { product: "milk", orders: 7, revenue: 1 },
          ],
        },
      ],
    };
    await assert.rejects(views.test(test), (error) => {
      assert.ok(error instanceof ViewTestError);
      assert.equal(
        error.message,
        [
          "shop.daily_read, before merges: 1 row (1 missing)",
          "   product  orders  revenue",
          "-  milk     7       1",
        ].join("\n"),
      );
      return true;
    });
  });

  it("say what is wrong with a test", async () => {
    await assert.rejects(
      views.test({ given: [{ into: "shop.order", rows: [{ product: "tea" }] }], expect: [] as never }),
      /expect: expected a list with at least one element/,
    );
    await assert.rejects(
      views.test({
        given: [{ into: "shop.order", rows: [{ product: "tea" }] }],
        expect: [{ from: "shop.daily", rows: [] }],
      }),
      /given\[0\]\.into: the program declares no table or view shop\.order\. Did you mean shop\.orders\?/,
    );
  });

  it("have random rows for every incremental view", async () => {
    const results = await views.random({ seed: 4 });
    assert.deepEqual(
      results.map(({ status, target }) => [target, status]),
      [["shop.daily", "passed"]],
    );
  });

  it("run in node:test as they are", () => {
    const folder = programFolder({ "index.js": SHOP, "views.test.js": FRAMEWORK });
    const { status, stdout } = spawnSync(process.execPath, ["--test", "views.test.js"], {
      cwd: folder,
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout);
    assert.match(stdout, /# pass 2/);
  });
});
