import assert from "node:assert/strict";
import { copyObsfly, type ObsflyCopy } from "../support/obsfly";
import { startServer, type TestServer } from "../support/server";
import { checkPushdown } from "./pushdown";
import { checkRetention } from "./retention";
import { loadAndCompare } from "./truth";

// Databases have the names they have in production, so each stack gets a server of its own.
function describeStack(title: string, config: Record<string, string>, tests: (server: () => TestServer) => void): void {
  describe(title, () => {
    let server: TestServer;
    let stack: ObsflyCopy;

    before(async function () {
      this.timeout(600_000); // the first run on a machine may build the CLI
      server = await startServer();
      stack = await copyObsfly({ "clickhouse:url": server.url, ...config });
      await stack.must(["up", "--yes", "--skip-preview"]);
    });

    after(async () => {
      stack?.remove();
      await server?.stop();
    });

    tests(() => server);
  });
}

describeStack("ObsFly's rollups", {}, (server) => {
  it("equal the truth computed from the base tables, before and after merges", async function () {
    this.timeout(300_000); // half a minute on two idle cores
    const { rows } = await loadAndCompare(server());
    for (const [table, count] of Object.entries(rows)) assert.ok(count >= 200_000, `${table}: ${count} rows`);
  });

  it("read only what a filter on their key asks for", () => checkPushdown(server()));

  it("keep rows as long as the account's plan says, as the base tables do", () => checkRetention(server()));
});

describeStack(
  "ObsFly's rollups in an environment that keeps them longer",
  { "obsfly:rollupRetentionDays": "395" },
  (server) => {
    it("stay when the base rows go", () => checkRetention(server(), 395));
  },
);
