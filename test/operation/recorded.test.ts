import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { skipSelfTest } from "../apply/tables";
import { byEffort } from "../support/effort";
import { freshDatabase, sharedServer } from "../support/server";
import { dropDatabases, endUnfinished } from "./ending";
import { FOLDER, type Recorded, uuids } from "./record";

/** All statements, or every so many. */
const STEP = byEffort({ fast: 17, full: 11, soak: 1 });

describe("operations that the version before began, cut off at some statement", function () {
  this.timeout(600_000);
  let connection: Connection;

  before(async () => {
    connection = await openConnection({ url: (await sharedServer()).url });
  });
  after(() => connection.close());

  for (const file of readdirSync(FOLDER)) {
    const recorded = JSON.parse(readFileSync(join(FOLDER, file), "utf8")) as Recorded;
    it(`are resumed and aborted: ${recorded.name}`, async () => {
      const first = recorded.statements.findIndex((sql) => sql.includes("'plan'")) + 1;
      assert.ok(first > 0);
      const wrong: string[] = [];
      for (let cut = first, turn = 0; cut <= recorded.statements.length; cut += STEP, turn += 1) {
        for (const aborts of STEP === 1 ? [true, false] : [turn % 2 === 1]) {
          const found = await endsAfter(recorded, cut, aborts);
          const at = `after ${cut} of ${recorded.statements.length} statements, ${aborts ? "aborted" : "resumed"}`;
          wrong.push(...found.map((one) => `${at} (${recorded.statements[cut - 1]?.slice(0, 150)}): ${one}`));
        }
      }
      assert.deepEqual(wrong, []);
    });
  }

  /** What is wrong after the operation was cut off and ended by this version. */
  async function endsAfter(recorded: Recorded, cut: number, aborts: boolean): Promise<string[]> {
    const database = await freshDatabase(await sharedServer());
    try {
      await skipSelfTest(connection, database);
      for (const [index, sql] of recorded.statements.slice(0, cut).entries()) {
        if (index >= recorded.prepared || !/_schema_ops/.test(sql)) await connection.command(await here(sql, database));
      }
      const isDone = /'(?:done|finished)'/.test(recorded.statements.slice(recorded.prepared, cut).join("\n"));
      const wrong = await endUnfinished(connection, database, recorded, aborts);
      if (wrong === undefined) return isDone ? [] : ["is not listed"];
      return isDone ? ["is over, and listed as unfinished"] : wrong;
    } catch (error) {
      return [String(error)];
    } finally {
      await dropDatabases(connection, database);
    }
  }

  /** A recorded statement in this database. */
  async function here(sql: string, database: string): Promise<string> {
    const names = new Map([...(await uuids(connection, database))].map(([uuid, name]) => [name, uuid]));
    const text = sql.replaceAll(/\{uuid of (.+?)\}/g, (_, name: string) => {
      const uuid = names.get(name);
      assert.ok(uuid, `${name} is not there before: ${sql}`);
      return uuid;
    });
    return text.replaceAll("@", database);
  }
});
