import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync } from "node:fs";
import path from "node:path";
import { createProject, type Project } from "../support/pulumi";
import { freshDatabase, sharedServer, WRITER } from "../support/server";

const CLI = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");

describe("--stack", () => {
  let project: Project;
  let url: string;

  before(async () => {
    ({ url } = await sharedServer());
    const config = { "clickhouse:url": url, "clickhouse:username": WRITER.username, "clickhouse:requestTimeout": "77" };
    project = await createProject({ config });
    await project.must(["config", "set", "--secret", "clickhouse:password", WRITER.password]);
  });
  after(() => project?.remove());

  async function cli(args: readonly string[], more: NodeJS.ProcessEnv = {}) {
    const env = { ...project.env, ...more };
    return new Promise<{ code: number; out: string; error: string }>((resolve) => {
      execFile(process.execPath, [CLI, ...args], { env, cwd: project.dir }, (error, out, text) => {
        assert.ok(!(out + text).includes(WRITER.password));
        resolve({ code: error === null ? 0 : Number(error.code), out, error: text });
      });
    });
  }

  it("takes URL, user and the secret password from the stack's config", async () => {
    const { code, error, out } = await cli(["operations", "--stack", "test", "--json"]);
    assert.deepEqual([code, error], [0, ""], error);
    assert.ok(Array.isArray(JSON.parse(out).operations));
  });

  it("gives another user's password to nobody", async () => {
    const { code, error } = await cli(["operations", "--stack", "test", "--user", "default"]);
    assert.deepEqual([code, error], [0, ""], "the default user has none, and none was sent");
  });

  it("says so where the environment overrides it, unless it is to be ignored; options come first", async () => {
    const elsewhere = { CLICKHOUSE_URL: "http://127.0.0.1:9" };
    const overridden = await cli(["operations", "--stack", "test"], elsewhere);
    assert.equal(overridden.code, 2);
    assert.match(overridden.error, /^CLICKHOUSE_URL in the environment overrides clickhouse:url of stack test\.\n/);
    assert.deepEqual(
      [(await cli(["operations", "--stack", "test", "--url", url], elsewhere)).error],
      [""],
      "what has no effect is not reported",
    );
    await project.must(["config", "set", "clickhouse:environment", "ignore"]);
    assert.equal((await cli(["operations", "--stack", "test"], elsewhere)).error, "");
    await project.must(["config", "rm", "clickhouse:environment"]);
  });

  it("names a place for compare: each stack's own server, user and password", async () => {
    const database = ["--database", await freshDatabase(await sharedServer())];
    const same = await cli(["compare", "stack:test", "stack:test", ...database]);
    assert.deepEqual([same.code, same.error], [0, ""]);
    assert.match(same.out, /^No difference: 1 same \(from stack test, to stack test\)\n$/);
    const wrong = await cli(["compare", "stack:test", "stack:test", ...database], { CLICKHOUSE_TO_PASSWORD: "wrong" });
    assert.equal(wrong.code, 2);
    assert.match(wrong.error, /^<to> stack:test: /);
    const none = await cli(["compare", "stack:test", "stack:none", ...database]);
    assert.match(none.error, /--stack none: no stack named 'none' found/);
  });

  it("finds chdb://PATH from the program's folder, wherever it is started", async () => {
    const folder = path.join(project.dir, "nested");
    mkdirSync(folder);
    await project.must(["config", "set", "clickhouse:url", "chdb://./none"]);
    const { code, error } = await cli(["status", "--stack", "test", "--cwd", folder]);
    assert.equal(code, 2);
    assert.ok(error.includes(path.join(project.dir, "none")), error);
    await project.must(["config", "set", "clickhouse:url", url]);
  });

  it("reads the state too, for drift", async () => {
    await project.must(["up", "--yes", "--skip-preview"]);
    const { code, error } = await cli(["drift", "--stack", "test"]);
    assert.equal(code, 2);
    assert.match(error, /The state has no ClickHouse object/);
  });

  it("reads the state's secrets, for drift, and shows none", async () => {
    const database = await freshDatabase({ url });
    project.write(
      `const secret = pulumi.secret("hidden-Pa55");
       new clickhouse.Table("t", { database: "${database}", columns: { id: "UInt64" }, engine: sql\`MySQL('127.0.0.1:3306', 'd', 't', 'u', '\${secret}')\` });`,
    );
    await project.must(["up", "--yes", "--skip-preview"]);
    const { code, error, out } = await cli(["drift", "--stack", "test"]);
    assert.equal(code, 0, out + error);
    assert.match(out, /^No drift: 1 in sync/m);
    assert.doesNotMatch(out + error, /Pa55|encrypted/);
  });

  it("passes on what Pulumi says of a stack that there is none of", async () => {
    const { code, error } = await cli(["status", "--stack", "none"]);
    assert.equal(code, 2);
    assert.match(error, /^--stack none: no stack named 'none' found/);
    const none = await cli(["status", "--stack", "test"], { PATH: path.dirname(process.execPath) });
    assert.match(none.error, /^--stack test: needs the Pulumi CLI, which is not on PATH/);
  });
});
