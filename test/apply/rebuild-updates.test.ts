import assert from "node:assert/strict";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild/index";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { freshDatabase, sharedServer, startServer, stopSharedServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";

const UPDATE = "SETTINGS enable_lightweight_update = 1, allow_experimental_lightweight_update = 1";

for (const version of ["26.7", ...testedVersions(["25.8"])] as const) {
  describe(`a rebuild under a lightweight UPDATE, on ${version}`, function () {
    this.timeout(120_000);
    let server: TestServer | undefined;
    let connection: Connection;

    before(async () => {
      if (version !== "26.7") server = await startServer({ version });
      connection = await openConnection({ url: (server ?? (await sharedServer())).url });
    });

    after(async () => {
      await connection?.close();
      await (server?.stop() ?? stopSharedServer());
    });

    it("is refused while values are not in the parts, before the tables are exchanged", async () => {
      const { rebuild, table, value } = await prepare();
      const updates = onceAt("'chunk:0'", `UPDATE ${table} SET b = 2 WHERE a = 1 ${UPDATE}`);
      await assert.rejects(rebuild(updates), /has lightweight updates that are not merged into their parts yet/);
      assert.equal(await value(), "2");
    });

    it("drops nothing when one comes in the moment of the exchange", async () => {
      const { rebuild, table, value } = await prepare();
      const updates = onceAt(`EXCHANGE TABLES ${table}`, `UPDATE ${table} SET b = 2 WHERE a = 1 ${UPDATE}`);
      const error = await rebuild(updates).then(
        () => "",
        ({ message }: Error) => message,
      );
      const [, old = ""] =
        /rows were changed by a lightweight update\. .*the old one with all its rows is (\S+)\.\n/.exec(error) ?? [];
      assert.deepEqual([await value(), await value(old)], ["1", "2"], error);
    });

    it("copies what was applied after its rows were copied", async () => {
      const { rebuild, table, value } = await prepare();
      const apply = `ALTER TABLE ${table} APPLY PATCHES SETTINGS mutations_sync = 1`;
      await rebuild(onceAt("'chunk:0'", `UPDATE ${table} SET b = 2 WHERE a = 1 ${UPDATE}`, apply));
      assert.equal(await value(), "2");
    });

    it("is refused when it begins before they were applied", async () => {
      const { rebuild, table, value } = await prepare();
      await connection.command(`UPDATE ${table} SET b = 2 WHERE a = 1 ${UPDATE}`);
      await assert.rejects(rebuild(), /has lightweight updates.*APPLY PATCHES, wait for it, and run again/s);
      await connection.command(`ALTER TABLE ${table} APPLY PATCHES SETTINGS mutations_sync = 1`);
      await rebuild();
      assert.equal(await value(), "2");
    });

    /** Runs statements before the operation's first one that has a text in it. */
    function onceAt(text: string, ...statements: readonly string[]): (sql: string) => Promise<void> {
      let isDone = false;
      return async (sql) => {
        if (isDone || !sql.includes(text)) return;
        isDone = true;
        for (const statement of statements) await connection.command(statement);
      };
    }

    async function prepare() {
      const database = await freshDatabase(server ?? (await sharedServer()));
      const table = `${database}.t`;
      const settings = "SETTINGS enable_block_number_column = 1, enable_block_offset_column = 1";
      await connection.command(`CREATE TABLE ${table} (a UInt64, b UInt64) ENGINE = MergeTree ORDER BY a ${settings}`);
      await connection.command(`INSERT INTO ${table} VALUES (1, 1)`);
      const [row] = await connection.query<{ text: string }>(
        `SELECT create_table_query AS text FROM system.tables WHERE database = '${database}' AND name = 't'`,
      );
      const from = row?.text ?? "";
      const rebuild = (beforeStatement: (sql: string) => Promise<void> = async () => undefined) =>
        rebuildTable(connection, {
          ...{ from, to: from.replace("ORDER BY a", "ORDER BY (a, b)") },
          ...{ operation: newOperation(), beforeStatement },
        });
      const value = async (of = table): Promise<string> => {
        const [found] = await connection.query<{ b: string }>(`SELECT toString(b) AS b FROM ${of}`);
        return found?.b ?? "gone";
      };
      return { rebuild, table, value };
    }
  });
}
