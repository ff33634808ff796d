import assert from "node:assert/strict";
import { createProject, type Project } from "../../support/pulumi";
import { startServer, type TestServer } from "../../support/server";
import { run } from "../support";

const program = (columns: string, more = "", view = "SELECT a, b FROM ${t}"): string => `
const db = new clickhouse.Database("d");
const t = new clickhouse.Table("t", { database: db, columns: { ${columns} }, orderBy: "a"${more} });
const to = new clickhouse.Table("to", { database: db, columns: { a: "UInt64", b: "String" }, orderBy: "a" });
new clickhouse.MaterializedView("mv", { database: db, to, query: sql\`${view}\` });
`;

const COLUMNS = 'a: "UInt64", b: "String", c: "UInt8", e: "UInt8"';

describe("columns that something reads, with the real CLI", function () {
  this.timeout(180_000);
  let server: TestServer;
  let project: Project;

  before(async () => {
    server = await startServer();
    project = await createProject({ program: program(COLUMNS), config: { "clickhouse:url": server.url } });
    await project.must(["up", "--yes", "--skip-preview"]);
    await run(
      server.url,
      "CREATE VIEW d.by_hand AS SELECT a, c AS b FROM d.t",
      "CREATE DICTIONARY d.dict (a UInt64, e UInt8) PRIMARY KEY a SOURCE(CLICKHOUSE(DB 'd' TABLE 't')) LAYOUT(FLAT()) LIFETIME(0)",
    );
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  async function refusal(columns: string, more = ""): Promise<string> {
    project.write(program(columns, more));
    const { code, text } = await project.run(["preview"]);
    assert.notEqual(code, 0);
    return text;
  }

  it("are not dropped while a materialized view reads them, which is named", async () => {
    const text = await refusal('a: "UInt64", c: "UInt8", e: "UInt8"', ', allow: ["drops-data", "breaks-reader"]');
    assert.match(text, /d\.t: what reads it on the server would fail:\s+d\.mv reads b \(dropped\): .*`b`/);
    assert.match(text, /change the view in an earlier run/);
    assert.doesNotMatch(text, /by_hand/, "its b is another");
  });

  it("are not renamed while a view that nobody declares reads them", async () => {
    const text = await refusal('a: "UInt64", b: "String", c2: { type: "UInt8", renamedFrom: "c" }, e: "UInt8"');
    assert.match(text, /d\.by_hand reads c \(renamed\)/);
    assert.doesNotMatch(text, /d\.mv reads/);
    assert.match(text, /allow: \["breaks-reader"\]/);
  });

  it("are not dropped while a dictionary reads them", async () => {
    const text = await refusal('a: "UInt64", b: "String", c: "UInt8"', ', allow: ["drops-data"]');
    assert.match(text, /d\.dict reads e \(dropped\)/);
  });

  it("are retyped when every reader takes the new type", async () => {
    project.write(program('a: "UInt64", b: "LowCardinality(String)", c: "UInt32", e: "UInt8"'));
    await project.must(["preview"]);
  });

  it("are renamed when the user says that the readers change in the same run", async () => {
    const columns = 'a: "UInt64", b2: { type: "String", renamedFrom: "b" }, c: "UInt8", e: "UInt8"';
    project.write(program(columns, ', allow: ["breaks-reader"]', "SELECT a, b2 AS b FROM ${t}"));
    await project.must(["up", "--yes", "--skip-preview"]);
    await run(server.url, "INSERT INTO d.t (a, b2) VALUES (1, 'x')");
    await project.must(["preview", "--expect-no-changes"]);
  });
});
