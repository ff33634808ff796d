/** A view between a table that clients write to and its target, and what it is changed into. */
import type { Connection } from "../../provider/src/connection/connection";
import { parseCreate } from "../../provider/src/sql/parse/index";
import type { MaterializedViewSpec } from "../../provider/src/sql/spec";
import { COLUMNS, skipSelfTest } from "./tables";

/** One kind of change; `@` is the database. */
export interface ViewCase {
  readonly name: string;
  readonly kind: "retarget-view" | "externalise-view" | "recreate-view";
  /** Targets to create, by name. */
  readonly targets: Readonly<Record<string, string>>;
  /** What follows `CREATE MATERIALIZED VIEW @.v`. */
  readonly from: string;
  readonly to: string;
  /** Where the rows are afterwards: the sum of these. */
  readonly read: readonly string[];
  /** The target holds rows before, put there by somebody else. */
  readonly filled?: boolean;
  readonly allow?: readonly string[];
}

const AGGREGATED = "(`id` UInt64, `c` SimpleAggregateFunction(sum, Int64))";
const PLAIN = "(`id` UInt64, `c` Int64)";
const SUMMED = "AS SELECT id, sum(v) AS c FROM @.t GROUP BY id";
const EACH = "AS SELECT id, v AS c FROM @.t";
const BY_ID = "ENGINE = AggregatingMergeTree ORDER BY id";
const PARTS = "ENGINE = AggregatingMergeTree PARTITION BY id % 3 ORDER BY id";

export const VIEW_CASES: readonly ViewCase[] = [
  {
    name: "MV target (`to`) changed",
    kind: "retarget-view",
    targets: { a: `${AGGREGATED} ${BY_ID}`, b: `${AGGREGATED} ${BY_ID}` },
    from: `TO @.a ${AGGREGATED} ${SUMMED}`,
    to: `TO @.b ${AGGREGATED} ${SUMMED}`,
    read: ["a", "b"],
  },
  {
    name: "MV target (`to`) changed, with the query",
    kind: "retarget-view",
    targets: { a: `${AGGREGATED} ${BY_ID}`, b: `${PLAIN} ENGINE = MergeTree ORDER BY id` },
    from: `TO @.a ${AGGREGATED} ${SUMMED}`,
    to: `TO @.b ${PLAIN} ${EACH}`,
    read: ["a", "b"],
  },
  {
    name: "inner table → explicit target",
    kind: "externalise-view",
    targets: { a: `${AGGREGATED} ${BY_ID}` },
    from: `${AGGREGATED} ${BY_ID} ${SUMMED}`,
    to: `TO @.a ${AGGREGATED} ${SUMMED}`,
    read: ["a"],
  },
  {
    name: "inner table → explicit target that holds rows and has another layout",
    kind: "externalise-view",
    targets: { a: `${PLAIN} ENGINE = MergeTree ORDER BY (c, id)` },
    from: `${PLAIN} ENGINE = MergeTree PARTITION BY id % 4 ORDER BY id ${EACH}`,
    to: `TO @.a ${PLAIN} ${EACH}`,
    read: ["a"],
    filled: true,
  },
  {
    name: "another layout of the inner table",
    kind: "recreate-view",
    targets: {},
    from: `${AGGREGATED} ${BY_ID} ${SUMMED}`,
    to: `${AGGREGATED} ${PARTS} ${SUMMED}`,
    read: ["v"],
  },
  {
    name: "explicit target → inner table",
    kind: "recreate-view",
    targets: { a: `${AGGREGATED} ${BY_ID}` },
    from: `TO @.a ${AGGREGATED} ${SUMMED}`,
    to: `${AGGREGATED} ${PARTS} ${SUMMED}`,
    read: ["a", "v"],
  },
  {
    name: "incremental → refreshable, with an inner table",
    kind: "recreate-view",
    targets: {},
    from: `${PLAIN} ENGINE = MergeTree ORDER BY id ${EACH}`,
    to: `REFRESH EVERY 1 YEAR ${PLAIN} ENGINE = MergeTree ORDER BY id ${EACH}`,
    read: ["v"],
  },
  {
    name: "incremental → refreshable, with a target",
    kind: "recreate-view",
    targets: { a: `${PLAIN} ENGINE = MergeTree ORDER BY id` },
    from: `TO @.a ${PLAIN} ${EACH}`,
    to: `REFRESH EVERY 1 YEAR TO @.a ${PLAIN} ${EACH}`,
    read: ["a"],
    allow: ["drops-data"],
  },
];

/** A view step for a database. */
export function stepOf(
  database: string,
  { kind, from, to }: Pick<ViewCase, "kind" | "from" | "to">,
): { kind: ViewCase["kind"]; from: MaterializedViewSpec; to: MaterializedViewSpec } {
  const spec = (text: string): MaterializedViewSpec => {
    const parsed = parseCreate(`CREATE MATERIALIZED VIEW @.v ${text}`.replaceAll("@", database));
    if (parsed.kind !== "materializedView") throw new Error("a test case is no materialized view");
    return parsed;
  };
  return { kind, from: spec(from), to: spec(to) };
}

/** Makes the source, the table and view before it, the targets, and `agg`, which shows all rows of the view wherever they are. */
export async function createView(connection: Connection, database: string, view: ViewCase): Promise<void> {
  const statements = [
    `CREATE TABLE @.t ${COLUMNS} ENGINE = MergeTree ORDER BY id`,
    `CREATE TABLE @.u ${COLUMNS} ENGINE = MergeTree ORDER BY id`,
    "CREATE MATERIALIZED VIEW @.u_to_t TO @.t AS SELECT id, grp, v, note FROM @.u",
    ...Object.entries(view.targets).map(([name, definition]) => `CREATE TABLE @.${name} ${definition}`),
    `CREATE MATERIALIZED VIEW @.v ${view.from}`,
    `CREATE VIEW @.agg AS ${view.read.map((name) => `SELECT id, c FROM @.${name}`).join(" UNION ALL ")}`,
  ];
  for (const sql of statements) await connection.command(sql.replaceAll("@", database));
  await skipSelfTest(connection, database);
}
