import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { readStatus, renderStatusTable, type ServerStatus } from "../../provider/src/status";
import { sleep, startServer, type TestServer, temporaryBase } from "../support/server";

const LOG = `<clickhouse><query_views_log>
  <database>system</database><table>query_views_log</table><flush_interval_milliseconds>200</flush_interval_milliseconds>
</query_views_log></clickhouse>`;

describe("the status of views on a server that logs them", () => {
  let server: TestServer;
  let connection: Connection;
  let dataDir: string;

  before(async () => {
    dataDir = mkdtempSync(join(temporaryBase(), "clickhouse-view-log-"));
    mkdirSync(join(dataDir, "config.d"));
    writeFileSync(join(dataDir, "config.d/views.xml"), LOG);
    server = await startServer({ dataDir });
    connection = await openConnection({ url: server.url });
    for (const sql of [
      "CREATE DATABASE d",
      "CREATE TABLE d.t (n UInt8) ENGINE = MergeTree ORDER BY n",
      "CREATE MATERIALIZED VIEW d.mv ENGINE = MergeTree ORDER BY n AS SELECT throwIf(n = 7, 'seven is not allowed') AS n FROM d.t",
    ]) {
      await connection.command(sql);
    }
  });

  after(async () => {
    await connection?.close();
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function logged(): Promise<ServerStatus> {
    // The log is written in the background; a second flush takes what came in during the first.
    for (let time = 0; time < 2; time++) {
      await connection.command("SYSTEM FLUSH LOGS");
      await sleep(300);
    }
    return readStatus(connection);
  }

  it("has the last error of an insert through the view, and whether it has run since", async () => {
    await connection.command("INSERT INTO d.t VALUES (1)");
    assert.deepEqual((await logged()).views[0]?.lastError, undefined);
    await assert.rejects(connection.command("INSERT INTO d.t VALUES (7)"), /seven is not allowed/);
    const failed = await logged();
    assert.match(failed.views[0]?.lastError?.message ?? "", /seven is not allowed/);
    assert.equal(failed.views[0]?.lastError?.recovered, false);
    assert.match(renderStatusTable(failed), /! last error \d{4}-.*: .*seven is\s+not allowed/s);
    await sleep(1100);
    await connection.command("INSERT INTO d.t VALUES (2)");
    const [view] = (await logged()).views;
    assert.equal(view?.lastError?.recovered, true);
  });
});
