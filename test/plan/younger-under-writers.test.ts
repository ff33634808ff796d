import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { absentQueries } from "../../provider/src/plan/probe";
import { freshDatabase, startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";

/** Times that the rows are asked. */
const ASKED = 150;

for (const version of testedVersions(["25.8"])) {
  describe(`the question about parts without a column, on a real ${version} under writers and merges`, function () {
    this.timeout(120_000);
    let server: TestServer;
    let connection: Connection;

    before(async () => {
      server = await startServer({ version });
      connection = await openConnection({ url: server.url });
    });
    after(async () => {
      await connection.close();
      await server.stop();
    });

    it("finds none in a table whose every part has the column", async () => {
      const database = await freshDatabase(server);
      await connection.command(`CREATE TABLE ${database}.t (k UInt64, y String) ENGINE = MergeTree ORDER BY k`);
      const name = { database, name: "t" };
      const { changes } = absentQueries(name, {
        kind: "absent",
        column: "y",
        from: "String",
        to: "Int64",
        value: "0",
        keep: "update",
      });
      let ended = false;
      const whileAsked = async (sql: string): Promise<void> => {
        while (!ended) await connection.command(sql);
      };
      const others = [
        ...[1, 2, 3].map(() =>
          whileAsked(`INSERT INTO ${database}.t SELECT rand64(), toString(number) FROM numbers(20)`),
        ),
        whileAsked(`OPTIMIZE TABLE ${database}.t FINAL`),
      ];
      const found: string[] = [];
      for (let asked = 0; asked < ASKED; asked += 1) {
        const [row] = await connection.query<{ changed: string; rows: string }>(changes ?? "");
        if (row?.rows !== "0") found.push(`time ${asked}: ${row?.rows} rows`);
      }
      ended = true;
      await Promise.all(others);
      assert.deepEqual(found, []);
    });
  });
}
