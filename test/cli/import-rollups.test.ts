import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { importServer } from "../../provider/src/cli/import";
import { identities, run } from "../e2e/support";
import { copyObsfly } from "../support/obsfly";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";

const ROOT = path.resolve(__dirname, "../..");
const SIGNALS = ["logs", "metrics", "traces", "profiles"];

/** Rollups that somebody wrote manually, with levels on top, other names, and a view in another database; and what is none. */
const BY_HAND = [
  "CREATE DATABASE shop",
  "CREATE DATABASE `the web`",
  "CREATE TABLE shop.orders (at DateTime('UTC'), product LowCardinality(String), price Float64, country String) ORDER BY at TTL at + INTERVAL 30 DAY",
  "CREATE TABLE `the web`.orders AS shop.orders",
  `CREATE TABLE shop.sales (hour DateTime('UTC'), product LowCardinality(String), country String, n SimpleAggregateFunction(sum, UInt64),
     revenue AggregateFunction(sum, Float64), p AggregateFunction(quantilesTDigest(0.5, 0.9), Float64))
   ENGINE = AggregatingMergeTree ORDER BY (product, country, hour)`,
  `CREATE MATERIALIZED VIEW shop.to_sales TO shop.sales AS
   SELECT toStartOfHour(at) AS hour, product, country, count() AS n, sumState(price) AS revenue, quantilesTDigestState(0.5, 0.9)(price) AS p
   FROM shop.orders WHERE price > 0 GROUP BY hour, product, country`,
  `CREATE TABLE shop.sales_by_day (day Date, product LowCardinality(String), country String, n SimpleAggregateFunction(sum, UInt64),
     revenue AggregateFunction(sum, Float64), p AggregateFunction(quantilesTDigest(0.5, 0.9), Float64))
   ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(day) ORDER BY (product, country, day) TTL day + INTERVAL 1 YEAR`,
  `CREATE MATERIALIZED VIEW shop.sales_by_day_mv TO shop.sales_by_day AS
   SELECT toDate(_source.hour) AS day, _source.product AS product, _source.country AS country, sum(_source.n) AS n, sumMergeState(_source.revenue) AS revenue,
     quantilesTDigestMergeState(0.5, 0.9)(_source.p) AS p FROM shop.sales AS _source GROUP BY day, product, country`,
  `CREATE TABLE shop.visits (country String, minute DateTime('UTC'), n SimpleAggregateFunction(sum, UInt64))
   ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY (country, minute)`,
  "CREATE MATERIALIZED VIEW shop.visits_shop TO shop.visits AS SELECT country, toStartOfMinute(at) AS minute, count() AS n FROM shop.orders GROUP BY country, minute",
  "CREATE MATERIALIZED VIEW `the web`.visits_web TO shop.visits AS SELECT lower(product) AS country, toStartOfMinute(at) AS minute, countIf(price > 1) AS n FROM `the web`.orders WHERE price < 9 GROUP BY country, minute",
  "CREATE VIEW shop.best AS SELECT product, sum(n) AS n FROM shop.sales GROUP BY product",
  "CREATE TABLE shop.zipped (minute DateTime('UTC') CODEC(Delta, ZSTD), n SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY minute",
  "CREATE MATERIALIZED VIEW shop.zipped_mv TO shop.zipped AS SELECT toStartOfMinute(at) AS minute, count() AS n FROM shop.orders GROUP BY minute",
  "CREATE TABLE shop.odd (minute DateTime('UTC'), n SimpleAggregateFunction(sum, UInt64), at DateTime DEFAULT now()) ENGINE = AggregatingMergeTree ORDER BY (minute, at)",
  "CREATE MATERIALIZED VIEW shop.odd_mv TO shop.odd AS SELECT toStartOfMinute(at) AS minute, count() AS n FROM shop.orders GROUP BY minute",
  "CREATE TABLE shop.wide (minute DateTime, n SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(minute) ORDER BY minute",
  "CREATE MATERIALIZED VIEW shop.wide_mv TO shop.wide AS SELECT toStartOfMinute(at) AS minute, count() AS n FROM shop.orders GROUP BY minute",
];

