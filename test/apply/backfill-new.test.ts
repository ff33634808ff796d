import assert from "node:assert/strict";
import { createWithBackfill, findUnfinished, previewBackfill } from "../../provider/src/apply/backfill/index";
import { abortOperation, unfinishedOperations } from "../../provider/src/apply/operations";
import { rebuildTable } from "../../provider/src/apply/rebuild/index";
import { openConnection } from "../../provider/src/connection/open";
import { sleep, startServer, USERS_XML } from "../support/server";
import { BackfillBench } from "./backfill-bench";
import { GATE } from "./runs";
import { dyingBefore, refused } from "./views-bench";

const FULL = "0:10 1:10 2:10 3:10 4:10 5:10 6:10 7:10 8:10 9:10";

describe("a new view with a backfill", () => {
  let bench: BackfillBench;

  beforeEach(async () => {
    bench = await BackfillBench.open();
  });
  afterEach(() => bench.close());

  const live = (name: string): Promise<string | undefined> =>
    bench.value(
      `SELECT formatQuery(create_table_query) AS x FROM system.tables WHERE database = '@' AND name = '${name}'`,
    );

  it("is what a plain CREATE would make, by insert time too", async () => {
    await bench.run("TRUNCATE TABLE @.t");
    await bench.run("ALTER TABLE @.t ADD COLUMN ins DateTime64(3) MATERIALIZED now64(3)");
    await bench.insert(0, 100);
    await bench.insert(100, 5);
    const { gated } = await bench.create();
    assert.equal(gated, false);
    assert.equal(await bench.hours(), `${FULL} 10:5`);
    const made = await live("mv");
    await bench.run("DROP VIEW @.mv SYNC");
    await bench.run(bench.view());
    assert.equal(made, await live("mv"));
  });

  it("does not trust an insert time that older parts do not have", async () => {
    await bench.run("ALTER TABLE @.t ADD COLUMN ins DateTime64(3) MATERIALIZED now64(3)");
    await bench.insert(100, 5);
    await refused(bench.create({ insertTime: "ins" }), /older parts of .* do not have the column/);
    const { gated } = await bench.create();
    assert.equal(gated, true);
    assert.equal(await bench.hours(), `${FULL} 10:5`);
  });

  it("takes only buckets from a moment on when told so", async () => {
    await bench.create({ from: "2024-01-01 08:30" });
    assert.equal(await bench.hours(), "9:10");
    await bench.insert(0, 10);
    assert.equal(await bench.hours(), "0:10 9:10");
  });

  it("takes subqueries, common table expressions, aliases and computed columns", async () => {
    await bench.run("ALTER TABLE @.t ADD COLUMN twice Int64 ALIAS v * 2, ADD COLUMN k2 UInt8 MATERIALIZED k + 1");
    const columns = "count() AS n, sum(s.twice) AS s";
    await bench.create(
      {},
      `CREATE MATERIALIZED VIEW @.a TO @.hourly AS SELECT toStartOfHour(s.ts) AS hour, s.k2 AS k, ${columns} FROM @.t AS s WHERE s.v > 0 GROUP BY hour, k`,
    );
    await bench.create(
      {},
      "CREATE MATERIALIZED VIEW @.b TO @.hourly AS WITH x AS (SELECT ts, k FROM @.t) SELECT toStartOfHour(x.ts) AS hour, k, count() AS n FROM x GROUP BY hour, k",
    );
    await bench.create(
      {},
      "CREATE MATERIALIZED VIEW @.c TO @.hourly AS SELECT hour, k, count() AS n FROM (SELECT toStartOfHour(@.t.ts) AS hour, t.k AS k FROM @.t) GROUP BY hour, k",
    );
    assert.equal(await bench.hours(), FULL.replaceAll(":10", ":30"));
    assert.equal(await bench.value("SELECT toString(sum(s)) AS x FROM @.hourly"), "200");
  });

  it("takes chunks of equal content once each", async () => {
    await bench.run("TRUNCATE TABLE @.t");
    await bench.run("SYSTEM STOP MERGES @.t");
    for (let copy = 0; copy < 4; copy += 1) await bench.insert(0, 10);
    await bench.create({ chunk: 10 });
    assert.equal(await bench.hours(), "0:40");
  });

  it("leaves rows whose time is over to the target's own TTL", async () => {
    await bench.run("ALTER TABLE @.hourly MODIFY TTL hour + INTERVAL 1 YEAR");
    await bench.run("SYSTEM STOP TTL MERGES @.hourly");
    const { written } = await bench.create({ chunk: 10 });
    assert.ok(written >= 20);
    await bench.run("SYSTEM START TTL MERGES @.hourly");
    await bench.run("OPTIMIZE TABLE @.hourly FINAL");
    assert.equal(await bench.hours(), "");
  });

  it("merges what it computed when that is in many parts", async () => {
    await bench.create({ chunk: 1 });
    assert.equal(await bench.hours(), FULL);
    const parts = await bench.value(
      "SELECT toString(count()) AS x FROM system.parts WHERE database = '@' AND table = 'hourly' AND active",
    );
    assert.equal(parts, "1");
  }).timeout(120_000);

  it("leaves a source of many partitions and an empty one as they are", async () => {
    await bench.run("TRUNCATE TABLE @.t");
    const { rows, written } = await bench.create();
    assert.deepEqual([rows, written], [0, 0]);
    await bench.insert(0, 10);
    assert.equal(await bench.hours(), "0:10");
    assert.deepEqual(await bench.names(), ["hourly", "mv", "t"]);
  });

  it("completes a partition of which a killed server has attached some parts only", async () => {
    const cut = dyingBefore(/ATTACH PARTITION ALL FROM .*__c0_/);
    await bench.run("SYSTEM STOP MERGES @.hourly");
    await assert.rejects(bench.create({ operation: "half0001", chunk: 20, ...cut }));
    // What a server does that dies in the middle of ATTACH PARTITION: some of the renames.
    await bench.run("CREATE TABLE @.some AS @.hourly__c0_half0001");
    await bench.run("ALTER TABLE @.some ATTACH PARTITION ALL FROM @.hourly__c0_half0001");
    const part = await bench.value(
      "SELECT min(name) AS x FROM system.parts WHERE database = '@' AND table = 'some' AND active",
    );
    await bench.run(`ALTER TABLE @.some DROP PART '${part}'`);
    await bench.run("ALTER TABLE @.hourly ATTACH PARTITION ALL FROM @.some");
    await bench.create();
    assert.equal(await bench.hours(), FULL);
  });

  it("resumes under whatever name when it is created again, and refuses another definition until then", async () => {
    await assert.rejects(bench.create(dyingBefore(/INSERT INTO .*__c0_/)));
    const other = bench.view().replace("count()", "count() + 0");
    await refused(bench.create({}, other), /is not finished, and it was started with another definition/);
    await bench.create({ operation: "another1" });
    assert.equal(await bench.hours(), FULL);
    assert.deepEqual(await findUnfinished(bench.connection), []);
  });

  for (const [name, pattern] of [
    ["between two chunks", /'chunk:0:1'/],
    ["in the middle of a chunk", /^INSERT INTO \S+__c0_/],
    ["before it attaches", /'merged'/],
  ] as const) {
    it(`is left alone by a runner that another one has overtaken ${name}`, async () => {
      let overtaken = false;
      const beforeStatement = async (sql: string): Promise<void> => {
        if (overtaken || !pattern.test(sql)) return;
        overtaken = true;
        await bench.create();
      };
      await assert.rejects(bench.create({ chunk: 20, beforeStatement }));
      assert.ok(overtaken);
      assert.equal(await bench.hours(), FULL);
      assert.deepEqual(await bench.names(), ["hourly", "mv", "t"]);
    });
  }

  it("finishes what was begun on the target before it begins another view", async () => {
    await bench.run("CREATE TABLE @.t2 AS @.t");
    await bench.insert(0, 10, "t2");
    await assert.rejects(bench.create(dyingBefore(/INSERT INTO .*__c0_/)));
    const wanted = { mode: "create", statements: [bench.view("mv2", "t2")], options: {} } as const;
    assert.deepEqual((await previewBackfill(bench.connection, wanted)).refusals, []);
    await bench.create({}, bench.view("mv2", "t2"));
    assert.equal(await bench.hours(), `0:20${FULL.slice(4)}`);
  });

  it("starts again when the server created the view only after the gate had opened by itself", async () => {
    let slow = true;
    const beforeStatement = async (sql: string): Promise<void> => {
      if (!/^CREATE MATERIALIZED VIEW/.test(sql) || !slow) return;
      slow = false;
      await sleep(GATE + 500);
      await bench.insert(100, 5);
    };
    await bench.create({ beforeStatement, gateLength: GATE });
    assert.equal(await bench.hours(), `${FULL} 10:5`);
  });

  it("says so when the server created the view too late and the rows cannot be distinguished", async () => {
    await bench.run("INSERT INTO @.hourly VALUES ('2023-01-01 00:00:00', 1, 7, 7)");
    const beforeStatement = async (sql: string): Promise<void> => {
      if (/^CREATE MATERIALIZED VIEW/.test(sql)) await sleep(GATE + 500);
    };
    await refused(
      bench.create({ beforeStatement, gateLength: GATE }),
      /creating the view took the server so long[\s\S]*was rolled back/,
    );
    assert.deepEqual(await unfinishedOperations(bench.connection, bench.database), []);
    assert.deepEqual(await bench.names(), ["hourly", "t"]);
  });

  it("links behind the gate only the partitions that have changed since", async () => {
    await bench.run("SYSTEM STOP MERGES @.t");
    await bench.insert(240, 10);
    let behind = 0;
    const seen: string[] = [];
    const beforeStatement = async (sql: string): Promise<void> => {
      if (/ADD CONSTRAINT/.test(sql) && behind === 0) {
        await bench.insert(250, 10);
        behind = 1;
      }
      if (behind > 0 && /ALTER TABLE \S+__snap_\S+ (?:ATTACH|DROP)/.test(sql))
        seen.push(/(?:ATTACH|DROP) .*?'\d+'/.exec(sql)?.[0] ?? "");
    };
    await bench.create({ beforeStatement });
    assert.deepEqual(seen, ["DROP PARTITION ID '20240102'", "ATTACH PARTITION ID '20240102'"]);
    assert.equal(await bench.hours(), `${FULL} 24:10 25:10`);
  });

  it("can be aborted: the view is gone, and so are the rows that it wrote", async () => {
    await assert.rejects(bench.create(dyingBefore(/INSERT INTO .*__c0_/)));
    await bench.insert(100, 5);
    const [one] = await unfinishedOperations(bench.connection, bench.database);
    assert.ok(one?.canAbort);
    await abortOperation(bench.connection, one);
    assert.deepEqual(await bench.names(), ["hourly", "t"]);
    assert.equal(await bench.hours(), "");
    await bench.create();
    assert.equal(await bench.hours(), `${FULL} 10:5`);
  });

  it("cannot be aborted when the target had rows, because nothing could tell them apart", async () => {
    await bench.run("INSERT INTO @.hourly VALUES ('2023-01-01 00:00:00', 1, 7, 7)");
    await assert.rejects(bench.create(dyingBefore(/INSERT INTO .*__c0_/)));
    const [one] = await unfinishedOperations(bench.connection, bench.database);
    assert.equal(one?.canAbort, false);
    await refused(abortOperation(bench.connection, one), /cannot be distinguished from the others/);
  });

  it("is kept from a rebuild of its source while it is unfinished, and waits for one", async () => {
    await assert.rejects(bench.create({ operation: "standing1", ...dyingBefore(/INSERT INTO .*__c0_/) }));
    const from = String(await live("t"));
    const work = rebuildTable(bench.connection, {
      from,
      to: from.replace("ORDER BY ts", "ORDER BY (k, ts)"),
      operation: "rb1",
    });
    await refused(work, /standing1 \(backfill of /);
  });
});

/** What exists before a refusal, and what is refused: options, or the statement of the view; `@` is the database. */
const REFUSALS: readonly {
  readonly name: string;
  readonly before?: readonly string[];
  readonly view?: string;
  readonly options?: object;
  readonly says: RegExp;
}[] = [
  ...["Null", "Memory", "Log"].map((engine) => ({
    name: `a source with the engine ${engine}`,
    before: [`CREATE TABLE @.s (ts DateTime, k UInt8, v Int64) ENGINE = ${engine}`],
    view: "TO @.hourly AS SELECT toStartOfHour(ts) AS hour, k, count() AS n FROM @.s GROUP BY hour, k",
    says: new RegExp(`has the engine ${engine}: `),
  })),
  {
    name: "a source that is a view",
    before: ["CREATE VIEW @.s AS SELECT * FROM @.t"],
    view: "TO @.hourly AS SELECT toStartOfHour(ts) AS hour, k, count() AS n FROM @.s GROUP BY hour, k",
    says: /it is a view.*Let the view read the table/,
  },
  { name: "a source that is not there", view: "TO @.hourly AS SELECT k FROM @.gone", says: /\.gone does not exist/ },
  {
    name: "a table function",
    view: "TO @.hourly AS SELECT number AS n FROM numbers(3)",
    says: /reads no table that can be told/,
  },
  {
    name: "a query that names its source twice",
    view: "TO @.hourly AS SELECT k, count() AS n FROM @.t WHERE k IN (SELECT k FROM @.t) GROUP BY k",
    says: /more than once/,
  },
  {
    name: "a refreshable view",
    view: "REFRESH EVERY 1 DAY TO @.hourly AS SELECT k FROM @.t",
    says: /SYSTEM REFRESH VIEW/,
  },
  {
    name: "an inner table",
    view: "(k UInt8) ENGINE = MergeTree ORDER BY k AS SELECT k FROM @.t",
    says: /inner table.*Give the view a target/,
  },
  {
    name: "an output the target has no column for",
    view: "TO @.hourly AS SELECT k, v AS odd FROM @.t",
    says: /writes odd/,
  },
  { name: "secrets", options: { sensitive: true }, says: /contains secrets/ },
  { name: "a moment that is none", options: { from: "yesterday" }, says: /from: yesterday is not a time/ },
  { name: "a column that is no time", options: { from: "2024-01-01", timeColumn: "k" }, says: /candidates: hour/ },
  { name: "a chunk of no rows", options: { chunk: 0 }, says: /chunk: expected a whole number above 0/ },
  {
    name: "an insert time that the clients give",
    options: { insertTime: "ts" },
    says: /no such column with DEFAULT or MATERIALIZED/,
  },
  {
    name: "an insert time in a source that views write to",
    before: [
      "TRUNCATE TABLE @.t",
      "ALTER TABLE @.t ADD COLUMN ins DateTime64(3) DEFAULT now64(3)",
      "CREATE TABLE @.up AS @.t",
      "CREATE MATERIALIZED VIEW @.up_mv TO @.t AS SELECT ts, k, v FROM @.up",
    ],
    options: { insertTime: "ins" },
    says: /through views, block by block/,
  },
  {
    name: "a target in which the last row wins",
    before: ["CREATE TABLE @.last (k UInt8, v Int64) ENGINE = ReplacingMergeTree ORDER BY k"],
    view: "TO @.last AS SELECT k, v FROM @.t",
    says: /the row inserted last wins/,
  },
  {
    name: "an unfinished mutation of the source",
    before: ["ALTER TABLE @.t UPDATE v = throwIf(1) WHERE 1 SETTINGS mutations_sync = 0"],
    says: /mutation\(s\) are unfinished/,
  },
  {
    name: "a Buffer table before the source",
    before: ["CREATE TABLE @.b AS @.t ENGINE = Buffer('@', 't', 1, 10, 100, 10000, 1000000, 10000000, 100000000)"],
    says: /\.b \(Buffer\) writes to it in the background/,
  },
  {
    name: "a view that is there",
    before: ["CREATE MATERIALIZED VIEW @.mv TO @.hourly AS SELECT k FROM @.t"],
    says: /exists, so it is not created/,
  },
  { name: "a disk without room", options: { spaceFactor: 1e15 }, says: /not backfilled, because its rows need up to/ },
];

describe("a new view with a backfill is refused, and nothing is changed, for", () => {
  let bench: BackfillBench;
  before(async () => {
    bench = await BackfillBench.open();
  });
  after(() => bench.close());

  for (const { before: statements = [], name, options = {}, says, view } of REFUSALS) {
    it(name, async () => {
      await bench.close();
      bench = await BackfillBench.open();
      for (const sql of statements) await bench.run(sql);
      const names = await bench.names();
      const text = view === undefined ? bench.view() : `CREATE MATERIALIZED VIEW @.mv ${view}`;
      await refused(bench.create(options, text), says);
      assert.deepEqual(await bench.names(), names);
      assert.deepEqual(await findUnfinished(bench.connection, bench.database), []);
    });
  }

  it("a user without rights, who is told which", async () => {
    const reader =
      "<reader><password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota><grants><query>GRANT SELECT ON *.*</query></grants></reader>";
    const server = await startServer({ users: USERS_XML.replace("</users>", `${reader}</users>`) });
    const [owner, limited] = await Promise.all([
      openConnection({ url: server.url }),
      openConnection({ url: server.url, username: "reader" }),
    ]);
    await owner.command("CREATE DATABASE d");
    await owner.command("CREATE TABLE d.t (k UInt8) ENGINE = MergeTree ORDER BY k");
    await owner.command("CREATE TABLE d.a (k UInt8) ENGINE = MergeTree ORDER BY k");
    const work = createWithBackfill(limited, ["CREATE MATERIALIZED VIEW d.v TO d.a AS SELECT k FROM d.t"]);
    await refused(
      work,
      /lacks rights; nothing was changed\. .*GRANT CREATE TABLE, .* ON d\.\* TO reader; GRANT ALTER CONSTRAINT ON d\.t TO reader;/,
    );
    await Promise.all([owner.close(), limited.close()]);
    await server.stop();
  });
});
