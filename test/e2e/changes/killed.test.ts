import assert from "node:assert/strict";
import { createProject, type Project, type Started } from "../../support/pulumi";
import { startServer, type TestServer } from "../../support/server";
import { providerOf, until } from "../processes";
import { assertPresentable, byHand, namesIn, run } from "../support";

const ROWS = 3_000_000;
const DIGEST = "SELECT count(), sum(cityHash64(a, b)) FROM d.t";

const program = (orderBy: string, more = ""): string => `
const db = new clickhouse.Database("d");
const t = new clickhouse.Table("t", { database: db, columns: { a: "UInt64", b: "String"${more} }, orderBy: "${orderBy}", partitionBy: "a % 4" });
const to = new clickhouse.Table("to", { database: db, columns: { n: "UInt64" }, orderBy: [], engine: "SummingMergeTree" });
new clickhouse.MaterializedView("mv", { database: db, to, query: sql\`SELECT count() AS n FROM \${t}\` });
`;

describe("a rebuild that is cut off, with the real CLI", function () {
  this.timeout(240_000);
  let server: TestServer;
  let project: Project;
  let rows: unknown;

  beforeEach(async () => {
    server = await startServer();
    project = await createProject({ program: program("a"), config: { "clickhouse:url": server.url } });
    await project.must(["up", "--yes", "--skip-preview"]);
    await run(server.url, `INSERT INTO d.t SELECT number, toString(number) FROM numbers(${ROWS})`);
    rows = await digest();
    project.write(program("b"));
  });

  afterEach(async () => {
    project?.remove();
    await server?.stop();
  });

  function digest(): Promise<unknown> {
    return byHand(server.url, (connection) => connection.query(DIGEST));
  }

  /** Waits for the middle of the copy. */
  async function copying(up: Started): Promise<void> {
    await byHand(server.url, (connection) =>
      until(async () => {
        const found = await connection.query(
          "SELECT 1 FROM system.processes WHERE query_kind = 'Insert' AND query LIKE '%INTO d.t\\_\\_c%' AND written_rows > 0",
        );
        return found.length > 0;
      }),
    );
    assert.ok(up.pid > 0);
  }

  it("because the provider is killed is finished by the next up, with its rows, once", async () => {
    const up = project.start(["up", "--yes", "--skip-preview"]);
    await copying(up);
    process.kill(providerOf(up.pid), "SIGKILL");
    assert.notEqual((await up.ended).code, 0);
    assert.deepEqual(await digest(), rows, "the table is as it was");
    const { text } = await project.must(["up", "--yes", "--skip-preview"]);
    assert.match(text, /-- resumes rebuild \w+ of d\.t/);
    assertPresentable(text);
    await finished();
  });

  it("because the provider is killed is aborted by the next up when the old key is declared again", async () => {
    const up = project.start(["up", "--yes", "--skip-preview"]);
    await copying(up);
    process.kill(providerOf(up.pid), "SIGKILL");
    await up.ended;
    project.write(program("a", ', c: "UInt8"'));
    const { text } = await project.must(["up", "--yes", "--skip-preview"]);
    assert.match(text, /-- aborts rebuild \w+ of d\.t/);
    assert.deepEqual(await digest(), rows);
    const names = (await namesIn(server.url, "d")).filter((name) => name.startsWith("t__"));
    assert.deepEqual(names, []);
    await project.must(["preview", "--expect-no-changes"]);
  });

  async function finished(): Promise<void> {
    assert.deepEqual(await digest(), rows);
    await run(server.url, "INSERT INTO d.t VALUES (0, 'last')");
    const counts = await byHand(server.url, (connection) =>
      connection.query(
        "SELECT (SELECT count() FROM d.t) AS t, (SELECT sum(n) FROM d.to) AS seen, sorting_key FROM system.tables WHERE database = 'd' AND name = 't'",
      ),
    );
    assert.deepEqual(counts, [{ t: String(ROWS + 1), seen: String(ROWS + 1), sorting_key: "b" }]);
    await project.must(["preview", "--expect-no-changes"]);
    await project.must(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
  }
});
