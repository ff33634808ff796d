import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer, temporaryBase, WRITER } from "../support/server";
import { assertPresentable, run } from "./support";

const TABLE_SECRET = "hidden-table-Pa55";

/** One table whose engine creates without calling anybody; `extra` is more of the program. */
function program(extra = ""): string {
  return `
const secret = new pulumi.Config("e2e").requireSecret("tableSecret");
const db = new clickhouse.Database("vault");
const columns = { id: "UInt64", s: "String" };
new clickhouse.Table("remote", {
  database: db, columns, engine: pulumi.interpolate\`MySQL('127.0.0.1:3306', 'd', 't', 'u', '\${secret}')\`,
});
new clickhouse.Table("bucket", {
  sql: pulumi.interpolate\`CREATE TABLE \${db.name}.bucket (id UInt64) ENGINE = S3('http://127.0.0.1:9/bucket/f.csv', 'key', '\${secret}', 'CSV')\`,
});
new clickhouse.Table("plain", { database: db, columns, orderBy: "id" });
${extra}`;
}

/** Declarations with a secret in them that are refused, each at another stage. */
const REFUSED: [string, string, RegExp][] = [
  [
    "by the engine",
    "new clickhouse.Table('bad', { database: db, columns: { id: 'Uint' }, engine: pulumi.interpolate`MySQL('127.0.0.1:3306', 'd', 't', 'u', '${secret}')` });",
    /vault\.bad: /,
  ],
  [
    "for its syntax",
    "new clickhouse.Table('bad', { sql: pulumi.interpolate`CREATE TABLE vault.bad (id UInt64) ENGINE = MySQL('h:1', 'd', 't', 'u', '${secret}') '${secret}' GARBAGE` }, { dependsOn: db });",
    /sql: |vault\.bad: /,
  ],
  [
    "for an unknown argument",
    "new clickhouse.Table('bad', { database: db, columns, engine: 'Memory', [secret ? 'enigne' : '']: secret });",
    /enigne: is not an argument\. Did you mean `engine`\?/,
  ],
  [
    "for a column that is not there",
    "new clickhouse.View('bad', { database: db, query: pulumi.interpolate`SELECT ${secret.apply((s) => `'${s}' AS x, encrypt('aes-128-ecb', nope, '${s}')`)} FROM vault.plain` }, { dependsOn: db.urn.apply(() => []) });",
    /vault\.bad: /,
  ],
];

describe("secrets, with the real CLI", function () {
  this.timeout(180_000);
  let dataDir: string;
  let server: TestServer;
  let project: Project;
  const byWriter = () => ({ url: server.url, username: WRITER.username, password: WRITER.password });

  before(async () => {
    dataDir = mkdtempSync(path.join(temporaryBase(), "secrets-"));
    server = await startServer({ dataDir });
    const config = { "clickhouse:url": server.url, "clickhouse:username": WRITER.username };
    project = await createProject({ program: program(), config });
    const secrets = [
      "--secret",
      `clickhouse:password=${WRITER.password}`,
      "--secret",
      `e2e:tableSecret=${TABLE_SECRET}`,
    ];
    await project.must(["config", "set-all", ...secrets]);
  });

  after(async () => {
    project?.remove();
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it("reach the server and show in no preview, no update, no refresh and no state", async () => {
    for (const args of [
      ["preview", "--diff"],
      ["up", "--yes"],
      ["refresh", "--yes", "--diff"],
      ["stack", "export"],
    ]) {
      const { text } = await project.must(args);
      assertNoSecret(text, args.join(" "));
      assertPresentable(text);
    }
    // The server hides it from everybody too; only its own file shows what arrived.
    const stored = readFileSync(path.join(dataDir, "data/metadata/vault/remote.sql"), "utf8");
    assert.ok(stored.includes(`MySQL('127.0.0.1:3306', 'd', 't', 'u', '${TABLE_SECRET}')`), stored);
    const json = await project.must(["preview", "--json", "--expect-no-changes"]);
    assertNoSecret(json.text, "preview --json");
  });

  it("show in no plan of a change and in nothing that it prints, and are still known to the server afterwards", async () => {
    project.write(program().replace('s: "String" };', 's: "String", more: "UInt8" };'));
    for (const args of [
      ["preview", "--diff"],
      ["preview", "--json"],
      ["up", "--yes"],
      ["stack", "export"],
    ]) {
      const { text } = await project.must(args);
      assertNoSecret(text, args.join(" "));
      assertPresentable(text);
    }
    const stored = readFileSync(path.join(dataDir, "data/metadata/vault/remote.sql"), "utf8");
    assert.ok(stored.includes(TABLE_SECRET) && stored.includes("`more` UInt8"), stored);
    await project.must(["preview", "--expect-no-changes"]);
    project.write(program());
    await project.must(["up", "--yes", "--skip-preview", "--config", "clickhouse:allow=drops-data"]);
  });

  for (const [how, extra, says] of REFUSED) {
    it(`show in no refusal ${how}`, async () => {
      project.write(program(extra));
      const { code, text } = await project.run(["preview", "--diff"]);
      assert.notEqual(code, 0);
      assert.match(text, says);
      assertNoSecret(text, how);
      assertPresentable(text);
    });
  }

  it("show in no drift of the table that holds them, and are known again when it is fixed manually", async () => {
    project.write(program());
    const create = (columns: string, key: string) =>
      `CREATE TABLE vault.bucket (${columns}) ENGINE = S3('http://127.0.0.1:9/bucket/f.csv', 'key', '${key}', 'CSV')`;
    await run(byWriter(), "DROP TABLE vault.bucket SYNC", create("id UInt64, drifted UInt8", "other-live-key"));
    for (const args of [["refresh", "--yes", "--skip-preview", "--diff"], ["preview"], ["stack", "export"]]) {
      const { text } = await project.run(args);
      assertNoSecret(text, args.join(" "));
      assert.doesNotMatch(text, /other-live-key/, "the live secret is shown");
    }
    await run(byWriter(), "DROP TABLE vault.bucket SYNC", create("id UInt64", TABLE_SECRET));
    await project.must(["refresh", "--yes", "--skip-preview"]);
    await project.must(["preview", "--expect-no-changes"]);
  });
});

function assertNoSecret(text: string, where: string): void {
  for (const secret of [TABLE_SECRET, WRITER.password, encodeURIComponent(WRITER.password)])
    assert.ok(!text.includes(secret), `${where} shows ${secret}:\n${text.slice(0, 6000)}`);
}
