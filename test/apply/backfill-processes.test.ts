import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { BACKFILL, backfillViews, createWithBackfill, findUnfinished } from "../../provider/src/apply/backfill/index";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { resume } from "../../provider/src/operation/engine";
import {
  freePort,
  freshDatabase,
  sharedServer,
  sleep,
  startServer,
  type TestServer,
  temporaryBase,
} from "../support/server";
import { BACKFILL_CASES } from "./backfill-cases";
import { randomBackfill } from "./backfill-runs";
import { startProxy } from "./runs-proxy";
import { skipSelfTest } from "./tables";

const ROWS = 400_000;
/** Takes a while, so that it can be cut off in the middle. */
const VIEW = "CREATE MATERIALIZED VIEW @.v TO @.na AS SELECT id, hex(SHA512(toString(id))) AS text FROM @.t";

/** A table with rows, and an empty target. */
async function fill(connection: Connection, database: string): Promise<void> {
  await skipSelfTest(connection, database);
  for (const sql of [
    "CREATE TABLE @.t (id UInt64, grp UInt8) ENGINE = MergeTree PARTITION BY grp ORDER BY id",
    "CREATE TABLE @.na (id UInt64, text String) ENGINE = MergeTree PARTITION BY id % 3 ORDER BY id",
    `INSERT INTO @.t SELECT number, number % 2 FROM numbers(${ROWS})`,
  ]) {
    await connection.command(sql.replaceAll("@", database));
  }
}

/** Asserts that the target has each of so many rows once. */
async function assertOnce(connection: Connection, database: string, count: number): Promise<void> {
  const [row] = await connection.query(
    `SELECT count() AS c, uniqExact(id) AS ids, max(id) AS most FROM ${database}.na WHERE text = hex(SHA512(toString(id)))`,
  );
  assert.deepEqual(row, { c: `${count}`, ids: `${count}`, most: `${count - 1}` });
}

describe("a backfill whose connection is cut", () => {
  it("waits for a chunk that continues without it", async () => {
    const { url } = await sharedServer();
    const database = await freshDatabase({ url });
    const connection = await openConnection({ url });
    await fill(connection, database);
    const proxy = await startProxy(url);
    const through = await openConnection({ url: proxy.url });
    let cuts = 0;
    const beforeStatement = (sql: string): void => {
      if (!/^INSERT INTO .*__c0_/.test(sql) || cuts > 0) return;
      cuts += 1;
      setTimeout(() => proxy.cut(), 60);
    };
    const { rows } = await createWithBackfill(through, [VIEW.replaceAll("@", database)], { beforeStatement });
    assert.deepEqual([rows, cuts], [ROWS, 1]);
    await assertOnce(connection, database, ROWS);
    await through.close();
    await proxy.close();
    await connection.command(`DROP DATABASE ${database} SYNC`);
    await connection.close();
  });
});

/** Statements in whose middle the server is killed. */
const KILLS: readonly (readonly [name: string, mode: "create" | "refill", pattern: RegExp])[] = [
  ["the snapshot is linked", "create", /ATTACH PARTITION ALL FROM \S+\.t$/],
  ["the view is created", "create", /^CREATE MATERIALIZED VIEW \S+\.v /],
  ["a chunk is computed", "create", /^INSERT INTO \S+__c0_[\s\S]*grp|^INSERT INTO \S+__c0_/],
  ["rows are attached", "create", /ATTACH PARTITION ALL FROM \S+__c0_/],
  ["the twins are created", "refill", /^CREATE MATERIALIZED VIEW \S+__new_/],
  ["the tables are exchanged", "refill", /^EXCHANGE TABLES/],
  ["the old table is renamed", "refill", /^RENAME TABLE/],
];

describe("a backfill whose server is killed while", () => {
  for (const [name, mode, pattern] of KILLS) {
    it(name, async () => {
      const dataDir = mkdtempSync(join(temporaryBase(), "backfill-killed-"));
      let server: TestServer | undefined;
      try {
        const port = await freePort();
        server = await startServer({ dataDir, port });
        const connection = await openConnection({ url: server.url });
        await connection.command("CREATE DATABASE d");
        await fill(connection, "d");
        if (mode === "refill") await connection.command(VIEW.replaceAll("@", "d"));
        await connection.command(`INSERT INTO d.t SELECT ${ROWS} + number, 2 FROM numbers(1000)`);
        const [victim, delay] = [server, Math.random() * 30];
        let killed: Promise<void> | undefined;
        const beforeStatement = (sql: string): void => {
          if (pattern.test(sql) && killed === undefined) killed = sleep(delay).then(() => victim.kill());
        };
        const options = { chunk: ROWS / 4, beforeStatement };
        const begin = (one: Connection, more = {}) =>
          mode === "create"
            ? createWithBackfill(one, [VIEW.replaceAll("@", "d")], { ...options, ...more })
            : backfillViews(one, [{ database: "d", name: "v" }], { ...options, ...more });
        await begin(connection).catch(() => undefined);
        assert.ok(killed !== undefined, "the statement was not met");
        await killed;
        await connection.close();
        server = await startServer({ dataDir, port });
        const again = await openConnection({ url: server.url });
        await sleep(100);
        const late = `INSERT INTO d.t SELECT ${ROWS + 1000} + number, 2 FROM numbers(500)`;
        // The gate of the dead one opens by itself.
        while ((await again.command(late).catch((error: unknown) => error)) !== undefined) await sleep(200);
        const [found] = await findUnfinished(again, "d");
        if (found !== undefined) await resume(BACKFILL, again, found);
        await again.command(`INSERT INTO d.t SELECT ${ROWS + 1500} + number, 2 FROM numbers(500)`);
        await assertOnce(again, "d", ROWS + 2000);
        await again.close();
      } finally {
        await server?.kill();
        rmSync(dataDir, { recursive: true, force: true });
      }
    });
  }
});

describe("a backfill in an embedded engine", () => {
  it("loses and doubles nothing under writers, as in a server", async () => {
    const folder = mkdtempSync(join(temporaryBase(), "backfill-chdb-"));
    const open = (): Promise<Connection> => openConnection({ url: `chdb://${folder}` });
    try {
      const connection = await open();
      for (const [index, one] of BACKFILL_CASES.entries()) {
        if (index % 3 !== 0) continue;
        await connection.command(`CREATE DATABASE d${index}`);
        const { crashes, diedAt, gates, ids, refused, result, surprises, ...losses } = await randomBackfill(
          open,
          `d${index}`,
          one,
          index + 1,
        );
        const found = Object.entries(losses).filter(([, count]) => count !== 0);
        assert.deepEqual([found, surprises], [[], []], `${one.name}: ${diedAt.join("; ")}`);
        assert.ok(ids > 160 && crashes + refused + gates.length > 0 && result.rows > 0);
      }
      await connection.close();
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
