/** Views over tables that already have rows, and what they are filled with. */
import { backfillViews, createWithBackfill } from "../../provider/src/apply/backfill/index";
import type { BackfillResult, RefillOptions } from "../../provider/src/apply/backfill/options";
import type { Connection } from "../../provider/src/connection/connection";
import { createTables, skipSelfTest, VARIANTS, type Variant } from "./tables";

/** One kind of backfill; `@` is the database. Tables are those of `createTables`: `u` → view → `t` → view → `agg`. */
export interface BackfillCase {
  readonly name: string;
  readonly mode: "create" | "refill";
  /** Storage of the source. */
  readonly source: string;
  /** What follows `CREATE TABLE @.na`. */
  readonly target: string;
  /** What follows `CREATE MATERIALIZED VIEW @.` for the views to be filled, by name. */
  readonly views: Readonly<Record<string, string>>;
  /** Run before there are rows. */
  readonly before?: readonly string[];
  /** Id that the second view adds to the rows of `u`, and what other writers of the target add to theirs. */
  readonly options?: RefillOptions;
  /** Which rows are in the target: all of `t`, those of `u`, or those of `t` and, with {@link SHIFT}, those of `u`. */
  readonly holds: "t" | "u" | "both";
}

/** Added to the ids of `u`, so that they are told from those of `t` in one target. */
export const SHIFT = 10_000_000;

const AGGREGATED = "(`id` UInt64, `c` SimpleAggregateFunction(sum, Int64), `n` SimpleAggregateFunction(sum, UInt64))";
const PLAIN = "(`id` UInt64, `c` Int64, `n` UInt64)";
const SUMMED = "TO @.na AS SELECT id, sum(v) AS c, count() AS n FROM @.t GROUP BY id";
const SHIFTED = `TO @.na AS SELECT id + ${SHIFT} AS id, sum(v) AS c, count() AS n FROM @.u GROUP BY id`;
const BY_GROUP = "ENGINE = MergeTree PARTITION BY grp % 3 ORDER BY id";
const WHOLE = "ENGINE = MergeTree ORDER BY id";

export const BACKFILL_CASES: readonly BackfillCase[] = [
  {
    ...{ name: "partitioned source and target", mode: "create", source: BY_GROUP, holds: "t" },
    target: `${AGGREGATED} ENGINE = AggregatingMergeTree PARTITION BY id % 2 ORDER BY id`,
    views: { nv: SUMMED },
  },
  {
    ...{ name: "one partition, states", mode: "create", source: WHOLE, holds: "t" },
    target:
      "(`id` UInt64, `c` SimpleAggregateFunction(sum, Int64), `n` AggregateFunction(count)) ENGINE = AggregatingMergeTree ORDER BY id",
    views: { nv: "TO @.na AS SELECT id, sum(v) AS c, countState() AS n FROM @.t GROUP BY id" },
  },
  {
    ...{ name: "row by row", mode: "create", source: BY_GROUP, holds: "t" },
    target: `${PLAIN} ENGINE = MergeTree PARTITION BY id % 3 ORDER BY id`,
    views: { nv: "TO @.na AS SELECT t.id AS id, v AS c, 1 AS n FROM @.t WHERE v > 0" },
  },
  {
    ...{
      name: "a target that another view writes to and that holds rows",
      mode: "create",
      source: BY_GROUP,
      holds: "both",
    },
    target: `${AGGREGATED} ENGINE = AggregatingMergeTree ORDER BY id`,
    before: [`CREATE MATERIALIZED VIEW @.other ${SHIFTED}`],
    views: { nv: SUMMED },
  },
  {
    ...{ name: "two views of one target", mode: "create", source: WHOLE, holds: "both" },
    target: `${PLAIN} ENGINE = SummingMergeTree PARTITION BY id % 2 ORDER BY id`,
    views: { nv: SUMMED, nw: SHIFTED },
  },
  {
    ...{ name: "by insert time", mode: "create", source: WHOLE, holds: "u" },
    target: `${AGGREGATED} ENGINE = AggregatingMergeTree ORDER BY id`,
    before: ["ALTER TABLE @.u ADD COLUMN ins DateTime64(3) MATERIALIZED now64(3)"],
    views: { nv: "TO @.na AS SELECT id, sum(v) AS c, count() AS n FROM @.u GROUP BY id" },
  },
  {
    ...{ name: "an existing view", mode: "refill", source: BY_GROUP, holds: "t" },
    target: `${AGGREGATED} ENGINE = AggregatingMergeTree PARTITION BY id % 2 ORDER BY id`,
    views: { nv: SUMMED },
  },
  {
    ...{ name: "two existing views, row by row", mode: "refill", source: WHOLE, holds: "both" },
    target: `${PLAIN} ENGINE = MergeTree ORDER BY id`,
    views: {
      nv: "TO @.na AS SELECT id, v AS c, 1 AS n FROM @.t",
      nw: `TO @.na AS SELECT id + ${SHIFT} AS id, v AS c, 1 AS n FROM @.u`,
    },
  },
];

/** Statements that create the views of a case, in the form in which the server would give them. */
export function viewStatements(database: string, { views }: BackfillCase): string[] {
  return Object.entries(views).map(([name, text]) =>
    `CREATE MATERIALIZED VIEW @.${name} ${text}`.replaceAll("@", database),
  );
}

/** Makes the tables and the views that are there already, without the ones to be filled. */
export async function createSource(connection: Connection, database: string, one: BackfillCase): Promise<void> {
  const [variant] = VARIANTS;
  if (variant === undefined) throw new Error("no variant");
  await createTables(connection, database, { ...variant, from: one.source } satisfies Variant);
  for (const sql of [`CREATE TABLE @.na ${one.target}`, ...(one.before ?? [])]) {
    await connection.command(sql.replaceAll("@", database));
  }
  await skipSelfTest(connection, database);
}

/** Makes the existing views; to be called when there are rows already. */
export async function createViews(connection: Connection, database: string, one: BackfillCase): Promise<void> {
  if (one.mode === "refill") for (const sql of viewStatements(database, one)) await connection.command(sql);
}

/** Begins the backfill of a case. */
export function runBackfill(
  connection: Connection,
  database: string,
  one: BackfillCase,
  options: RefillOptions,
): Promise<BackfillResult> {
  const all = { ...one.options, ...options };
  if (one.mode === "create") return createWithBackfill(connection, viewStatements(database, one), all);
  const names = Object.keys(one.views).map((name) => ({ database, name }));
  return backfillViews(connection, names, all);
}
