import assert from "node:assert/strict";
import fc from "fast-check";
import { type Spans, spansOf } from "../../provider/src/apply/rebuild/by-number";
import type { Chunk } from "../../provider/src/apply/rebuild/coverage";
import { grouped, withoutTails } from "../../provider/src/apply/rebuild/groups";
import type { Part } from "../../provider/src/operation/parts";
import { byEffort, SEED } from "../support/effort";

const RUNS = byEffort({ fast: 100, full: 200, soak: 20_000 });

/** A table of one or two partitions: blocks of rows, which merges put together into parts. Its merges keep the numbers of blocks. */
class Model {
  private next = 1;
  private made = 0;
  private parts: { readonly part: Part; readonly rows: readonly { readonly id: string; readonly number: number }[] }[] =
    [];

  insert(partition: string, rows: number, blocks = 1): void {
    const low = this.next;
    this.next += blocks;
    const ids = Array.from({ length: rows }, (_, row) => ({ id: `${partition}/${low}/${row}`, number: low }));
    this.add(partition, low, this.next - 1, ids);
  }

  /** Merges parts that stand side by side in one partition. */
  merge(partition: string, at: number, count: number): void {
    const own = this.parts.filter(({ part }) => part.partition === partition).sort((a, b) => a.part.low - b.part.low);
    const taken = own.slice(at % Math.max(1, own.length)).slice(0, count);
    const [first, last] = [taken[0], taken.at(-1)];
    if (first === undefined || last === undefined || first === last) return;
    this.parts = this.parts.filter((one) => !taken.includes(one));
    this.add(
      partition,
      first.part.low,
      last.part.high,
      taken.flatMap(({ rows }) => rows),
    );
  }

  list(): Part[] {
    const parts = this.parts.map(({ part }) => part);
    return parts.sort((a, b) => a.partition.localeCompare(b.partition) || a.low - b.low);
  }

  /** What the condition of some spans selects. */
  select({ spans, beside }: Spans): string[] {
    const left = new Set(beside.map(({ name }) => name));
    return this.parts
      .filter(({ part }) => !left.has(part.name))
      .flatMap(({ part, rows }) => {
        const span = spans.find(({ partition }) => partition === part.partition);
        return rows.filter(({ number }) => span !== undefined && number > span.above && number <= span.high);
      })
      .map(({ id }) => id);
  }

  get ids(): string[] {
    return this.parts.flatMap(({ rows }) => rows.map(({ id }) => id)).sort();
  }

  private add(partition: string, low: number, high: number, rows: Model["parts"][number]["rows"]): void {
    this.made += 1;
    const name = `${partition}_${low}_${high}_${this.made}`;
    const [bytes, hash] = [rows.length * 10, name];
    const part = { partition, name, low, high, mutation: 0, rows: rows.length, bytes, hash, masked: false };
    this.parts.push({ part, rows });
  }
}

const partition = fc.constantFrom("p", "q");
const step = fc.oneof(
  fc.record({ insert: partition, rows: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ merge: partition, at: fc.nat(20), count: fc.integer({ min: 2, max: 6 }) }),
);
const steps = fc.array(step, { maxLength: 12 });
/** Parts that were merged before their numbers were kept: all their rows have the lowest one. */
const old = fc.array(
  fc.record({ partition, rows: fc.integer({ min: 1, max: 40 }), blocks: fc.integer({ min: 1, max: 9 }) }),
);

function apply(model: Model, list: readonly (typeof step extends fc.Arbitrary<infer Step> ? Step : never)[]): void {
  for (const one of list) {
    if ("insert" in one) model.insert(one.insert, one.rows);
    else model.merge(one.merge, one.at, one.count);
  }
}

describe("rows that are told apart by the numbers of their blocks", () => {
  it("are each selected once, whatever is inserted and merged between a listing of parts and each SELECT", () => {
    const rounds = fc.array(
      fc.record({ before: steps, during: steps, size: fc.integer({ min: 1, max: 30 }), tails: fc.boolean() }),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(old, rounds, (parts, all) => {
        const model = new Model();
        for (const { partition: name, rows, blocks } of parts) model.insert(name, rows, blocks);
        const chunks: Chunk[] = [];
        const copied: string[] = [];
        const copy = (size: number, tails: boolean, during: () => void): void => {
          const listed = model.list();
          const open = listed.filter((part) => part.high > highest(chunks, part.partition));
          const groups = grouped(tails ? open : withoutTails(open), size);
          for (const rows of spansOf([...chunks], groups, listed)) {
            during();
            copied.push(...model.select(rows));
            const ranges = rows.spans.map((span) => [span.partition, { high: span.high, mutation: 0, stored: 0 }]);
            chunks.push({ ranges: Object.fromEntries(ranges), rows: 0, hash: "", masked: false });
          }
        };
        for (const { before, during, size, tails } of all) {
          apply(model, before);
          copy(size, tails, () => apply(model, during));
        }
        copy(1000, true, () => undefined);
        assert.deepEqual(copied.sort(), model.ids);
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});

function highest(chunks: readonly Chunk[], name: string): number {
  return Math.max(-1, ...chunks.map(({ ranges }) => ranges[name]?.high ?? -1));
}
