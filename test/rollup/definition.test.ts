import assert from "node:assert/strict";
import { SchemaError } from "../../provider/src/errors";
import { defineLevel, defineRollup, type RollupShape } from "../../provider/src/rollup";
import * as m from "../../provider/src/rollup/measures";

const SHAPE: RollupShape = {
  keys: ["Service"],
  bucket: { name: "minute", every: "minute", time: "Timestamp" },
  measures: { requests: m.count() },
};

/** What is wrong, and the message. */
const MISTAKES: readonly [title: string, shape: Partial<RollupShape>, said: RegExp][] = [
  ["no measures", { measures: {} }, /^measures: are missing; expected at least one, e\.g\. \{ requests: count\(\) \}$/],
  ["only derived ones", { measures: { x: m.derived("1") } }, /^measures: are missing/],
  [
    "a string as measure",
    { measures: { x: "count()" as never } },
    /^measures\.x: expected a measure, e\.g\. count\(\), found a string$/,
  ],
  ["no keys", { keys: undefined as never }, /^keys: expected columns or a map from name to expression, found nothing$/],
  ["a blank key", { keys: { a: " " } }, /^keys\.a: expected a column or an expression of the source, found none$/],
  [
    "an unknown width",
    { bucket: { ...SHAPE.bucket, every: "fortnight" } },
    /^bucket\.every: expected a time such as "minute".*found "fortnight"$/,
  ],
  [
    "buckets that begin anywhere",
    { bucket: { ...SHAPE.bucket, every: "7 hours" } },
    /^bucket\.every: expected a number of hours that divides 24, found 7/,
  ],
  ["buckets of days", { bucket: { ...SHAPE.bucket, every: "2 days" } }, /^bucket\.every: expected one day, found 2/],
  ["no bucket name", { bucket: { every: "hour", time: "t" } as never }, /^bucket\.name: is missing/],
  [
    "an argument of another name",
    { bucket: { ...SHAPE.bucket, tz: "UTC" } as never },
    /^bucket\.tz: is not an argument/,
  ],
  ["a key with the bucket's name", { keys: ["minute"] }, /^bucket\.name: `minute` is also a key; names must differ$/],
  [
    "a measure with a key's name",
    { measures: { Service: m.count() } },
    /^measures\.Service: has the name of a key or the bucket; names must differ/,
  ],
  [
    "a column that readers see twice",
    { measures: { n: m.count(), q: m.quantiles({ n: 0.5 }, "x") } },
    /^measures\.q: readers would see `n` twice/,
  ],
  ["a blank condition", { where: "  " }, /^where: is empty/],
  [
    "a blank condition of a measure",
    { measures: { n: m.count({ if: "" }) } },
    /^measures\.n: if: expected a condition in SQL, found none$/,
  ],
  ["a measure of nothing", { measures: { n: m.sum("") } }, /^measures\.n: expected an SQL expression/],
  [
    "percents as levels",
    { measures: { q: m.quantiles([95], "x") } },
    /^measures\.q: expected one or more levels from 0 to 1/,
  ],
  ["no levels", { measures: { q: m.quantiles({}, "x") } }, /^measures\.q: expected one or more levels/],
  [
    "an unknown algorithm",
    { measures: { u: m.uniq("x", { algorithm: "hll" as never }) } },
    /^measures\.u: algorithm: expected one of "combined", .*, found "hll"$/,
  ],
  [
    "bounds that do not increase",
    { measures: { h: m.histogram([1, 1], "x") } },
    /^measures\.h: expected 1 to 1000 finite, increasing bounds/,
  ],
  [
    "no limit",
    { measures: { a: m.groupArray("x", { limit: 0 }) } },
    /^measures\.a: limit: expected a whole number above 0$/,
  ],
  [
    "a raw measure without state",
    { measures: { r: m.raw({ state: "topK(3)(x)", merge: "topKMerge(3)" }) } },
    /^measures\.r: state: expected an aggregate function with -State/,
  ],
  [
    "a raw measure with an argument",
    { measures: { r: m.raw({ state: "topKState(3)(x)", merge: "topK(3)" }) } },
    /^measures\.r: merge: expected the function with -Merge/,
  ],
  [
    "a least time that is none",
    { ttl: { inherit: true, atLeast: "long" } },
    /^ttl\.atLeast: expected a time such as "395 days", found "long"$/,
  ],
  ["an engine that adds up", { engine: "SummingMergeTree" }, /^engine: expected AggregatingMergeTree/],
];

