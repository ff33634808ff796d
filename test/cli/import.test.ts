import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { importServer } from "../../provider/src/cli/import";
import { identities, run } from "../e2e/support";
import { installInto } from "../support/installed";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";

const ROOT = path.resolve(__dirname, "../..");

/** A server that somebody set up manually; `shop` and `stock` need each other. */
const BY_HAND = [
  "CREATE DATABASE shop COMMENT 'what is sold'",
  "CREATE DATABASE stock",
  `CREATE TABLE shop.orders_v1 (
     at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)), product LowCardinality(String) DEFAULT 'a\\\\b\`\${x}' COMMENT 'the "product"',
     price Decimal(9, 2), \`price-band\` UInt8 MATERIALIZED if(price > 100, 1, 0), note String EPHEMERAL, day Date ALIAS toDate(at),
     INDEX by_price price TYPE minmax, INDEX by_note \`price-band\` TYPE set(10) GRANULARITY 4,
     PROJECTION p (SELECT product, count() GROUP BY product), CONSTRAINT positive CHECK price > 0)
   ENGINE = ReplacingMergeTree(at) PARTITION BY toYYYYMM(at) PRIMARY KEY product ORDER BY (product, at)
   TTL toDateTime(at) + INTERVAL 30 DAY SETTINGS ttl_only_drop_parts = 1, deduplicate_merge_projection_mode = 'drop', min_bytes_for_wide_part = '10M'`,
  "CREATE TABLE stock.moved (product String, minute DateTime('UTC'), n SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY (product, minute)",
  `CREATE MATERIALIZED VIEW shop.moved_mv TO stock.moved AS
   SELECT toString(product) AS product, toStartOfMinute(at) AS minute, count() AS n FROM shop.orders_v1
   WHERE NOT match(product, '^\\\\d+\`\${') GROUP BY product, minute`,
  "CREATE VIEW stock.moved_read AS SELECT product, sum(n) AS n FROM stock.moved GROUP BY product",
  "CREATE TABLE shop.report (product String, n UInt64) ORDER BY product",
  "CREATE MATERIALIZED VIEW stock.report_mv REFRESH EVERY 1 HOUR TO shop.report EMPTY AS SELECT product, sum(n) AS n FROM stock.moved GROUP BY product",
  "CREATE MATERIALIZED VIEW shop.per_day ENGINE = SummingMergeTree ORDER BY day AS SELECT toDate(at) AS day, count() AS n FROM shop.orders_v1 GROUP BY day",
  "CREATE VIEW shop.narrow (n UInt16) AS SELECT count() AS n FROM shop.orders_v1",
  "CREATE TABLE shop.nullable (a Nullable(UInt8)) ORDER BY a SETTINGS allow_nullable_key = true",
  "CREATE TABLE shop.buffered AS stock.moved ENGINE = Buffer('stock', 'moved', 1, 1, 1, 1, 1, 1, 1)",
  "CREATE TABLE shop.remote (a UInt8) ENGINE = S3('https://bucket.s3.amazonaws.com/key', 'AKIA', 'the-secret', 'CSV')",
  "CREATE TABLE default.`1 odd\\nname` (`1` UInt8, `0` String) ORDER BY ()",
  "CREATE DICTIONARY shop.names (id UInt64, name String) PRIMARY KEY id SOURCE(NULL()) LIFETIME(60) LAYOUT(FLAT())",
  "INSERT INTO shop.orders_v1 (at, product, price) VALUES (now(), 'pear', 3)",
];

