import fc from "fast-check";
import type { RollupShape } from "../../provider/src/rollup";
import * as m from "../../provider/src/rollup/measures";
import { backtick } from "../../provider/src/sql/identifiers";

/** Columns of the base table; names of rollup columns are drawn from them too, so that they get in each other's way. */
export const BASE = `
  (ts DateTime64(3, 'UTC'), grp LowCardinality(String), num UInt8, big Int32, f Float64, nn Nullable(Int16), s String,
   d Decimal(9, 2), tags Map(String, UInt8), days UInt16, \`odd \\\`name\` String)
  ENGINE = MergeTree ORDER BY ts TTL toDateTime(ts) + toIntervalDay(days)`;

/** A measure and, from the rows themselves, what it must show: a query's expressions, one for each column. */
export interface Expected {
  readonly measure: m.Measure;
  readonly truth: string;
  /** The truth is an array, and any element of it is right. */
  readonly member?: true;
  /** The order of elements is not said. */
  readonly unordered?: true;
}

/** A rollup, what to compare it with, and rows by insert. */
export interface Case {
  readonly shape: RollupShape;
  readonly expected: Readonly<Record<string, Expected>>;
  /** Expressions of the keys over the base table. */
  readonly keys: Readonly<Record<string, string>>;
  readonly levels: readonly string[];
  readonly inserts: readonly (readonly string[])[];
  /** Rows of every second insert go to a second table. */
  readonly twoSources: boolean;
}

const CONDITIONS = ["num > 100", "s != 'a'", "nn > 0", "isFinite(f)", "match(s, '^[ab]')"] as const;

interface Plain {
  readonly make: (options: m.MeasureOptions) => m.Measure;
  /** The aggregate with `If` in place of `?`, and its arguments. */
  readonly truth: readonly [name: string, args: string];
  readonly orNull?: true;
  readonly member?: true;
  readonly unordered?: true;
}

const NUMBERS = ["num", "big", "d", "nn", "f", "toFloat32(num)", "num * big"];
const VALUES = [...NUMBERS, "s", "ts", "grp"];

const plainMeasures: readonly Plain[] = [
  { make: (o) => m.count(o), truth: ["count?", ""] },
  ...NUMBERS.map((x): Plain => ({ make: (o) => m.sum(x, o), truth: ["sum?", x] })),
  ...NUMBERS.filter((x) => x !== "d").map((x): Plain => ({ make: (o) => m.avg(x, o), truth: ["avg?", x] })),
  ...VALUES.flatMap((x): Plain[] => [
    { make: (o) => m.min(x, o), truth: ["min?", x], orNull: true },
    { make: (o) => m.max(x, o), truth: ["max?", x], orNull: true },
    { make: (o) => m.argMin(x, "(ts, s, big)", o), truth: ["argMin?", `${x}, (ts, s, big)`], orNull: true },
    { make: (o) => m.argMax(x, "(big, ts, s)", o), truth: ["argMax?", `${x}, (big, ts, s)`], orNull: true },
    { make: (o) => m.any(x, o), truth: ["groupUniqArray?", x], member: true },
    { make: (o) => m.anyLast(x, o), truth: ["groupUniqArray?", x], member: true },
    { make: (o) => m.uniq(x, o), truth: ["uniqExact?", x] },
    { make: (o) => m.uniq(x, { ...o, algorithm: "exact" }), truth: ["uniqExact?", x] },
    { make: (o) => m.uniq(x, { ...o, algorithm: "adaptive" }), truth: ["uniqExact?", x] },
    { make: (o) => m.groupArray(x, { ...o, limit: 1000 }), truth: ["groupArray?", x], unordered: true },
    { make: (o) => m.groupUniqArray(x, { ...o, limit: 1000 }), truth: ["groupUniqArray?", x], unordered: true },
  ]),
  ...["num", "big", "f", "nn"].flatMap((x): Plain[] => [
    { make: (o) => m.quantiles([0.1, 0.5, 0.99], x, o), truth: ["quantilesBFloat16?(0.1, 0.5, 0.99)", x] },
    { make: (o) => m.quantiles([0.5], x, { ...o, algorithm: "exact" }), truth: ["quantilesExact?(0.5)", x] },
  ]),
  {
    make: (o) => m.quantiles([0.5], "num + 1", { ...o, algorithm: "dd" }),
    truth: ["quantilesDD?(0.01, 0.5)", "num + 1"],
  },
  { make: (o) => m.sumMap("tags", o), truth: ["sumMap?", "tags"] },
  {
    make: ({ if: condition }) =>
      m.raw({
        state: condition === undefined ? "groupBitXorState(big)" : `groupBitXorStateIf(big, ${condition})`,
        merge: "groupBitXorMerge",
      }),
    truth: ["groupBitXor?", "big"],
  },
];

const expectedMeasure: fc.Arbitrary<Expected> = fc
  .record({
    plain: fc.constantFrom(...plainMeasures),
    condition: fc.option(fc.constantFrom(...CONDITIONS), { nil: undefined, freq: 1 }),
    histogram: fc.integer({ min: 0, max: 30 }),
    of: fc.constantFrom("f", "nn", "num"),
  })
  .map(({ plain, condition, histogram, of }) => {
    const options = condition === undefined ? {} : { if: condition };
    if (histogram === 0) return { measure: m.histogram([-1, 0.5, 100], of, options), truth: ranges(of, condition) };
    const [name, args] = plain.truth;
    const suffix = condition === undefined ? "" : plain.orNull ? "OrNullIf" : "If";
    const list = [args, condition ?? ""].filter((text) => text !== "").join(", ");
    return {
      measure: plain.make(options),
      truth: `${name.replace("?", suffix)}(${list})`,
      ...(plain.member && { member: true as const }),
      ...(plain.unordered && { unordered: true as const }),
    };
  });

