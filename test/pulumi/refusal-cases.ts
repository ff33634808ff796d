import type { ObjectKind } from "../../provider/src/sql/spec";

/** A change that is refused before anything runs. */
export interface Case {
  readonly name: string;
  readonly kind?: ObjectKind;
  /** Run before it is declared. */
  readonly first?: readonly string[];
  readonly from: string;
  /** Run between the two declarations. */
  readonly between?: readonly string[];
  readonly to: string;
  /** Another name of the object. */
  readonly renamed?: string;
  readonly says: RegExp;
  /** What the refusal says to do: statements, or arguments. */
  readonly way: readonly string[] | object;
  /** Arguments beside the statement it becomes. */
  readonly given?: object;
  /** The change is not seen through: it would take more than what is refused for. */
  readonly only?: "preview";
}

const MT = "ENGINE = MergeTree ORDER BY a";
/** Lightweight updates are possible. */
const PATCHABLE = "SETTINGS enable_block_number_column = 1, enable_block_offset_column = 1";
const TABLES = [
  `CREATE TABLE db.s (a UInt64, b UInt64) ${MT}`,
  `CREATE TABLE db.x (a UInt64, b UInt64) ${MT}`,
  `CREATE TABLE db.y (a UInt64, b UInt64) ${MT}`,
];

function kafka(topics: string): string {
  return (
    `CREATE TABLE db.o (a UInt64) ENGINE = Kafka SETTINGS kafka_broker_list = '127.0.0.1:1', kafka_topic_list = '${topics}', ` +
    "kafka_group_name = 'g', kafka_format = 'JSONEachRow'"
  );
}

