import assert from "node:assert/strict";
import { byEffort, report, SEED } from "../support/effort";
import { freshDatabase, sharedServer, startServer, stopSharedServer, type TestServer } from "../support/server";
import { realOrEmbedded } from "../support/versions";
import { runLaw } from "./law";

for (const version of realOrEmbedded("25.8")) {
  describe(`a random change of a column along a random chain of views, with writers, on ${version}`, function () {
    this.timeout(0);
    let server: TestServer;
    before(async () => {
      server = version === "26.7" ? await sharedServer() : await startServer({ version });
    });
    after(() => (version === "26.7" ? stopSharedServer() : server?.stop()));

    const runs = Number(process.env["CHAIN_RUNS"] ?? byEffort({ fast: 1, full: 2, soak: 1000 }));
    it(`loses no row, doubles none, and fails no insert, in ${runs} runs`, async () => {
      const failures: string[] = [];
      for (let run = 0; run < runs; run += 1) {
        const seed = SEED * 100_000 + run;
        const outcome = await runLaw(server.url, await freshDatabase(server), seed, {
          rollups: true,
          buffers: true,
        }).catch((error: Error) => error.message);
        report(outcome);
        if (typeof outcome === "string") failures.push(outcome);
      }
      assert.deepEqual(failures, []);
    });
  });
}
