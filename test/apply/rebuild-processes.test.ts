import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { unfinishedOperations } from "../../provider/src/apply/operations";
import { newOperation, previewRebuild, REBUILD, rebuildTable } from "../../provider/src/apply/rebuild/index";
import type { RebuildOptions, RebuildResult } from "../../provider/src/apply/rebuild/options";
import type { Connection } from "../../provider/src/connection/connection";
import { ConnectionError } from "../../provider/src/connection/errors";
import { openConnection } from "../../provider/src/connection/open";
import { resume } from "../../provider/src/operation/engine";
import { freshDatabase, sharedServer, sleep, temporaryBase } from "../support/server";
import { TYPESCRIPT } from "../support/typescript";
import { randomRun } from "./runs";
import { type CutProxy, startProxy } from "./runs-proxy";
import { VARIANTS } from "./tables";

const ROWS = 1_500_000;
const COLUMNS = "(`id` UInt64, `grp` UInt8, `text` String)";

/** Tables between views, with enough rows for a copy that takes a while. */
async function fill(connection: Connection, database: string, name: string): Promise<RebuildOptions> {
  const table = `${database}.${name}`;
  const options = {
    from: `CREATE TABLE ${table} ${COLUMNS} ENGINE = MergeTree PARTITION BY grp ORDER BY id`,
    to: `CREATE TABLE ${table} ${COLUMNS} ENGINE = MergeTree ORDER BY (text, id)`,
    operation: "op1",
    chunkRows: ROWS / 3,
  };
  for (const sql of [
    options.from,
    `CREATE TABLE ${table}_in ${COLUMNS} ENGINE = MergeTree ORDER BY id`,
    `CREATE TABLE ${table}_sum (grp UInt8, c SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY grp`,
    `CREATE MATERIALIZED VIEW ${table}_v1 TO ${table} AS SELECT id, grp, text FROM ${table}_in`,
    `CREATE MATERIALIZED VIEW ${table}_v2 TO ${table}_sum AS SELECT grp, count() AS c FROM ${table} GROUP BY grp`,
    `INSERT INTO ${table}_in SELECT number, number % 3, hex(cityHash64(number)) FROM numbers(${ROWS})`,
  ]) {
    await connection.command(sql);
  }
  return options;
}

/** Rows, distinct rows and hash of the table, and what the view behind it has counted. */
async function contents(connection: Connection, table: string, counter = table): Promise<unknown> {
  return connection.query(
    `SELECT count() AS c, uniqExact(id) AS ids, sum(cityHash64(*)) AS h, (SELECT sum(c) FROM ${counter}_sum) AS counted FROM ${table}`,
  );
}

/** Starts a runner process and kills it in the middle of its second chunk. */
async function killedInCopy(url: string, options: RebuildOptions): Promise<void> {
  const child = fork(join(__dirname, "runs-process.ts"), [url, JSON.stringify(options)], {
    execArgv: [...TYPESCRIPT],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let said = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (said += text));
  const closed = once(child, "close");
  const reached = await Promise.race([begun(child, /^INSERT INTO .*__c1_/), closed.then(() => false)]);
  assert.ok(reached, `the runner ended before: ${said}`);
  await sleep(60);
  child.kill("SIGKILL");
  const [, signal] = await closed;
  assert.equal(signal, "SIGKILL", said);
}

async function begun(child: ChildProcess, pattern: RegExp): Promise<true> {
  for (;;) {
    const [sql] = (await once(child, "message")) as [string];
    if (pattern.test(sql)) return true;
  }
}

describe("a rebuild whose connection is cut", () => {
  let connection: Connection;
  let database: string;
  let proxy: CutProxy;
  let number = 0;

  before(async () => {
    const { url } = await sharedServer();
    database = await freshDatabase({ url });
    connection = await openConnection({ url });
    proxy = await startProxy(url);
  });
  after(async () => {
    await proxy.close();
    await connection.command(`DROP DATABASE ${database} SYNC`);
    await connection.close();
  });

  /** Runs a rebuild through the proxy and cuts it a moment after a statement has begun, once. */
  /** @param after milliseconds from the beginning of the statement to the cut. */
  async function cutAt(
    pattern: RegExp,
    after = 60,
  ): Promise<{ table: string; operation: string; ended: Promise<RebuildResult> }> {
    number += 1;
    const options = { ...(await fill(connection, database, `t${number}`)), operation: newOperation() };
    let cuts = 0;
    const beforeStatement = (sql: string): void => {
      if (!pattern.test(sql) || cuts > 0) return;
      cuts += 1;
      setTimeout(() => assert.ok(proxy.cut() > 0), after);
    };
    const through = await openConnection({ url: proxy.url });
    const ended = rebuildTable(through, { ...options, beforeStatement }).finally(async () => {
      await through.close();
      assert.equal(cuts, 1);
    });
    return { table: `${database}.t${number}`, operation: options.operation, ended };
  }

  it("waits for a copy that continues without it", async () => {
    // On an idle machine the copy may be over before it is cut, and a later statement is hit; then it is tried again, and cut sooner.
    for (const after of [60, 30, 15, 8, 4]) {
      const { ended, operation, table } = await cutAt(/^INSERT INTO .*__c1_/, after);
      const error = await ended.then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error !== undefined) {
        assert.ok(error instanceof ConnectionError, String(error));
        await resume(REBUILD, connection, { database, operation });
      }
      assert.deepEqual(await contents(connection, table), await contents(connection, `${table}_in`, table));
      if (error === undefined) return;
    }
    assert.fail("no cut hit a copy");
  });

  it("stops at any other statement, and is resumed", async () => {
    // On an idle machine that statement is over by then, and a later one is hit, or none; each is right.
    const { ended, operation, table } = await cutAt(/^DETACH TABLE .*__new_/);
    const error = await ended.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error !== undefined) {
      assert.ok(error instanceof ConnectionError, String(error));
      assert.equal((await resume(REBUILD, connection, { database, operation })).rows, ROWS);
    }
    assert.deepEqual(await contents(connection, table), await contents(connection, `${table}_in`, table));
  });
});