function ranges(of: string, condition = "1"): string {
  const x = `toFloat64(${of})`;
  const in_ = (range: string): string => `countIf((${condition}) AND ${range})`;
  return `[${in_(`${x} <= -1`)}, ${in_(`${x} > -1 AND ${x} <= 0.5`)}, ${in_(`${x} > 0.5 AND ${x} <= 100`)}, ${in_(`${x} > 100`)}]`;
}

const KEYS: Readonly<Record<string, readonly string[]>> = {
  grp: ["grp", "`grp`", "lower(grp)"],
  s: ["s", "upper(s)"],
  num: ["num % 3", "num > 100"],
  nn: ["ifNull(nn, 0)", "isNull(nn)", "nn", "toLowCardinality(toString(nn))"],
  "odd `name": [backtick("odd `name"), "concat(s, 'x')"],
  _source: ["length(s)"],
};

const MEASURE_NAMES = ["num", "f", "big", "d", "total value", "it`s", "n'", "ts2", "tags", "_source2", "värde"];

const key = fc
  .constantFrom(...Object.keys(KEYS))
  .chain((name) => fc.tuple(fc.constant(name), fc.constantFrom(...(KEYS[name] ?? []))));

const bucket = fc.record({
  name: fc.constantFrom("ts", "hour", "bucket", "big time"),
  every: fc.constantFrom("30 seconds", "minute", "5 minutes", "hour", "6 hours", "day", "week", "month"),
  time: fc.constant("ts"),
  timezone: fc.option(fc.constantFrom("Asia/Kolkata", "UTC"), { nil: undefined }),
});

/** Levels that each width may go on to. */
const ABOVE: Readonly<Record<string, readonly string[]>> = {
  "30 seconds": ["minute", "day"],
  minute: ["5 minutes", "6 hours"],
  "5 minutes": ["hour", "month"],
  hour: ["day", "week"],
  "6 hours": ["week"],
  day: ["month"],
  week: [],
  month: ["year"],
};

const row = fc
  .record({
    second: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 0, max: 5_000_000 })),
    grp: fc.constantFrom("A", "b", ""),
    num: fc.integer({ min: 0, max: 255 }),
    big: fc.integer({ min: -50, max: 2_000_000_000 }),
    f: fc.oneof(
      fc.integer({ min: -400, max: 4000 }).map((n) => String(n / 4)),
      fc.constantFrom("nan", "inf", "-inf", "0", "-1"),
    ),
    nn: fc.option(fc.integer({ min: -5, max: 200 })),
    s: fc.constantFrom("a", "b", "ab", "", "Z"),
    d: fc.integer({ min: -9_999_999, max: 99_999_999 }).map((n) => (n / 100).toFixed(2)),
    tags: fc.constantFrom("{}", "{'x':200}", "{'x':0,'y':3}", "{'y':255}"),
    days: fc.integer({ min: 10_000, max: 10_002 }),
  })
  .map(
    ({ second, ...r }) =>
      `(toDateTime64('2026-03-29 18:20:00', 3, 'UTC') + ${second}, '${r.grp}', ${r.num}, ${r.big}, ${r.f}, ` +
      `${r.nn ?? "NULL"}, '${r.s}', ${r.d}, ${r.tags.replace("{", "map(").replace("}", ")").replaceAll(":", ", ")}, ` +
      `${r.days}, '${r.s}${r.grp}')`,
  );

/** Any rollup over any rows. */
export const cases: fc.Arbitrary<Case> = fc
  .record({
    keys: fc.uniqueArray(key, { selector: ([name]) => name, maxLength: 3 }),
    bucket,
    measures: fc.uniqueArray(fc.tuple(fc.constantFrom(...MEASURE_NAMES), expectedMeasure), {
      selector: ([name]) => name,
      minLength: 1,
      maxLength: 6,
    }),
    where: fc.option(fc.constantFrom("num > 20", "s != 'a'", "f < 500", "grp = 'A' OR nn IS NULL"), { nil: undefined }),
    inherit: fc.boolean(),
    level: fc.boolean(),
    pick: fc.nat(),
    inserts: fc.array(fc.array(row, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 }),
    twoSources: fc.boolean(),
  })
  .map(({ keys, bucket: { timezone, ...at }, measures, where, inherit, level, pick, inserts, twoSources }) => {
    const taken = new Set([...keys.map(([name]) => name), at.name]);
    // `days` is added to the key by an inherited TTL.
    const named = measures.filter(([name]) => !taken.has(name));
    const used = named.length > 0 ? named : measures.slice(0, 1).map(([, one]) => ["only", one] as const);
    const above = ABOVE[at.every] ?? [];
    const next = above[pick % Math.max(above.length, 1)];
    return {
      shape: {
        keys: Object.fromEntries(keys),
        settings: { allow_nullable_key: 1 },
        bucket: { ...at, ...(timezone !== undefined && { timezone }) },
        measures: Object.fromEntries(used.map(([name, { measure }]) => [name, measure])),
        ...(where !== undefined && { where }),
        ...(inherit && { ttl: "inherit" as const }),
      },
      expected: Object.fromEntries(used),
      keys: Object.fromEntries(keys),
      levels: level && next !== undefined ? [next] : [],
      inserts,
      twoSources,
    };
  });
