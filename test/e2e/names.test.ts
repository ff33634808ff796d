import assert from "node:assert/strict";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";
import { assertPresentable, namesIn } from "./support";

const NAMES = [
  "back`tick",
  "quo'te",
  'double"quote',
  "new\nline",
  "back\\slash",
  "emo😀ji",
  "dot.dot",
  "sp ace",
  "50%",
  "{x}",
];

const PROGRAM = `
const db = new clickhouse.Database("odd", { name: "o\`d'd \\u{1F600}" });
${JSON.stringify(NAMES)}.forEach((name, i) => {
  const t = new clickhouse.Table("t" + i, { database: db, name, columns: [{ name, type: "UInt64", comment: name }], orderBy: [], comment: name });
  const to = new clickhouse.Table("to" + i, { database: db, name: "to " + name, columns: [{ name: "n", type: "UInt64" }], orderBy: [] });
  new clickhouse.MaterializedView("mv" + i, { database: db, name: "mv " + name, to, query: sql\`SELECT count() AS n FROM \${t}\` });
});
new clickhouse.Table(${JSON.stringify(NAMES[0])}, { database: db, columns: { a: "UInt8" }, orderBy: "a", name: "resource name" });
`;

describe("names that need quoting, with the real CLI", function () {
  this.timeout(180_000);
  let server: TestServer;
  let project: Project;

  before(async () => {
    server = await startServer();
    project = await createProject({ program: PROGRAM, config: { "clickhouse:url": server.url } });
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  it("come up as they are written, without a change afterwards, and go", async () => {
    await project.must(["up", "--yes", "--skip-preview"]);
    const expected = ["resource name", ...NAMES.flatMap((name) => [name, `to ${name}`, `mv ${name}`])];
    assert.deepEqual(new Set(await namesIn(server.url, "o`d'd \u{1F600}")), new Set(expected));
    await project.must(["preview", "--expect-no-changes"]);
    const refresh = await project.must(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
    assertPresentable(refresh.text);
    await project.must(["destroy", "--yes", "--skip-preview"]);
    assert.deepEqual(await namesIn(server.url, "o`d'd \u{1F600}"), []);
  });
});
