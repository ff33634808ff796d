import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { createWithBackfill } from "../../provider/dist/apply/backfill/index.js";
import { newOperation, rebuildTable } from "../../provider/dist/apply/rebuild/index.js";
import { removeRetired } from "../../provider/dist/apply/rebuild/retired.js";
import type { Connection } from "../../provider/dist/connection/connection.js";
import { ServerError } from "../../provider/dist/connection/errors.js";
import { openConnection } from "../../provider/dist/connection/open.js";
import type { RunnerHooks } from "../../provider/dist/operation/runner.js";
import { freshDatabase, startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";
import { Crash, dyingAt } from "./runs";

/** Statements between two kills of a runner. */
const STEP = 12;
for (const version of testedVersions(["25.8"])) {
  for (const canRead of [true, false]) {
    describe(`who sees a part of a table's rows (${version}, users_without_row_policies_can_read_rows ${canRead})`, function () {
      this.timeout(600_000);
      let server: TestServer;
      let connection: Connection;
      let reader: Connection;
      let d: string;

      before(async () => {
        const setting = "users_without_row_policies_can_read_rows";
        const config = `<access_control_improvements><${setting}>${canRead}</${setting}></access_control_improvements>`;
        server = await startServer({ version, config });
        connection = await openConnection({ url: server.url });
        await connection.command("CREATE USER reader");
        reader = await openConnection({ url: server.url, username: "reader", password: "" });
      });
      beforeEach(async () => {
        d = await freshDatabase(server);
        for (const sql of [
          table("t"),
          table("x"),
          `INSERT INTO ${d}.t SELECT number, if(number % 2 = 0, 'mine', 'theirs') FROM numbers(1000)`,
          `GRANT SELECT ON ${d}.* TO reader`,
          `CREATE ROW POLICY p ON ${d}.t USING who = 'mine' TO reader`,
          `CREATE ROW POLICY q ON ${d}.t USING 1 TO default`,
        ]) {
          await connection.command(sql);
        }
      });
      after(async () => {
        await Promise.all([connection.close(), reader.close()]);
        await server.stop();
      });

      it("sees no more of them in any table of a rebuild whose runner is killed again and again, nor afterwards", async () => {
        const operation = newOperation();
        const leaks = await watching(() =>
          again((hooks) =>
            rebuildTable(connection, {
              from: table("t"),
              to: table("t", "who"),
              operation,
              keepOld: 0,
              chunkRows: 500,
              ...hooks,
            }),
          ),
        );
        assert.deepEqual(leaks, []);
        const [row] = await connection.query(`SELECT toUInt32(count()) AS rows FROM ${d}.t__old_${operation}`);
        assert.deepEqual(row, { rows: 1000 }, "the deployer sees all of them");
        await removeRetired(connection, d, Number.MAX_SAFE_INTEGER);
        assert.deepEqual(await policies(), ["p ON t", "q ON t"]);
      });

      it("sees no more of them in any table of a backfill, and no policy is left", async () => {
        const view = `CREATE MATERIALIZED VIEW ${d}.v TO ${d}.x (\`a\` UInt64, \`who\` String) AS SELECT a, who FROM ${d}.t`;
        const leaks = await watching(() => again((hooks) => createWithBackfill(connection, [view], { ...hooks })));
        // Who may read the target is declared for the target; the view shows its rows.
        assert.deepEqual(
          leaks.filter((name) => name !== "x" && name !== "v"),
          [],
        );
        const [row] = await connection.query(`SELECT toUInt32(count()) AS rows FROM ${d}.x`);
        assert.deepEqual(row, { rows: 1000 });
        assert.deepEqual(await policies(), ["p ON t", "q ON t"]);
      });

      function table(name: string, orderBy = "a"): string {
        return `CREATE TABLE ${d}.${name} (\`a\` UInt64, \`who\` String) ENGINE = MergeTree ORDER BY ${orderBy}`;
      }

      /** Runs something with runners that die, the last one not. */
      async function again(work: (hooks: RunnerHooks) => Promise<unknown>): Promise<void> {
        for (let dieAt = 4; ; dieAt += STEP) {
          try {
            await work(dieAt > 60 ? {} : (dyingAt(dieAt) as RunnerHooks));
            return;
          } catch (error) {
            if (!(error instanceof Crash)) throw error;
            await sleep(30);
          }
        }
      }

      /** Reads every table all the time while something is done. @returns those that showed what is not the reader's. */
      async function watching(work: () => Promise<void>): Promise<string[]> {
        const leaks = new Set<string>();
        let [over, reads] = [false, 0];
        const watch = async (): Promise<void> => {
          for (; !over; await sleep(10)) {
            const tables = await connection.query<{ name: string }>(
              `SELECT name FROM system.tables WHERE database = '${d}' AND name != '_schema_ops'`,
            );
            for (const { name } of tables) {
              const rows = await reader
                .query<{ who: string }>(`SELECT DISTINCT who FROM ${d}.\`${name}\``)
                .catch((error: unknown) => {
                  // Tables come and go under the reader; what is refused shows nothing.
                  if (error instanceof ServerError) return [];
                  throw error;
                });
              reads += 1;
              if (rows.some(({ who }) => who === "theirs")) leaks.add(name);
            }
          }
        };
        const watcher = watch();
        await work();
        over = true;
        await watcher;
        assert.ok(reads > 10, `only ${reads} reads`);
        return [...leaks];
      }

      async function policies(): Promise<string[]> {
        const rows = await connection.query<{ policy: string }>(
          `SELECT concat(short_name, ' ON ', table) AS policy FROM system.row_policies WHERE database = '${d}' ORDER BY policy`,
        );
        return rows.map(({ policy }) => policy);
      }
    });
  }
}
