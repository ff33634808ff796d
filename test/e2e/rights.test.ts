import assert from "node:assert/strict";
import { createProject, type Project } from "../support/pulumi";
import { LIMITED, startServer, type TestServer } from "../support/server";
import { assertPresentable } from "./support";

const PROGRAM = `
const db = new clickhouse.Database("d");
const t = new clickhouse.Table("t", { database: db, columns: { a: "UInt64" }, orderBy: "a" });
new clickhouse.View("v", { database: db, query: sql\`SELECT a FROM \${t}\` });
`;
const AS_LIMITED = { CLICKHOUSE_USER: LIMITED.username, CLICKHOUSE_PASSWORD: LIMITED.password };

describe("a user who may not see the stack's objects, with the real CLI", function () {
  this.timeout(180_000);
  let server: TestServer;
  let project: Project;

  before(async () => {
    server = await startServer();
    project = await createProject({ program: PROGRAM, config: { "clickhouse:url": server.url } });
    await project.must(["up", "--yes", "--skip-preview"]);
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  it("changes nothing in the state by refresh, up or destroy, and is told the GRANT", async () => {
    const before = (await project.state()).deployment.resources?.map(({ urn }) => urn);
    for (const command of ["refresh", "destroy"]) {
      const { code, text } = await project.run([command, "--yes", "--skip-preview"], AS_LIMITED);
      assert.notEqual(code, 0, text);
      assert.match(text, /d\.[tv]: user `limited` may not see it/);
      assert.match(text, /GRANT SHOW TABLES, SHOW COLUMNS ON d\.[tv] TO limited;/);
      assertPresentable(text);
      assert.deepEqual(
        (await project.state()).deployment.resources?.map(({ urn }) => urn),
        before,
      );
    }
    project.write(PROGRAM.replace('orderBy: "a"', 'orderBy: "a", comment: "x"'));
    const preview = await project.run(["preview"], AS_LIMITED);
    assert.notEqual(preview.code, 0);
    assert.match(preview.text, /GRANT SHOW TABLES, SHOW COLUMNS ON d\.t TO limited;/);
    assert.doesNotMatch(preview.text, /gone from the server/);
    project.write(PROGRAM);
    await project.must(["preview", "--expect-no-changes"]);
  });
});
