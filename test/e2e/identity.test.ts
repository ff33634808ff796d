import assert from "node:assert/strict";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";
import { assertPresentable, countOf, identities, namesIn, run } from "./support";

const HEAD = `
const db = new clickhouse.Database("web");
const table = (name, more = {}) => new clickhouse.Table(name, { database: db, columns: { a: "UInt64" }, orderBy: "a", ...more });
`;
const STATS = 'const stats = table("page_stats");\n';
const REST = `
const slow = table("slow_events");
const empty = table("empty");
new clickhouse.View("read", { database: db, query: sql\`SELECT a FROM \${stats}\` });
new clickhouse.View("read_again", { database: db, query: "SELECT a FROM web.read" }, { dependsOn: [db, stats] });
`.replace('"SELECT a FROM web.read" }, { dependsOn: [db, stats] }', "sql`SELECT a FROM ${stats} WHERE a > 1` }");
const PROGRAM = HEAD + STATS + REST;

describe("which of two names, with the real CLI", function () {
  this.timeout(600_000);
  let server: TestServer;
  let project: Project;
  let made: Record<string, string>;
  const up = (program: string, env = {}) => {
    project.write(program);
    return project.run(["up", "--yes", "--skip-preview"], env);
  };
  const preview = (program: string) => {
    project.write(program);
    return project.run(["preview"]);
  };
  const nothingChanged = async (): Promise<void> => {
    assert.deepEqual(await identities(server.url, "web"), made);
    assert.equal(await countOf(server.url, "web.page_stats"), 2);
  };

  before(async () => {
    server = await startServer();
    project = await createProject({ config: { "clickhouse:url": server.url } });
    const { code, text } = await up(PROGRAM);
    assert.equal(code, 0, text);
    await run(server.url, "INSERT INTO web.page_stats VALUES (1), (2)", "INSERT INTO web.slow_events VALUES (1)");
    made = await identities(server.url, "web");
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  it("refuses two tables of one resource name, before the first is changed", async () => {
    const second =
      'const other = new clickhouse.Database("other");\n' +
      'new clickhouse.Table("page_stats", { database: other, columns: { a: "UInt64" }, orderBy: "a" });\n';
    for (const program of [HEAD + STATS + second + REST, HEAD + second + STATS + REST]) {
      const { code, text } = await up(program);
      assert.notEqual(code, 0);
      assert.match(text, /Two resources of type Table are named "page_stats"/);
      await nothingChanged();
    }
  });

  it("says at preview that a removal will be refused, on its row, and how just this one is allowed", async () => {
    const { text } = await preview(PROGRAM.replace('const slow = table("slow_events");', ""));
    assert.match(text, /`pulumi up` will refuse this removal\. web\.slow_events: not dropped, because it holds 1 row/);
    assert.match(text, /pulumi config set clickhouse:allowDrop web\.slow_events`/);
    assert.doesNotMatch(text, /pulumi destroy|allowDrop true|ALLOW_DROP=true/);
    assertPresentable(text);
  });

  it("refuses a new name without an alias where rows would be split, and renames with one", async () => {
    const renamed = (alias: string): string =>
      PROGRAM.replace('table("page_stats")', `table("page_totals")`).replace(
        'orderBy: "a", ...more })',
        `orderBy: "a", ...more }${alias})`,
      );
    const first = await preview(renamed(""));
    assert.notEqual(first.code, 0);
    assert.match(
      first.text,
      /web\.page_totals: is new, and web\.page_stats, which has the same columns and holds 2 rows, leaves the program/,
    );
    const [, alias] = /(aliases: \[\{ name: "page_stats" \}\])/.exec(first.text) ?? [];
    assert.ok(alias !== undefined, first.text);
    assertPresentable(first.text);
    const skipped = await up(renamed(""));
    assert.notEqual(skipped.code, 0);
    await nothingChanged();
    const aliased = await preview(renamed(`, name === "page_totals" ? { ${alias} } : {}`));
    assert.equal(aliased.code, 0, aliased.text);
    assert.match(aliased.text, /RENAME TABLE web\.page_stats TO web\.page_totals/);
  });

  it("keeps a database that leaves the program while tables in it are declared", async () => {
    const program = PROGRAM.replace('new clickhouse.Database("web")', '"web"');
    const allowed = { CLICKHOUSE_ALLOW_DROP: "true" };
    project.write(program);
    const seen = await project.run(["preview"], allowed);
    assert.match(seen.text, /will refuse this removal\. web: not dropped, because web\.\w+, .* are still declared/);
    const { code, text } = await up(program, allowed);
    assert.notEqual(code, 0);
    assert.match(text, /web: not dropped, because web\.\w+, .* are still declared/);
    await nothingChanged();
    const back = await up(PROGRAM);
    assert.equal(back.code, 0, back.text);
  });

  it("changes nothing by a destroy that is refused, and drops what is named by the words of the refusal", async () => {
    const refused = await project.run(["destroy", "--yes", "--skip-preview"]);
    assert.notEqual(refused.code, 0);
    assert.match(refused.text, /CLICKHOUSE_ALLOW_DROP=web\.\w+ in the environment/);
    assertPresentable(refused.text);
    await nothingChanged();
    const named = { CLICKHOUSE_ALLOW_DROP: "web.slow_events,web.page_stats" };
    const gone = await project.run(["destroy", "--yes", "--skip-preview"], named);
    assert.equal(gone.code, 0, gone.text);
    assert.deepEqual(await namesIn(server.url, "web"), []);
  });
});
