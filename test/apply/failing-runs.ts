/** Operations in which one statement fails for good: each on tables of its own, with what must hold afterwards. */
import { setTimeout as sleep } from "node:timers/promises";
import { backfillViews, createWithBackfill } from "../../provider/src/apply/backfill/index";
import { abortOperation, resumeOperation, unfinishedOperations } from "../../provider/src/apply/operations";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild/index";
import { renameObject } from "../../provider/src/apply/rename/index";
import { applyViewStep } from "../../provider/src/apply/views/index";
import type { Connection } from "../../provider/src/connection/connection";
import { ServerError } from "../../provider/src/connection/errors";
import { parseCreate } from "../../provider/src/sql/parse/index";
import type { MaterializedViewSpec } from "../../provider/src/sql/spec";
import { loadSubjects, verifySubject } from "../../provider/src/verify/index";
import { repairTarget } from "../../provider/src/verify/repair/index";
import { skipSelfTest } from "./tables";

/** One operation. `@` is the database in each statement. */
export interface Scenario {
  readonly name: string;
  readonly create: readonly string[];
  readonly run: (connection: Connection, database: string, operation: string) => Promise<unknown>;
  /** Names of the source, before and after. */
  readonly sources: readonly string[];
  /** Where its rows are, together once each. */
  readonly targets: readonly string[];
}

const COLUMNS = "(`a` UInt64, `b` UInt64)";
const table = (name: string, orderBy = "a"): string =>
  `CREATE TABLE @.${name} ${COLUMNS} ENGINE = MergeTree PARTITION BY a % 2 ORDER BY ${orderBy}`;
/** The comment makes that a query changed by ALTER leaves another column list, so that the view has to be replaced. */
const view = (to: string): string =>
  `CREATE MATERIALIZED VIEW @.v TO @.${to} (\`a\` UInt64 COMMENT 'key', \`b\` UInt64) AS SELECT a, b FROM @.s`;
const INNER = `CREATE MATERIALIZED VIEW @.v ${COLUMNS} ENGINE = MergeTree ORDER BY a AS SELECT a, b FROM @.s`;
const INNER_BY_B = INNER.replace("ORDER BY a", "ORDER BY b");
const ROWS = "INSERT INTO @.s SELECT number, 1 FROM numbers(100)";

const rename =
  (from: string, to: string): Scenario["run"] =>
  (connection, database, operation) =>
    renameObject(connection, {
      object: "table",
      from: { database, name: from },
      to: { database, name: to },
      operation,
    });

const step =
  (kind: "retarget-view" | "externalise-view" | "recreate-view", from: string, to: string): Scenario["run"] =>
  (connection, database, operation) => {
    const [before, after] = [from, to].map(
      (sql) => parseCreate(sql.replaceAll("@", database)) as MaterializedViewSpec,
    ) as [MaterializedViewSpec, MaterializedViewSpec];
    return applyViewStep(connection, { kind, from: before, to: after }, { operation });
  };

const rebuild: Scenario["run"] = (connection, database, operation) => {
  const [from, to] = [table("s"), table("s", "b")].map((sql) => sql.replaceAll("@", database)) as [string, string];
  return rebuildTable(connection, { from, to, operation, chunkRows: 40 });
};

const repair: Scenario["run"] = async (connection, database, operation) => {
  const [subject] = await loadSubjects(connection, { names: [`${database}.x`] });
  if (subject === undefined) throw new Error("nothing to repair");
  return repairTarget(connection, await verifySubject(connection, subject), { operation });
};

