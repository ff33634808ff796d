import type { PlanCase } from "./case";
import { ANEW } from "./cost-rows-anew";
import { COLUMN_ROWS } from "./cost-rows-columns";

/** One line of the table "what each change costs", without the cells that follow from its examples. */
export interface CostRow {
  /** Line of {@link CHANGES} that it belongs to. */
  readonly change: string;
  /** What differs, as the table says it. */
  readonly what: string;
  /** Names of plan cases, the one to show first. All of them cost the same. */
  readonly examples: readonly string[];
  /** An example that no case has, or that no engine here can run: canonical text. */
  readonly inline?: Pick<PlanCase, "from" | "to">;
  /** Where it is run by the real CLI: the name of a row of test/e2e/changes/rows.ts. */
  readonly e2e?: string;
  /** A test with this title instead, `file: title` under test/. */
  readonly test?: string;
  /** Said in docs/changes.md alone: too fine for the README. */
  readonly detail?: true;
  readonly notes?: string;
}

/** What no plan is made of: the words are those of the resource's life, held by the tests named. */
export interface LifeRow {
  readonly what: string;
  readonly how: string;
  readonly cost: string;
  readonly test: string;
}

/** What can change, in the order of the table. */
export const CHANGES = [
  "Objects and their spelling",
  "Comments",
  "Columns",
  "Table clauses",
  "Names",
  "Tables recreated",
  "Query of a materialized view",
  "Target and kind of a materialized view",
  "Ordinary views",
  "SQL security",
  "Databases",
] as const;

/** Objects that come and go. */
export const LIFE: readonly LifeRow[] = [
  {
    what: "a new object",
    how: "`CREATE`",
    cost: 'nothing; an existing one is adopted if equal, else refused with the difference, or changed with `adopt: "converge"`',
    test: "e2e/adoption.test.ts: is adopted when it equals the declaration in other words, and keeps its identity and its rows",
  },
  {
    what: "an object removed from the program",
    how: "`DROP`",
    cost: 'refused while it holds rows, without `deletion: "drop"` or its name in `clickhouse:allowDrop`',
    test: 'e2e/deletion.test.ts: goes when it says `deletion: "drop"`; a view goes alone while its tables stay',
  },
  {
    what: "`deletion`, `allow`, `rebuild`, `keepOld`, `materialize`",
    how: "nothing is run",
    cost: "nothing; only the state is written",
    test: 'e2e/deletion.test.ts: goes when it says `deletion: "drop"`; a view goes alone while its tables stay',
  },
];

const COMMENTS = "comment of a table, a view, a column";
const TABLE = "table TTL, settings, indexes, projections, constraints";
const KEYS = "sample key, sorting key extended by new columns";

