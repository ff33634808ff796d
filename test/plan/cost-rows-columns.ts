import type { CostRow } from "./cost-rows";

const COLUMNS = "column added, dropped, retyped, reordered, renamed";
const CLAUSES = "column default, codec, TTL, settings, statistics";

const TTLS = "column TTL applied to rows that are there";

/** Rows of changes of a column. */
export const COLUMN_ROWS: readonly CostRow[] = [
  {
    change: "Columns",
    what: "column added, anywhere",
    examples: ["column added in the middle", "column added first", "column added with default, comment, codec and TTL"],
    e2e: COLUMNS,
    notes: "Rows that are there have the default, computed when they are read.",
  },
  {
    change: "Columns",
    what: "enum extended; time zone changed",
    examples: ["Enum8('x' = 1) → Enum8('x' = 1, 'y' = 2)", "DateTime → DateTime('UTC')", "enum of a key extended"],
    e2e: COLUMNS,
  },
  {
    change: "Columns",
    what: "column default",
    examples: ["default set", "default changed", "default removed"],
    e2e: CLAUSES,
  },
  { change: "Columns", what: "column codec", examples: ["codec set", "codec changed", "codec removed"], e2e: CLAUSES },
  {
    change: "Columns",
    what: "column settings",
    examples: ["column settings set", "column settings changed", "column settings removed"],
    e2e: CLAUSES,
  },
  {
    change: "Columns",
    what: "column statistics",
    examples: ["statistics added", "statistics changed", "statistics removed"],
    e2e: CLAUSES,
  },
  {
    change: "Columns",
    what: "column TTL longer",
    examples: ["column TTL made longer"],
    e2e: CLAUSES,
  },
  {
    change: "Columns",
    what: "column TTL removed",
    examples: ["column TTL removed"],
    e2e: CLAUSES,
    detail: true,
  },
  {
    change: "Columns",
    what: "expression of an ALIAS",
    examples: ["alias expression and type changed"],
    e2e: CLAUSES,
    detail: true,
  },
  { change: "Columns", what: "ALIAS dropped", examples: ["alias column dropped"], e2e: COLUMNS, detail: true },
  {
    change: "Columns",
    what: "column reordered",
    examples: ["column moved to the front", "columns in reverse order"],
    e2e: COLUMNS,
  },
  {
    change: "Columns",
    what: "column renamed (`renamedFrom`)",
    examples: ["column renamed", "column renamed that a default, an index, a constraint and the TTL read"],
    e2e: COLUMNS,
    notes:
      "Without `renamedFrom` it is a column dropped and another added; the preview hints at it where the types agree.",
  },
  {
    change: "Columns",
    what: "default ↔ materialized",
    examples: ["default becomes materialized", "materialized becomes default"],
    e2e: CLAUSES,
  },
  {
    change: "Columns",
    what: "enum value under another name",
    examples: ["Enum8('x' = 1) → Enum8('z' = 1)"],
    e2e: COLUMNS,
    detail: true,
  },
  {
    change: "Columns",
    what: "wider type of a column",
    examples: [
      "UInt8 → UInt32",
      "UInt32 → Nullable(UInt32)",
      "String → LowCardinality(String)",
      "DateTime → DateTime64(3)",
    ],
    e2e: COLUMNS,
  },
  {
    change: "Columns",
    what: "key column that keeps its order (LowCardinality)",
    examples: ["key column becomes LowCardinality"],
    e2e: COLUMNS,
    detail: true,
  },
  {
    change: "Columns",
    what: "statistics with `materialize: true`",
    examples: ["statistics built in old parts"],
    e2e: CLAUSES,
    detail: true,
  },
  {
    change: "Columns",
    what: "no longer Nullable",
    examples: ["Nullable(UInt32) → UInt32", "NULLs, and a default that reads another column"],
    e2e: COLUMNS,
    notes: "Where there are NULLs; the preview counts them and says what they become.",
  },
  {
    change: "Columns",
    what: "type of a column that not every value may fit (narrower, String → number, Enum value gone)",
    examples: [
      "UInt16 → UInt8",
      "DateTime64(6) → DateTime64(3)",
      "Float64 → Int32",
      "String → UInt32",
      "Enum8('x' = 1, 'y' = 2) → Enum8('x' = 1)",
      "Decimal(18, 2) → Decimal(9, 2)",
    ],
    e2e: COLUMNS,
    test: "pulumi/rows-asked.test.ts: needs permission where values become others, and says which",
    notes:
      'The rows are asked at preview and again before the first statement: a value that would become another one needs `allow: ["drops-data"]`, ' +
      "one that cannot be converted is refused.",
  },
  {
    change: "Columns",
    what: "column dropped",
    examples: ["column dropped", "column dropped with its index, projection, constraint and TTL"],
    e2e: COLUMNS,
  },
  {
    change: "Columns",
    what: "column TTL set or shorter",
    examples: ["column TTL set", "column TTL made shorter"],
    e2e: CLAUSES,
  },
  {
    change: "Columns",
    what: "column TTL set or shorter with `materialize: true`",
    examples: ["column TTL applied to old parts"],
    e2e: TTLS,
    detail: true,
  },
  {
    change: "Columns",
    what: "column TTL longer with `materialize: true`",
    examples: ["column TTL made longer, applied to old parts"],
    e2e: TTLS,
    detail: true,
  },
  {
    change: "Columns",
    what: "stored → ALIAS or EPHEMERAL",
    examples: ["stored column becomes an alias", "stored becomes ephemeral"],
    e2e: CLAUSES,
  },
  {
    change: "Columns",
    what: "ALIAS or EPHEMERAL → stored",
    detail: true,
    examples: ["alias becomes stored", "ephemeral becomes stored"],
    e2e: CLAUSES,
  },
];
