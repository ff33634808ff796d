import fc from "fast-check";

/** A table with what is stored of expressions, before and after its columns change. */
export interface StructuredPair {
  readonly from: string;
  readonly to: string;
  readonly renamedColumns: Readonly<Record<string, string>>;
  /** What keys, indexes and projections are made of, and what a reader may ask by: over the columns afterwards. */
  readonly probes: readonly string[];
}

/** Columns by name, as types or as `TYPE KIND expression`. */
type Columns = Readonly<Record<string, string>>;

const BASE: Columns = {
  k: "UInt64",
  c: "UInt32",
  d: "DateTime('UTC')",
  e: "Enum8('x' = 0, 'y' = 1)",
  s: "String",
  b: "UInt8",
  l: "String ALIAS toString(c)",
  n: "String ALIAS concat(l, '-', toString(toHour(d)))",
  h: "UInt32 ALIAS toYYYYMMDD(d)",
  m: "String MATERIALIZED concat(l, s)",
};

/** One column as it becomes. */
const CHANGES: readonly Columns[] = [
  { d: "DateTime('Asia/Tokyo')" },
  { d: "DateTime('America/New_York')" },
  { c: "UInt64" },
  { c: "Int64" },
  { e: "Enum8('x' = 0, 'y' = 1, 'z' = 2)" },
  { s: "LowCardinality(String)" },
  { b: "Bool" },
  { l: "String ALIAS toString(c + 1)" },
  { l: "String ALIAS toString(k)" },
  { l: "String" },
  { n: "String ALIAS concat(l, '+', toString(toHour(d)))" },
  { h: "UInt32 ALIAS toYYYYMM(d)" },
  { h: "UInt32 MATERIALIZED toYYYYMM(d)" },
  { h: "UInt64 ALIAS toYYYYMMDD(d) + 1" },
  { m: "String MATERIALIZED concat(s, l)" },
  { m: "String ALIAS concat(s, l)" },
  { z: "UInt8 DEFAULT 7" },
];

/** What can be under a key: stored columns alone. */
const STORED = [
  "toDate(d)",
  "toHour(d)",
  "toStartOfDay(d)",
  "toString(e)",
  "e",
  "d",
  "s",
  "lower(s)",
  "c % 5",
  "b",
  "m",
];
const ALIASED = ["l", "n", "h", "lower(n)", "h % 100"];
const INDEX_TYPES = ["minmax", "set(100)", "bloom_filter"];

export const structuredPairs: fc.Arbitrary<StructuredPair> = fc
  .record({
    partitionBy: fc.constantFrom("", "", "toDate(d)", "toHour(d) % 3", "c % 3", "e", "toString(e)"),
    orderBy: fc.uniqueArray(fc.constantFrom("k", ...STORED), { maxLength: 3 }),
    indexes: fc.array(fc.tuple(fc.constantFrom(...STORED, ...ALIASED), fc.constantFrom(...INDEX_TYPES)), {
      maxLength: 3,
    }),
    grouped: fc.array(fc.constantFrom(...STORED, ...ALIASED), { maxLength: 1 }),
    sorted: fc.array(fc.constantFrom(...STORED), { maxLength: 1 }),
    everything: fc.boolean(),
    changes: fc.shuffledSubarray([...CHANGES], { minLength: 1, maxLength: 3 }),
  })
  .map(({ partitionBy, orderBy, indexes, grouped, sorted, everything, changes }) => {
    const render = (columns: Columns): string => {
      const elements = [
        ...indexes.map(([expression, type], index) => `INDEX i${index} ${expression} TYPE ${type} GRANULARITY 1`),
        ...grouped.map((expression) => `PROJECTION g (SELECT ${expression}, count() GROUP BY ${expression})`),
        ...sorted.map(
          (expression) => `PROJECTION o (SELECT ${everything ? "*" : "k, c, d, e, s, b"} ORDER BY ${expression})`,
        ),
      ];
      const listed = Object.entries(columns).map(([name, definition]) => `${name} ${definition}`);
      return `CREATE TABLE p.t (${[...listed, ...elements].join(", ")}) ENGINE = MergeTree ${
        partitionBy === "" ? "" : `PARTITION BY ${partitionBy}`
      } ORDER BY (${orderBy.join(", ")}) SETTINGS index_granularity = 4, allow_nullable_key = 1`;
    };
    // A key and a sorted projection take no alias.
    const isKey = [...orderBy, ...sorted].includes("m");
    const taken = isKey ? changes.filter(({ m = "" }) => !m.includes("ALIAS")) : changes;
    const to: Columns = Object.assign({}, BASE, ...taken);
    const probes = [
      ...new Set([
        ...orderBy,
        ...indexes.map(([expression]) => expression),
        ...grouped,
        ...sorted,
        "toDate(d)",
        "l",
        "n",
      ]),
    ];
    return { from: render(BASE), to: render(to), renamedColumns: {}, probes };
  });