describe("a rebuild whose runner process is killed in the middle of a copy", () => {
  it("resumes over HTTP, with rows written in between", async () => {
    const { url } = await sharedServer();
    const database = await freshDatabase({ url });
    const connection = await openConnection({ url });
    const options = await fill(connection, database, "t");
    await killedInCopy(url, options);
    const [found] = await unfinishedOperations(connection, database);
    assert.ok(found);
    assert.equal(found.step, "copy");
    assert.ok((found.rows ?? 0) < ROWS);
    await connection.command(`INSERT INTO ${database}.t_in SELECT ${ROWS} + number, 7, 'late' FROM numbers(500)`);
    const before = await contents(connection, `${database}.t`);
    const result = await resume(REBUILD, connection, found, { chunkRows: ROWS / 3 });
    assert.equal(result.rows, ROWS + 500);
    assert.deepEqual(await contents(connection, `${database}.t`), before);
    await connection.command(`DROP DATABASE ${database} SYNC`);
    await connection.close();
  });

  it("loses and doubles nothing under writers in an embedded engine, as in a server", async () => {
    const folder = mkdtempSync(join(temporaryBase(), "rebuild-chdb-"));
    const open = (): Promise<Connection> => openConnection({ url: `chdb://${folder}` });
    try {
      const connection = await open();
      for (const [index, variant] of VARIANTS.entries()) {
        if (index % 3 !== 0) continue;
        await connection.command(`CREATE DATABASE d${index}`);
        const run = await randomRun(open, `d${index}`, variant, index);
        const { lost, doubled, viewLost, viewDoubled, halfWay } = run;
        assert.deepEqual([lost, doubled, viewLost, viewDoubled, halfWay], [0, 0, 0, 0, 0], variant.name);
        assert.ok(run.crashes > 0);
      }
      await connection.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("speaks of no users at the preview in an embedded engine, which has none", async () => {
    const folder = mkdtempSync(join(temporaryBase(), "rebuild-chdb-"));
    const connection = await openConnection({ url: `chdb://${folder}` });
    try {
      await connection.command("CREATE DATABASE d");
      const { unseen, refusals } = await previewRebuild(connection, await fill(connection, "d", "t"));
      assert.deepEqual({ unseen, refusals }, { unseen: undefined, refusals: [] });
    } finally {
      await connection.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("resumes in an embedded engine", async () => {
    const folder = mkdtempSync(join(temporaryBase(), "rebuild-chdb-"));
    const url = `chdb://${folder}`;
    try {
      const first = await openConnection({ url });
      await first.command("CREATE DATABASE d");
      const options = await fill(first, "d", "t");
      const before = await contents(first, "d.t");
      await first.close();
      await killedInCopy(url, options);
      const connection = await openConnection({ url });
      const [found] = await unfinishedOperations(connection, "d");
      assert.ok(found);
      assert.equal(found.step, "copy");
      const gates: boolean[] = [];
      const result = await resume(REBUILD, connection, found, {
        chunkRows: ROWS / 3,
        onGate: (shut) => gates.push(shut),
      });
      assert.equal(result.rows, ROWS);
      assert.deepEqual(gates, [true, false]);
      assert.deepEqual(await contents(connection, "d.t"), before);
      assert.deepEqual(await unfinishedOperations(connection, "d"), []);
      await connection.command("INSERT INTO d.t_in SELECT 9999999, 1, 'after'");
      assert.deepEqual(await connection.query("SELECT count() AS c FROM d.t"), [{ c: `${ROWS + 1}` }]);
      await connection.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
