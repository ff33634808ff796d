import assert from "node:assert/strict";
import { unfinishedOperations } from "../../provider/src/apply/operations";
import { REBUILD, rebuildTable, removeRetired } from "../../provider/src/apply/rebuild/index";
import { renameObject } from "../../provider/src/apply/rename/index";
import { applyViewStep, previewViewStep, VIEW } from "../../provider/src/apply/views/index";
import type { SchemaError } from "../../provider/src/errors";
import { abort, resume } from "../../provider/src/operation/engine";
import { Journal } from "../../provider/src/operation/journal";
import { replaceView } from "../../provider/src/operation/replace-view";
import { Runner } from "../../provider/src/operation/runner";
import { Crash } from "./runs";
import { dyingBefore, pick, refused, ViewBench } from "./views-bench";
import { stepOf, type ViewCase } from "./views-cases";

const PLAIN = "(`id` UInt64, `c` Int64)";

describe("operations on a view", () => {
  let bench: ViewBench;

  before(async () => {
    bench = await ViewBench.open();
  });
  after(() => bench.close());

  const ABORTS = [
    ["MV target (`to`) changed", /^CREATE OR REPLACE/, "replace", true],
    ["inner table → explicit target", /^CREATE MATERIALIZED/, "cut", true],
    ["inner table → explicit target", /'chunk:0'/, "carry", false],
    ["another layout of the inner table", /'chunk:0'/, "carry", true],
    ["another layout of the inner table", /^EXCHANGE .*__new_/, "swap", true],
    ["another layout of the inner table", /^DROP VIEW/, "retire", false],
  ] as const;
  for (const [name, pattern, phase, canAbort] of ABORTS) {
    it(`are ${canAbort ? "aborted" : "not aborted any more"} in the phase ${phase}: ${name}`, async () => {
      const { connection, database } = bench;
      const view = pick(name);
      await bench.create(view);
      await bench.insert(0, 20);
      const before = await bench.statement("v");
      const step = stepOf(database, view);
      await assert.rejects(applyViewStep(connection, step, { operation: "a1", ...dyingBefore(pattern) }), Crash);
      const [found] = await unfinishedOperations(connection, database);
      assert.ok(found);
      assert.deepEqual([found.step, found.canAbort, found.aborting], [phase, canAbort, false]);
      await refused(
        applyViewStep(connection, step, { operation: "a2" }),
        /operation a1 \(view of .*\) is not finished/,
      );
      await bench.insert(20, 20);
      if (!canAbort) {
        await refused(abort(VIEW, connection, found), /cannot be rolled back/);
        await resume(VIEW, connection, found);
        return bench.assertOnce(40);
      }
      await assert.rejects(abort(VIEW, connection, found, dyingBefore(/'aborted'/)), Crash);
      assert.equal((await unfinishedOperations(connection, database))[0]?.aborting, true);
      await refused(resume(VIEW, connection, found), /abort it again/);
      await abort(VIEW, connection, found);
      assert.deepEqual(await unfinishedOperations(connection, database), []);
      assert.equal(await bench.statement("v"), before);
      await bench.assertClean([]);
      await bench.insert(40, 20);
      assert.equal(
        await bench.value("SELECT concat(toString(uniqExact(id)), ' ', toString(sum(c))) AS x FROM @.v"),
        "60 60",
      );
    });
  }

  it("keep security and comments as declared", async () => {
    const base = pick("inner table → explicit target");
    const security = "DEFINER = default SQL SECURITY DEFINER COMMENT 'why'";
    const view = { ...base, to: base.to.replace("AS SELECT", `${security} AS SELECT`) };
    await bench.create(view);
    await applyViewStep(bench.connection, stepOf(bench.database, view), { operation: "s1" });
    const made = await bench.statement("v");
    assert.match(made ?? "", /SQL SECURITY DEFINER\nCOMMENT 'why'/);
    assert.equal(made, await bench.createdAnew(view));
  });

  it("let a running refresh end first: refresh schedule, with APPEND taken away", async () => {
    const slow = "AS SELECT id, v AS c FROM @.t WHERE sleepEachRow(0.05) = 0 SETTINGS max_block_size = 1";
    const view: ViewCase = {
      ...{ name: "refresh schedule", kind: "recreate-view", read: ["a"] },
      targets: { a: `${PLAIN} ENGINE = MergeTree ORDER BY id` },
      from: `REFRESH EVERY 1 YEAR APPEND TO @.a ${PLAIN} ${slow}`,
      to: `REFRESH EVERY 2 YEAR TO @.a ${PLAIN} AS SELECT id, v AS c FROM @.t`,
    };
    await bench.create(view);
    await bench.run("SYSTEM WAIT VIEW @.v");
    await bench.insert(0, 20);
    const step = stepOf(bench.database, view);
    await bench.run("SYSTEM REFRESH VIEW @.v");
    let seen: string | undefined;
    const beforeStatement = async (sql: string): Promise<void> => {
      if (sql.startsWith("CREATE OR REPLACE")) seen = await bench.value("SELECT count() AS x FROM @.a");
    };
    await applyViewStep(bench.connection, step, { operation: "r1", allow: ["drops-data"], beforeStatement });
    assert.equal(seen, "20");
    await bench.settled(view);
    await bench.assertOnce(20);
  });

  it("let an aborted view refresh again", async () => {
    const view: ViewCase = {
      ...{ name: "refresh schedule", kind: "recreate-view", read: ["a"] },
      targets: { a: `${PLAIN} ENGINE = MergeTree ORDER BY id` },
      from: `REFRESH EVERY 1 YEAR TO @.a ${PLAIN} AS SELECT id, v AS c FROM @.t`,
      to: `REFRESH EVERY 1 YEAR APPEND TO @.a ${PLAIN} AS SELECT id, v AS c FROM @.t`,
    };
    const status = (): Promise<string | undefined> =>
      bench.value("SELECT toString(status) AS x FROM system.view_refreshes WHERE database = '@' AND view = 'v'");
    await bench.create(view);
    await bench.run("SYSTEM WAIT VIEW @.v");
    const step = stepOf(bench.database, view);
    const dying = { operation: "p1", ...dyingBefore(/^CREATE OR REPLACE/) };
    await assert.rejects(applyViewStep(bench.connection, step, dying), Crash);
    assert.equal(await status(), "Disabled");
    await abort(VIEW, bench.connection, { database: bench.database, operation: "p1" });
    assert.equal(await status(), "Scheduled");
  });

  for (const storage of [`TO @.a ${PLAIN}`, `${PLAIN} ENGINE = MergeTree ORDER BY id`]) {
    it(`make an incremental view of a refreshable one, incremental ↔ refreshable: ${storage}`, async () => {
      const body = `${storage} AS SELECT id, v AS c FROM @.t`;
      const view: ViewCase = {
        ...{ name: "incremental ↔ refreshable", kind: "recreate-view", read: ["v"] },
        targets: { a: `${PLAIN} ENGINE = MergeTree ORDER BY id` },
        from: `REFRESH EVERY 1 YEAR ${body}`,
        to: body,
      };
      await bench.create(view);
      await bench.insert(0, 20);
      await bench.run("SYSTEM WAIT VIEW @.v");
      await bench.refresh();
      await applyViewStep(bench.connection, stepOf(bench.database, view), { operation: "i1" });
      await bench.insert(20, 20);
      await bench.assertOnce(40);
    });
  }

  it("keep the rows of the old inner table for the time asked, and no longer", async () => {
    const { connection, database } = bench;
    const view = pick("another layout of the inner table");
    await bench.create(view);
    await bench.insert(0, 20);
    const step = stepOf(database, view);
    const { keepUntil, retired } = await applyViewStep(connection, step, { operation: "k1", keepOld: 1000 });
    assert.ok(keepUntil !== undefined && retired !== undefined);
    assert.deepEqual(await removeRetired(connection, database, keepUntil - 1), []);
    assert.equal(await bench.value(`SELECT count() AS x FROM ${retired}`), "20");
    assert.deepEqual(await removeRetired(connection, database, keepUntil), [retired]);
    await bench.assertClean([]);
    // Without rows there is nothing to keep.
    await bench.run("TRUNCATE TABLE @.v");
    const back = await applyViewStep(connection, { ...step, from: step.to, to: step.from }, { operation: "k2" });
    assert.deepEqual(back, { operation: "k2", rows: 0 });
    assert.deepEqual(await removeRetired(connection, database, 2 ** 40), []);
  });

  it("wait for the rebuild of a target", async () => {
    const { connection, database } = bench;
    const view = pick("MV target (`to`) changed");
    await bench.create(view);
    const from = `CREATE TABLE ${database}.b ${view.targets["b"]}`;
    const rebuild = { from, to: from.replace("ORDER BY", "PARTITION BY id % 2 ORDER BY"), operation: "b1" };
    await assert.rejects(rebuildTable(connection, { ...rebuild, ...dyingBefore(/'passes'/) }), Crash);
    const step = stepOf(database, view);
    await refused(
      applyViewStep(connection, step, { operation: "v1" }),
      /operation b1 \(rebuild of \S+\.b, .*\) is not finished/,
    );
    await resume(REBUILD, connection, { database, operation: "b1" });
    await applyViewStep(connection, step, { operation: "v1" });
  });

  it("wait for a rebuild and a rename of what feeds the view, not for steps of other views", async () => {
    const { connection, database } = bench;
    const view = pick("MV target (`to`) changed");
    await bench.create(view);
    const step = stepOf(database, view);
    const from = await bench.statement("u");
    assert.ok(from);
    const rebuild = { from, to: from.replace("ORDER BY id", "ORDER BY (grp, id)"), operation: "b1" };
    await assert.rejects(rebuildTable(connection, { ...rebuild, ...dyingBefore(/'passes'/) }), Crash);
    await refused(applyViewStep(connection, step, { operation: "v1" }), /b1 \(rebuild of \S+\.u, .*\) is not finished/);
    await resume(REBUILD, connection, { database, operation: "b1" });
    const [before, after] = [
      { database, name: "u" },
      { database, name: "entry" },
    ];
    const rename = { object: "table", from: before, to: after, operation: "n1" } as const;
    await assert.rejects(renameObject(connection, { ...rename, ...dyingBefore(/MODIFY QUERY/) }), Crash);
    await refused(applyViewStep(connection, step, { operation: "v1" }), /n1 \(rename of .*\) is not finished/);
    await renameObject(connection, rename);
    await bench.run("CREATE MATERIALIZED VIEW @.w TO @.a AS SELECT id, v AS c FROM @.t");
    const sibling = JSON.parse(JSON.stringify(step).replaceAll('"name":"v"', '"name":"w"')) as typeof step;
    const dying = { operation: "w1", ...dyingBefore(/CREATE OR REPLACE/) };
    await assert.rejects(applyViewStep(connection, sibling, dying), Crash);
    await applyViewStep(connection, step, { operation: "v1" });
  });

  it("take the old view from its source before its inner table goes, so that no insert meets a half of it", async () => {
    const { connection, database } = bench;
    const view = pick("inner table → explicit target");
    await bench.create(view);
    await bench.insert(0, 20);
    const step = stepOf(database, view);
    await assert.rejects(applyViewStep(connection, step, { operation: "d1", ...dyingBefore(/DROP VIEW/) }), Crash);
    // The engine drops the inner table first; what an insert finds in that moment is what it finds now.
    const inner = await bench.value(
      "SELECT concat('.inner_id.', toString(uuid)) AS x FROM system.tables WHERE database = '@' AND name = 'v__new_d1'",
    );
    await bench.run(`DROP TABLE @.\`${inner}\` SYNC`);
    await bench.insert(20, 20);
    await bench.assertOnce(40);
  });

  it("fix what a server killed in the middle of a replacement has left", async () => {
    const view = pick("MV target (`to`) changed");
    await bench.create(view);
    const step = stepOf(bench.database, view);
    const dying = { operation: "m1", ...dyingBefore(/^CREATE OR REPLACE/) };
    await assert.rejects(applyViewStep(bench.connection, step, dying), Crash);
    await bench.run(`CREATE MATERIALIZED VIEW @._tmp_replace_1_2 ${view.to}`);
    await bench.run(`CREATE MATERIALIZED VIEW @._tmp_replace_3_4 ${view.to.replace("sum(v)", "sum(v + 0)")}`);
    await resume(VIEW, bench.connection, { database: bench.database, operation: "m1" });
    assert.equal(await bench.statement("_tmp_replace_1_2"), undefined);
    assert.ok(await bench.statement("_tmp_replace_3_4"), "somebody else's");
  });

  it("close the targets where the source takes no constraint, and are refused where that is not enough", async () => {
    const view = pick("MV target (`to`) changed");
    const [from, to] = [view.from, view.to].map((text) => text.replace("@.t", "@.n"));
    const nulled = { ...view, from: from ?? "", to: to ?? "" };
    await bench.create(view);
    await bench.run("CREATE TABLE @.n (id UInt64, v Int64) ENGINE = Null");
    await bench.run("DROP VIEW @.v SYNC");
    await bench.run(`CREATE MATERIALIZED VIEW @.v ${nulled.from}`);
    await bench.run("CREATE TABLE @.x (id UInt64) ENGINE = MergeTree ORDER BY id");
    await bench.run("CREATE MATERIALIZED VIEW @.w TO @.x AS SELECT id FROM @.n");
    const step = stepOf(bench.database, nulled);
    const { connection } = bench;
    await refused(applyViewStep(connection, step, { operation: "n1" }), /\.n \(Null, read by 2 view\(s\)\)/);
    await bench.run("DROP VIEW @.w SYNC");
    const refusedBy: unknown[] = [];
    const beforeStatement = async (sql: string): Promise<void> => {
      if (!sql.startsWith("CREATE OR REPLACE")) return;
      await bench.run("INSERT INTO @.n SELECT 1, 1").catch((error: { code?: number }) => refusedBy.push(error.code));
    };
    await applyViewStep(connection, step, { operation: "n1", beforeStatement });
    assert.deepEqual(refusedBy, [469]);
    await bench.run("INSERT INTO @.n SELECT 2, 1");
    assert.equal(await bench.value("SELECT groupArray(id)[1] AS x FROM @.b"), "2");
    await bench.assertClean([]);
  });

  it("never replace a view that keeps rows in an inner table", async () => {
    const view = pick("inner table → explicit target");
    await bench.create(view);
    await bench.insert(0, 20);
    const { from, to } = stepOf(bench.database, view);
    const runner = new Runner(bench.connection, "x1");
    const journal = await Journal.open(runner, bench.database);
    await journal.take();
    await refused(replaceView(runner, journal, from, to), /inner table, which would be dropped/);
    // Nor when the caller does not know it.
    await refused(replaceView(runner, journal, to, to), /inner table, which would be dropped/);
    assert.equal(await bench.value("SELECT count() AS x FROM @.v"), "20");
  });

  const base = pick("inner table → explicit target");
  const aggregated = base.targets["a"] ?? "";
  const REFUSALS: readonly [Partial<ViewCase>, RegExp][] = [
    [{ targets: { a: aggregated.replace("`c` Simple", "`d` Simple") } }, /writes c, which its target .*cannot take/],
    [{ targets: { a: aggregated.replace(/ENGINE.*/, "ENGINE = Null") } }, /Null keeps none in parts/],
    [
      { targets: { a: aggregated.replace(/ENGINE.*/, "ENGINE = ReplacingMergeTree ORDER BY id") } },
      /inserted last wins/,
    ],
    [
      { from: base.from.replace(/ENGINE.*? AS SELECT/, "ENGINE = Memory AS SELECT") },
      /Memory, the engine of its inner/,
    ],
    [
      {
        from: base.from
          .replace("`id` UInt64", "`id` UInt64, `x` SimpleAggregateFunction(sum, UInt64)")
          .replace("SELECT id", "SELECT id, count() AS x"),
      },
      /x of its inner table is not a column of .*drops-data/,
    ],
    [{ targets: {} }, /target .* does not exist/],
    [{ ...pick("incremental → refreshable, with a target"), name: "all rows recomputed" }, /replaces the 20 row\(s\)/],
  ];
  it("are refused with everything that is in the way, in the words of the preview", async () => {
    const { connection, database } = bench;
    const strange = aggregated.replace("`c` Simple", "`d` Simple").replace(/ENGINE.*/, "ENGINE = Null");
    const view = { ...base, targets: { a: strange } };
    await bench.create({ ...view, read: ["v"] });
    await bench.insert(0, 20);
    const step = stepOf(database, view);
    const seen: SchemaError[] = [];
    for (const work of [
      () => previewViewStep(connection, step, { allow: [], ending: new Set() }),
      () => applyViewStep(connection, step, { operation: "n1" }),
    ]) {
      await work().catch((error: unknown) => seen.push(error as SchemaError));
    }
    const [preview, up] = seen;
    assert.deepEqual(
      preview?.problems.map(({ code }) => code),
      ["loses-rows", "change-unsupported"],
    );
    assert.deepEqual(up?.problems, preview?.problems);
  });

  for (const [change, message] of REFUSALS) {
    it(`are refused before anything is changed: ${message.source}`, async () => {
      const { connection, database } = bench;
      const view = { ...base, ...change };
      await bench.create({ ...view, read: ["v"] });
      await bench.insert(0, 20);
      const before = await bench.statement("v");
      await refused(applyViewStep(connection, stepOf(database, view), { operation: "n1" }), message);
      assert.equal(await bench.statement("v"), before);
      await bench.assertClean([]);
      assert.deepEqual(await unfinishedOperations(connection, database), []);
    });
  }
});
