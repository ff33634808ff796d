import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { byEffort, SEED } from "../support/effort";
import { freshDatabase, sharedServer, startServer, type TestServer } from "../support/server";
import { realOrEmbedded } from "../support/versions";
import { afterFailure, record, SCENARIOS } from "./failing-runs";
import { random } from "./writers";

/** Statements of each operation that are tried, besides those that leave inserts refused or merges stopped where nobody sees to it. */
const TRIED = byEffort<number | "all">({ fast: 0, full: 1, soak: "all" });
const ALWAYS = /DROP CONSTRAINT|STOP MERGES/;

for (const version of realOrEmbedded("25.8")) {
  describe(`an operation in which one statement fails for good on ${version} (TEST_SEED=${SEED})`, function () {
    this.timeout(1_200_000);
    let server: TestServer;
    let connection: Connection;

    before(async () => {
      server = version === "26.7" ? await sharedServer() : await startServer({ version });
      connection = await openConnection({
        url: server.url,
        username: process.env["CLICKHOUSE_USER"] ?? "default",
        password: process.env["CLICKHOUSE_PASSWORD"] ?? "",
      });
    });
    after(async () => {
      await connection.close();
      if (version !== "26.7") await server.stop();
    });

    for (const [index, scenario] of SCENARIOS.entries()) {
      it(`is done another way or rolled back, and inserts continue: ${scenario.name}`, async () => {
        const shapes = await inDatabase((database) => record(connection, database, scenario));
        const chance = random(SEED + index);
        const cases = [...new Set(shapes)].flatMap((shape) => {
          const last = shapes.filter((one) => one === shape).length - 1;
          return (last > 0 ? [0, last] : [0]).map((occurrence) => ({ shape, occurrence }));
        });
        const chosen =
          TRIED === "all"
            ? cases
            : [
                ...cases.filter(({ shape }) => ALWAYS.test(shape)),
                ...Array.from(
                  { length: TRIED },
                  () => cases[Math.floor(chance() * cases.length)] ?? { shape: "", occurrence: 0 },
                ),
              ];
        const failures: string[] = [];
        for (const { occurrence, shape } of chosen) {
          const wrong = await inDatabase((database) => afterFailure(connection, database, scenario, shape, occurrence));
          if (wrong.length > 0)
            failures.push(
              `${occurrence === 0 ? "" : `(from its ${occurrence + 1}th time on) `}${shape}\n    ${wrong.join("\n    ")}`,
            );
        }
        assert.deepEqual(failures, [], `${failures.length} of ${chosen.length}:\n${failures.join("\n")}`);
      });
    }

    async function inDatabase<T>(work: (database: string) => Promise<T>): Promise<T> {
      const database = await freshDatabase(server);
      try {
        return await work(database);
      } finally {
        await connection.command(`DROP DATABASE ${database} SYNC SETTINGS check_table_dependencies = 0`);
      }
    }
  });
}
