import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type CopiedPart,
  compareCoverage,
  copiedPart,
  standingOf,
} from "../../provider/src/apply/cluster-rebuild/coverage";
import type { Part } from "../../provider/src/operation/parts";

/** Rows of a block are counted by its number, so that sums of different blocks differ. */
function part(low: number, high: number, blocks: ReadonlySet<number>, mutation = 0): Part {
  const rows = [...blocks].filter((block) => block >= low && block <= high).reduce((sum, block) => sum + 1 + block, 0);
  return {
    partition: "all",
    name: `all_${low}_${high}_0`,
    low,
    high,
    mutation,
    rows,
    bytes: rows,
    hash: "",
    masked: false,
  };
}

function chunk(index: number, parts: readonly Part[]) {
  return { index, parts: parts.map(copiedPart), rows: 0, hash: "" };
}

describe("what was copied of a replicated table", () => {
  const all = new Set(Array.from({ length: 40 }, (_, block) => block));

  it("covers a part that was merged from copied ones, and no part that may have another block in it", () => {
    const copied: CopiedPart[] = [part(0, 3, all), part(5, 5, all)].map(copiedPart);
    assert.equal(standingOf(part(0, 3, all), copied), "covered");
    assert.equal(standingOf(part(1, 2, all), copied), "covered");
    assert.equal(standingOf(part(4, 4, all), copied), "open");
    assert.equal(standingOf(part(0, 5, all), copied), "torn");
    assert.equal(standingOf(part(5, 6, all), copied), "torn");
    assert.equal(standingOf({ ...part(0, 3, all), partition: "other" }, copied), "open");
  });

  it("is stale where a mutation or DROP PARTITION came in between", () => {
    const chunks = [chunk(0, [part(0, 3, all)]), chunk(1, [part(4, 6, all)])];
    const still = [part(0, 3, all), part(4, 6, all)];
    assert.deepEqual(compareCoverage(chunks, still), { open: [], stale: [] });
    assert.equal(compareCoverage(chunks, [part(0, 3, all, 9), part(4, 6, all)]).stale.length, 2);
    assert.equal(compareCoverage(chunks, [part(0, 3, all)]).stale.length, 2);
  });

  it("whatever arrives and is merged in whatever order, each block ends up copied exactly once", () => {
    const steps = fc.array(fc.oneof(fc.constant("arrive"), fc.constant("merge"), fc.constant("copy")), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat()), (commands, numbers) => {
        const chance = (): number => Number(numbers.next().value);
        const waiting = [...all];
        const blocks = new Set<number>();
        const parts: Part[] = [];
        let chunks: ReturnType<typeof chunk>[] = [];
        let index = 0;
        const copy = (): void => {
          for (;;) {
            const { open, stale } = compareCoverage(chunks, parts);
            if (stale.length === 0) {
              if (open.length > 0) chunks.push(chunk(index++, open));
              return;
            }
            chunks = chunks.filter((one) => !stale.some((old) => old.index === one.index));
          }
        };
        for (const command of commands) {
          if (command === "arrive" && waiting.length > 0) {
            // Out of order, as replicas get them.
            const [block = 0] = waiting.splice(chance() % waiting.length, 1);
            if ([...parts].some(({ high, low }) => low <= block && block <= high)) continue;
            blocks.add(block);
            parts.push(part(block, block, blocks));
          } else if (command === "merge" && parts.length > 1) {
            parts.sort((a, b) => a.low - b.low);
            const at = chance() % (parts.length - 1);
            const [low, high] = [parts[at]?.low ?? 0, parts[at + 1]?.high ?? 0];
            parts.splice(at, 2, part(low, high, blocks));
          } else if (command === "copy") copy();
        }
        copy();
        // Rows of the copy are those of the table, and no block is in two chunks.
        const ranges = chunks.flatMap((one) => one.parts);
        assert.equal(
          ranges.reduce((sum, [, , , , rows]) => sum + rows, 0),
          parts.reduce((sum, { rows }) => sum + rows, 0),
        );
        for (const block of blocks) {
          assert.equal(ranges.filter(([, low, high]) => low <= block && block <= high).length, 1, `block ${block}`);
        }
      }),
    );
  });
});
