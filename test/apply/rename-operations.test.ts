import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { unfinishedOperations } from "../../provider/src/apply/operations";
import { rebuildTable } from "../../provider/src/apply/rebuild/index";
import { RENAME } from "../../provider/src/apply/rename/index";
import { applyViewStep, VIEW } from "../../provider/src/apply/views/index";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { abort, resume } from "../../provider/src/operation/engine";
import { parseCreate } from "../../provider/src/sql/parse/index";
import type { MaterializedViewSpec } from "../../provider/src/sql/spec";
import { byEffort } from "../support/effort";
import { freePort, startServer, temporaryBase } from "../support/server";
import { dying, refused, World } from "./rename-world";
import { Crash, dyingAt } from "./runs";
import { skipSelfTest } from "./tables";

/** All statements, or every so many. */
const STEP = byEffort({ fast: 21, full: 17, soak: 1 });

describe("table, view or database renamed or moved: the operation", () => {
  let w: World;
  beforeEach(async () => {
    w = await World.open();
  });
  afterEach(() => w.close());

  for (const object of ["table", "database"] as const) {
    it(`${object} renamed: resumes from any statement at which it was interrupted`, async () => {
      await w.tables();
      const before = await w.definitions();
      const [from, to] = object === "table" ? [`${w.d}.t`, `${w.d}.n`] : [w.d, `${w.d}_2`];
      for (let count = 0, died = true; died; count += STEP) {
        died = false;
        const back = count % 3 === 0;
        const operation = `op${count}`;
        const hooks = dyingAt(count, () => {
          died = true;
        });
        await w.rename(object, from, to, { operation, ...hooks }).catch((error: unknown) => {
          if (!(error instanceof Crash)) throw error;
        });
        const known = (
          await Promise.all([w.d, `${w.d}_2`].map((name) => unfinishedOperations(w.connection, name)))
        ).flat();
        if (known[0]?.canAbort && back) await abort(RENAME, w.connection, known[0]);
        else {
          await (known[0] ? resume(RENAME, w.connection, known[0]) : w.rename(object, from, to, { operation }));
          await w.rename(object, to, from, { operation: `${operation}_back` });
        }
        assert.deepEqual(await w.definitions(), before, `cut off at statement ${count}`);
      }
      await w.run(`INSERT INTO ${w.d}.u VALUES (2, 'two')`);
      assert.equal(await w.values(`${w.d}.agg`), "1,2");
    });
  }

  it("is aborted until all is re-pointed, then only resumed", async () => {
    await w.tables();
    await assert.rejects(w.rename("table", `${w.d}.t`, `${w.d}.n`, dying(/MODIFY QUERY/)), Crash);
    await assert.rejects(w.connection.command(`INSERT INTO ${w.d}.n VALUES (9, '')`), /VIOLATED_CONSTRAINT/);
    assert.match((await w.definitions())[`${w.d}.n`] ?? "", /CONSTRAINT _hold_op1 CHECK 0/);
    const [found] = await unfinishedOperations(w.connection, w.d);
    assert.ok(found);
    assert.deepEqual(
      [found.step, found.canAbort, found.progress],
      ["re-point", true, `${w.d}.t → ${w.d}.n, has its new name`],
    );
    await assert.rejects(abort(RENAME, w.connection, found, dying(/RENAME/)), Crash);
    await refused(resume(RENAME, w.connection, found), /abort it again/);
    await abort(RENAME, w.connection, found);
    await w.run(`INSERT INTO ${w.d}.u VALUES (2, 'two')`);
    assert.equal(await w.values(`${w.d}.agg`), "1,2");
    await refused(w.rename("table", `${w.d}.t`, `${w.d}.n`), /was aborted/);
    await assert.rejects(
      w.rename("table", `${w.d}.t`, `${w.d}.n`, { operation: "op2", ...dying(/DROP CONSTRAINT IF EXISTS _hold_op2/) }),
      Crash,
    );
    const [late] = await unfinishedOperations(w.connection, w.d);
    assert.ok(late);
    assert.equal(late.canAbort, false);
    await refused(abort(RENAME, w.connection, late), /cannot be rolled back/);
    await resume(RENAME, w.connection, late);
    assert.equal(await w.values(`${w.d}.n`), "1,2");
  });

  it("resumes when the server was killed between the rename and the first view", async function () {
    if (process.env["CLICKHOUSE_URL"] !== undefined) this.skip();
    const [dataDir, port] = [mkdtempSync(join(temporaryBase(), "clickhouse-test-rename-")), await freePort()];
    const shared = w.connection;
    const open = (): Promise<Connection> => openConnection({ url: `http://127.0.0.1:${port}` });
    let server = await startServer({ dataDir, port });
    try {
      w.connection = await open();
      await w.run(`CREATE DATABASE ${w.d}`, `CREATE DATABASE ${w.o}`);
      await w.tables();
      const before = await w.definitions();
      for (const [operation, object, from, to] of [
        ["op1", "table", `${w.d}.t`, `${w.d}.n`],
        ["op2", "database", w.d, `${w.d}_2`],
      ] as const) {
        await assert.rejects(
          w.rename(object, from, to, { operation, ...dying(/CREATE OR REPLACE|MODIFY QUERY/) }),
          Crash,
        );
        await w.connection.close();
        await server.kill();
        server = await startServer({ dataDir, port });
        w.connection = await open();
        await assert.rejects(
          w.run(`INSERT INTO ${object === "table" ? w.d : to}.u VALUES (5, 'five')`),
          /CONSTRAINT|UNKNOWN_TABLE/,
        );
        await w.rename(object, from, to, { operation });
        await w.run(`INSERT INTO ${object === "table" ? w.d : to}.u VALUES (${object === "table" ? 2 : 3}, 'more')`);
      }
      await w.rename("database", `${w.d}_2`, w.d, { operation: "op3" });
      await w.rename("table", `${w.d}.n`, `${w.d}.t`, { operation: "op4" });
      await w.run(`INSERT INTO ${w.d}.u VALUES (4, 'four')`);
      assert.deepEqual(await w.definitions(), before);
      assert.equal(await w.values(`${w.d}.t`), "1,2,3,4");
      assert.equal(await w.values(`${w.d}.agg`), "1,2,3,4");
      assert.equal(await w.values(`${w.d}.inner`), "1,2,3,4");
    } finally {
      await w.connection.close();
      w.connection = shared;
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    }
  });

  it("is refused before anything changes, with each dependent that cannot follow", async () => {
    await w.tables();
    await w.run(
      `CREATE TABLE ${w.o}.buffer AS ${w.d}.t ENGINE = Buffer('${w.d}', 't', 1, 10, 100, 10, 100, 1000, 10000)`,
      `CREATE TABLE ${w.o}.some (a UInt64) ENGINE = Merge('${w.d}', '^t')`,
      `CREATE VIEW ${w.o}.far AS SELECT a FROM remote('127.0.0.1', '${w.d}', 't')`,
    );
    const before = await w.definitions();
    for (const object of ["table", "database"] as const) {
      const [from, to] = object === "table" ? [`${w.d}.t`, `${w.d}.other`] : [w.d, `${w.d}_2`];
      await refused(
        w.rename(object, from, to),
        new RegExp(`- ${w.o}\\.buffer: the engine Buffer`),
        new RegExp(`- ${w.o}\\.far: remote`),
        ...(object === "table" ? [new RegExp(`- ${w.o}\\.some: Merge`)] : []),
        /Nothing was changed/,
        /Drop each of these/,
      );
      assert.deepEqual(await w.definitions(), before);
      assert.deepEqual(await unfinishedOperations(w.connection, w.d), []);
    }
  });

  it("is refused where names, kinds, engines or other operations prevent it", async () => {
    await w.tables();
    await w.run(
      `CREATE TABLE ${w.d}.nothing (a UInt64) ENGINE = Null`,
      `CREATE MATERIALIZED VIEW ${w.d}.mv TO ${w.d}.agg AS SELECT a FROM ${w.d}.nothing`,
    );
    await refused(w.rename("table", `${w.d}.missing`, `${w.d}.n`), /does not exist/);
    await refused(w.rename("table", `${w.d}.t`, `${w.d}.u`), /\.u already exists/);
    await refused(w.rename("table", `${w.d}.t`, "nowhere.t"), /database nowhere does not exist/);
    await refused(w.rename("table", `${w.d}.enters`, `${w.d}.n`), /is a materializedView on the server, not a table/);
    await refused(w.rename("table", `${w.d}.dict`, `${w.d}.n`), /is a dictionary/);
    await refused(w.rename("table", `${w.d}.t`, `${w.d}.t`), /already has the name/);
    await refused(w.rename("database", w.d, w.o), /already/);
    await refused(w.rename("database", `${w.d}_9`, w.o), /does not exist/);
    await refused(w.rename("table", `${w.d}.nothing`, `${w.d}.n`), /inserts cannot be refused/);
    await w.run(`CREATE TABLE ${w.d}.r (a UInt64) ENGINE = MergeTree ORDER BY a`);
    const create = `CREATE TABLE ${w.d}.r (\`a\` UInt64) ENGINE = MergeTree`;
    const rebuild = { from: `${create} ORDER BY a`, to: `${create} PARTITION BY a % 2 ORDER BY a`, operation: "r1" };
    await assert.rejects(rebuildTable(w.connection, { ...rebuild, ...dying(/'passes'/) }), Crash);
    await refused(w.rename("table", `${w.d}.r`, `${w.d}.n`), /operation r1 .*is not finished/);
    await w.rename("table", `${w.d}.agg`, `${w.d}.sums`, { operation: "op2" });
    await refused(w.rename("database", w.d, `${w.d}_2`), /operation r1 .*is not finished/);
  });

  it("waits for what is unfinished around it, whichever database remembers it", async () => {
    await w.tables();
    const view = (target: string): MaterializedViewSpec => {
      const spec = parseCreate(`CREATE MATERIALIZED VIEW ${w.o}.far TO ${w.d}.${target} AS SELECT a FROM ${w.d}.t`);
      assert.ok(spec.kind === "materializedView");
      return spec;
    };
    await w.run(
      `CREATE TABLE ${w.d}.one (a UInt64) ENGINE = MergeTree ORDER BY a`,
      `CREATE TABLE ${w.d}.two (a UInt64) ENGINE = MergeTree ORDER BY a`,
      `CREATE TABLE ${w.d}.apart (a UInt64) ENGINE = MergeTree ORDER BY a`,
      `CREATE MATERIALIZED VIEW ${w.o}.far TO ${w.d}.one AS SELECT a FROM ${w.d}.t`,
    );
    const step = { kind: "retarget-view", from: view("one"), to: view("two") } as const;
    await skipSelfTest(w.connection, w.o);
    await assert.rejects(applyViewStep(w.connection, step, { operation: "v1", ...dying(/CREATE OR REPLACE/) }), Crash);
    for (const table of ["u", "t", "one", "two"]) {
      await refused(w.rename("table", `${w.d}.${table}`, `${w.d}.n`), /operation v1 .*is not finished/);
    }
    await refused(w.rename("database", w.d, `${w.d}_2`), /operation v1 .*is not finished/);
    await w.rename("table", `${w.d}.apart`, `${w.d}.aside`, { operation: "op2" });
    await resume(VIEW, w.connection, { database: w.o, operation: "v1" });
    await assert.rejects(w.rename("table", `${w.d}.t`, `${w.d}.n`, dying(/MODIFY QUERY/)), Crash);
    await refused(w.rename("table", `${w.d}.agg`, `${w.d}.sums`, { operation: "op3" }), /operation op1 .*not finished/);
    await refused(
      w.rename("view", `${w.o}.shows`, `${w.d}.shown`, { operation: "op3" }),
      /operation op1 .*not finished/,
    );
    const back = { ...step, from: step.to, to: step.from };
    await refused(applyViewStep(w.connection, back, { operation: "v2" }), /op1 \(rename of .*\) is not finished/);
  });
});