describe("the arguments of a rollup", () => {
  for (const [title, wrong, said] of MISTAKES)
    it(`refuse ${title}`, () => {
      const problems = problemsOf(() => defineRollup({ ...SHAPE, ...wrong }));
      assert.ok(
        problems.some((problem) => said.test(problem)),
        problems.join("\n"),
      );
    });

  it("are refused all at once", () => {
    const wrong = { where: "", measures: { a: m.sum(""), b: m.quantiles([2], "x") }, engine: "Log" };
    assert.equal(problemsOf(() => defineRollup({ ...SHAPE, ...wrong })).length, 4);
  });

  it("let a source fill what the rollup has in its own way, and nothing else", () => {
    const own = { keys: { Service: "'api'" }, time: "at", where: "ok", measures: { requests: m.count({ if: "ok" }) } };
    const { keys, bucket, where, measures } = defineRollup(SHAPE, own, "sources.api");
    assert.deepEqual(keys, [{ name: "Service", expression: "'api'" }]);
    assert.equal(bucket.expression, "toStartOfMinute(at)");
    assert.equal(where, "ok");
    assert.equal(measures[0]?.measure.fill, "countIf(ok)");
    const wrong = { keys: { Servce: "'api'" }, measures: { requests: m.min("x"), other: m.count() } };
    assert.deepEqual(
      problemsOf(() => defineRollup(SHAPE, wrong, "sources.api")),
      [
        "sources.api.keys.Servce: is no key of the rollup, so a source cannot fill it otherwise. Did you mean `Service`?",
        "sources.api.measures.other: is no measure of the rollup, so a source cannot fill it otherwise",
        "sources.api.measures.requests: must be the same function as in the rollup (sum), found min",
      ],
    );
  });

  it("allow levels whose buckets are whole ones of the level below", () => {
    const fits: [below: string, every: string, fit: boolean][] = [
      ["minute", "hour", true],
      ["5 minutes", "30 minutes", true],
      ["minute", "minute", false],
      ["10 minutes", "15 minutes", false],
      ["6 hours", "day", true],
      ["hour", "minute", false],
      ["day", "week", true],
      ["week", "month", false],
      ["minute", "week", true],
      ["month", "quarter", true],
      ["quarter", "year", true],
      ["year", "year", false],
    ];
    for (const [below, every, fit] of fits) {
      const rollup = defineRollup({ ...SHAPE, bucket: { ...SHAPE.bucket, every: below } });
      const attempt = (): unknown => defineLevel(rollup, { every }, "cascade[0]");
      if (fit) attempt();
      else
        assert.match(
          problemsOf(attempt).join(),
          /^cascade\[0\]\.every: a .* is not made of whole buckets/,
          `${below} ${every}`,
        );
    }
  });

  it("refuse a level that inherits what the one below has not", () => {
    const rollup = defineRollup({ ...SHAPE, ttl: "30 days" });
    assert.match(
      problemsOf(() => defineLevel(rollup, { every: "hour", ttl: "inherit" }, "cascade[0]")).join(),
      /^cascade\[0\]\.ttl: can inherit only where the level below does/,
    );
  });
});

function problemsOf(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof SchemaError, String(error));
    return error.problems.map(({ message }) => message);
  }
  return assert.fail("was accepted");
}
