import assert from "node:assert/strict";
import { renderPlan } from "../../provider/src/plan";
import { sleep } from "../support/server";
import { Bench, planBetween } from "./support";

/** How long the short TTLs below last, in seconds, and how long the test waits for the engine to delete by them. */
const SHORT = 3;
const WAIT = 7;
const NEVER = "d + INTERVAL 90 DAY";
const SOON = `d + INTERVAL ${SHORT} SECOND`;

interface Life {
  readonly name: string;
  /** TTL of the table, and of column x; each step is planned from the one before. */
  readonly steps: readonly { readonly ttl?: string; readonly x?: string; readonly d?: string; readonly m?: true }[];
  /** Rows, and values of x, that are left when the short TTL is over. */
  readonly left: readonly [rows: number, values: number];
}

const LIVES: readonly Life[] = [
  { name: "made longer", steps: [{ ttl: SOON }, { ttl: NEVER }], left: [10, 10] },
  { name: "made longer with materialize", steps: [{ ttl: SOON }, { ttl: NEVER, m: true }], left: [10, 10] },
  { name: "removed", steps: [{ ttl: SOON }, {}], left: [10, 10] },
  { name: "removed, another added", steps: [{ ttl: SOON }, {}, { ttl: NEVER }], left: [10, 10] },
  { name: "removed, one of a column added", steps: [{ ttl: SOON }, {}, { x: NEVER }], left: [10, 10] },
  { name: "of a column made longer", steps: [{ x: SOON }, { x: NEVER }], left: [10, 10] },
  { name: "of a column removed", steps: [{ x: SOON, ttl: NEVER }, { ttl: NEVER }], left: [10, 10] },
  { name: "made shorter", steps: [{ ttl: NEVER }, { ttl: SOON }], left: [0, 0] },
  { name: "added", steps: [{}, { ttl: SOON }], left: [0, 0] },
  { name: "added to a part", steps: [{}, { ttl: `${SOON} DELETE WHERE k < 4` }], left: [6, 6] },
  { name: "of a column made shorter", steps: [{ x: NEVER }, { x: SOON }], left: [10, 0] },
  {
    name: "of days in another time zone",
    steps: [
      { ttl: "toDate(d) + INTERVAL 90 DAY" },
      { ttl: "toDate(d) + INTERVAL 90 DAY", d: "DateTime('Asia/Tokyo')" },
    ],
    left: [10, 10],
  },
];

describe("plan, when the clock of a TTL moves on", function () {
  this.timeout(180_000);

  it("every part keeps and loses what the TTL says, not what it said when the part was written", async () => {
    const bench = await Bench.open();
    try {
      await bench.reset();
      for (const [index, { steps }] of LIVES.entries()) await live(bench, steps, `t${index}`);
      await sleep(WAIT * 1000);
      for (const [index, { name, left }] of LIVES.entries()) {
        await bench.engine.command(`OPTIMIZE TABLE p.t${index} FINAL`);
        const [row] = await bench.engine.query<{ left: [string, string] }>(
          `SELECT [toString(count()), toString(countIf(x = 'x'))] AS left FROM p.t${index}`,
        );
        assert.deepEqual(row?.left, left.map(String), name);
      }
    } finally {
      await bench.close();
    }
  });

  it("asks for what is stricter by the calendar, and tells how many rows that is", async () => {
    const bench = await Bench.open();
    try {
      await bench.reset();
      const kinds = async (from: string, to: string): Promise<string[]> => {
        const [before, after] = [
          await bench.canonicalize(create("t", { ttl: from })),
          await bench.canonicalize(create("t", { ttl: to })),
        ];
        return planBetween(before, after).steps.flatMap(({ hazards }) => hazards.map(({ kind }) => kind));
      };
      assert.ok((await kinds("d + INTERVAL 30 DAY", "d + INTERVAL 1 MONTH")).includes("drops-data"));
      assert.ok((await kinds("d + INTERVAL 1 YEAR", "d + INTERVAL 12 MONTH")).includes("drops-data"));
      assert.ok(!(await kinds("d + INTERVAL 31 DAY", "d + INTERVAL 2 MONTH")).includes("drops-data"));
      assert.ok(!(await kinds("d + INTERVAL 90 DAY", "d + INTERVAL 91 DAY")).includes("drops-data"));
    } finally {
      await bench.close();
    }
  });
});

/** Creates the table, fills it, and takes it through the steps. */
async function live(bench: Bench, steps: Life["steps"], name: string): Promise<void> {
  const [first, ...rest] = steps;
  assert.ok(first);
  let from = await bench.canonicalize(create(name, first));
  await bench.engine.command(create(name, first));
  await bench.engine.command(`INSERT INTO p.${name} SELECT now(), number, 'x' FROM numbers(10)`);
  for (const step of rest) {
    const to = await bench.canonicalize(`${create(name, step).replace(`p.${name} `, `p.${name}_next `)}`);
    const wanted = { ...to, name };
    const plan = planBetween(from, wanted as typeof from, { materialize: step.m === true });
    await bench.apply(plan);
    from = await bench.show(from);
    const left = planBetween(from, wanted as typeof from);
    assert.equal(left.steps.length, 0, renderPlan(left));
  }
}

function create(name: string, { ttl, x, d = "DateTime" }: Life["steps"][number]): string {
  return (
    `CREATE TABLE p.${name} (d ${d}, k UInt64, x String${x === undefined ? "" : ` TTL ${x}`}) ENGINE = MergeTree ORDER BY k` +
    `${ttl === undefined ? "" : ` TTL ${ttl}`} SETTINGS merge_with_ttl_timeout = 0, min_bytes_for_wide_part = 0`
  );
}
