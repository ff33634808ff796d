import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type DriftOptions, driftOfState } from "../../provider/src/cli/drift";
import { run } from "../e2e/support";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";

const PROGRAM = `
const secret = new pulumi.Config("e2e").requireSecret("key");
const shop = new clickhouse.Database("shop", { comment: "what is sold" });
const plain = new clickhouse.Database("plain");
const columns = { id: "UInt64", at: "DateTime", name: "String" };
const table = (name, more = {}) => new clickhouse.Table(name, { database: shop, columns, orderBy: "id", ...more });
const orders = table("orders");
table("added"); table("dropped"); table("retyped"); table("moved");
table("defaulted", { columns: { ...columns, name: { type: "String", default: "'a'" } } });
table("coded", { columns: { ...columns, name: { type: "String", codec: "ZSTD(3)" } } });
table("commented", { columns: { ...columns, name: { type: "String", comment: "the name" } }, comment: "a table" });
table("expiring", { ttl: "at + INTERVAL 30 DAY" });
table("tuned", { settings: { ttl_only_drop_parts: 1, min_rows_for_wide_part: 10, min_bytes_for_wide_part: 20 } });
table("indexed", { indexes: [{ name: "a", expression: "name", type: "minmax" }, { name: "b", expression: "at", type: "minmax" }] });
table("projected", { projections: [{ name: "p", query: "SELECT name, count() GROUP BY name" }] });
table("checked", { constraints: [{ name: "c", check: "id > 0" }] });
table("gone");
table("exchanged");
const view = new clickhouse.View("read", { database: shop, query: sql\`SELECT id, name FROM \${orders}\` });
const target = table("target");
new clickhouse.MaterializedView("feed", { database: shop, to: target, query: sql\`SELECT id, at, name FROM \${orders} WHERE id > 1\` });
new clickhouse.Table("remote", { database: shop, columns, engine: pulumi.interpolate\`MySQL('127.0.0.1:3306', 'd', 't', 'u', '\${secret}')\` });
new clickhouse.Table("bucket", { database: shop, columns, engine: "S3('http://127.0.0.1:9/bucket/f.csv', 'key', 'clear-Pa55', 'CSV')" });
const eu = new clickhouse.Provider("eu", { url: new pulumi.Config("e2e").require("eu") });
new clickhouse.Database("elsewhere", {}, { provider: eu });
`;

/** What somebody does manually, and the lines that drift is to show of it, none else. */
const BY_HAND: [string, string, string, string[]][] = [
  ["a column added", "added", "ALTER TABLE shop.added ADD COLUMN more UInt8 AFTER id", ["+    `more` UInt8,"]],
  ["a column dropped", "dropped", "ALTER TABLE shop.dropped DROP COLUMN at", ["-    `at` DateTime,"]],
  [
    "a type",
    "retyped",
    "ALTER TABLE shop.retyped MODIFY COLUMN at DateTime64(3)",
    ["-    `at` DateTime,", "+    `at` DateTime64(3),"],
  ],
  [
    "a column moved",
    "moved",
    "ALTER TABLE shop.moved MODIFY COLUMN name String AFTER id",
    ["-    `at` DateTime,", "-    `name` String", "+    `name` String,", "+    `at` DateTime"],
  ],
  [
    "a default",
    "defaulted",
    "ALTER TABLE shop.defaulted MODIFY COLUMN name DEFAULT 'b'",
    ["-    `name` String DEFAULT 'a'", "+    `name` String DEFAULT 'b'"],
  ],
  [
    "a codec",
    "coded",
    "ALTER TABLE shop.coded MODIFY COLUMN name CODEC(LZ4)",
    ["-    `name` String CODEC(ZSTD(3))", "+    `name` String CODEC(LZ4)"],
  ],
  [
    "comments",
    "commented",
    "ALTER TABLE shop.commented COMMENT COLUMN name 'other', MODIFY COMMENT 'else'",
    [
      "-    `name` String COMMENT 'the name'",
      "+    `name` String COMMENT 'other'",
      "-COMMENT 'a table'",
      "+COMMENT 'else'",
    ],
  ],
  [
    "a TTL",
    "expiring",
    "ALTER TABLE shop.expiring MODIFY TTL at + INTERVAL 1 DAY",
    ["-TTL at + toIntervalDay(30)", "+TTL at + toIntervalDay(1)"],
  ],
  [
    "a setting",
    "tuned",
    "ALTER TABLE shop.tuned MODIFY SETTING min_rows_for_wide_part = 11",
    [
      "-SETTINGS ttl_only_drop_parts = 1, min_rows_for_wide_part = 10, min_bytes_for_wide_part = 20, index_granularity = 8192",
      "+SETTINGS ttl_only_drop_parts = 1, min_rows_for_wide_part = 11, min_bytes_for_wide_part = 20, index_granularity = 8192",
    ],
  ],
  [
    "an index",
    "indexed",
    "ALTER TABLE shop.indexed DROP INDEX a, ADD INDEX c id TYPE minmax FIRST",
    ["-    INDEX a name TYPE minmax GRANULARITY 1,", "+    INDEX c id TYPE minmax GRANULARITY 1,"],
  ],
  ["a projection", "projected", "ALTER TABLE shop.projected DROP PROJECTION p", ["-    PROJECTION p"]],
  ["a constraint", "checked", "ALTER TABLE shop.checked DROP CONSTRAINT c", ["-    CONSTRAINT c CHECK id > 0"]],
  ["a view's query", "read", "CREATE OR REPLACE VIEW shop.read AS SELECT id FROM shop.orders", ["-    name"]],
  [
    "the query of a materialized view",
    "feed",
    "ALTER TABLE shop.feed MODIFY QUERY SELECT id, at, name FROM shop.orders WHERE id > 2",
    ["-WHERE id > 1", "+WHERE id > 2"],
  ],
  [
    "the comment of a database",
    "",
    "ALTER DATABASE shop MODIFY COMMENT 'other'",
    ["-COMMENT 'what is sold'", "+COMMENT 'other'"],
  ],
];

