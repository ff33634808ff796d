import assert from "node:assert/strict";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";
import { assertPresentable, countOf, identities, namesIn, run } from "./support";

const HEAD = `
const db = new clickhouse.Database("d");
const table = (name, more = {}) => new clickhouse.Table(name, { database: db, columns: { a: "UInt64" }, orderBy: "a", ...more });
const view = (name, from, to) => new clickhouse.MaterializedView(name, { database: db, to, query: sql\`SELECT a FROM \${from}\` });
`;
const SIGNAL = 'const raw = table("raw"), rolled = table("rolled");\n';
const SIGNAL_VIEW = 'view("rolled_mv", raw, rolled);\n';
const MAY_GO = 'table("may_go", { deletion: "drop" });\n';

describe("what holds rows, with the real CLI", function () {
  this.timeout(180_000);
  let server: TestServer;
  let project: Project;
  const up = (program: string) => {
    project.write(HEAD + program);
    return project.run(["up", "--yes", "--skip-preview"]);
  };

  before(async () => {
    server = await startServer();
    project = await createProject({ config: { "clickhouse:url": server.url } });
    const { code, text } = await up(SIGNAL + SIGNAL_VIEW + MAY_GO);
    assert.equal(code, 0, text);
    await run(server.url, "INSERT INTO d.raw VALUES (1), (2)", "INSERT INTO d.may_go VALUES (1)");
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  it('goes when it says `deletion: "drop"`; a view goes alone while its tables stay', async () => {
    const { code, text } = await up(SIGNAL);
    assert.equal(code, 0, text);
    assert.deepEqual(await namesIn(server.url, "d"), ["raw", "rolled"]);
    const back = await up(SIGNAL + SIGNAL_VIEW);
    assert.equal(back.code, 0, back.text);
  });

  it("is refused at its views when a whole signal goes, so that no row is missing in the rollups", async () => {
    const { code, text } = await up("");
    assert.notEqual(code, 0);
    assert.match(text, /d\.rolled_mv: not dropped, because d\.(?:raw|rolled), which it reads or writes, holds rows/);
    assertPresentable(text);
    assert.deepEqual(await namesIn(server.url, "d"), ["raw", "rolled", "rolled_mv"]);
    project.write(HEAD + SIGNAL + SIGNAL_VIEW);
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("keeps a table that a view which nobody declared reads, and a database with a table which nobody declared", async () => {
    await run(
      server.url,
      "TRUNCATE TABLE d.raw",
      "TRUNCATE TABLE d.rolled",
      "CREATE TABLE d.foreign (a UInt64) ORDER BY a",
      "CREATE MATERIALIZED VIEW d.foreign_mv TO d.foreign AS SELECT a FROM d.raw",
    );
    const first = await project.run(["destroy", "--yes", "--skip-preview"]);
    assert.notEqual(first.code, 0);
    assert.match(first.text, /d\.raw: not dropped, because d\.foreign_mv on the server reads from it or writes to it/);
    assertPresentable(first.text);
    await run(server.url, "DROP VIEW d.foreign_mv SYNC");
    const second = await project.run(["destroy", "--yes", "--skip-preview"]);
    assert.notEqual(second.code, 0);
    assert.match(
      second.text,
      /d: not dropped, because it holds 1 object\(s\) that are not part of this removal: d\.foreign/,
    );
    assertPresentable(second.text);
    assert.deepEqual(await namesIn(server.url, "d"), ["foreign"]);
    await run(server.url, "DROP TABLE d.foreign SYNC");
    await project.must(["destroy", "--yes", "--skip-preview"]);
  });
});

describe("a replacement or a new name in the program, with the real CLI", function () {
  this.timeout(180_000);
  let server: TestServer;
  let project: Project;
  const stack = (raw: string, view_: string) =>
    `${HEAD}const raw = table("${raw}", { name: "raw" }), rolled = table("rolled");
new clickhouse.MaterializedView("${view_}", { database: db, name: "rolled_mv", to: rolled, query: sql\`SELECT a FROM \${raw}\` });
table("may_go", { deletion: "drop" });`;

  beforeEach(async () => {
    server = await startServer();
    project = await createProject({ program: stack("raw", "rolled_mv"), config: { "clickhouse:url": server.url } });
    await project.must(["up", "--yes", "--skip-preview"]);
    await run(server.url, "INSERT INTO d.raw VALUES (1), (2)", "INSERT INTO d.may_go VALUES (1)");
  });

  afterEach(async () => {
    project?.remove();
    await server?.stop();
  });

  it("is refused for a table with rows, by --replace and by --target-replace, and leaves nothing behind", async () => {
    const before = await identities(server.url, "d");
    for (const option of ["--replace", "--target-replace"]) {
      const { code, text } = await project.run(["up", "--yes", "--skip-preview", option, await urnOf(project, "raw")]);
      assert.notEqual(code, 0, option);
      assert.match(text, /d\.(?:raw|rolled_mv): not dropped, because/);
      assertPresentable(text);
    }
    assert.deepEqual(await identities(server.url, "d"), before);
    assert.equal(await countOf(server.url, "d.raw"), 2);
    // The refused replacement must not hang on as a pending deletion that fails every later up.
    await project.must(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
  });

  it("recreates what may go, and never drops what it has just adopted", async () => {
    await project.must(["up", "--yes", "--skip-preview", "--replace", await urnOf(project, "may_go")]);
    assert.equal(await countOf(server.url, "d.may_go"), 0);
    assert.deepEqual(await namesIn(server.url, "d"), ["may_go", "raw", "rolled", "rolled_mv"]);
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("keeps the object when only its resource has another name", async () => {
    const before = await identities(server.url, "d");
    project.write(stack("raw_v2", "rolled_mv_v2"));
    await project.must(["up", "--yes", "--skip-preview"]);
    assert.deepEqual(await identities(server.url, "d"), before);
    assert.equal(await countOf(server.url, "d.raw"), 2);
    await project.must(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
  });
});

async function urnOf(project: Project, name: string): Promise<string> {
  const { deployment } = await project.state();
  return deployment.resources?.find((resource) => resource.urn.endsWith(`::${name}`))?.urn ?? "";
}