/** Refusals of the protocols: what is there, what is wanted, and the way out that is named. */
export const CASES: readonly Case[] = [
  {
    name: "a Null table that a view reads is recreated",
    from: "CREATE TABLE db.o (a UInt64) ENGINE = Null",
    between: [`CREATE TABLE db.z (a UInt64) ${MT}`, "CREATE MATERIALIZED VIEW db.v TO db.z AS SELECT a FROM db.o"],
    to: "CREATE TABLE db.o (a UInt64, b UInt64) ENGINE = Merge('db', '^s$')",
    says: /\.v would miss rows that are inserted during the change/,
    way: { rebuild: "offline" },
  },
  {
    // Nobody listens there: the consumer that cannot connect is no hindrance to the change.
    name: "a setting of a Kafka table that a view reads",
    first: [`CREATE TABLE db.z (a UInt64) ${MT}`],
    from: kafka("a"),
    between: ["CREATE MATERIALIZED VIEW db.v TO db.z AS SELECT a FROM db.o"],
    to: kafka("a,b"),
    says: /\.v would miss rows that are inserted during the change/,
    way: { rebuild: "offline" },
  },
  {
    name: "a rename under a Buffer table",
    from: `CREATE TABLE db.o (a UInt64) ${MT}`,
    between: ["CREATE TABLE db.buf (a UInt64) ENGINE = Buffer('db', 'o', 1, 10, 100, 10, 100, 1000, 10000)"],
    to: `CREATE TABLE db.p (a UInt64) ${MT}`,
    renamed: "p",
    says: /not renamed, because these refer to it and cannot be updated to the new name/,
    way: ["DROP TABLE db.buf"],
  },
  {
    name: "a rename where a view reads a table that cannot hold inserts back",
    first: ["CREATE TABLE db.n (a UInt64) ENGINE = Null"],
    from: `CREATE TABLE db.o (a UInt64) ${MT}`,
    between: [
      `CREATE TABLE db.z (a UInt64) ${MT}`,
      "CREATE MATERIALIZED VIEW db.v1 TO db.o AS SELECT a FROM db.n",
      "CREATE MATERIALIZED VIEW db.v2 TO db.z AS SELECT a FROM db.n",
    ],
    to: `CREATE TABLE db.p (a UInt64) ${MT}`,
    renamed: "p",
    says: /inserts cannot be refused/,
    way: { allow: ["unproven"] },
  },
  {
    name: "another target behind a table that cannot hold inserts back",
    kind: "materializedView",
    first: [
      ...TABLES,
      "CREATE TABLE db.n (a UInt64, b UInt64) ENGINE = Null",
      "CREATE MATERIALIZED VIEW db.w TO db.s AS SELECT a, b FROM db.n",
    ],
    from: "CREATE MATERIALIZED VIEW db.o TO db.x AS SELECT a, b FROM db.n",
    to: "CREATE MATERIALIZED VIEW db.o TO db.y AS SELECT a, b FROM db.n",
    says: /rows come to it from .*\.n \(Null, read by 2 view\(s\)\), where inserts cannot be refused/,
    way: { allow: ["unproven"] },
  },
  {
    name: "a view with an inner table moves to another database",
    kind: "materializedView",
    first: [...TABLES, "CREATE DATABASE db2"],
    from: "CREATE MATERIALIZED VIEW db.o ENGINE = MergeTree ORDER BY a AS SELECT a, b FROM db.s",
    to: "CREATE MATERIALIZED VIEW db2.o ENGINE = MergeTree ORDER BY a AS SELECT a, b FROM db.s",
    renamed: "o",
    says: /keeps its rows in an inner table, and the engine cannot move such a view to another database/,
    way: [],
    only: "preview",
  },
  {
    name: "a rebuild of a table that a refreshable view fills",
    first: TABLES,
    from: `CREATE TABLE db.o (a UInt64, b UInt64) ${MT}`,
    between: ["CREATE MATERIALIZED VIEW db.r REFRESH EVERY 1 YEAR APPEND TO db.o EMPTY AS SELECT a, b FROM db.s"],
    to: "CREATE TABLE db.o (a UInt64, b UInt64) ENGINE = MergeTree ORDER BY b",
    says: /\.r refreshes it, which would put rows into the wrong table/,
    way: ["SYSTEM STOP VIEW db.r"],
  },
  {
    name: "a rebuild under an unfinished mutation",
    from: `CREATE TABLE db.o (a UInt64, b UInt64) ${MT}`,
    between: [
      "INSERT INTO db.o VALUES (1, 1)",
      "SYSTEM STOP MERGES db.o",
      "ALTER TABLE db.o UPDATE b = 2 WHERE a = 1 SETTINGS mutations_sync = 0",
    ],
    to: "CREATE TABLE db.o (a UInt64, b UInt64) ENGINE = MergeTree ORDER BY b",
    says: /1 mutation\(s\) are unfinished.*or KILL MUTATION, and run again/s,
    way: ["KILL MUTATION WHERE database = 'db' AND table = 'o' SYNC", "SYSTEM START MERGES db.o"],
  },
  {
    name: "a rebuild under a lightweight update",
    from: `CREATE TABLE db.o (a UInt64, b UInt64) ${MT} ${PATCHABLE}`,
    between: [
      "INSERT INTO db.o VALUES (1, 1)",
      "SYSTEM STOP MERGES db.o",
      "UPDATE db.o SET b = 2 WHERE a = 1 SETTINGS enable_lightweight_update = 1",
    ],
    to: `CREATE TABLE db.o (a UInt64, b UInt64) ENGINE = MergeTree ORDER BY b ${PATCHABLE}`,
    says: /has lightweight updates that are not merged into their parts yet\. Run ALTER TABLE \S+ APPLY PATCHES/,
    way: ["SYSTEM START MERGES db.o", "ALTER TABLE db.o APPLY PATCHES SETTINGS mutations_sync = 1"],
  },
  {
    name: "a rebuild that no column outlives",
    from: `CREATE TABLE db.o (a UInt64) ${MT}`,
    to: "CREATE TABLE db.o (z String) ENGINE = MergeTree ORDER BY z",
    given: { allow: ["drops-data"] },
    says: /keeps none of the old columns, so there is nothing to copy/,
    way: [],
    only: "preview",
  },
  {
    name: "a rebuild of a table whose engine keeps no parts",
    from: "CREATE TABLE db.o (a UInt64) ENGINE = Log",
    to: `CREATE TABLE db.o (a UInt64) ${MT}`,
    says: /cannot be rebuilt with its rows, because Log keeps none in parts/,
    way: [],
    only: "preview",
  },
  {
    name: "a rebuild in a database that exchanges no tables",
    first: ["CREATE DATABASE db2 ENGINE = Memory"],
    from: `CREATE TABLE db2.o (a UInt64, b UInt64) ${MT}`,
    to: "CREATE TABLE db2.o (a UInt64, b UInt64) ENGINE = MergeTree ORDER BY b",
    says: /has the engine Memory; exchanging tables is tested for Atomic only/,
    way: [],
    only: "preview",
  },
  {
    name: "a rebuild of a table that rows reach from a table that cannot hold inserts back",
    first: ["CREATE TABLE db.n (a UInt64, b UInt64) ENGINE = Null", ...TABLES],
    from: `CREATE TABLE db.o (a UInt64, b UInt64) ${MT}`,
    between: [
      "CREATE MATERIALIZED VIEW db.v1 TO db.o AS SELECT a, b FROM db.n",
      "CREATE MATERIALIZED VIEW db.v2 TO db.x AS SELECT a, b FROM db.n",
      "CREATE MATERIALIZED VIEW db.v3 TO db.y AS SELECT a, b FROM db.o",
    ],
    to: "CREATE TABLE db.o (a UInt64, b UInt64) ENGINE = MergeTree ORDER BY b",
    says: /rows come to it from .*\.n \(Null, read by 2 view\(s\)\), where inserts cannot be refused/,
    way: { allow: ["unproven"] },
  },
  {
    name: "a rename in a database that is not Atomic",
    first: ["CREATE DATABASE db2 ENGINE = Memory"],
    from: `CREATE TABLE db2.o (a UInt64) ${MT}`,
    to: `CREATE TABLE db2.p (a UInt64) ${MT}`,
    renamed: "p",
    says: /has the engine Memory; renaming is tested for Atomic only/,
    way: [],
    only: "preview",
  },
  {
    name: "a view whose inner table keeps no parts",
    kind: "materializedView",
    first: TABLES,
    from: "CREATE MATERIALIZED VIEW db.o ENGINE = Memory AS SELECT a, b FROM db.s",
    between: ["INSERT INTO db.s VALUES (1, 2)"],
    to: "CREATE MATERIALIZED VIEW db.o ENGINE = MergeTree ORDER BY a AS SELECT a, b FROM db.s",
    says: /its rows cannot be kept, because Memory, the engine of its inner table, keeps none in parts.*TRUNCATE it, and run again/s,
    way: ["TRUNCATE TABLE {inner}"],
  },
  {
    name: "rows of an inner table for a target in which the last row wins",
    kind: "materializedView",
    first: [...TABLES, "CREATE TABLE db.r (a UInt64, b UInt64) ENGINE = ReplacingMergeTree ORDER BY a"],
    from: "CREATE MATERIALIZED VIEW db.o ENGINE = MergeTree ORDER BY a AS SELECT a, b FROM db.s",
    between: ["INSERT INTO db.s VALUES (1, 2)"],
    to: "CREATE MATERIALIZED VIEW db.o TO db.r AS SELECT a, b FROM db.s",
    says: /the row inserted last wins, and the older rows would be inserted after the newer ones/,
    way: { allow: ["unproven"] },
  },
  {
    name: "rows of an inner table for a target that keeps none",
    kind: "materializedView",
    first: [...TABLES, "CREATE TABLE db.n (a UInt64, b UInt64) ENGINE = Null"],
    from: "CREATE MATERIALIZED VIEW db.o ENGINE = MergeTree ORDER BY a AS SELECT a, b FROM db.s",
    between: ["INSERT INTO db.s VALUES (1, 2)"],
    to: "CREATE MATERIALIZED VIEW db.o TO db.n AS SELECT a, b FROM db.s",
    says: /cannot be carried over to .*\.n, because Null keeps none in parts/,
    way: [],
    only: "preview",
  },
  {
    name: "a column of an inner table that the new target lacks",
    kind: "materializedView",
    first: [...TABLES, `CREATE TABLE db.r (a UInt64) ${MT}`],
    from: "CREATE MATERIALIZED VIEW db.o ENGINE = MergeTree ORDER BY a AS SELECT a, b FROM db.s",
    between: ["INSERT INTO db.s VALUES (1, 2)"],
    to: "CREATE MATERIALIZED VIEW db.o TO db.r AS SELECT a FROM db.s",
    says: /b of its inner table is not a column of .*set allow: \["drops-data"\]|drops-data/s,
    way: { allow: ["drops-data"] },
  },
  {
    name: "another target of a view in a database that exchanges no views",
    kind: "materializedView",
    first: [...TABLES, "CREATE DATABASE db2 ENGINE = Memory"],
    from: "CREATE MATERIALIZED VIEW db2.o TO db.x AS SELECT a, b FROM db.s",
    to: "CREATE MATERIALIZED VIEW db2.o TO db.y AS SELECT a, b FROM db.s",
    says: /has the engine Memory; exchanging views is tested for Atomic only/,
    way: [],
    only: "preview",
  },
];

