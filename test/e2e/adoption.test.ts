import assert from "node:assert/strict";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";
import { assertPresentable, countOf, identities, namesIn, run } from "./support";

/** Declares what {@link BY_HAND} makes, in other words. */
const PROGRAM = `
const db = new clickhouse.Database("shop");
const orders = new clickhouse.Table("orders", {
  database: db,
  columns: { id: "UInt64", at: { type: "DateTime('UTC')", codec: "Delta(4), ZSTD(1)" }, price: "Decimal(9, 2)", tag: "String" },
  partitionBy: "toYYYYMM(at)",
  orderBy: ["id"],
  ttl: "at + INTERVAL 30 DAY",
});
const daily = new clickhouse.Table("daily", {
  database: db, columns: { day: "Date", n: "UInt64" }, engine: "SummingMergeTree", orderBy: ["day"],
});
new clickhouse.MaterializedView("daily_mv", {
  database: db, to: daily, query: sql\`SELECT toDate(at) AS day, count() AS n FROM \${orders} GROUP BY day\`,
});
new clickhouse.View("recent", { database: db, query: sql\`SELECT id, tag FROM \${orders} WHERE at > now() - 60\` });
new clickhouse.Table("extra", { database: db, columns: { a: "UInt8" }, orderBy: "a" });
`;

const BY_HAND = [
  "create database shop",
  `create table shop.orders (\`id\` UInt64, at DateTime('UTC') codec(Delta, ZSTD), price Decimal32(2), tag String)
    engine MergeTree() partition by (toYYYYMM(at)) order by (id) ttl at + toIntervalDay(30) settings index_granularity = 8192`,
  "create table shop.daily (day Date, n UInt64) engine = SummingMergeTree order by (day)",
  "create materialized view shop.daily_mv to shop.daily as select toDate(at) day, count() n from shop.orders group by day",
  "create view shop.recent as select id, tag from shop.orders where at > (now() - 60)",
  "insert into shop.orders (id, at, tag) values (1, now(), 'kept'), (2, now(), 'kept')",
];

describe("what was created manually, with the real CLI", function () {
  this.timeout(180_000);
  let server: TestServer;
  let project: Project;

  before(async () => {
    server = await startServer();
    project = await createProject({ program: PROGRAM, config: { "clickhouse:url": server.url } });
  });

  afterEach(() => project.write(PROGRAM));

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  it("is adopted when it equals the declaration in other words, and keeps its identity and its rows", async () => {
    await run(server.url, ...BY_HAND);
    const before = await identities(server.url, "shop");
    const preview = await project.must(["preview"]);
    for (const name of ["Database shop", "orders", "daily", "daily_mv", "recent"])
      assert.match(preview.text, new RegExp(`${name}.*\\n.*exists on the server and equals the declaration`), name);
    assert.deepEqual(await identities(server.url, "shop"), before, "a preview changes nothing");

    await project.must(["up", "--yes", "--skip-preview"]);
    const { extra, ...after } = await identities(server.url, "shop");
    assert.deepEqual(after, before);
    assert.ok(extra, "what was missing is created");
    assert.equal(await countOf(server.url, "shop.orders"), 2);
    assert.equal(await countOf(server.url, "shop.daily"), 1);
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("is refused at preview and at up when it differs, with the difference, and is not touched", async () => {
    await run(
      server.url,
      "CREATE TABLE shop.other (a UInt32, b String) ORDER BY (a)",
      "INSERT INTO shop.other VALUES (1, 'x')",
    );
    const before = await identities(server.url, "shop");
    project.write(
      `${PROGRAM}\nnew clickhouse.Table("other", { database: db, columns: { a: "UInt64", b: "String" }, orderBy: "a" });`,
    );
    for (const args of [["preview"], ["up", "--yes", "--skip-preview"]]) {
      const { code, text } = await project.run(args);
      assert.notEqual(code, 0);
      assert.match(text, /shop\.other: exists on the server and differs from the declaration; it was not touched/);
      // Only what really differs: the parentheses of the sorting key do not.
      assert.deepEqual(changedLines(text), ["- `a` UInt32,", "+ `a` UInt64,"]);
      assertPresentable(text);
    }
    assert.deepEqual(await identities(server.url, "shop"), before);
    assert.equal(await countOf(server.url, "shop.other"), 1);
  });

  it("is adopted when it repeats the sorting key as its primary key", async () => {
    await run(server.url, "CREATE TABLE shop.keyed (a UInt64, b String) PRIMARY KEY a ORDER BY a");
    project.write(
      `${PROGRAM}\nnew clickhouse.Table("keyed", { database: db, columns: { a: "UInt64", b: "String" }, orderBy: "a" });`,
    );
    const { text } = await project.must(["preview"]);
    assert.match(text, /keyed.*\n.*exists on the server and equals the declaration/);
  });

  it("shows what was dropped manually on refresh, and creates it again on up", async () => {
    await run(server.url, "DROP TABLE shop.extra SYNC", "DROP VIEW shop.recent SYNC");
    const refresh = await project.must(["refresh", "--yes", "--skip-preview"]);
    assert.match(refresh.text, /- .*Table extra deleted/);
    assert.match(refresh.text, /- .*View recent deleted/);
    assertPresentable(refresh.text);
    const preview = await project.must(["preview", "--diff"]);
    assert.match(preview.text, /\+ pulumi-nodejs:dynamic\/clickhouse:Table: \(create\)[\s\S]*CREATE TABLE shop\.extra/);
    assert.match(preview.text, /2 to create/);
    await project.must(["up", "--yes", "--skip-preview"]);
    assert.deepEqual(await namesIn(server.url, "shop"), [
      "daily",
      "daily_mv",
      "extra",
      "keyed",
      "orders",
      "other",
      "recent",
    ]);
    await project.must(["preview", "--expect-no-changes"]);
  });

  it("shows a column added manually on refresh, and the exact line back at preview", async () => {
    await run(server.url, "ALTER TABLE shop.orders ADD COLUMN note String AFTER id");
    const refresh = await project.must(["refresh", "--yes", "--skip-preview", "--diff"]);
    assert.match(refresh.text, /\+\s+`note` String,/);
    const { code, text } = await project.run(["preview"]);
    assert.notEqual(code, 0);
    assert.match(text, /shop\.orders: this change needs your permission[\s\S]*the values of note \(String\)/);
    assertPresentable(text);
    const allowed = await project.must(["preview", "--diff"], { CLICKHOUSE_ALLOW: "drops-data" });
    assert.match(allowed.text, /ALTER TABLE shop\.orders DROP COLUMN `note`/);
    assert.deepEqual(changedLines(allowed.text), ["- `note` String,"]);

    await run(server.url, "ALTER TABLE shop.orders DROP COLUMN note");
    await project.must(["refresh", "--yes", "--skip-preview"]);
    await project.must(["preview", "--expect-no-changes"]);
    assert.equal(await countOf(server.url, "shop.orders"), 2);
  });
});

/** The lines that a diff takes away and adds, without their indentation. */
function changedLines(text: string): string[] {
  const lines = text.split("\n").map((line) => line.trim().replace(/\s+/g, " "));
  return lines.filter((line) => /^[-+] ?(?:`|[A-Z])/.test(line)).map((line) => line.replace(/^([-+]) ?/, "$1 "));
}