describe("clickhouse-schema drift", function () {
  this.timeout(240_000);
  let server: TestServer;
  let project: Project;
  let state: string;

  before(async () => {
    server = await startServer();
    project = await createProject({ program: PROGRAM, config: { "clickhouse:url": server.url, "e2e:eu": server.url } });
    await project.must(["config", "set", "--secret", "e2e:key", "hidden-Pa55"]);
    state = path.join(project.dir, "state.json");
    await up();
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  async function up(): Promise<void> {
    await project.must(["up", "--yes", "--skip-preview", "--refresh", "--config", "clickhouse:allow=drops-data"]);
    writeFileSync(state, (await project.must(["stack", "export"])).stdout);
  }

  async function drift(options: DriftOptions = {}) {
    const said = { out: "", error: "" };
    const output = { out: (text: string) => (said.out += text), error: (text: string) => (said.error += text) };
    const code = await driftOfState({ state, ...options }, output, {});
    assert.doesNotMatch(said.out + said.error, /Pa55/);
    return { code, ...said };
  }

  it("finds none after an up, in an export and in the backend's own file", async () => {
    const { code, out, error } = await drift();
    assert.deepEqual([code, error], [0, ""]);
    assert.match(out, /^not compared: table shop\.remote: its statement is encrypted/);
    assert.match(out, /left out: 1 object of provider eu/);
    assert.match(out, /No drift: 1 not compared, 21 in sync \(http/);
    const file = path.join(project.dir, ".backend/.pulumi/stacks/e2e/test.json");
    assert.deepEqual(await drift({ state: file }), { code, out, error });
  });

  it("compares encrypted statements of an export with secrets, and shows nothing of them", async () => {
    writeFileSync(state, (await project.must(["stack", "export", "--show-secrets"])).stdout);
    assert.match((await drift()).out, /No drift: 22 in sync/);
    await run(
      server.url,
      "DROP TABLE shop.remote SYNC",
      "CREATE TABLE shop.remote (id UInt64, at DateTime, name String) ENGINE = MySQL('127.0.0.1:3306', 'd', 'other', 'u', 'hidden-Pa55')",
    );
    const { code, out } = await drift({ json: true });
    assert.equal(code, 1);
    const [found] = JSON.parse(out).objects.filter(({ status }: { status: string }) => status === "drifted");
    assert.deepEqual(
      [found.name, found.secret, found.differs, found.changes, found.diff],
      ["shop.remote", true, ["engine"], [], undefined],
    );
    await run(server.url, "DROP TABLE shop.remote SYNC");
    assert.match(
      (await drift({ markdown: true })).out,
      /^### ⚠️ Drift\n[\s\S]*\*\*missing\*\*: table <code>shop\.remote<\/code>: is not on the server/,
    );
    await up();
  });

  it("shows exactly what was changed manually, kind by kind, and what is not in the state", async () => {
    await run(server.url, ...BY_HAND.map(([, , sql]) => sql));
    await run(
      server.url,
      "DROP TABLE shop.gone SYNC",
      "DROP TABLE shop.exchanged SYNC",
      "CREATE VIEW shop.exchanged AS SELECT 1 AS id",
      "CREATE TABLE shop.extra (a UInt8) ORDER BY a",
      "CREATE DICTIONARY shop.names (id UInt64, name String) PRIMARY KEY id SOURCE(NULL()) LIFETIME(60) LAYOUT(FLAT())",
      "CREATE TABLE default.foreign (a UInt8) ORDER BY a",
      "DROP TABLE shop.bucket SYNC",
      "CREATE TABLE shop.bucket (id UInt64, at DateTime, name String) ENGINE = S3('http://127.0.0.1:9/bucket/other.csv', 'key', 'clear-Pa55', 'CSV')",
    );
    const { code, out, error } = await drift({ json: true });
    assert.deepEqual([code, error], [1, ""]);
    const { objects, unmanaged, counts } = JSON.parse(out);
    const byName = new Map<string, Record<string, string>>(objects.map((one: { name: string }) => [one.name, one]));
    for (const [what, name, , lines] of BY_HAND) {
      const found = byName.get(name === "" ? "shop" : `shop.${name}`);
      assert.equal(found?.["status"], "drifted", what);
      const shown = String(found?.["diff"])
        .split("\n")
        .filter((line) => /^[-+](?!--|\+\+)/.test(line));
      for (const line of lines) assert.ok(shown.includes(line), `${what}: ${line} is not among\n${shown.join("\n")}`);
      assert.ok(shown.length <= Math.max(lines.length, 9), `${what}:\n${shown.join("\n")}`);
    }
    assert.equal(byName.get("shop.gone")?.["status"], "missing");
    assert.match(String(byName.get("shop.exchanged")?.["reason"]), /a view of this name exists there/);
    assert.match(
      String(byName.get("shop.bucket")?.["diff"]),
      /^\+ENGINE = S3\('http:\/\/127\.0\.0\.1:9\/bucket\/other\.csv', 'key', '\[HIDDEN\]', 'CSV'\)$/m,
    );
    assert.deepEqual(counts, { drifted: 17, missing: 1, "not-compared": 1, "in-sync": 3 });
    assert.deepEqual(unmanaged, [
      { name: "shop.extra", kind: "table" },
      { name: "shop.names", kind: "dictionary" },
    ]);
    const text = (await drift()).out;
    assert.match(
      text,
      /^drifted: table shop\.retyped\n {5}\(\n {9}`id` UInt64,\n {4}- {4}`at` DateTime,\n {4}\+ {4}`at` DateTime64\(3\),\n/m,
    );
    const markdown = (await drift({ markdown: true })).out;
    assert.match(markdown, /^- \*\*drifted\*\*: table <code>shop\.retyped<\/code>\n {2}```diff\n/m);
    assert.match(markdown, /\*\*Not in the state\*\*\n\n- table <code>shop\.extra<\/code>\n/);
  });

  it("finds none when that is taken back by pulumi up, but what is not in the state with --strict", async () => {
    await run(server.url, "DROP VIEW shop.exchanged", "DROP TABLE shop.bucket SYNC");
    await up();
    const { code, out } = await drift();
    assert.equal(code, 0, out);
    assert.match(out, /unmanaged: table shop\.extra\nunmanaged: dictionary shop\.names\n/);
    assert.equal((await drift({ strict: true })).code, 1);
    assert.equal((await drift({ strict: true, exclude: ["shop.extra", "*.names", "shop.remote"] })).code, 0);
  });

  it("takes a provider by its name, and the server from where its last up went", async () => {
    const { code, out } = await drift({ provider: "eu" });
    assert.equal(code, 0);
    assert.match(out, /left out: 22 objects of the stack's own config.*\nNo drift: 1 in sync/);
  });

  it("reads the state from a pipe, and tells drift from failure by its exit code", () => {
    const bin = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");
    const piped = (...args: string[]) =>
      spawnSync(process.execPath, [bin, "drift", ...args], { input: readFileSync(state), encoding: "utf8" });
    const { status, stdout, stderr } = piped("--state", "-", "--url", server.url);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /No drift: /);
    assert.equal(piped("--state", "-", "--url", server.url, "--strict").status, 1);
    assert.equal(piped("--state", "nowhere.json").status, 2);
    assert.equal(piped("--nonsense").status, 2);
  });

  it("says what is missing: a state, a server, a provider", async () => {
    const said: string[] = [];
    assert.equal(await driftOfState({}, { out: () => undefined, error: (text) => said.push(text) }, {}), 2);
    assert.match(said.join(), /No state: give --stack NAME, or write it with `pulumi stack export/);
    assert.match(
      (await drift({ provider: "us" })).error,
      /--provider us: the state has no object of it; found default, eu/,
    );
    const refused = await drift({ url: "http://127.0.0.1:9" });
    assert.equal(refused.code, 2);
    assert.match(refused.error, /connection refused/);
  });
});