/** A view that is created with a backfill, refused. `way` is what is created or said instead. */
export interface FilledCase {
  readonly name: string;
  readonly first: readonly string[];
  readonly view: string;
  readonly says: RegExp;
  readonly way?: readonly string[] | object;
}

export const FILLED: readonly FilledCase[] = [
  {
    name: "whose source keeps no rows",
    first: ["CREATE TABLE db.n (a UInt64, b UInt64) ENGINE = Null", ...TABLES],
    view: "CREATE MATERIALIZED VIEW db.o TO db.x AS SELECT a, b FROM db.n",
    says: /\.n has the engine Null: .*, so its history is not backfilled/,
  },
  {
    name: "that names its source twice",
    first: TABLES,
    view: "CREATE MATERIALIZED VIEW db.o TO db.x AS SELECT a, b FROM db.s WHERE a IN (SELECT a FROM db.s)",
    says: /its query names .*\.s more than once/,
  },
  {
    name: "that is refreshable",
    first: TABLES,
    view: "CREATE MATERIALIZED VIEW db.o REFRESH EVERY 1 YEAR APPEND TO db.x AS SELECT a, b FROM db.s",
    says: /is refreshable, so each refresh fills its target by itself/,
  },
  {
    name: "that has an inner table",
    first: TABLES,
    view: "CREATE MATERIALIZED VIEW db.o ENGINE = MergeTree ORDER BY a AS SELECT a, b FROM db.s",
    says: /keeps its rows in an inner table, which is not backfilled/,
  },
  {
    name: "into a target in which the last row wins",
    first: [...TABLES, "CREATE TABLE db.r (a UInt64, b UInt64) ENGINE = ReplacingMergeTree ORDER BY a"],
    view: "CREATE MATERIALIZED VIEW db.o TO db.r AS SELECT a, b FROM db.s",
    says: /the row inserted last wins, and the older rows would be inserted after the newer ones/,
    way: { allow: ["unproven"] },
  },
  {
    name: "into a target that keeps no parts",
    first: [...TABLES, "CREATE TABLE db.l (a UInt64, b UInt64) ENGINE = Log"],
    view: "CREATE MATERIALIZED VIEW db.o TO db.l AS SELECT a, b FROM db.s",
    says: /is not backfilled, because Log keeps no rows in parts/,
  },
  {
    name: "into a target that another view reads",
    first: [...TABLES, "CREATE MATERIALIZED VIEW db.w TO db.y AS SELECT a, b FROM db.x"],
    view: "CREATE MATERIALIZED VIEW db.o TO db.x AS SELECT a, b FROM db.s",
    says: /\.w/,
    way: ["DROP VIEW db.w"],
  },
  {
    name: "from a source behind a Buffer table",
    first: [
      ...TABLES,
      "CREATE TABLE db.buf (a UInt64, b UInt64) ENGINE = Buffer('db', 's', 1, 10, 100, 10, 100, 1000, 10000)",
    ],
    view: "CREATE MATERIALIZED VIEW db.o TO db.x AS SELECT a, b FROM db.s",
    says: /\.buf \(Buffer\) writes to it in the background/,
    way: ["DROP TABLE db.buf"],
  },
  {
    name: "from a source that rows reach from a table that cannot hold inserts back",
    first: [
      "CREATE TABLE db.n (a UInt64, b UInt64) ENGINE = Null",
      ...TABLES,
      "CREATE MATERIALIZED VIEW db.v1 TO db.s AS SELECT a, b FROM db.n",
      "CREATE MATERIALIZED VIEW db.v2 TO db.y AS SELECT a, b FROM db.n",
    ],
    view: "CREATE MATERIALIZED VIEW db.o TO db.x AS SELECT a, b FROM db.s",
    says: /rows come to it from .*\.n \(Null, read by 2 view\(s\)\), where inserts cannot be refused/,
    way: { allow: ["unproven"] },
  },
];
