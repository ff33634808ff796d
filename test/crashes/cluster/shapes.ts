/** Tables that are rebuilt under writers: each keeps the ids that clients insert, whatever its engine makes of the rows. */

/** A table of one engine. */
export interface Shape {
  readonly engine: string;
  /** Columns without what a column list adds. */
  readonly columns: string;
  /** Those that an insert names. */
  readonly inserted: string;
  /** Their values, of an expression that is an id. */
  readonly values: (id: string) => string;
  /** Key before and after. */
  readonly keys: readonly [from: string, to: string];
  /** Each id of the table and how many times it is there. */
  readonly ids: string;
  /** The same for the view's query. */
  readonly each: string;
}

const PLAIN = {
  inserted: "id",
  values: (id: string): string => id,
  ids: "SELECT toUInt32(id) AS id, toUInt32(count()) AS c FROM d.t GROUP BY id",
  each: "id",
};

/** By the name of the engine, without `Replicated`. */
export const SHAPES = {
  MergeTree: {
    ...PLAIN,
    engine: "ReplicatedMergeTree",
    columns: "id UInt64, at DateTime64(3) DEFAULT now64(3)",
    keys: ["id", "(at, id)"],
  },
  /** A row that is stored twice is one row after a merge: what is counted is what is lost. */
  ReplacingMergeTree: {
    ...PLAIN,
    engine: "ReplicatedReplacingMergeTree(version)",
    columns: "id UInt64, p UInt8 DEFAULT id % 3, version DateTime64(3) DEFAULT now64(3)",
    keys: ["id", "(p, id)"],
  },
  /** Rows with one key become one: their ids are summed in a map. */
  SummingMergeTree: {
    engine: "ReplicatedSummingMergeTree",
    columns: "k UInt8, p UInt8, seenMap Nested(id UInt64, times UInt64)",
    inserted: "k, p, seenMap.id, seenMap.times",
    values: (id: string): string => `${id} % 20, ${id} % 3, [${id}], [1]`,
    keys: ["k", "(p, k)"],
    ids: "SELECT toUInt32(i) AS id, toUInt32(sum(n)) AS c FROM d.t ARRAY JOIN seenMap.id AS i, seenMap.times AS n GROUP BY id",
    each: "arrayJoin(seenMap.id) AS id",
  },
  /** The same, as the state of an aggregate. */
  AggregatingMergeTree: {
    engine: "ReplicatedAggregatingMergeTree",
    columns:
      "k UInt8, p SimpleAggregateFunction(max, UInt8), ids SimpleAggregateFunction(groupArrayArray, Array(UInt64))",
    inserted: "k, p, ids",
    values: (id: string): string => `${id} % 20, ${id} % 3, [${id}]`,
    keys: ["k", "(k % 2, k)"],
    ids: "SELECT toUInt32(arrayJoin(ids)) AS id, toUInt32(count()) AS c FROM d.t GROUP BY id",
    each: "arrayJoin(ids) AS id",
  },
} as const satisfies Readonly<Record<string, Shape>>;

export type ShapeName = keyof typeof SHAPES;

/** CREATE of the table, with one of its keys. @param on where it stands after the name. */
export function createTable({ columns, engine, keys }: Shape, key: 0 | 1, name = "d.t", on = ""): string {
  return `CREATE TABLE ${name}${on} (${columns}) ENGINE = ${engine} ORDER BY ${keys[key]}`;
}