export const SCENARIOS: readonly Scenario[] = [
  {
    name: "a rebuild under a view",
    create: [table("s"), table("x"), view("x"), ROWS],
    run: rebuild,
    sources: ["s"],
    targets: ["x"],
  },
  { name: "a rebuild", create: [table("s"), ROWS], run: rebuild, sources: ["s"], targets: [] },
  {
    name: "a rename of a source",
    create: [table("s"), table("x"), view("x"), ROWS],
    run: rename("s", "r"),
    sources: ["s", "r"],
    targets: ["x"],
  },
  {
    name: "a rename of a target",
    create: [table("s"), table("x"), view("x"), ROWS],
    run: rename("x", "r"),
    sources: ["s"],
    targets: ["x", "r"],
  },
  {
    name: "another target of a view",
    create: [table("s"), table("x"), table("y"), view("x"), ROWS],
    run: step("retarget-view", view("x"), view("y")),
    sources: ["s"],
    targets: ["x", "y"],
  },
  {
    name: "a target for a view with an inner table",
    create: [table("s"), table("x"), INNER, ROWS],
    run: step("externalise-view", INNER, view("x")),
    sources: ["s"],
    targets: ["v"],
  },
  {
    name: "another inner table of a view",
    create: [table("s"), INNER, ROWS],
    run: step("recreate-view", INNER, INNER_BY_B),
    sources: ["s"],
    targets: ["v"],
  },
  {
    name: "a backfill of a new view",
    create: [table("s"), table("x"), ROWS],
    run: (connection, database, operation) =>
      createWithBackfill(connection, [view("x").replaceAll("@", database)], { operation }),
    sources: ["s"],
    targets: ["x"],
  },
  {
    name: "a backfill of a view that is there",
    create: [table("s"), table("x"), view("x"), ROWS],
    run: (connection, database, operation) => backfillViews(connection, [{ database, name: "v" }], { operation }),
    sources: ["s"],
    targets: ["x"],
  },
  {
    name: "a repair",
    create: [
      table("s"),
      "CREATE TABLE @.x (`a` UInt64, `b` UInt64) ENGINE = SummingMergeTree(b) PARTITION BY a % 2 ORDER BY a",
      "CREATE MATERIALIZED VIEW @.v TO @.x AS SELECT a, sum(b) AS b FROM @.s GROUP BY a",
      ROWS,
    ],
    run: async (connection, database, operation) => {
      await connection.query("SELECT 1 AS damaged");
      return repair(connection, database, operation);
    },
    sources: ["s"],
    targets: ["x"],
  },
];

/** A statement without what differs from run to run: names of databases and operations, numbers. */
export function shapeOf(sql: string, database: string): string {
  const key = /INSERT INTO \S+_schema_ops.* SELECT '\w+', '([a-z]+)/.exec(sql)?.[1];
  const text = sql.replace(/^\/\* schema-op (\w+) \*\/ /, "").replaceAll(database, "@");
  if (key !== undefined) return `journal: ${key}`;
  return text
    .replaceAll(/_[a-f][0-9a-f]{7}\b/g, "_#")
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "#")
    .replaceAll(/(?<![a-z_])\d+/g, "#")
    .replaceAll(/_part IN \([^)]*\)/g, "_part IN (…)")
    .replaceAll(/__c\d+/g, "__c#");
}

/** Passes everything on, but from its `from`-th statement on fails what has a shape. */
export function failing(connection: Connection, database: string, shape: string, occurrence = 0): Connection {
  let seen = 0;
  return Object.assign(Object.create(connection) as Connection, {
    command: async (sql: string, params?: never): Promise<void> => {
      if (shapeOf(sql, database) === shape && seen++ >= occurrence) {
        throw new ServerError(`Not enough privileges, or no such syntax (injected into: ${shape})`, 497, sql);
      }
      await connection.command(sql, params);
    },
  });
}

/** The shapes of all statements of an operation, in order. */
export async function record(connection: Connection, database: string, scenario: Scenario): Promise<string[]> {
  const shapes: string[] = [];
  const recording = Object.assign(Object.create(connection) as Connection, {
    command: (sql: string, params?: never): Promise<void> => {
      shapes.push(shapeOf(sql, database));
      return connection.command(sql, params);
    },
  });
  await prepare(connection, database, scenario);
  await scenario.run(recording, database, newOperation());
  return shapes;
}

/** Makes the tables of a scenario in an empty database. */
export async function prepare(connection: Connection, database: string, scenario: Scenario): Promise<void> {
  await skipSelfTest(connection, database);
  for (const sql of scenario.create) await connection.command(sql.replaceAll("@", database));
  if (scenario.name === "a repair") {
    await connection.command(`INSERT INTO ${database}.x SELECT number, 1 FROM numbers(10)`);
  }
}

