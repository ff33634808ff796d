import assert from "node:assert/strict";
import { newOperation, REBUILD, rebuildTable } from "../../provider/src/apply/rebuild/index";
import type { RebuildOptions } from "../../provider/src/apply/rebuild/options";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { SchemaError } from "../../provider/src/errors";
import { abort } from "../../provider/src/operation/engine";
import { freshDatabase, sharedServer } from "../support/server";

describe("the verification of a rebuild", () => {
  let connection: Connection;
  let database: string;
  let options: RebuildOptions;
  const COPY = /INSERT INTO (\S+__c0_\S+)/;

  before(async () => {
    connection = await openConnection({
      url: (await sharedServer()).url,
      username: process.env["CLICKHOUSE_USER"] ?? "default",
      password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
    });
    database = await freshDatabase(await sharedServer());
  });
  beforeEach(async () => {
    const table = `CREATE TABLE ${database}.t (\`a\` UInt64, \`b\` Nullable(String))`;
    options = {
      from: `${table} ENGINE = MergeTree ORDER BY a`,
      to: `${table} ENGINE = MergeTree PARTITION BY a % 2 ORDER BY a`,
      operation: newOperation(),
    };
    await connection.command(options.from);
    await connection.command(
      `INSERT INTO ${database}.t SELECT number, if(number % 3 = 0, NULL, 'x') FROM numbers(1000)`,
    );
  });
  afterEach(async () => {
    await abort(REBUILD, connection, { database, operation: options.operation });
    assert.deepEqual(await connection.query(`SELECT count() AS c, sum(a) AS s FROM ${database}.t`), [
      { c: "1000", s: "499500" },
    ]);
    await connection.command(`DROP TABLE ${database}.t SYNC`);
  });
  after(async () => {
    await connection.command(`DROP DATABASE ${database} SYNC`);
    await connection.close();
  });

  /** The connection, over which each copy arrives damaged. */
  function damaging(damage: (copy: string) => string): Connection {
    const { url, version, capabilities } = connection;
    return {
      url,
      version,
      capabilities,
      query: (sql, params) => connection.query(sql, params),
      insert: (table, rows) => connection.insert(table, rows),
      close: () => connection.close(),
      command: async (sql) => {
        await connection.command(sql);
        const copy = COPY.exec(sql)?.[1];
        if (copy !== undefined) await connection.command(damage(copy));
      },
    };
  }

  for (const [what, damage] of [
    ["a changed value", (copy) => `ALTER TABLE ${copy} UPDATE b = 'y' WHERE a = 7 SETTINGS mutations_sync = 2`],
    ["a NULL that became empty", (copy) => `ALTER TABLE ${copy} UPDATE b = '' WHERE a = 9 SETTINGS mutations_sync = 2`],
    [
      "values of two rows exchanged",
      (copy) => `ALTER TABLE ${copy} UPDATE b = if(a = 3, 'x', NULL) WHERE a IN (3, 4) SETTINGS mutations_sync = 2`,
    ],
  ] as readonly [string, (copy: string) => string][]) {
    it(`finds ${what} in the copy, and stops before anything is lost`, async () => {
      await assert.rejects(rebuildTable(damaging(damage), options), (error) => {
        assert.ok(error instanceof SchemaError);
        assert.match(error.message, /as many rows as they have \(1000\), but not the same values/);
        return true;
      });
    });
  }

  it("finds a missing row and one too many: copied again, and again wrong, it stops", async () => {
    const damages = [
      (copy: string) => `ALTER TABLE ${copy} DELETE WHERE a = 7 SETTINGS mutations_sync = 2`,
      (copy: string) => `INSERT INTO ${copy} SELECT 7, 'x'`,
    ];
    for (const [index, damage] of damages.entries()) {
      // What fails for good is taken back, and its name is used up.
      const own = index === 0 ? options : { ...options, operation: newOperation() };
      await assert.rejects(rebuildTable(damaging(damage), own), /cannot be read as they are stored/);
    }
  });

  it("finds a row that somebody has put into the new storage before the exchange", async () => {
    const beforeStatement = async (sql: string): Promise<void> => {
      if (/^ALTER TABLE \S+__new_\S+ ATTACH/.test(sql))
        await connection.command(`INSERT INTO ${database}.t__new_${options.operation} SELECT 1, 'x'`);
    };
    await assert.rejects(rebuildTable(connection, { ...options, beforeStatement }), /differ from the copied ones/);
  });
});
