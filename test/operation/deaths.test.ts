import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { newOperation } from "../../provider/src/operation/names";
import { prepare, SCENARIOS, type Scenario } from "../apply/failing-runs";
import { byEffort, SEED } from "../support/effort";
import { freshDatabase, sharedServer } from "../support/server";
import { dropDatabases, endUnfinished, state } from "./ending";
import { Death } from "./fake-server";
import { RENAME_OF_A_DATABASE } from "./record";

/** All statements, or every so many. */
const STEP = byEffort({ fast: 23, full: 15, soak: 1 });

/** Passes everything on until its `statement`-th statement, which is run or not; then nothing. */
function mortal(connection: Connection, statement: number, isRun: boolean): Connection {
  let count = 0;
  const dies = (): boolean => count > statement;
  return Object.assign(Object.create(connection) as Connection, {
    command: async (sql: string, params?: never): Promise<void> => {
      if (dies()) throw new Death();
      count += 1;
      if (dies() && !isRun) throw new Death(sql);
      await connection.command(sql, params);
      if (dies()) throw new Death(sql);
    },
    query: async <Row extends object>(sql: string, params?: never): Promise<Row[]> => {
      if (dies()) throw new Death();
      return connection.query<Row>(sql, params);
    },
  });
}

describe(`every protocol, its runner dead at some statement (TEST_SEED=${SEED})`, function () {
  this.timeout(600_000);
  let connection: Connection;

  before(async () => {
    connection = await openConnection({ url: (await sharedServer()).url });
  });
  after(() => connection.close());

  for (const scenario of [...SCENARIOS, RENAME_OF_A_DATABASE]) {
    it(`is resumed or aborted, and each row is there once: ${scenario.name}`, async () => {
      const wrong: string[] = [];
      let isOver = false;
      for (let statement = SEED % STEP, turn = 0; !isOver; statement += STEP, turn += 1) {
        for (const aborts of STEP === 1 ? [true, false] : [turn % 2 === 0]) {
          const found = await dead(scenario, statement, turn % 4 < 2, aborts);
          isOver = found === "over";
          if (found === "over") break;
          wrong.push(...found.map((one) => `dead at ${statement}, ${aborts ? "aborted" : "resumed"}: ${one}`));
        }
      }
      assert.deepEqual(wrong, []);
    });
  }

  /** What is wrong after a death; `over` if the operation was done before. */
  async function dead(
    scenario: Scenario,
    statement: number,
    isRun: boolean,
    aborts: boolean,
  ): Promise<string[] | "over"> {
    const database = await freshDatabase(await sharedServer());
    try {
      await prepare(connection, database, scenario);
      const operation = newOperation();
      try {
        await scenario.run(mortal(connection, statement, isRun), database, operation);
        return "over";
      } catch (error) {
        if (!(error instanceof Death)) return [`${error}`];
      }
      const wrong = await endUnfinished(connection, database, scenario, aborts);
      if (wrong !== undefined) return wrong;
      // It was not begun, or just over: the next run does nothing twice.
      await scenario.run(connection, database, operation).catch((error: { code?: string }) => {
        if (!["operation-exists", "object-missing", "name-taken"].includes(error.code ?? "")) throw error;
      });
      return await state(connection, database, scenario, true);
    } catch (error) {
      return [`${error}`];
    } finally {
      await dropDatabases(connection, database);
    }
  }
});
