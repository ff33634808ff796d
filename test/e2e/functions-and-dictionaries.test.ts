import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { importServer } from "../../provider/src/cli/import";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";
import { assertPresentable, byHand, namesIn, run } from "./support";

const program = (add: number, lifetime: number, more = ""): string => `
const db = new clickhouse.Database("shop");
const inc = new clickhouse.SqlFunction("inc", { parameters: ["x"], expression: "(x * 3) + ${add}" });
const src = new clickhouse.Table("src", { database: db, columns: { id: "UInt64", name: "String" }, orderBy: "id" });
const names = new clickhouse.Dictionary("names", {
  database: db, columns: { id: "UInt64", name: "String" }, primaryKey: "id", source: { table: src }, layout: "HASHED()", lifetime: ${lifetime},
});
const v = new clickhouse.View("v", { database: db, query: sql\`SELECT \${inc}(id) AS a, dictGet(\${names.literal}, 'name', id) AS n FROM \${src}\` });
${more}`;

describe("functions and dictionaries, with the real CLI", function () {
  this.timeout(300_000);
  let server: TestServer;
  let project: Project;

  before(async () => {
    server = await startServer({ version: "25.8" });
    project = await createProject({ program: program(1, 300), config: { "clickhouse:url": server.url } });
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  const shown = (what: string): Promise<string> =>
    byHand(server.url, async (connection) => {
      const [row] = await connection.query<{ statement: string }>(`SHOW CREATE ${what}`);
      return row?.statement ?? "";
    });

  it("come up before what uses them, and a second preview and a refresh find nothing", async () => {
    await project.must(["up", "--yes", "--skip-preview"]);
    assert.match(await shown("TABLE shop.v"), /\(id \* 3\) \+ 1 AS a/);
    await project.must(["preview", "--expect-no-changes"]);
    await project.must(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
  });

  it("change what calls a changed function, and a dictionary's lifetime, in one run", async () => {
    project.write(program(2, 60));
    const preview = await project.must(["preview", "--diff"]);
    assert.match(preview.text, /CREATE OR REPLACE FUNCTION inc/);
    assert.match(preview.text, /CREATE OR REPLACE VIEW/);
    assert.match(preview.text, /CREATE OR REPLACE DICTIONARY/);
    assertPresentable(preview.text);
    await project.must(["up", "--yes"]);
    assert.match(await shown("TABLE shop.v"), /\(id \* 3\) \+ 2 AS a/);
    assert.match(await shown("DICTIONARY shop.names"), /LIFETIME\(MIN 0 MAX 60\)/);
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("show drift in a refresh, and the next up takes it back", async () => {
    await run(
      server.url,
      "CREATE OR REPLACE FUNCTION inc AS x -> x",
      "CREATE OR REPLACE DICTIONARY shop.names (id UInt64, name String) PRIMARY KEY id SOURCE(CLICKHOUSE(TABLE 'src' DB 'shop')) LIFETIME(9) LAYOUT(FLAT())",
    );
    const refresh = await project.must(["refresh", "--yes", "--skip-preview"]);
    assert.match(refresh.text, /2 updated/);
    await project.must(["up", "--yes", "--skip-preview"]);
    assert.match(await shown("DICTIONARY shop.names"), /LIFETIME\(MIN 0 MAX 60\)\s+LAYOUT\(HASHED/);
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("keep a function of a name that another stack's depends on with another text", async () => {
    const other = await createProject({
      program: 'new clickhouse.SqlFunction("inc", { parameters: ["x"], expression: "x * 100" });',
      config: { "clickhouse:url": server.url },
    });
    try {
      const { code, text } = await other.run(["up", "--yes", "--skip-preview"]);
      assert.notEqual(code, 0);
      assert.match(text, /inc: exists on the server and differs/);
    } finally {
      other.remove();
    }
  });

  it("are imported as a program whose first preview is empty", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "clickhouse-schema-kinds-"));
    symlinkSync(path.join(__dirname, "../../node_modules"), path.join(folder, "node_modules"));
    const said = { out: "", error: "" };
    const output = { out: (text: string) => (said.out += text), error: (text: string) => (said.error += text) };
    const code = await importServer({ url: server.url, out: folder }, output);
    assert.deepEqual([code, said.error], [0, ""], said.out);
    const imported = await createProject({ workDir: folder, config: { "clickhouse:url": server.url } });
    try {
      await imported.must(["import", "--file", "import.json", "--generate-code=false", "--protect=false", "--yes"]);
      await imported.must(["preview", "--expect-no-changes", "--diff"]);
      const { text } = await imported.must(["stack", "export"]);
      assert.match(text, /clickhouse:SqlFunction/);
      assert.match(text, /clickhouse:Dictionary/);
    } finally {
      imported.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("go with the stack", async () => {
    await project.must(["destroy", "--yes", "--skip-preview"]);
    assert.deepEqual(await namesIn(server.url, "shop"), []);
    const left = await byHand(server.url, (connection) =>
      connection.query("SELECT name FROM system.functions WHERE origin = 'SQLUserDefined'"),
    );
    assert.deepEqual(left, []);
  });
});
