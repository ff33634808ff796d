import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { unfinishedOperations } from "../../provider/src/apply/operations";
import { ServerError } from "../../provider/src/connection/errors";
import { openConnection } from "../../provider/src/connection/open";
import { loadSubjects, type Verified, verifySubject } from "../../provider/src/verify/index";
import { repairTarget } from "../../provider/src/verify/repair/index";
import { byEffort, report, SEED } from "../support/effort";
import { sharedServer } from "../support/server";
import { Bench } from "../verify/bench";
import { random } from "./writers";

const RUNS = byEffort({ fast: 1, full: 3, soak: 200 });

/** The server asks clients to try again: the gate. */
const REFUSED = 469;

interface Shape {
  readonly name: string;
  readonly columns: string;
  readonly engine: string;
  /** One SELECT a view; each over a source of its own. */
  readonly selects: readonly string[];
}

const GROUPS = "GROUP BY k, b";
const SHAPES: readonly Shape[] = [
  {
    name: "AggregatingMergeTree",
    columns:
      "(k LowCardinality(String), b DateTime('UTC'), c SimpleAggregateFunction(sum, UInt64), s AggregateFunction(sum, Int64), u AggregateFunction(uniqExact, UInt64))",
    engine: "AggregatingMergeTree",
    selects: ["count() AS c, sumState(v) AS s, uniqExactState(id) AS u"],
  },
  {
    name: "SummingMergeTree",
    columns: "(k LowCardinality(String), b DateTime('UTC'), c UInt64, s Int64)",
    engine: "SummingMergeTree",
    selects: ["count() AS c, sum(v) AS s"],
  },
  {
    name: "two views with a column each",
    columns:
      "(k LowCardinality(String), b DateTime('UTC'), c SimpleAggregateFunction(sum, UInt64), m SimpleAggregateFunction(max, Nullable(Int64)))",
    engine: "AggregatingMergeTree",
    selects: ["count() AS c", "max(v) AS m"],
  },
];
const PARTITIONS = ["PARTITION BY toDate(b)", "PARTITION BY toYYYYMM(b)", "", "PARTITION BY b"];

describe(`repairs under writers (TEST_SEED=${SEED})`, () => {
  for (let run = 0; run < RUNS; run++) {
    const shape = SHAPES[run % SHAPES.length] as Shape;
    const partition = PARTITIONS[(run + Math.floor(run / SHAPES.length)) % PARTITIONS.length] ?? "";
    it(`fix what was broken and break nothing, run ${run}: ${shape.name}, ${partition || "no partitions"}`, async () => {
      const bench = await Bench.open();
      try {
        await runOnce(bench, shape, partition, random(SEED * 1000 + run));
      } finally {
        await bench.close();
      }
    });
  }
});

async function runOnce(bench: Bench, shape: Shape, partition: string, chance: () => number): Promise<void> {
  const tables = shape.selects.map((_, index) => `s${index}`);
  await bench.run(`CREATE TABLE @.t ${shape.columns} ENGINE = ${shape.engine} ${partition} ORDER BY (k, b)`);
  for (const [index, select] of shape.selects.entries()) {
    await bench.run(
      `CREATE TABLE @.s${index} (ts DateTime64(3, 'UTC'), id UInt64, k LowCardinality(String), v Int64, f Float64, n Nullable(Int32), r UInt16) ` +
        `ENGINE = MergeTree ${chance() < 0.7 ? "PARTITION BY toDate(ts)" : ""} ORDER BY (k, ts)`,
      `CREATE MATERIALIZED VIEW @.mv${index} TO @.t AS SELECT k, toStartOfHour(ts) AS b, ${select} FROM @.s${index} ${GROUPS}`,
    );
    for (const at of [0, 400]) await bench.insert(at, 400, "2026-03-01", `s${index}`);
  }
  await damage(bench, chance);
  const writers = new Writers(bench, tables, chance);
  await writers.start();
  let result: Awaited<ReturnType<typeof repairTarget>>;
  try {
    const found = await verified(bench);
    const named = found.report.differences.map(({ bucket }) => bucket);
    // The last of the three lies where the writers write, and may have to be left undecided.
    for (const bucket of ["2026-03-01 10:00:00", "2026-03-02 11:00:00"])
      assert.ok(named.includes(bucket), named.join());
    assert.ok(
      named.every((bucket) => BROKEN.includes(bucket)),
      `false alarm: ${JSON.stringify(found.report.differences)}`,
    );
    result = await repairTarget(bench.connection, found);
  } finally {
    await writers.stop();
  }
  const after = await verified(bench);
  const left = after.report.differences.map(({ bucket }) => bucket);
  report({ result, left, inserts: writers.inserts });
  assert.deepEqual(
    left.filter((bucket) => bucket !== "2026-03-04 12:00:00"),
    [],
    JSON.stringify({ result, differences: after.report.differences }),
  );
  // At rest everything can be fixed; a second time changes nothing.
  await repairTarget(bench.connection, after);
  const last = await verified(bench);
  assert.equal(last.report.verdict, "equal", JSON.stringify(last.report.differences));
  assert.deepEqual(await unfinishedOperations(bench.connection, bench.database), []);
  assert.ok(writers.inserts > 0);
}

