import assert from "node:assert/strict";
import { backfillViews, findUnfinished, previewBackfill } from "../../provider/src/apply/backfill/index";
import { abortOperation, resumeOperation, unfinishedOperations } from "../../provider/src/apply/operations";
import { removeRetired } from "../../provider/src/apply/rebuild/index";
import { BackfillBench } from "./backfill-bench";
import { dyingBefore, refused } from "./views-bench";

const FULL = "0:10 1:10 2:10 3:10 4:10 5:10 6:10 7:10 8:10 9:10";

describe("a backfill of an existing view", () => {
  let bench: BackfillBench;
  const refill = (options = {}) => backfillViews(bench.connection, [{ database: bench.database, name: "mv" }], options);

  beforeEach(async () => {
    bench = await BackfillBench.open();
    await bench.run(bench.view());
    await bench.insert(100, 5);
  });
  afterEach(() => bench.close());

  it("adds what was inserted before the view and keeps the rest once", async () => {
    assert.equal(await bench.hours(), "10:5");
    const { retired, rows, written } = await refill();
    assert.equal(await bench.hours(), `${FULL} 10:5`);
    assert.deepEqual([rows, written], [105, 22]);
    await bench.insert(105, 5);
    assert.equal(await bench.hours(), `${FULL} 10:10`);
    assert.deepEqual(await bench.names(), ["hourly", String(retired).split(".")[1], "mv", "t"]);
  });

  it("changes nothing when it is run again", async () => {
    await refill();
    await refill();
    assert.equal(await bench.hours(), `${FULL} 10:5`);
  });

  it("keeps the old table for a while, and lets it be removed like that of a rebuild", async () => {
    const { keepUntil = 0 } = await refill({ keepOld: 60 });
    assert.deepEqual(await removeRetired(bench.connection, bench.database, keepUntil - 1), []);
    assert.equal((await removeRetired(bench.connection, bench.database, keepUntil)).length, 1);
    assert.deepEqual(await bench.names(), ["hourly", "mv", "t"]);
  });

  it("refuses when views read the target, which would not see the rows that it gets", async () => {
    await bench.run("CREATE TABLE @.total (n UInt64) ENGINE = SummingMergeTree ORDER BY tuple()");
    await bench.run("CREATE MATERIALIZED VIEW @.on_hourly TO @.total AS SELECT sum(n) AS n FROM @.hourly");
    await refused(refill(), /is read by test_\w+\.on_hourly, which would not see/);
    assert.equal(await bench.hours(), "10:5");
  });

  for (const [engine, advice] of [
    ["Null", /it keeps no rows.*Nothing can be computed again/],
    ["Memory", /no snapshot can be made.*stop its writers, TRUNCATE the target and fill it/],
  ] as const) {
    it(`is refused with advice for a view that exists where its source has the engine ${engine}`, async () => {
      for (const sql of ["DROP VIEW @.mv SYNC", "DROP TABLE @.t SYNC"]) await bench.run(sql);
      await bench.run(`CREATE TABLE @.t (ts DateTime('UTC'), k UInt8, v UInt64) ENGINE = ${engine}`);
      await bench.run(bench.view());
      await refused(refill(), advice);
    });
  }

  it("from a moment on, leaves older buckets alone", async () => {
    await refill({ from: "2024-01-01T08:00" });
    assert.equal(await bench.hours(), "8:10 9:10 10:5");
  });

  it("from a moment on, keeps buckets whose rows the source has lost", async () => {
    await refill();
    await bench.run(
      "ALTER TABLE @.t DELETE WHERE ts < toDateTime('2024-01-01 03:30:00', 'UTC') SETTINGS mutations_sync = 2",
    );
    await bench.run("TRUNCATE TABLE @._schema_ops");
    await bench.run("DROP VIEW @.mv SYNC");
    await bench.insert(105, 3);
    await bench.run(bench.view());
    await refill({ from: "2024-01-01T04:00:00Z" });
    assert.equal(await bench.hours(), `${FULL} 10:8`);
  });

  it("refuses to lose buckets whose rows the source has lost", async () => {
    await refill();
    await bench.run(
      "ALTER TABLE @.t DELETE WHERE ts < toDateTime('2024-01-01 03:00:00', 'UTC') SETTINGS mutations_sync = 2",
    );
    await refused(refill(), /6 of its keys would disappear and 0 would have smaller values[\s\S]*was rolled back/);
    assert.equal(await bench.hours(), `${FULL} 10:5`);
    assert.deepEqual(await unfinishedOperations(bench.connection, bench.database), []);
    await bench.insert(105, 5);
    assert.equal(await bench.hours(), `${FULL} 10:10`);
    assert.deepEqual(
      (await bench.names()).filter((name) => !name.includes("__old_")),
      ["hourly", "mv", "t"],
    );
  });

  it("refuses to lose a part of a bucket", async () => {
    await refill();
    await bench.run(
      "ALTER TABLE @.t DELETE WHERE ts < toDateTime('2024-01-01 00:06:00', 'UTC') SETTINGS mutations_sync = 2",
    );
    await refused(refill(), /0 of its keys would disappear and 1 would have smaller values/);
  });

  it("refuses when somebody else has written to the target", async () => {
    await bench.run("INSERT INTO @.hourly VALUES ('2023-01-01 00:00:00', 1, 7, 7)");
    await refused(refill(), /1 of its keys would disappear/);
  });

  it("asks for a moment where the source has a TTL and the target rows", async () => {
    await bench.run("ALTER TABLE @.t MODIFY TTL ts + INTERVAL 20 YEAR");
    await refused(refill(), /rows leave its source .* by TTL.*--from/);
    await refill({ from: "2024-01-01" });
    assert.equal(await bench.hours(), `${FULL} 10:5`);
  });

  it("refuses when another view writes to the target, and names it", async () => {
    await bench.run("CREATE TABLE @.t2 AS @.t");
    await bench.run(bench.view("mv2", "t2"));
    await refused(refill(), /\.mv2 write\(s\) to it as well/);
    await bench.insert(0, 10, "t2");
    const names = ["mv", "mv2"].map((name) => ({ database: bench.database, name }));
    await backfillViews(bench.connection, names);
    assert.equal(await bench.hours(), `0:20${FULL.slice(4)} 10:5`);
  });

  it("computes MATERIALIZED columns of the target again, and keeps its definition", async () => {
    await bench.run(
      "ALTER TABLE @.hourly ADD COLUMN day Date MATERIALIZED toDate(hour), ADD COLUMN alias UInt8 ALIAS k, COMMENT COLUMN k 'kept'",
    );
    const definition = (): Promise<string | undefined> =>
      bench.value("SELECT create_table_query AS x FROM system.tables WHERE database = '@' AND name = 'hourly'");
    const before = await definition();
    await refill({ from: "2024-01-01T05:00:00Z" });
    assert.equal(await bench.hours(), "5:10 6:10 7:10 8:10 9:10 10:5");
    assert.equal(await bench.value("SELECT toString(groupUniqArray(day)) AS x FROM @.hourly"), "['2024-01-01']");
    assert.equal(await definition(), before);
  });

  it("stops when the target was altered in between, and is rolled back", async () => {
    const beforeStatement = async (sql: string): Promise<void> => {
      if (/ATTACH PARTITION ALL FROM .*__c0_/.test(sql)) await bench.run("ALTER TABLE @.hourly COMMENT COLUMN k 'new'");
    };
    await refused(refill({ beforeStatement }), /was altered while its rows were being computed[\s\S]*was rolled back/);
    assert.deepEqual(await unfinishedOperations(bench.connection, bench.database), []);
    assert.equal(await bench.hours(), "10:5");
    await refill();
    assert.equal(await bench.hours(), `${FULL} 10:5`);
  });

  it("is shown while it is unfinished, resumes when it is called again, and cannot be aborted after the exchange", async () => {
    const died = { operation: "abcd1234", ...dyingBefore(/DROP TABLE IF EXISTS .*__c0_abcd1234/) };
    let first = true;
    const beforeStatement = (sql: string): void => {
      // The stage is dropped once before it is made.
      if (/DROP TABLE IF EXISTS .*__c0_abcd1234/.test(sql) && first) first = false;
      else died.beforeStatement(sql);
    };
    await assert.rejects(refill({ operation: "abcd1234", beforeStatement }));
    const [one] = await unfinishedOperations(bench.connection, bench.database);
    assert.equal(one?.kind, "backfill");
    assert.equal(one.progress, "retire");
    assert.equal(one.canAbort, false);
    await refused(abortOperation(bench.connection, one), /has put the new rows in place/);
    const { operation } = await refill();
    assert.equal(operation, "abcd1234");
    assert.equal(await bench.hours(), `${FULL} 10:5`);
    assert.deepEqual(await findUnfinished(bench.connection), []);
  });

  it("is finished by `operations`, with progress", async () => {
    await assert.rejects(refill({ chunk: 20, ...dyingBefore(/INSERT INTO [\s\S]*_part_offset >= 2\d/) }));
    const [one] = await unfinishedOperations(bench.connection, bench.database);
    assert.ok(one);
    assert.match(one.progress, /^fill, \d+ of 105 rows$/);
    const told: string[] = [];
    await resumeOperation(bench.connection, one, (message) => told.push(message));
    assert.ok(told.some((line) => /^backfill: \d+% of 105 rows/.test(line)));
    assert.ok(told.includes("backfill: exchange"));
    assert.equal(await bench.hours(), `${FULL} 10:5`);
  });

  it("resumes with more memory when the limit was too low", async () => {
    await assert.rejects(refill({ maxMemory: 1000 }), /memory limit/i);
    assert.equal(await bench.hours(), "10:5");
    await refill({ maxMemory: 1024 ** 3, maxThreads: 1 });
    assert.equal(await bench.hours(), `${FULL} 10:5`);
  });

  it("says beforehand what it reads and needs, and changes nothing", async () => {
    const before = await bench.names();
    const preview = await previewBackfill(bench.connection, {
      ...{ mode: "refill", statements: [bench.view()] },
      options: { chunk: 10 },
    });
    const [source] = preview.sources;
    assert.deepEqual([source?.rows, source?.chunks, preview.gated, preview.refusals], [105, 11, true, []]);
    assert.ok((preview.free ?? 0) > preview.needed && preview.needed > 0);
    assert.deepEqual(await bench.names(), before);
    assert.equal(await bench.hours(), "10:5");
  });
});
