import assert from "node:assert/strict";
import fc from "fast-check";
import {
  isWorkingTable,
  newOperation,
  previewRebuild,
  type RebuildPreview,
  rebuildTable,
  removeRetired,
  retiredTables,
  workingTables,
} from "../../provider/src/apply/rebuild/index";
import type { RebuildOptions } from "../../provider/src/apply/rebuild/options";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { freshDatabase, sharedServer } from "../support/server";
import { Crash } from "./runs";

describe("what operations leave and need in a database", () => {
  let connection: Connection;
  let database: string;
  let options: RebuildOptions;

  before(async () => {
    connection = await openConnection({
      url: (await sharedServer()).url,
      username: process.env["CLICKHOUSE_USER"] ?? "default",
      password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
    });
  });
  beforeEach(async () => {
    database = await freshDatabase(await sharedServer());
    const table = `CREATE TABLE ${database}.t (\`a\` UInt64)`;
    options = {
      from: `${table} ENGINE = MergeTree ORDER BY a`,
      to: `${table} ENGINE = MergeTree PARTITION BY a % 2 ORDER BY a`,
      operation: newOperation(),
    };
    await connection.command(options.from);
    await connection.command(`INSERT INTO ${database}.t SELECT number FROM numbers(100)`);
  });
  afterEach(() => connection.command(`DROP DATABASE ${database} SYNC`));
  after(() => connection.close());

  it("are names of helper tables, told from a user's by their form", () => {
    for (let n = 0; n < 200; n += 1) {
      const operation = newOperation();
      assert.match(operation, /^[a-f][0-9a-f]{7}$/);
      for (const kind of ["new", "old", "delta", "snap", "c0", "c117"]) {
        assert.equal(isWorkingTable(`a table__${kind}_${operation}`), true);
      }
    }
    assert.equal(isWorkingTable("_schema_ops"), true);
    assert.equal(isWorkingTable("_schema_selftest_a"), true);
    for (const name of ["foo__old_2024", "foo__old_20240131", "foo_old_a1b2c3d4", "__old_", "schema_ops", "x__c1_"]) {
      assert.equal(isWorkingTable(name), false, name);
    }
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 0, max: 99_999_999 }), (text, date) => {
        assert.equal(isWorkingTable(`${text}__old_${String(date).padStart(8, "0")}`), false);
      }),
    );
  });

  it("are tables, told from a user's by the journal, whatever the operation's name", async () => {
    await connection.command(`CREATE TABLE ${database}.foo__old_a1b2c3d4 (a UInt8) ENGINE = MergeTree ORDER BY a`);
    await connection.command(`CREATE TABLE ${database}.foo__old_2024 (a UInt8) ENGINE = MergeTree ORDER BY a`);
    const beforeStatement = (sql: string): void => {
      if (sql.startsWith("TRUNCATE")) throw new Crash(sql);
    };
    const operation = "summer_2024";
    await assert.rejects(rebuildTable(connection, { ...options, operation, beforeStatement }), Crash);
    assert.deepEqual(await workingTables(connection, database), [
      "_schema_ops",
      `t__c0_${operation}`,
      `t__new_${operation}`,
    ]);
    await rebuildTable(connection, { ...options, operation });
    assert.deepEqual(await workingTables(connection, database), ["_schema_ops", `t__old_${operation}`]);
  });

  it("are old tables, listed with their size and time until they are removed", async () => {
    assert.deepEqual(await retiredTables(connection, database), []);
    const { keepUntil, operation, retired } = await rebuildTable(connection, { ...options, keepOld: 1000 });
    const [found, ...others] = await retiredTables(connection, database);
    assert.ok(found);
    assert.deepEqual(others, []);
    const { bytes, ...rest } = found;
    assert.deepEqual(rest, {
      operation,
      name: retired,
      bareName: retired.split(".")[1],
      of: `${database}\0t`,
      rows: 100,
      keepUntil,
      isDue: false,
    });
    assert.ok(bytes > 0);
    assert.deepEqual(await removeRetired(connection, database, keepUntil), [retired]);
    assert.deepEqual(await retiredTables(connection, database), []);
  });

  const preview = async (change: Partial<RebuildOptions> = {}): Promise<RebuildPreview> =>
    previewRebuild(connection, { ...options, ...change });

  it("are told by a preview that changes nothing", async () => {
    const tables = `SELECT name, uuid, metadata_modification_time AS m FROM system.tables WHERE database = '${database}' ORDER BY name`;
    const before = await connection.query(tables);
    const { bytes, free, ...rest } = await preview();
    assert.deepEqual(rest, { rows: 100, gated: false, longest: 4, refusals: [], unseen: undefined });
    assert.ok(bytes > 0);
    assert.ok(free !== undefined && free > bytes);
    assert.deepEqual(await connection.query(tables), before);
    await connection.command(`CREATE TABLE ${database}.seen (a UInt64) ENGINE = MergeTree ORDER BY a`);
    await connection.command(
      `CREATE MATERIALIZED VIEW ${database}.v TO ${database}.seen AS SELECT a FROM ${database}.t`,
    );
    assert.equal((await preview()).gated, true);
    assert.equal((await preview({ mode: "offline" })).gated, false);
  });

  it("are refused by a preview in the words of the rebuild, all at once", async () => {
    await connection.command(`ALTER TABLE ${database}.t DELETE WHERE throwIf(a > 0) SETTINGS mutations_sync = 0`);
    const change = {
      to: options.to.replace("`a` UInt64", "`b` UInt64").replaceAll("a % 2 ORDER BY a", "b % 2 ORDER BY b"),
      spaceFactor: 1e12,
    };
    const { refusals } = await preview(change);
    assert.deepEqual(
      refusals.map(({ code }) => code),
      ["change-unsupported", "mutation-unfinished", "no-space"],
    );
    for (const [index, pattern] of [
      /keeps none of the old columns/,
      /mutation\(s\) are unfinished/,
      /is free on disk/,
    ].entries()) {
      assert.match(refusals[index]?.message ?? "", pattern);
    }
    await assert.rejects(rebuildTable(connection, { ...options, ...change }), {
      message: refusals.map(({ message }) => message).join("\n"),
    });
    await connection.command(`KILL MUTATION WHERE database = '${database}' SYNC`);
    assert.deepEqual((await preview()).refusals, []);
    const beforeStatement = (sql: string): void => {
      if (sql.startsWith("TRUNCATE")) throw new Crash(sql);
    };
    await assert.rejects(rebuildTable(connection, { ...options, beforeStatement }), Crash);
    assert.match(
      (await preview()).refusals.map(({ message }) => message).join(),
      new RegExp(`operation ${options.operation} \\(rebuild of .*\\) is not finished`),
    );
    await rebuildTable(connection, options);
    await connection.command(`DROP TABLE ${database}.t SYNC`);
    assert.match((await preview()).refusals.map(({ message }) => message).join(), /does not exist/);
  });
});