describe("clickhouse-schema import", function () {
  this.timeout(240_000);
  let server: TestServer;
  const folders: string[] = [];
  const projects: Project[] = [];

  const folder = (): string => {
    const made = mkdtempSync(path.join(tmpdir(), "clickhouse-schema-import-"));
    symlinkSync(path.join(ROOT, "node_modules"), path.join(made, "node_modules"));
    folders.push(made);
    return made;
  };
  const importInto = async (out: string, options: object = {}) => {
    const said = { out: "", error: "" };
    const output = { out: (text: string) => (said.out += text), error: (text: string) => (said.error += text) };
    const code = await importServer({ url: server.url, out, ...options }, output);
    return { code, ...said };
  };
  const projectIn = async (workDir: string): Promise<Project> => {
    const project = await createProject({ workDir, config: { "clickhouse:url": server.url } });
    projects.push(project);
    return project;
  };

  before(async () => {
    server = await startServer();
    await run(server.url, ...BY_HAND);
  });

  after(async () => {
    for (const project of projects) project.remove();
    for (const made of folders) rmSync(made, { recursive: true, force: true });
    await server?.stop();
  });

  it("writes a program that compiles under strict TypeScript, formatted, and without the secret", async () => {
    const out = folder();
    const { code, out: said, error } = await importInto(out);
    assert.deepEqual([code, error], [0, ""]);
    assert.match(said, /Wrote 15 resources of 3 databases/);
    assert.doesNotMatch(said, /plain SQL/);
    assert.match(readFileSync(path.join(out, "shop.ts"), "utf8"), /"narrow", \{[^}]*columns: \{ n: "UInt16" \},/);
    assert.match(readFileSync(path.join(out, "shop.ts"), "utf8"), /new Dictionary\(/);
    assert.match(
      said,
      /pulumi import --file import\.json --generate-code=false --protect=false --yes\n {2}pulumi up\n/,
    );
    for (const file of readdirSync(out).filter((name) => name !== "node_modules"))
      assert.doesNotMatch(readFileSync(path.join(out, file), "utf8"), /the-secret|HIDDEN/, file);
    const compiled = tool("typescript/bin/tsc", ["-p", "."], out);
    assert.equal(compiled.text, "");
    writeFileSync(path.join(out, "biome.json"), readFileSync(path.join(ROOT, "biome.json")));
    const checked = tool(
      "@biomejs/biome/bin/biome",
      ["ci", "--vcs-enabled=false", "--colors=off", ...programIn(out)],
      out,
    );
    assert.equal(checked.status, 0, checked.text);
  });

  it("leads from nothing to an empty preview with the import file, and nothing is touched", async () => {
    const out = path.join(mkdtempSync(path.join(tmpdir(), "clickhouse-schema-import-")), "schema");
    folders.push(path.dirname(out));
    await importInto(out, { exclude: ["shop.remote"] });
    installInto(out);
    const before = await standing(server);
    const project = await projectIn(out);
    const imported = await project.must([
      "import",
      "--file",
      "import.json",
      "--generate-code=false",
      "--protect=false",
      "--yes",
    ]);
    assert.doesNotMatch(imported.text, /warning/i);
    await project.must(["preview", "--expect-no-changes", "--diff"]);
    const refreshed = await project.must(["refresh", "--yes", "--skip-preview"]);
    assert.doesNotMatch(refreshed.text, /updated|deleted/);
    await project.must(["preview", "--expect-no-changes"]);
    await project.must(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
    assert.deepEqual(await standing(server), before);
  });

  it("needs no import file: up adopts what equals the program, secrets from the config included", async () => {
    const out = folder();
    await importInto(out);
    const before = await standing(server);
    const project = await projectIn(out);
    await project.must(["config", "set", "--secret", "shopRemoteSecret", "the-secret"]);
    await project.must(["up", "--yes", "--skip-preview"]);
    assert.deepEqual(await standing(server), before);
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("makes the same objects on an empty server", async () => {
    const out = folder();
    await importInto(out, { exclude: ["shop.remote"] });
    const other = await startServer();
    try {
      const project = await createProject({ workDir: out, config: { "clickhouse:url": other.url } });
      projects.push(project);
      await run(
        other.url,
        "CREATE DATABASE shop COMMENT 'what is sold'",
        BY_HAND.find((statement) => statement.startsWith("CREATE DICTIONARY")) ?? "",
      );
      await project.must(["up", "--yes", "--skip-preview"]);
      const { code, out: said } = await importInto(out, { url: other.url, check: true });
      assert.deepEqual([code, said], [0, `The program in ${out} matches the server.\n`]);
    } finally {
      await other.stop();
    }
  });

  it("says with --check what differs, and overwrites only with --force", async () => {
    const out = folder();
    const only = { database: ["stock"], exclude: ["stock.report_mv"] };
    assert.equal((await importInto(out, only)).code, 0);
    assert.equal((await importInto(out, { ...only, check: true })).code, 0);
    await run(server.url, "CREATE TABLE stock.added (a UInt8) ORDER BY a");
    try {
      const checked = await importInto(out, { ...only, check: true });
      assert.equal(checked.code, 1);
      assert.match(checked.out, /\+export const added = new Table\("added", \{/);
      const refused = await importInto(out, only);
      assert.equal(refused.code, 2);
      assert.match(refused.error, /stock\.ts: would be overwritten with other contents.*--check.*--force/);
      assert.equal((await importInto(out, { ...only, force: true })).code, 0);
      assert.equal((await importInto(out, { ...only, check: true })).code, 0);
    } finally {
      await run(server.url, "DROP TABLE stock.added SYNC");
    }
  });

  it("reads what a selected view reads, selected or not", async () => {
    const out = folder();
    const { code, out: said } = await importInto(out, { include: ["shop.moved_mv", "stock.*_read"] });
    assert.equal(code, 0);
    assert.doesNotMatch(said, /plain SQL/);
    assert.match(readFileSync(path.join(out, "shop.ts"), "utf8"), /to: "stock\.moved",/);
  });

  it("says which database is not there", async () => {
    const { code, error } = await importInto(folder(), { database: ["nowhere"] });
    assert.equal(code, 2);
    assert.match(error, /database nowhere: is not on http.*found default, shop, stock/);
  });
});

function programIn(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.endsWith(".ts"));
}

function tool(script: string, args: readonly string[], cwd: string): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [require.resolve(script), ...args], {
    cwd,
    encoding: "utf8",
  });
  return { status, text: stdout + stderr };
}

async function standing(server: TestServer): Promise<unknown> {
  return [await identities(server.url, "shop"), await identities(server.url, "stock")];
}
