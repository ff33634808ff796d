import { applyPlan } from "../../provider/src/apply/apply-plan";
import { backfillViews, createWithBackfill } from "../../provider/src/apply/backfill";
import { applyCreate } from "../../provider/src/apply/create";
import { applyDrop } from "../../provider/src/apply/drop";
import type { Connection } from "../../provider/src/connection/connection";
import { introspectServer } from "../../provider/src/introspect/server";
import { ServerCatalog } from "../../provider/src/introspect/server-catalog";
import { diffObject, planObject } from "../../provider/src/kinds/object";
import { keyOf, quotedName } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import { verify } from "../../provider/src/verify";

const COLUMNS = "(`id` UInt64, `at` DateTime, `name` String, `n` UInt64)";
const table = (name: string, rest = "ENGINE = MergeTree ORDER BY id", columns = COLUMNS): string =>
  `CREATE TABLE shop.${name} ${columns} ${rest}`;
const view = (head: string, where: string): string =>
  `CREATE MATERIALIZED VIEW shop.${head.replace("ENGINE", `${COLUMNS} ENGINE`)} AS SELECT id, at, name, n FROM shop.t WHERE ${where}`;

/** What is run before a step, by the same user; what it changes, from and to. */
interface Step {
  readonly name: string;
  readonly from: string;
  readonly to: string;
}

/** Everything that this package does to a server, in an order in which it works. */
const STEPS: readonly Step[] = [
  {
    name: "columns",
    from: table("u"),
    to: table(
      "u",
      undefined,
      "(`id` UInt64, `name` LowCardinality(String) COMMENT 'x' TTL at + toIntervalDay(1), `at` DateTime DEFAULT now(), `m` UInt8)",
    ),
  },
  {
    name: "elements",
    from: table("v"),
    to: table(
      "v",
      "ENGINE = MergeTree ORDER BY id",
      "(`id` UInt64, `at` DateTime, `name` String, `n` UInt64, INDEX i name TYPE minmax GRANULARITY 1, CONSTRAINT c CHECK id >= 0, PROJECTION p (SELECT name, count() GROUP BY name))",
    ),
  },
  {
    name: "storage",
    from: table("w"),
    to: table(
      "w",
      "ENGINE = MergeTree ORDER BY id TTL at + toIntervalDay(3) SETTINGS min_rows_for_wide_part = 7 COMMENT 'w'",
    ),
  },
  {
    name: "a rebuild under a view",
    from: table("t"),
    to: table("t", "ENGINE = MergeTree ORDER BY (name, id) TTL at + toIntervalYear(9)"),
  },
  { name: "a query", from: view("mv TO shop.target", "id > 1"), to: view("mv TO shop.target", "id > 2") },
  { name: "a target", from: view("mv TO shop.target", "id > 2"), to: view("mv TO shop.other", "id > 2") },
  {
    name: "an inner table",
    from: view("inner ENGINE = MergeTree ORDER BY id", "1"),
    to: view("inner ENGINE = MergeTree ORDER BY at", "1"),
  },
  {
    name: "an inner table that goes",
    from: view("inner ENGINE = MergeTree ORDER BY at", "1"),
    to: view("inner TO shop.third", "1"),
  },
  {
    name: "a schedule",
    from: view("r REFRESH EVERY 1 YEAR TO shop.fourth", "1"),
    to: view("r REFRESH EVERY 2 YEAR TO shop.fourth", "1"),
  },
  {
    name: "a refreshable view's target",
    from: view("r REFRESH EVERY 2 YEAR TO shop.fourth", "1"),
    to: view("r REFRESH EVERY 2 YEAR TO shop.fifth", "1"),
  },
  {
    name: "a view",
    from: "CREATE VIEW shop.read AS SELECT id FROM shop.t",
    to: "CREATE VIEW shop.read AS SELECT id, n FROM shop.t",
  },
  {
    name: "a rename",
    from: table("t", "ENGINE = MergeTree ORDER BY (name, id) TTL at + toIntervalYear(9)"),
    to: table("t2", "ENGINE = MergeTree ORDER BY (name, id) TTL at + toIntervalYear(9)"),
  },
  { name: "a database's comment", from: "CREATE DATABASE shop", to: "CREATE DATABASE shop COMMENT 'x'" },
];

const CREATED: readonly string[] = [
  "CREATE DATABASE shop",
  ...["t", "u", "v", "w", "target", "other", "third", "fourth", "fifth", "filled"].map((name) => table(name)),
  view("mv TO shop.target", "id > 1"),
  view("inner ENGINE = MergeTree ORDER BY id", "1"),
  view("r REFRESH EVERY 1 YEAR TO shop.fourth", "1"),
  "CREATE VIEW shop.read AS SELECT id FROM shop.t",
];

/** Does on a server what this package does, as the connection's user, and leaves nothing behind. @throws what is refused, with the step's name. */
export async function deploy(connection: Connection, database = "shop"): Promise<void> {
  const own = (sql: string): string => sql.replaceAll("shop", database);
  const live = new ServerCatalog(async () => connection);
  const same = async (): Promise<boolean> => true;
  for (const sql of CREATED.map(own)) {
    const spec = parseCreate(sql);
    await named(`create ${sql}`, () =>
      applyCreate(connection, live, keyOf(spec), quotedName(keyOf(spec)), sql, { same }),
    );
  }
  await connection.command(own("INSERT INTO shop.t SELECT number, now(), 'a', 1 FROM numbers(10)"));
  await connection.command(own("INSERT INTO shop.u SELECT number, now(), 'a', 1 FROM numbers(10)"));
  await connection.command(own("INSERT INTO shop.v SELECT number, now(), 'a', 1 FROM numbers(10)"));
  for (const [index, { name, from, to }] of STEPS.entries()) {
    const [before, after] = [parseCreate(own(from)), parseCreate(own(to))];
    const plan = planObject(before, after, diffObject(before, after), { materialize: true });
    const object = "database" in before ? before : undefined;
    const options = {
      operation: `op${index}`,
      allow: ["drops-data"],
      rebuild: "online" as const,
      tell: () => undefined,
    };
    await named(name, () => applyPlan(connection, object, plan, options));
  }
  const filled = parseCreate(own(view("filled_mv TO shop.filled", "id > 3").replace("shop.t ", "shop.v ")));
  await named("a backfill of a new view", () =>
    createWithBackfill(connection, [renderCreate(filled)], { operation: "fill" }),
  );
  const names = [{ database, name: "filled_mv" }];
  await named("a backfill of a view", () => backfillViews(connection, names, { operation: "refill" }));
  await named("verify", () => verify(connection, { databases: [database] }));
  await named("introspect", () => introspectServer(connection, { databases: [database] }));
  const fresh = new ServerCatalog(async () => connection);
  const options = { allowed: true, mayGo: () => true, declared: new Set<string>(), howToAllow: "" };
  const left = ["read", "mv", "inner", "r", "filled_mv"].map((name) => `${database}\0${name}`);
  const tables = (await fresh.inDatabase(database))
    .map(({ key }) => key)
    .filter((key) => !left.includes(key) && !key.includes(".inner"));
  for (const key of [...left, ...tables, database])
    await named(`drop ${key.replace("\0", ".")}`, () => applyDrop(connection, fresh, key, options));
}

async function named(name: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