const BROKEN = ["2026-03-01 10:00:00", "2026-03-02 11:00:00", "2026-03-04 12:00:00"];

async function verified(bench: Bench): Promise<Verified> {
  const [subject] = await loadSubjects(bench.connection, { names: [`${bench.database}.t`] });
  assert.ok(subject);
  return verifySubject(bench.connection, subject);
}

async function damage(bench: Bench, chance: () => number): Promise<void> {
  const many = "SETTINGS max_partitions_per_insert_block = 0";
  await bench.run(
    "CREATE TABLE @.dup AS @.t",
    `INSERT INTO @.dup SELECT * FROM @.t ${many}`,
    "TRUNCATE TABLE @.t",
    `INSERT INTO @.t SELECT * FROM @.dup WHERE b != '2026-03-02 11:00:00' ${many}`,
    `INSERT INTO @.t SELECT * FROM @.dup WHERE b = '2026-03-01 10:00:00' ${many}`,
    "DROP TABLE @.dup SYNC",
    "DETACH TABLE @.mv0 SYNC",
    `INSERT INTO @.s0 SELECT '2026-03-04 12:30:00', number + 900000, 'k9', ${Math.floor(chance() * 9)} + number, 1.5, NULL, 30 FROM numbers(9)`,
    "ATTACH TABLE @.mv0",
  );
}

/** Clients that write mostly to the last day, and sometimes to any. */
class Writers {
  inserts = 0;
  private readonly bench: Bench;
  private readonly tables: readonly string[];
  private readonly chance: () => number;
  private over = false;
  private running: Promise<void>[] = [];
  private id = 1_000_000;

  constructor(bench: Bench, tables: readonly string[], chance: () => number) {
    this.bench = bench;
    this.tables = tables;
    this.chance = chance;
  }

  async start(): Promise<void> {
    this.running = [0, 1].map(() => this.write());
    while (this.inserts < 4) await sleep(10);
  }

  async stop(): Promise<void> {
    this.over = true;
    await Promise.all(this.running);
  }

  private async write(): Promise<void> {
    const connection = await openConnection({ url: (await sharedServer()).url });
    while (!this.over) {
      const table = this.tables[Math.floor(this.chance() * this.tables.length)] ?? "s0";
      const day = this.chance() < 0.95 ? 4 : 1 + Math.floor(this.chance() * 3);
      const hour = String(Math.floor(this.chance() * 24)).padStart(2, "0");
      const slow = this.chance() < 0.2 ? " + sleepEachRow(0.03)" : "";
      const first = this.id;
      this.id += 5;
      const sql =
        `INSERT INTO ${this.bench.database}.${table} SELECT toDateTime64('2026-03-0${day} ${hour}:00:00', 3, 'UTC') + number * 60, number + ${first}, ` +
        `concat('k', toString(number % 5)), number${slow}, 1, NULL, 30 FROM numbers(5) SETTINGS max_block_size = 2, max_threads = 1, ` +
        "min_insert_block_size_rows = 1, min_insert_block_size_bytes = 1, max_insert_block_size = 2";
      await this.insert(connection, sql);
      this.inserts += 1;
      await sleep(this.chance() * 60);
    }
    await connection.close();
  }

  private async insert(connection: Awaited<ReturnType<typeof openConnection>>, sql: string): Promise<void> {
    for (;;) {
      try {
        return await connection.command(sql);
      } catch (error) {
        if (!(error instanceof ServerError && error.code === REFUSED)) throw error;
        await sleep(20);
      }
    }
  }
}
