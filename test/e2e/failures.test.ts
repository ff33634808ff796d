import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { openConnection } from "../../provider/src/connection/open";
import { createProject, type Project } from "../support/pulumi";
import { freePort, startServer, type TestServer, WRITER } from "../support/server";
import { assertPresentable, namesIn } from "./support";

const PROGRAM = `
const db = new clickhouse.Database("d");
const t = new clickhouse.Table("t", { database: db, columns: { a: "UInt64" }, orderBy: "a" });
new clickhouse.View("v", { database: db, query: sql\`SELECT a FROM \${t}\` });
`;
const WRONG_PASSWORD = "wr0ng-Pa55";

describe("a server that does not let us in, with the real CLI", function () {
  this.timeout(180_000);
  let server: TestServer;
  let project: Project;

  before(async () => {
    server = await startServer();
    project = await createProject({ program: PROGRAM, config: { "clickhouse:username": WRITER.username } });
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  const wrongPassword = async () => ({ CLICKHOUSE_URL: server.url, CLICKHOUSE_PASSWORD: WRONG_PASSWORD });
  const REFUSED_LOGIN = /the server refused user `writer`: check clickhouse:username/;

  const warned: [string, () => Promise<NodeJS.ProcessEnv>, RegExp][] = [
    [
      "for a wrong password, where a preview without the server is asked for",
      async () => ({ ...(await wrongPassword()), CLICKHOUSE_UNREACHABLE: "warn" }),
      REFUSED_LOGIN,
    ],
    [
      "at a wrong port",
      async () => ({ CLICKHOUSE_URL: `http://127.0.0.1:${await freePort()}`, CLICKHOUSE_PASSWORD: WRONG_PASSWORD }),
      /connection refused\. Is the server running/,
    ],
  ];
  for (const [where, environment, says] of warned) {
    it(`is warned of at preview and named at up, ${where}`, async () => {
      const env = await environment();
      const preview = await project.must(["preview"], env);
      // A failed up leaves the stack itself in the state.
      assert.match(preview.text, /\+ [34] to create/);
      assert.match(preview.text, /warning: The server could not be queried, so this preview uses only the state/);
      const [, diagnostics = ""] = preview.text.split("Diagnostics:");
      assert.equal(diagnostics.match(/The server could not be queried/g)?.length, 1, "said once");
      assertNames(preview.text, says, env);
      await refused(["up", "--yes", "--skip-preview"], says, env);
    });
  }

  const named: [string, () => Promise<NodeJS.ProcessEnv>, RegExp][] = [
    ["for a wrong password", wrongPassword, REFUSED_LOGIN],
    ["when no URL is configured", async () => ({}), /No ClickHouse is configured\. Set one with/],
  ];
  for (const [where, environment, says] of named) {
    it(`is an error at preview and at up, ${where}`, async () => {
      const env = await environment();
      for (const args of [["preview"], ["up", "--yes", "--skip-preview"]]) await refused(args, says, env);
    });
  }

  async function refused(args: readonly string[], says: RegExp, env: NodeJS.ProcessEnv): Promise<void> {
    const { code, text } = await project.run(args, env);
    assert.notEqual(code, 0, text);
    assertNames(text, says, env);
  }

  function assertNames(text: string, says: RegExp, env: NodeJS.ProcessEnv): void {
    assert.match(text, says);
    if (env["CLICKHOUSE_URL"] !== undefined) assert.ok(text.includes(env["CLICKHOUSE_URL"]), "the URL is not named");
    assert.ok(!text.includes(WRONG_PASSWORD), "the password is shown");
    assertPresentable(text);
  }

  it("is forgotten as soon as the config is fixed", async () => {
    const env = { CLICKHOUSE_URL: server.url, CLICKHOUSE_PASSWORD: WRITER.password };
    await project.must(["up", "--yes", "--skip-preview"], env);
    assert.deepEqual(await namesIn(server.url, "d"), ["t", "v"]);
    await project.must(["preview", "--expect-no-changes"], env);
  });

  it("is named by refresh and destroy, which keep the state", async () => {
    const env = { CLICKHOUSE_URL: server.url, CLICKHOUSE_PASSWORD: WRONG_PASSWORD };
    for (const args of [["refresh"], ["destroy"]]) {
      const { code, text } = await project.run([...args, "--yes", "--skip-preview"], env);
      assert.notEqual(code, 0, args[0]);
      assert.match(text, /the server refused user `writer`/);
      assert.ok(!text.includes(WRONG_PASSWORD), "the password is shown");
      assertPresentable(text);
    }
    const right = { CLICKHOUSE_URL: server.url, CLICKHOUSE_PASSWORD: WRITER.password };
    await project.must(["preview", "--expect-no-changes"], right);
  });
});

describe("a data folder that another process has open, with the real CLI", function () {
  this.timeout(180_000);

  it("is warned of at preview and named at up, which waits for it once, for 10 s", async () => {
    const dir = mkdtempSync(path.join(tmpdir(), "taken-"));
    const url = `chdb://${dir}/data`;
    const holder = await openConnection({ url });
    const project = await createProject({ program: PROGRAM, config: { "clickhouse:url": url } });
    try {
      const preview = await project.must(["preview"]);
      assert.match(preview.text, /warning: The server could not be queried.*is in use by another process/s);
      const up = async () => {
        const from = Date.now();
        const outcome = await project.run(["up", "--yes", "--skip-preview"]);
        return { ...outcome, took: Date.now() - from };
      };
      const { code, text, took } = await up();
      assert.notEqual(code, 0);
      assert.match(text, /data is in use by another process \(pulumi or clickhouse\)/);
      for (const shown of [preview.text, text]) assertPresentable(shown);
      await holder.close();
      const free = await up();
      assert.equal(free.code, 0, free.text);
      // By the time of the CLI itself, which a busy machine makes long.
      assert.ok(took - free.took < 15_000, `took ${took} ms, and ${free.took} ms when nobody had it open`);
      await project.must(["preview", "--expect-no-changes"]);
    } finally {
      await holder.close();
      project.remove();
      rmSync(dir, { recursive: true, force: true });
    }
  });
});
