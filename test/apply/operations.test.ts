import assert from "node:assert/strict";
import { abortOperation, resumeOperation, unfinishedOperations } from "../../provider/src/apply/operations";
import { REBUILD, rebuildTable, removeRetired } from "../../provider/src/apply/rebuild/index";
import type { RebuildOptions } from "../../provider/src/apply/rebuild/options";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { SchemaError } from "../../provider/src/errors";
import { abort, resume } from "../../provider/src/operation/engine";
import { quotedName } from "../../provider/src/sql/object-key";
import { freshDatabase, sharedServer } from "../support/server";
import { Crash } from "./runs";

describe("operations on a table", () => {
  let connection: Connection;
  let database: string;
  let number = 0;

  before(async () => {
    connection = await openConnection({
      url: (await sharedServer()).url,
      username: process.env["CLICKHOUSE_USER"] ?? "default",
      password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
    });
    database = await freshDatabase(await sharedServer());
  });
  after(async () => {
    await connection.command(`DROP DATABASE ${database} SYNC`);
    await connection.close();
  });

  /** A table of its own for each test, filled, with both definitions. */
  async function table(
    columns: string,
    from: string,
    to: string,
    toColumns = columns,
  ): Promise<RebuildOptions & { name: string }> {
    number += 1;
    const name = `${database}.t${number}`;
    const options = {
      name,
      from: `CREATE TABLE ${name} ${columns} ${from}`,
      to: `CREATE TABLE ${name} ${toColumns} ${to}`,
      operation: `op${number}`,
    };
    await connection.command(options.from);
    return options;
  }

  const plain = async (): Promise<RebuildOptions & { name: string }> => {
    const options = await table(
      "(`a` UInt64)",
      "ENGINE = MergeTree ORDER BY a",
      "ENGINE = MergeTree PARTITION BY a % 2 ORDER BY a",
    );
    await connection.command(`INSERT INTO ${options.name} SELECT number FROM numbers(100)`);
    return options;
  };

  const dyingBefore = (pattern: RegExp): Pick<RebuildOptions, "beforeStatement"> => ({
    beforeStatement: (sql) => {
      if (pattern.test(sql)) throw new Crash(sql);
    },
  });

  it("are aborted at any time before the exchange, back to the old table", async () => {
    for (const pattern of [
      /'new'/,
      /^INSERT INTO .*__c0_/,
      /'passes'/,
      /^TRUNCATE/,
      /ADD CONSTRAINT/,
      /^EXCHANGE TABLES .*__new_/,
    ]) {
      const options = await plain();
      await connection.command(`CREATE TABLE ${options.name}_seen (a UInt64) ENGINE = MergeTree ORDER BY a`);
      await connection.command(
        `CREATE MATERIALIZED VIEW ${options.name}_view TO ${options.name}_seen AS SELECT a FROM ${options.name}`,
      );
      const before = await statement(options.name);
      await assert.rejects(rebuildTable(connection, { ...options, ...dyingBefore(pattern) }), Crash);
      const [found] = await unfinishedOperations(connection, database);
      assert.ok(found);
      assert.deepEqual(found.keys.map(quotedName), [options.name, options.name]);
      assert.equal(found.canAbort, true);
      await abort(REBUILD, connection, found);
      assert.equal(await statement(options.name), before);
      assert.deepEqual(await connection.query(`SELECT count() AS c, sum(a) AS s FROM ${options.name}`), [
        { c: "100", s: "4950" },
      ]);
      assert.deepEqual(await helpers(options.name), []);
      assert.deepEqual(await unfinishedOperations(connection, database), []);
      await refused(resume(REBUILD, connection, found), /was aborted/);
      await connection.command(`INSERT INTO ${options.name} SELECT 1000`);
      await connection.command(`OPTIMIZE TABLE ${options.name} FINAL SETTINGS optimize_throw_if_noop = 1`);
      assert.deepEqual(await connection.query(`SELECT a FROM ${options.name}_seen`), [{ a: "1000" }]);
      // What was aborted blocks nobody.
      await rebuildTable(connection, { ...options, operation: `${options.operation}_again` });
    }
  });

  it("are resumed where an abort was cut off, as an abort", async () => {
    const options = await plain();
    await assert.rejects(rebuildTable(connection, { ...options, ...dyingBefore(/^EXCHANGE TABLES .*__new_/) }), Crash);
    const target = { database, operation: options.operation };
    await assert.rejects(abort(REBUILD, connection, target, dyingBefore(/^DROP TABLE/)), Crash);
    await refused(resume(REBUILD, connection, target), /abort it again/);
    await abort(REBUILD, connection, target);
    assert.deepEqual(await helpers(options.name), []);
  });

  it("go forward only after the exchange", async () => {
    const options = await plain();
    // Before the exchange the same statement is tried on the new table.
    let exchanged = false;
    const died = dyingBefore(/^DETACH TABLE .*__new_/);
    const beforeStatement = (sql: string): void => {
      exchanged ||= /^EXCHANGE TABLES .*__new_/.test(sql);
      if (exchanged) died.beforeStatement?.(sql);
    };
    await assert.rejects(rebuildTable(connection, { ...options, beforeStatement }), Crash);
    const [found] = await unfinishedOperations(connection, database);
    assert.ok(found);
    assert.equal(found.canAbort, false);
    assert.equal(found.step, "barrier");
    assert.equal(found.rows, 100);
    await refused(abort(REBUILD, connection, found), /cannot be rolled back/);
    await resume(REBUILD, connection, found);
    assert.deepEqual(await unfinishedOperations(connection, database), []);
    await refused(abort(REBUILD, connection, found), /cannot be rolled back/);
  });

  it("leave the old table for the time asked, and no longer", async () => {
    const options = await plain();
    const result = await rebuildTable(connection, { ...options, keepOld: 1000 });
    assert.deepEqual(await removeRetired(connection, database, result.keepUntil - 1), []);
    assert.deepEqual(await connection.query(`SELECT count() AS c FROM ${result.retired}`), [{ c: "100" }]);
    assert.deepEqual(await removeRetired(connection, database, result.keepUntil), [result.retired]);
    assert.deepEqual(await removeRetired(connection, database, result.keepUntil), []);
    assert.deepEqual(await helpers(options.name), []);
  });

  it("do not drop somebody else's table of that name", async () => {
    const options = await plain();
    const result = await rebuildTable(connection, { ...options, keepOld: 0 });
    await connection.command(`DROP TABLE ${result.retired} SYNC`);
    await connection.command(`CREATE TABLE ${result.retired} (a UInt8) ENGINE = MergeTree ORDER BY a`);
    assert.deepEqual(await removeRetired(connection, database, result.keepUntil), []);
    await connection.command(`DROP TABLE ${result.retired}`);
  });

  it("are one at a time for a table, and done once", async () => {
    const options = await plain();
    await assert.rejects(rebuildTable(connection, { ...options, ...dyingBefore(/'passes'/) }), Crash);
    await refused(rebuildTable(connection, { ...options, operation: "another" }), /is not finished/);
    await refused(
      rebuildTable(connection, { ...options, to: options.to.replace("a % 2", "a % 3") }),
      /does something else/,
    );
    const result = await rebuildTable(connection, options);
    assert.deepEqual(await rebuildTable(connection, options), result);
  });

  it("stop on request and resume later", async () => {
    const options = await plain();
    const abort = new AbortController();
    const beforeStatement = (sql: string): void => {
      if (sql.startsWith("TRUNCATE")) abort.abort();
    };
    await refused(
      rebuildTable(connection, { ...options, signal: abort.signal, beforeStatement }),
      /stopped on request/,
    );
    assert.equal((await rebuildTable(connection, options)).rows, 100);
  });

  it("that a later version started are listed and waited for, and neither resumed nor aborted", async () => {
    const options = await plain();
    await rebuildTable(connection, { ...options, keepOld: 0 });
    const name = options.name.slice(database.length + 1);
    for (const [operation, plan] of [
      ["future", { kind: "split", version: 1, from: { database, name }, to: { database, name }, startedAt: 1 }],
      ["later", { kind: "rebuild", version: 9, from: options.from, to: options.to, startedAt: 2 }],
      ["unclear", { kind: "rebuild" }],
    ] as const) {
      await connection.command(
        `INSERT INTO ${database}._schema_ops SELECT '${operation}', 'plan', '${JSON.stringify(plan)}', 1`,
      );
      const back = { ...options, from: options.to, to: options.from, operation: `${options.operation}_${operation}` };
      await refused(rebuildTable(connection, back), new RegExp(`operation ${operation} \\(.*\\) is not finished`));
      const [found, ...others] = await unfinishedOperations(connection, database);
      assert.ok(found);
      assert.deepEqual([others, found.operation, found.canAbort, found.isReadable], [[], operation, false, false]);
      const resumes = (): Promise<void> => resumeOperation(connection, found, () => undefined);
      for (const ends of [() => abortOperation(connection, found), resumes]) {
        await refused(ends(), new RegExp(`^Operation ${operation}: .* Another version of this package started it`));
      }
      await connection.command(`INSERT INTO ${database}._schema_ops SELECT '${operation}', 'aborted', 'true', 2`);
    }
    assert.deepEqual(await unfinishedOperations(connection, database), []);
  });

  it("give way to another runner that has taken over", async () => {
    const options = await plain();
    let taken = false;
    const beforeStatement = async (sql: string): Promise<void> => {
      if (!sql.startsWith("TRUNCATE") || taken) return;
      taken = true;
      await resume(REBUILD, connection, { database, operation: options.operation });
    };
    await assert.rejects(rebuildTable(connection, { ...options, beforeStatement }));
    assert.deepEqual(await connection.query(`SELECT count() AS c FROM ${options.name}`), [{ c: "100" }]);
  });

  it("say when the disk is too small: which, how much is needed, how much is free, and what to do", async () => {
    const options = await plain();
    await refused(
      rebuildTable(connection, { ...options, spaceFactor: 1e12 }),
      /needs [\d.]+ [KMGTP]iB, and [\d.]+ [KMGTP]iB is free on disk 'default' of policy 'default'\. Free some space .*storage_policy.*run again/,
    );
    assert.deepEqual(await unfinishedOperations(connection, database), []);
    assert.deepEqual(await helpers(options.name), []);
  });

  it("notice who writes during an offline rebuild, at any time of it", async () => {
    for (const moment of [/^INSERT INTO .*__c0_/, /^TRUNCATE/, /^ALTER TABLE .*__new_.* ATTACH/]) {
      const options = await plain();
      let written = 0;
      const beforeStatement = async (sql: string): Promise<void> => {
        if (moment.test(sql) && written++ === 0)
          await connection.command(`INSERT INTO ${options.name} SELECT 1 SETTINGS max_threads = 1`);
      };
      const statements: string[] = [];
      const offline = { ...options, mode: "offline" } as const;
      await refused(
        rebuildTable(connection, { ...offline, beforeStatement }),
        /1 row\(s\) were written during an offline rebuild.* Stop the writers and run again/,
      );
      const modes = new Set<string>();
      const result = await rebuildTable(connection, {
        ...offline,
        beforeStatement: (sql) => void statements.push(sql),
        onProgress: ({ mode }) => void modes.add(mode),
      });
      assert.equal(result.rows, 101);
      assert.equal(result.gated, false);
      assert.deepEqual([...modes], ["offline"]);
      assert.deepEqual(
        statements.filter((sql) => /CONSTRAINT/.test(sql)),
        [],
      );
    }
  });

  it("are refused with a reason where they cannot be safe", async () => {
    const options = await plain();
    const engine = (text: string): string => options.to.replace("MergeTree PARTITION BY a % 2 ORDER BY a", text);
    const cases: readonly [Partial<RebuildOptions>, RegExp][] = [
      [{ to: engine("Log") }, /Log keeps none in parts/],
      [{ to: engine("Distributed('c', 'd', 't')") }, /Distributed keeps none in parts/],
      [
        { to: engine("ReplicatedMergeTree('/p', 'r') ORDER BY a") },
        /has the engine ReplicatedMergeTree.*allow: \["unproven"\]/,
      ],
      [{ to: engine("SharedMergeTree ORDER BY a") }, /SharedMergeTree.*allow: \["unproven"\]/],
      [{ to: options.to.replace(options.name, `${options.name}_b`) }, /keeps the name/],
      [{ operation: "a-b" }, /letters, digits and underscores/],
    ];
    for (const [change, message] of cases) await refused(rebuildTable(connection, { ...options, ...change }), message);
    await connection.command(`ALTER TABLE ${options.name} DELETE WHERE throwIf(a > 0) SETTINGS mutations_sync = 0`);
    await refused(rebuildTable(connection, options), /mutation\(s\) are unfinished/);
    await connection.command(`KILL MUTATION WHERE database = '${database}' SYNC`);
    const seen = `${options.name}_seen`;
    await connection.command(
      `CREATE MATERIALIZED VIEW ${seen} REFRESH EVERY 1 YEAR TO ${options.name} AS SELECT toUInt64(1) AS a`,
    );
    await refused(rebuildTable(connection, options), /SYSTEM STOP VIEW/);
    await connection.command(`DROP VIEW ${seen} SYNC`);
    await connection.command(`CREATE TABLE ${options.name}_null (a UInt64) ENGINE = Null`);
    for (const n of [1, 2]) {
      await connection.command(
        `CREATE MATERIALIZED VIEW ${options.name}_v${n} TO ${options.name} AS SELECT a FROM ${options.name}_null`,
      );
    }
    await connection.command(`CREATE TABLE ${seen} (a UInt64) ENGINE = MergeTree ORDER BY a`);
    await connection.command(`CREATE MATERIALIZED VIEW ${options.name}_r TO ${seen} AS SELECT a FROM ${options.name}`);
    await refused(rebuildTable(connection, options), /\(Null, read by 2 view\(s\)\)/);
    await connection.command(`DROP VIEW ${options.name}_v2 SYNC`);
    await rebuildTable(connection, options);
  });

  async function statement(name: string): Promise<string | undefined> {
    const [row] = await connection.query<{ s: string }>(
      `SELECT create_table_query AS s FROM system.tables WHERE concat(database, '.', name) = '${name}'`,
    );
    return row?.s;
  }

  async function helpers(name: string): Promise<string[]> {
    const rows = await connection.query<{ name: string }>(
      `SELECT name FROM system.tables WHERE startsWith(concat(database, '.', name), '${name}__')`,
    );
    return rows.map((row) => row.name);
  }
});

async function refused(work: Promise<unknown>, message: RegExp): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof SchemaError, `a SchemaError is expected, it was: ${error}`);
    assert.match(error.message, message);
    return true;
  });
}