describe("clickhouse-schema import --rollups", function () {
  this.timeout(300_000);
  let server: TestServer;
  const cleanup: (() => unknown)[] = [];

  const importInto = async (url: string, out: string, options: object = {}) => {
    const said = { out: "", error: "" };
    const output = { out: (text: string) => (said.out += text), error: (text: string) => (said.error += text) };
    const code = await importServer({ url, out, rollups: true, ...options }, output);
    assert.deepEqual([code, said.error], [0, ""], said.out);
    return said.out;
  };
  const folder = (): string => {
    const made = mkdtempSync(path.join(tmpdir(), "clickhouse-schema-rollups-"));
    symlinkSync(path.join(ROOT, "node_modules"), path.join(made, "node_modules"));
    cleanup.push(() => rmSync(made, { recursive: true, force: true }));
    return made;
  };
  const projectIn = async (workDir: string, url: string): Promise<Project> => {
    const project = await createProject({ workDir, config: { "clickhouse:url": url } });
    cleanup.push(() => project.remove());
    return project;
  };
  const serve = async (): Promise<TestServer> => {
    const other = await startServer();
    cleanup.push(() => other.stop());
    return other;
  };

  before(async () => {
    server = await startServer();
    await run(server.url, ...BY_HAND);
  });

  after(async () => {
    for (const one of cleanup.reverse()) await one();
    await server?.stop();
  });

  it("writes a Rollup for a target and its views, and says why it writes none", async () => {
    const out = folder();
    const said = await importInto(server.url, out);
    assert.match(said, /^ {2}shop\.sales: a Rollup$/m);
    assert.match(said, /^ {2}shop\.visits: a Rollup$/m);
    assert.match(said, /^ {2}shop\.zipped: a Rollup$/m);
    assert.match(said, /shop\.odd: no Rollup, because column `at` of its table has a default/);
    assert.match(
      said,
      /shop\.wide: no Rollup, because `wide`\.`minute` is DateTime, where a rollup has DateTime\('UTC'\)/,
    );
    const text = readFileSync(path.join(out, "shop.ts"), "utf8");
    assert.match(text, SALES);
    assert.match(text, VISITS);
    assert.match(text, /columns: \{ minute: \{ codec: "Delta\(4\), ZSTD\(1\)" \} \},/);
    assert.match(text, /sum\(n\) AS n\n +FROM \$\{sales\.target\}\n/);
    assertWellMade(out);
  });

  it("leads to an empty preview with the import file, and nothing is touched", async () => {
    const out = folder();
    await importInto(server.url, out);
    const before = await standing(server, ["shop", "the web"]);
    const project = await projectIn(out, server.url);
    await importsWithoutChange(project);
    assert.deepEqual(await standing(server, ["shop", "the web"]), before);
  });

  it("makes the same objects on an empty server", async () => {
    const out = folder();
    await importInto(server.url, out);
    const other = await serve();
    const project = await projectIn(out, other.url);
    await project.must(["up", "--yes", "--skip-preview"]);
    const said = await importInto(other.url, out, { check: true });
    assert.equal(said, `The program in ${out} matches the server.\n`);
  });

  it("takes a project of Rollups to code and back: what was seven Rollups is seven again", async () => {
    const obsfly = await serve();
    const stack = await copyObsfly({ "clickhouse:url": obsfly.url, "obsfly:protect": "false" });
    cleanup.push(() => stack.remove());
    await stack.must(["up", "--yes", "--skip-preview"]);
    const before = await standing(obsfly, SIGNALS);
    const out = folder();
    const said = await importInto(obsfly.url, out);
    assert.equal(said.match(/: a Rollup$/gm)?.length, 7, said);
    assert.match(
      readFileSync(path.join(out, "metrics.ts"), "utf8"),
      /avg_value: derived\("sum_value \/ sample_count"\)/,
    );
    assert.match(readFileSync(path.join(out, "logs.ts"), "utf8"), /ttl: "inherit"/);
    assertWellMade(out);
    const project = await projectIn(out, obsfly.url);
    await importsWithoutChange(project);
    assert.deepEqual(await standing(obsfly, SIGNALS), before);
    const other = await serve();
    const again = await projectIn(out, other.url);
    await again.must(["up", "--yes", "--skip-preview"]);
    assert.equal(await importInto(other.url, out, { check: true }), `The program in ${out} matches the server.\n`);
  });
});

const SALES = new RegExp(
  [
    'export const sales = new Rollup\\("sales", \\{',
    "database: shop,",
    "source: orders,",
    'viewName: "to_sales",',
    'where: "price > 0",',
    'keys: \\["product", "country"\\],',
    'bucket: \\{ name: "hour", every: "hour", time: "at", first: true \\},',
    "measures: \\{",
    "n: count\\(\\),",
    'revenue: raw\\(\\{ state: "sumState\\(price\\)", merge: "sumMerge" \\}\\),',
    'p: quantiles\\(\\[0.5, 0.9\\], "price", \\{ algorithm: "tdigest" \\}\\),',
    "\\},",
    'cascade: \\[\\{ every: "day", name: "sales_by_day", bucket: "day", ttl: "day \\+ toIntervalYear\\(1\\)" \\}\\],',
    "read: false,",
    "partitionBy: false,",
    "\\}\\);",
  ].join("\\s+"),
);

const VISITS = new RegExp(
  [
    'new Rollup\\("visits", \\{',
    "database: shop,",
    "sources: \\{",
    'orders: \\{ source: orders, viewName: "visits_shop" \\},',
    "orders_2: \\{",
    "source: theWebOrders,",
    'where: "price < 9",',
    'keys: \\{ country: "lower\\(product\\)" \\},',
    'measures: \\{ n: count\\(\\{ if: "price > 1" \\}\\) \\},',
    "database: theWeb,",
    'viewName: "visits_web",',
  ].join("\\s+"),
);

async function importsWithoutChange(project: Project): Promise<void> {
  await project.must(["import", "--file", "import.json", "--generate-code=false", "--protect=false", "--yes"]);
  await project.must(["preview", "--expect-no-changes", "--diff"]);
  const refreshed = await project.must(["refresh", "--yes", "--skip-preview"]);
  assert.doesNotMatch(refreshed.text, /updated|deleted/);
  await project.must(["up", "--yes", "--expect-no-changes"]);
}

/** Strict TypeScript, and laid out as the formatter would. */
function assertWellMade(folder: string): void {
  const compiled = tool("typescript/bin/tsc", ["-p", "."], folder);
  assert.equal(compiled.text, "");
  writeFileSync(path.join(folder, "biome.json"), readFileSync(path.join(ROOT, "biome.json")));
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  const checked = tool("@biomejs/biome/bin/biome", ["ci", "--vcs-enabled=false", "--colors=off", ...files], folder);
  assert.equal(checked.status, 0, checked.text);
}

function tool(script: string, args: readonly string[], cwd: string): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [require.resolve(script), ...args], {
    cwd,
    encoding: "utf8",
  });
  return { status, text: stdout + stderr };
}

async function standing(server: TestServer, databases: readonly string[]): Promise<unknown> {
  return Promise.all(databases.map((database) => identities(server.url, database)));
}
