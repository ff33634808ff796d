import assert from "node:assert/strict";
import { createProject, type Project } from "../support/pulumi";
import { sharedServer, sleep } from "../support/server";
import { namesIn, run } from "./support";

const table = (args: string, opts = ""): string => `
const db = new clickhouse.Database("quiet");
const events = new clickhouse.Table("events", { database: db, ${args} }${opts});
new clickhouse.View("reads", { database: db, query: sql\`SELECT id FROM \${events}\` });
`;

/** What a preview shows of the declaration, without what the provider says about it. */
const shownBy = (stdout: string): string => stdout.slice(stdout.indexOf("(update)"), stdout.indexOf("Resources:"));

describe("the difference that a preview shows", function () {
  this.timeout(240_000);
  let project: Project;
  let url: string;

  before(async () => {
    ({ url } = await sharedServer());
    await run(url, "DROP DATABASE IF EXISTS quiet SYNC");
    project = await createProject({ config: { "clickhouse:url": url } });
    project.write(table("columns: { id: 'UInt64' }, orderBy: 'id'"));
    await project.must(["up", "--yes", "--skip-preview"]);
  });
  after(async () => {
    project?.remove();
    await run(url, "DROP DATABASE IF EXISTS quiet SYNC");
  });

  it("is that of the statement alone, after a change as well: no earlier plan, and nothing that the provider keeps for itself", async () => {
    project.write(table("columns: { id: 'UInt64', first: 'String' }, orderBy: 'id', keepOld: '1s'"));
    await project.must(["up", "--yes", "--skip-preview"]);
    project.write(table("columns: { id: 'UInt64', first: 'String' }, orderBy: ['id', 'first'], keepOld: '1s'"));
    const { stdout, text } = await project.must(["preview", "--diff"]);
    const shown = shownBy(stdout);
    assert.match(shown, /~ statement: \n[\s\S]*- ORDER BY id\n\s*\+ ORDER BY \(id, first\)/);
    assert.doesNotMatch(shown, /plan|ALTER|retired|__|fingerprint/);
    assert.match(text, /plan: 1 step, copies-rows\n-- rebuild quiet\.events, because:/);
    const { text: rows } = await project.must(["preview"]);
    assert.match(rows, /Table events update \[diff: ~statement\]; plan: 1 step, copies-rows/);
  });

  it("is none where an old table alone is dropped, which the plan says and `up` does", async () => {
    await project.must(["up", "--yes", "--skip-preview"]);
    assert.equal((await namesIn(url, "quiet")).filter((name) => name.includes("__old_")).length, 1);
    await sleep(1500);
    const { stdout, text } = await project.must(["preview", "--diff"]);
    assert.match(text, /DROP TABLE quiet\.events__old_/);
    assert.match(stdout, /~ 1 to update\n/);
    assert.doesNotMatch(shownBy(stdout), /__fingerprint|__server|ALTER|rebuild|kept for/);
    await project.must(["up", "--yes", "--skip-preview"]);
    assert.deepEqual(await namesIn(url, "quiet"), ["_schema_ops", "events", "reads"]);
    await project.must(["preview", "--expect-no-changes"]);
    await project.must(["refresh", "--yes", "--skip-preview", "--expect-no-changes"]);
  });

  it("is none where `ignoreChanges` takes the statement out", async () => {
    const columns = "columns: { id: 'UInt64', second: 'String' }, orderBy: 'id'";
    project.write(table(columns, ", { ignoreChanges: ['statement'] }"));
    await project.must(["preview", "--expect-no-changes"]);
  });
});
