import assert from "node:assert/strict";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";
import { assertPresentable, countOf, identities, namesIn, run } from "./support";

const PROGRAM = `
const db = new clickhouse.Database("d");
new clickhouse.Table("t", { database: db, columns: { a: "UInt64" }, orderBy: "a" });
`;

describe("which server, with the real CLI", function () {
  this.timeout(600_000);
  let first: TestServer;
  let second: TestServer;
  let project: Project;
  const setUrl = (url: string) => project.must(["config", "set", "clickhouse:url", url]);
  const preview = (env = {}) => project.run(["preview"], env);

  before(async () => {
    [first, second] = await Promise.all([startServer(), startServer()]);
    project = await createProject({ program: PROGRAM, config: { "clickhouse:url": first.url } });
    await project.must(["up", "--yes", "--skip-preview"]);
    await run(first.url, "INSERT INTO d.t VALUES (1)");
  });

  after(async () => {
    project?.remove();
    await Promise.all([first?.stop(), second?.stop()]);
  });

  it("is named once, with user, version and where the URL is from; another host name in front of it is no change", async () => {
    const { text } = await preview();
    const lines = text.match(/^ {4}server: .*$/gm);
    assert.equal(lines?.length, 1, text);
    assert.match(text, /server: http:\/\/127\.0\.0\.1:\d+, ClickHouse [\d.]+, user default \(URL from config\)/);
    await setUrl(first.url.replace("127.0.0.1", "localhost"));
    await project.must(["preview", "--expect-no-changes"]);
    await setUrl(first.url);
  });

  it("is reported as another one when the environment leads there, which can be ignored", async () => {
    const { text } = await preview({ CLICKHOUSE_URL: second.url });
    assert.match(
      text,
      /warning: The environment differs from the configuration: CLICKHOUSE_URL overrides clickhouse:url/,
    );
    assert.match(text, /is another server/);
    await project.must(["config", "set", "clickhouse:environment", "ignore"]);
    await project.must(["preview", "--expect-no-changes"], { CLICKHOUSE_URL: second.url });
    await project.must(["config", "rm", "clickhouse:environment"]);
  });

  it("keeps the state and the objects of the first when refresh or destroy lead to the second", async () => {
    const before = await identities(first.url, "d");
    for (const command of ["refresh", "destroy"]) {
      const { code, text } = await project.run([command, "--yes", "--skip-preview"], { CLICKHOUSE_URL: second.url });
      assert.notEqual(code, 0, text);
      assert.match(text, /d(?:\.t)?: not (?:refreshed|dropped), because the state was written on/);
      assertPresentable(text);
    }
    assert.deepEqual(await identities(first.url, "d"), before);
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("is given what it lacks when the stack moves there, and the first keeps what it has", async () => {
    await setUrl(second.url);
    const { text } = await preview();
    assert.match(text, /CREATE TABLE d\.t/);
    assert.doesNotMatch(text, /3 unchanged/);
    await project.must(["up", "--yes", "--skip-preview"]);
    assert.deepEqual(await namesIn(second.url, "d"), ["t"]);
    assert.equal(await countOf(first.url, "d.t"), 1);
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("must be one that can be: mistakes in the config are errors at preview", async () => {
    await project.must(["config", "set", "clickhouse:user", "deploy"]);
    const unknown = await preview();
    assert.notEqual(unknown.code, 0);
    assert.match(unknown.text, /clickhouse:user: is not a key\. Did you mean `username`\?/);
    await project.must(["config", "rm", "clickhouse:user"]);
    const login = await preview({ CLICKHOUSE_PASSWORD: "wrong" });
    assert.notEqual(login.code, 0);
    assert.match(login.text, /refused user `default`/);
    for (const [url, env, code] of [
      ["localhost:8123", {}, 255],
      ["http://127.0.0.1:9", { CI: "true" }, 255],
      ["http://127.0.0.1:9", { CLICKHOUSE_UNREACHABLE: "fail" }, 255],
      ["http://127.0.0.1:9", { CI: "true", CLICKHOUSE_UNREACHABLE: "warn" }, 0],
      ["http://127.0.0.1:9", {}, 0],
    ] as const) {
      await setUrl(url);
      const outcome = await preview(env);
      assert.equal(outcome.code === 0, code === 0, outcome.text);
      assert.match(outcome.text, code === 0 ? /warning: The server could not be queried/ : /error: .*has a problem/);
    }
  });
});
