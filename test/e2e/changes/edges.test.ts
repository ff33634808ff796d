import assert from "node:assert/strict";
import { createProject, type Project } from "../../support/pulumi";
import { READONLY, startServer, type TestServer } from "../../support/server";
import { assertPresentable, byHand, identities, run } from "../support";

const program = (columns: string, more = ""): string => `
const db = new clickhouse.Database("d");
const t = new clickhouse.Table("odd", { database: db, name: "od\`d", columns: { ${columns} }, ${more} });
`;
const BEFORE = program('"a`b": "UInt64", s: "String"', "orderBy: '`a\\\\`b`'");

describe("changes at the edges, with the real CLI", function () {
  this.timeout(180_000);
  let server: TestServer;
  let project: Project;

  beforeEach(async () => {
    server = await startServer();
    project = await createProject({ program: BEFORE, config: { "clickhouse:url": server.url } });
    await project.must(["up", "--yes", "--skip-preview"]);
    await run(server.url, "INSERT INTO d.`od``d` SELECT number, toString(number) FROM numbers(100)");
  });

  afterEach(async () => {
    project?.remove();
    await server?.stop();
  });

  function ask(sql: string): Promise<unknown[]> {
    return byHand(server.url, async (connection) =>
      (await connection.query(sql)).map((row) => Object.values(row).join()),
    );
  }

  it("a table and a column with a backtick are changed, rebuilt and renamed", async () => {
    const columns = '"a`b": { type: "UInt64", comment: "it\'s" }, s: "String", n: "UInt8"';
    project.write(program(columns, "orderBy: 's'"));
    await project.must(["up", "--yes", "--skip-preview"]);
    project.write(program(columns, "orderBy: 's'").replace('name: "od`d"', 'name: "e`ven"'));
    await project.must(["up", "--yes", "--skip-preview"]);
    assert.deepEqual(await ask("SELECT count(), sum(`a``b`), sum(n) FROM d.`e``ven`"), ["100,4950,0"]);
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("a saved plan is held to: it runs as it was saved, and not when the server has changed", async () => {
    project.write(program('"a`b": "UInt64", s: "String", n: "UInt8"', "orderBy: '`a\\\\`b`'"));
    await project.must(["preview", "--save-plan", "plan.json"]);
    await run(server.url, "ALTER TABLE d.`od``d` ADD COLUMN n UInt16");
    const { code, text } = await project.run(["up", "--yes", "--skip-preview", "--plan", "plan.json"]);
    assert.notEqual(code, 0, text);
    assert.deepEqual(await ask("SELECT type FROM system.columns WHERE database = 'd' AND name = 'n'"), ["UInt16"]);
    await run(server.url, "ALTER TABLE d.`od``d` DROP COLUMN n");
    await project.must(["up", "--yes", "--skip-preview", "--plan", "plan.json"]);
    assert.deepEqual(await ask("SELECT type FROM system.columns WHERE database = 'd' AND name = 'n'"), ["UInt8"]);
  });

  it("drift is shown by a refresh and corrected by the next up", async () => {
    await run(server.url, "ALTER TABLE d.`od``d` MODIFY COMMENT 'by hand', MODIFY SETTING merge_max_block_size = 1024");
    await project.must(["refresh", "--yes", "--skip-preview"]);
    const { text } = await project.must(["up", "--yes", "--skip-preview"]);
    assert.match(text, /MODIFY COMMENT ''/);
    assert.match(text, /RESET SETTING merge_max_block_size/);
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("a user without the right to alter is told which right is missing, and nothing is changed", async () => {
    project.write(program('"a`b": "UInt64", s: "String", n: "UInt8"', "orderBy: '`a\\\\`b`'"));
    const env = { CLICKHOUSE_USER: READONLY.username, CLICKHOUSE_PASSWORD: READONLY.password };
    const { code, text } = await project.run(["up", "--yes", "--skip-preview"], env);
    assert.notEqual(code, 0);
    assert.match(text, /readonly/i);
    assertPresentable(text);
    assert.deepEqual(await ask("SELECT count() FROM system.columns WHERE database = 'd'"), ["2"]);
    await project.must(["up", "--yes", "--skip-preview"]);
  });

  it("a type that a value does not fit is refused at preview and at up, which change nothing", async () => {
    const before = await identities(server.url, "d");
    await run(server.url, "INSERT INTO d.`od``d` VALUES (1, 'no number')");
    project.write(program('"a`b": "UInt64", u: { type: "UInt64", renamedFrom: "s" }', "orderBy: '`a\\\\`b`'"));
    for (const args of [["preview"], ["up", "--yes", "--skip-preview"]]) {
      const { code, text } = await project.run(args);
      assert.notEqual(code, 0, text);
      assert.match(text, /a value of s cannot be converted from String to UInt64 \(1 row, e\.g\. /);
      assertPresentable(text);
    }
    assert.deepEqual(await identities(server.url, "d"), before);
    assert.deepEqual(await ask("SELECT count() FROM d.`od``d` WHERE s = 'no number'"), ["1"]);
    project.write(BEFORE);
    await project.must(["preview", "--refresh", "--expect-no-changes"]);
  });
});