/** What is wrong after an operation with a statement that failed for good, and after the next run. Empty when nothing is. */
export async function afterFailure(
  connection: Connection,
  database: string,
  scenario: Scenario,
  shape: string,
  occurrence: number,
): Promise<string[]> {
  await prepare(connection, database, scenario);
  const wrong: string[] = [];
  const broken = failing(connection, database, shape, occurrence);
  const error: unknown = await scenario.run(broken, database, newOperation()).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  const text = await definitions(connection, database);
  if (/_hold_/.test(text)) wrong.push("inserts are held after the failure");
  if (/_gate_|retry_schema_change/.test(text) && !/_gate_|retry_schema_change/.test(shape))
    wrong.push("a gate is left");
  let inserted = 0;
  if (await inserts(connection, database, scenario, 1000)) inserted += 1;
  else wrong.push(`inserts are refused after the failure: ${error}`);
  const pending = await unfinishedOperations(connection, database);
  if (error === undefined && pending.length > 0) wrong.push("ended well, and is not finished");
  if (pending.length === 0)
    wrong.push(...(await differences(connection, database, scenario, inserted, error === undefined)));
  for (const one of pending) {
    await (one.aborting ? abortOperation(connection, one) : resumeOperation(connection, one, () => undefined)).catch(
      (thrown: unknown) => wrong.push(`cannot be ended: ${thrown}`),
    );
  }
  const isDone = error === undefined || pending.some(({ aborting }) => !aborting);
  if (!isDone) {
    await scenario
      .run(connection, database, newOperation())
      .catch((thrown: unknown) => wrong.push(`next run: ${thrown}`));
  }
  if (await inserts(connection, database, scenario, 1001)) inserted += 1;
  else wrong.push("inserts are refused at the end");
  wrong.push(...(await differences(connection, database, scenario, inserted, true)));
  return [...wrong, ...(await leftovers(connection, database))];
}

/** What an operation that is over must not leave. */
export async function leftovers(connection: Connection, database: string): Promise<string[]> {
  const wrong: string[] = [];
  const end = await definitions(connection, database);
  if (/_hold_|_gate_\w|max_bytes_to_merge|enable_block_number/.test(end)) wrong.push(`left in a definition: ${end}`);
  const left = await connection.query<{ name: string }>(
    `SELECT name FROM system.tables WHERE database = '${database}' AND name LIKE '%\\_\\_%' AND name NOT LIKE '%\\_\\_old\\_%'`,
  );
  if (left.length > 0) wrong.push(`left behind: ${left.map(({ name }) => name).join(", ")}`);
  return wrong;
}

export async function definitions(connection: Connection, database: string): Promise<string> {
  const rows = await connection.query<{ statement: string }>(
    `SELECT create_table_query AS statement FROM system.tables WHERE database = '${database}' AND name NOT LIKE '%\\_\\_old\\_%'`,
  );
  return rows.map(({ statement }) => statement).join("\n");
}

/** Whether a row is taken within the longest time that a gate may be closed. */
export async function inserts(
  connection: Connection,
  database: string,
  { sources }: Pick<Scenario, "sources">,
  id: number,
): Promise<boolean> {
  for (const limit = Date.now() + 8000; Date.now() < limit; await sleep(50)) {
    for (const source of sources) {
      const done = await connection.command(`INSERT INTO ${database}.${source} SELECT ${id}, 1`).then(
        () => true,
        () => false,
      );
      if (done) return true;
    }
  }
  return false;
}

export async function differences(
  connection: Connection,
  database: string,
  { name, sources, targets }: Pick<Scenario, "name" | "sources" | "targets">,
  inserted: number,
  isDone: boolean,
): Promise<string[]> {
  const sum = async (names: readonly string[]): Promise<number> => {
    let found = 0;
    for (const one of names) {
      const [row] = await connection
        .query<{ rows: string }>(`SELECT toString(sum(b)) AS rows FROM ${database}.${one}`)
        .catch(() => [{ rows: "0" }]);
      found += Number(row?.rows);
    }
    return found;
  };
  const wanted = 100 + inserted;
  const found = await sum(sources);
  const wrong = found === wanted ? [] : [`${found} rows of ${wanted} in the source`];
  // Before a repair and before a backfill the target is another one than afterwards.
  if (targets.length === 0 || (!isDone && /repair|new view/.test(name))) return wrong;
  // The rows of a view with an inner table move to the target, which then is read through the view.
  const reached = await sum(targets);
  return reached === wanted ? wrong : [...wrong, `${reached} rows of ${wanted} in the targets`];
}
