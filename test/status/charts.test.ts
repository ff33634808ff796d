import assert from "node:assert/strict";
import fc from "fast-check";
import { renderCharts } from "../../provider/src/status/charts";
import { remarksOf } from "../../provider/src/status/format";
import type { ViewStatus } from "../../provider/src/status/view-status";

const HOUR = 3_600_000;
const view = (name: string, more: Partial<ViewStatus>): ViewStatus => ({
  view: `shop.${name}_mv`,
  kind: "incremental",
  sources: [],
  target: `shop.${name}`,
  sharedWith: [],
  buckets: { unknown: "none" },
  lag: { unknown: "none" },
  problems: [],
  ...more,
});
const times = (from: number, hours: number) => ({
  column: "t",
  oldest: new Date(from).toISOString(),
  newest: new Date(from + hours * HOUR).toISOString(),
});

describe("charts of the status page", () => {
  it("lose no bar: what is there is a hundredth wide at least, and within its track", () => {
    const size = fc.option(fc.nat({ max: 2 ** 40 }), { nil: undefined });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(size, size, fc.nat(2400), fc.nat(2400)), { minLength: 1, maxLength: 8 }),
        (views) => {
          const shown = renderCharts(
            views.map(([rows, bytes, start, hours], index) =>
              view(`t${index}`, {
                ...(rows !== undefined && { rows, reduction: rows / 7 }),
                ...(bytes !== undefined && { bytes }),
                buckets: times(1_700_000_000_000 + start * HOUR, hours),
              }),
            ),
          );
          const bars = [...shown.matchAll(/<rect class="bar"(?: x="([\d.]+)" y="\d+")? width="([\d.]+)"/g)];
          assert.equal(bars.length, 4 * views.length);
          const isShown = bars.map(
            ([, x = "0", width = ""]) => Number(x) + Number(width) <= 100.01 && Number(width) >= 1,
          );
          const empty = views.flatMap(([rows, bytes]) => [rows, bytes, rows]).filter((value) => !value).length;
          assert.ok(isShown.filter((one) => !one).length <= empty, shown);
        },
      ),
    );
  });

  it("shows two hours on an axis of a hundred days", () => {
    const shown = renderCharts([
      view("old", { buckets: times(1_700_000_000_000, 2400) }),
      view("young", { buckets: times(1_700_000_000_000 + 2398 * HOUR, 2) }),
    ]);
    const [, young = ""] = shown.slice(shown.indexOf("Time covered")).split("shop.young</span>");
    assert.match(young, /<rect class="bar" x="99\.00" y="4" width="1\.00"/);
  });

  it("says of a rollup that it reduces nothing, when there are enough rows to know", () => {
    const said = (reduction: number, rows: number): string =>
      remarksOf(view("t", { reduction, rows, lag: { seconds: 0, exact: true } }))
        .map(({ text }) => text)
        .join();
    assert.match(said(1.1, 1_000_000), /^reduces almost nothing: 1\.1 source rows per target row/);
    assert.equal(said(1.1, 1_000), "");
    assert.equal(said(8, 1_000_000), "");
  });
});
