import assert from "node:assert/strict";
import { openConnection } from "../../provider/src/connection/open";
import { verify } from "../../provider/src/verify/index";
import { loadAndCompare } from "../obsfly/truth";
import { report } from "../support/effort";
import { copyObsfly, type ObsflyCopy } from "../support/obsfly";
import { startServer, type TestServer } from "../support/server";

// Databases have the names they have in production, so the stack gets a server of its own.
describe("verify on the loaded ObsFly stack", () => {
  let server: TestServer;
  let stack: ObsflyCopy;

  before(async function () {
    this.timeout(600_000); // the first run on a machine may build the CLI
    server = await startServer();
    stack = await copyObsfly({ "clickhouse:url": server.url });
    await stack.must(["up", "--yes", "--skip-preview"]);
  });

  after(async () => {
    stack?.remove();
    await server?.stop();
  });

  it("finds no difference, and says what it does not compare", async function () {
    this.timeout(300_000);
    await loadAndCompare(server);
    const connection = await openConnection({ url: server.url });
    const reports = await verify(connection);
    await connection.close();
    report(reports);
    assert.equal(
      reports.reduce((sum, { views }) => sum + views.length, 0),
      Number((await viewsOf(server))[0]),
    );
    for (const report of reports) {
      const refreshable = report.target === "traces.service_dependencies";
      assert.equal(report.verdict, refreshable ? "not verifiable" : "equal", JSON.stringify(report, null, 1));
      if (!refreshable) assert.ok(report.compared > 0, `${report.target}: nothing was compared`);
    }
  });
});

async function viewsOf(server: TestServer): Promise<string[]> {
  const connection = await openConnection({ url: server.url });
  const rows = await connection.query<{ found: string }>(
    "SELECT toString(count()) AS found FROM system.tables WHERE engine = 'MaterializedView'",
  );
  await connection.close();
  return rows.map(({ found }) => found);
}
