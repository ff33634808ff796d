import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createProject, type Project } from "../support/pulumi";
import { freePort, startServer, type TestServer, temporaryBase } from "../support/server";
import { killCli, providerOf, until } from "./processes";
import { assertPresentable, byHand, namesIn } from "./support";

const TABLES = 40;
const PROGRAM = `
const db = new clickhouse.Database("d");
for (let i = 0; i < ${TABLES}; i++)
  new clickhouse.Table("t" + i, { database: db, columns: { a: "UInt64", b: "String" }, orderBy: "a" });
`;
/** So many tables exist when the cut comes. */
const CUT_AT = 10;

describe("an up that is cut off over HTTP, with the real CLI", function () {
  this.timeout(180_000);
  let dataDir: string;
  let port: number;
  let server: TestServer;
  let project: Project;

  beforeEach(async () => {
    dataDir = mkdtempSync(path.join(temporaryBase(), "cut-off-"));
    port = await freePort();
    server = await startServer({ dataDir, port });
    project = await createProject({ program: PROGRAM, config: { "clickhouse:url": server.url } });
  });

  afterEach(async () => {
    project?.remove();
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it("because the server is killed says so, and is finished by the next up", async () => {
    const up = project.start(["up", "--yes", "--skip-preview"]);
    await tablesStand(server.url);
    await server.kill();
    const { code, text } = await up.ended;
    assert.notEqual(code, 0);
    assert.match(text, new RegExp(`http://127\\.0\\.0\\.1:${port}: (?:connection refused|the connection broke)`));
    assertPresentable(text);
    server = await startServer({ dataDir, port });
    await finish(project, server.url);
  });

  it("because the provider is killed is finished by the next up", async () => {
    const up = project.start(["up", "--yes", "--skip-preview"]);
    await tablesStand(server.url);
    process.kill(providerOf(up.pid), "SIGKILL");
    const { code } = await up.ended;
    assert.notEqual(code, 0);
    await finish(project, server.url);
  });

  it("because the CLI is killed is finished by the next up, after `pulumi cancel` takes its lock away", async () => {
    const up = project.start(["up", "--yes", "--skip-preview"]);
    await tablesStand(server.url);
    await killCli(up, project.dir);
    const locked = await project.run(["up", "--yes", "--skip-preview"]);
    assert.match(locked.text, /locked by 1 lock/);
    await project.must(["cancel", "--yes"]);
    await finish(project, server.url);
  });
});

describe("an up that is cut off on the embedded engine, with the real CLI", function () {
  this.timeout(180_000);

  it("because the CLI is killed lets go of the data folder, and is finished by the next up", async () => {
    const dir = mkdtempSync(path.join(tmpdir(), "cut-off-"));
    const url = `chdb://${dir}/data`;
    const project = await createProject({ program: PROGRAM, config: { "clickhouse:url": url } });
    try {
      const up = project.start(["up", "--yes", "--skip-preview"]);
      const tables = path.join(dir, "data/metadata/d");
      await until(() => filesIn(tables) >= CUT_AT);
      await killCli(up, project.dir);
      await project.must(["cancel", "--yes"]);
      await finish(project, url);
    } finally {
      project.remove();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

/** Runs `up` again as a user would, and finds everything there, once. */
async function finish(project: Project, url: string): Promise<void> {
  const { text } = await project.must(["up", "--yes", "--skip-preview"]);
  assertPresentable(text);
  assert.equal((await namesIn(url, "d")).length, TABLES);
  await project.must(["preview", "--expect-no-changes"]);
  const { deployment } = await project.state();
  const urns = (deployment.resources ?? []).map((resource) => resource.urn);
  assert.equal(new Set(urns).size, urns.length, "a resource is in the state twice");
  // Stack, the providers of the objects and of Pulumi's own state, database, tables.
  assert.equal(urns.length, TABLES + 4);
}

async function tablesStand(url: string): Promise<void> {
  await byHand(url, (connection) =>
    until(async () => {
      const [row] = await connection.query<{ n: string }>(
        "SELECT count() AS n FROM system.tables WHERE database = 'd'",
      );
      return Number(row?.n) >= CUT_AT;
    }),
  );
}

function filesIn(dir: string): number {
  try {
    return readdirSync(dir).length;
  } catch {
    return 0;
  }
}