const clauses: readonly CostRow[] = [
  {
    change: "Table clauses",
    what: "table settings",
    examples: ["settings set, changed and reset", "setting set"],
    e2e: TABLE,
  },
  {
    change: "Table clauses",
    what: "index",
    examples: ["index added", "index dropped", "index type changed"],
    e2e: TABLE,
    notes: "Old parts get it when they merge, or at once with `materialize: true`.",
  },
  {
    change: "Table clauses",
    what: "projection",
    examples: ["projection added", "projection dropped", "projection changed"],
    e2e: TABLE,
    notes:
      "Old parts get it with `materialize: true`, by no merge; until then they do not merge with new ones. Where merges change rows (ReplacingMergeTree and the like), it is built in every part.",
  },
  {
    change: "Table clauses",
    what: "index or projection over an alias, a type or a time zone that changes",
    examples: ["alias under an index", "time zone under an index over a function"],
    test: "plan/stale.test.ts: answers with and without keys, indexes and projections are equal after any change of what they read",
    detail: true,
    notes:
      "It is dropped before and added behind. A projection is built again in every part, an index where the column is rewritten, or with `materialize: true`.",
  },
  {
    change: "Table clauses",
    what: "key over a function of a type or a time zone that changes",
    examples: [
      "time zone under a function of the partition key",
      "time zone under a function of the sorting key",
      "enum extended under a function of the sorting key",
    ],
    test: "plan/stale.test.ts: answers with and without keys, indexes and projections are equal after any change of what they read",
    detail: true,
  },
  {
    change: "Table clauses",
    what: "constraint",
    examples: ["constraint added", "constraint changed", "constraint dropped"],
    e2e: TABLE,
    notes: "Existing rows are not checked; the preview gives the query that counts those that violate it.",
  },
  {
    change: "Table clauses",
    what: "`SAMPLE BY`",
    examples: ["SAMPLE BY set", "SAMPLE BY changed", "SAMPLE BY removed"],
    e2e: KEYS,
  },
  {
    change: "Table clauses",
    what: "`ORDER BY` extended by new columns",
    examples: ["ORDER BY extended by a new column", "ORDER BY extended by expressions over new columns"],
    e2e: KEYS,
    notes: "With the old key as `primaryKey`, and without a default on the new columns; else the table is recreated.",
  },
  {
    change: "Table clauses",
    what: "`ORDER BY` shortened to the primary key",
    examples: ["ORDER BY shortened down to the primary key"],
    e2e: KEYS,
    detail: true,
  },
  {
    change: "Table clauses",
    what: "table TTL longer; recompression",
    examples: ["TTL made longer", "TTL that recompresses"],
    e2e: TABLE,
    notes:
      "Parts keep the times of the TTL that they were written with, so these are computed again: only the columns that the TTL reads are rewritten.",
  },
  {
    change: "Table clauses",
    what: "table TTL removed",
    examples: ["TTL removed"],
    e2e: TABLE,
    detail: true,
  },
  {
    change: "Table clauses",
    what: "`storage_policy`, `disk`",
    detail: true,
    examples: ["setting with text"],
    e2e: TABLE,
  },
  {
    change: "Table clauses",
    what: "index or projection with `materialize: true`",
    examples: ["index built in old parts", "projection built in old parts, with an index"],
    e2e: TABLE,
  },
  {
    change: "Table clauses",
    what: "table TTL set or shorter",
    examples: ["TTL set", "TTL made shorter"],
    e2e: TABLE,
  },
  {
    change: "Table clauses",
    what: "table TTL set or shorter with `materialize: true`",
    examples: ["TTL applied to old parts"],
    e2e: TABLE,
    detail: true,
    notes: "Without it, merges in the background delete rows within hours. This rewrites all parts at once.",
  },
  {
    change: "Table clauses",
    what: "table TTL longer or recompression with `materialize: true`",
    examples: ["TTL made longer, applied to old parts", "TTL that recompresses, applied to old parts"],
    e2e: TABLE,
    detail: true,
  },
  {
    change: "Table clauses",
    what: "`ORDER BY` shortened where merges join rows of one key",
    examples: ["ORDER BY shortened where rows of one key merge"],
    e2e: KEYS,
    detail: true,
  },
];

/** The table, in its order. */
export const ROWS: readonly CostRow[] = [
  {
    change: "Objects and their spelling",
    what: "nothing but spelling (SQL ↔ arguments, parentheses, intervals, order of clauses)",
    examples: [
      "no change, however it is spelled",
      "view: no change",
      "settings in another order",
      "indexes in another order",
      "primary key written where it says nothing",
    ],
    test: "pulumi/update.test.ts: does nothing and asks for nothing when only the spelling changed",
  },
  {
    change: "Comments",
    what: "comment of a database, table, view or column",
    examples: [
      "comment set",
      "comment removed",
      "database: comment set",
      "database: comment changed",
      "column comment set",
      "column comment removed",
      "view: comment set",
      "view: column comment",
      "materialized view: comment",
      "materialized view: column comment",
    ],
    e2e: COMMENTS,
    test: "e2e/changes/changes.test.ts: are previewed, which changes nothing",
  },
  ...COLUMN_ROWS,
  ...clauses,
  ...ANEW,
];
