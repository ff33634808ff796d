import assert from "node:assert/strict";
import fc from "fast-check";
import { renderBytes } from "../../provider/src/util/format";
import { inOrder, reachable } from "../../provider/src/util/graph";
import { Serial } from "../../provider/src/util/serial";

describe("an order", () => {
  const graph = fc.array(fc.array(fc.nat({ max: 9 })), { minLength: 10, maxLength: 10 });

  it("has every item once, after what it needs unless they need each other", () => {
    fc.assert(
      fc.property(graph, (needs) => {
        const items = needs.map((_, index) => index);
        const needsOf = (item: number) => needs[item] ?? [];
        const ordered = inOrder(items, needsOf);
        assert.deepEqual([...ordered].sort(), items);
        for (const item of items) {
          for (const needed of needsOf(item)) {
            const isMutual = reachable(needsOf, needed).has(item);
            assert.ok(isMutual || ordered.indexOf(needed) < ordered.indexOf(item));
          }
        }
      }),
    );
  });
});

describe("work that is serial", () => {
  it("runs one after the other in the order given, also after a failure", async () => {
    const serial = new Serial();
    const told: string[] = [];
    const work =
      (name: string, fails = false) =>
      async () => {
        told.push(`${name} begins`);
        await new Promise((resolve) => setImmediate(resolve));
        told.push(`${name} ends`);
        if (fails) throw new Error(name);
      };
    const results = await Promise.allSettled([serial.run(work("a", true)), serial.run(work("b"))]);
    assert.deepEqual(told, ["a begins", "a ends", "b begins", "b ends"]);
    assert.deepEqual(
      results.map(({ status }) => status),
      ["rejected", "fulfilled"],
    );
  });
});

describe("bytes for people", () => {
  it("have at most one decimal and the unit that fits", () => {
    assert.deepEqual([0, 1023, 1024, 1536, 20 * 1024, 3 * 1024 ** 4, 2 ** 60].map(renderBytes), [
      "0 B",
      "1023 B",
      "1.0 KiB",
      "1.5 KiB",
      "20 KiB",
      "3.0 TiB",
      "1024 PiB",
    ]);
  });
});
