import assert from "node:assert/strict";
import { byEffort, SEED } from "../support/effort";
import { startServer, type TestServer } from "../support/server";
import { testedVersions } from "../support/versions";
import { PROTOCOLS, type ProtocolName } from "./protocols";
import { crashRun } from "./run";

const RUNS = byEffort({ fast: 1, full: 1, soak: 30 });

/** `npm run crashes` has more of them. */
for (const version of testedVersions(["25.8"])) {
  describe(`on a real ${version}, runner and server killed under writers (TEST_SEED=${SEED})`, function () {
    this.timeout(600_000);
    let server: TestServer;
    before(async () => {
      server = await startServer({ version });
    });
    after(() => server.stop());

    for (const name of Object.keys(PROTOCOLS) as ProtocolName[]) {
      for (let index = 0; index < RUNS; index += 1) {
        it(`nothing is lost or doubled: ${name}, ${PROTOCOLS[name].caseName(index)}`, async () => {
          const run = await crashRun(server, name, index, SEED * 1000 + index);
          const { lost, doubled, surprises, wrong } = run;
          const none = { lost: 0, doubled: 0, surprises: [], wrong: [] };
          assert.deepEqual({ lost, doubled, surprises, wrong }, none, JSON.stringify(run));
          assert.ok(run.killedRunner.length + run.killedServer.length > 0, "nobody was killed");
        });
      }
    }
  });
}
