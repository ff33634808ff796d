import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import {
  isUnknown,
  readStatus,
  renderStatusPage,
  renderStatusTable,
  type ServerStatus,
  type ViewStatus,
} from "../../provider/src/status";
import { freshDatabase, LIMITED, sharedServer, sleep } from "../support/server";

describe("the status of materialized views", () => {
  let url: string;
  let connection: Connection;
  let database: string;

  before(async () => {
    ({ url } = await sharedServer());
    connection = await openConnection({ url });
  });

  beforeEach(async () => {
    database = await freshDatabase(await sharedServer());
    await run(`CREATE TABLE {db}.events (at DateTime64(3, 'UTC'), k UInt8, v Float64) ENGINE = MergeTree
      PARTITION BY toDate(at) ORDER BY (k, at)`);
    await run(`CREATE TABLE {db}.hourly (k UInt8, hour DateTime('UTC'), n SimpleAggregateFunction(sum, UInt64))
      ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(hour) ORDER BY (k, hour) TTL hour + INTERVAL 50 YEAR`);
  });

  afterEach(() => connection.command(`DROP DATABASE ${database} SYNC`));
  after(() => connection.close());

  const run = (sql: string): Promise<void> => connection.command(sql.replaceAll("{db}", database));
  const hourly = (where = ""): Promise<void> =>
    run(`CREATE MATERIALIZED VIEW {db}.hourly_mv TO {db}.hourly AS
      SELECT k, toStartOfHour(at) AS hour, count() AS n FROM {db}.events ${where} GROUP BY k, hour`);
  const insert = (from: string, rows: number, stepSeconds = 1): Promise<void> =>
    run(`INSERT INTO {db}.events SELECT toDateTime64('${from}', 3, 'UTC') + number * ${stepSeconds}, number % 2, 1
      FROM numbers(${rows})`);

  async function read(options: { scan?: boolean } = {}): Promise<ServerStatus> {
    return readStatus(connection, { databases: [database], ...options });
  }

  async function only(options: { scan?: boolean } = {}): Promise<ViewStatus> {
    const [view, ...others] = (await read(options)).views;
    assert.ok(view);
    assert.deepEqual(others, []);
    return view;
  }

  it("says of the target what the server holds, and how far it is behind", async () => {
    await hourly();
    await insert("2024-05-01 10:30:00", 7200);
    const view = await only();
    assert.equal(view.view, `${database}.hourly_mv`);
    assert.equal(view.kind, "incremental");
    assert.equal(view.target, `${database}.hourly`);
    assert.equal(view.rows, 6);
    assert.equal(view.parts, 1);
    assert.equal(view.reduction, 1200);
    assert.equal(view.ttl, "hour + toIntervalYear(50)");
    assert.deepEqual(view.buckets, {
      column: "hour",
      oldest: "2024-05-01T10:00:00Z",
      newest: "2024-05-01T12:00:00Z",
    });
    assert.deepEqual(view.lag, { seconds: 0, exact: true });
    assert.deepEqual(view.sources[0]?.times, {
      column: "at",
      oldest: "2024-05-01T10:30:00Z",
      newest: "2024-05-01T12:29:59Z",
    });
    const [held] = await connection.query<{ bytes: string; ratio: number }>(
      `SELECT sum(bytes_on_disk) AS bytes, sum(data_uncompressed_bytes) / sum(data_compressed_bytes) AS ratio
       FROM system.parts WHERE active AND database = '${database}' AND table = 'hourly'`,
    );
    assert.equal(view.bytes, Number(held?.bytes));
    assert.equal(view.compression?.toFixed(6), held?.ratio.toFixed(6));
    assert.ok(view.share !== undefined && view.share > 0 && view.share < 1);
    assert.deepEqual(view.problems, []);
    assert.equal(view.lastError, undefined);
  });

  it("shows a lag in whole buckets when rows did not arrive", async () => {
    await insert("2024-05-01 10:00:00", 10);
    await hourly();
    await insert("2024-05-01 10:00:00", 10);
    await run("DROP VIEW {db}.hourly_mv");
    await insert("2024-05-01 15:59:59", 1);
    await hourly();
    assert.deepEqual((await only()).lag, { seconds: 5 * 3600, exact: true });
  });

  it("follows the bucket through common table expressions and aliases", async () => {
    await run(`CREATE MATERIALIZED VIEW {db}.hourly_mv TO {db}.hourly AS
      WITH calls AS (SELECT k, toStartOfHour(e.at) AS bucket FROM {db}.events AS e)
      SELECT k, bucket AS hour, count() AS n FROM calls GROUP BY k, hour`);
    await insert("2024-05-01 10:30:00", 60);
    const view = await only();
    assert.deepEqual(view.lag, { seconds: 0, exact: true });
    assert.deepEqual(
      view.sources.map(({ name }) => name),
      [`${database}.events`],
    );
  });

  it("takes the target of another view for a source like any table", async () => {
    await hourly();
    await run(`CREATE TABLE {db}.daily (k UInt8, day DateTime('UTC'), n SimpleAggregateFunction(sum, UInt64))
      ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(day) ORDER BY (k, day)`);
    await run(`CREATE MATERIALIZED VIEW {db}.daily_mv TO {db}.daily AS
      SELECT k, toStartOfDay(h.hour) AS day, sum(h.n) AS n FROM {db}.hourly AS h GROUP BY k, day`);
    await insert("2024-05-01 10:30:00", 7200);
    const [daily] = (await read()).views;
    assert.equal(daily?.view, `${database}.daily_mv`);
    assert.deepEqual(daily?.lag, { seconds: 0, exact: true });
    assert.equal(daily?.reduction, 3);
    assert.deepEqual(daily?.problems, []);
  });

  it("names only the table whose inserts run the view as its source", async () => {
    await run("CREATE TABLE {db}.names (k UInt8, name String) ENGINE = MergeTree ORDER BY k");
    await hourly("INNER JOIN {db}.names AS names USING (k)".replaceAll("{db}", database));
    assert.deepEqual(
      (await only()).sources.map(({ name }) => name),
      [`${database}.events`],
    );
  });

  it("counts the rows of all sources of a shared target", async () => {
    await hourly();
    await run("CREATE TABLE {db}.more (at DateTime64(3, 'UTC'), k UInt8) ENGINE = MergeTree ORDER BY at");
    await run(`CREATE MATERIALIZED VIEW {db}.more_mv TO {db}.hourly AS
      SELECT k, toStartOfHour(at) AS hour, count() AS n FROM {db}.more GROUP BY k, hour`);
    await insert("2024-05-01 10:00:00", 100);
    await run("INSERT INTO {db}.more SELECT '2024-05-01 10:00:00', 0 FROM numbers(100)");
    await run("OPTIMIZE TABLE {db}.hourly FINAL");
    const { views } = await read();
    assert.deepEqual(
      views.map(({ view, reduction, sharedWith }) => [view, reduction, sharedWith]),
      [
        [`${database}.hourly_mv`, 100, [`${database}.more_mv`]],
        [`${database}.more_mv`, 100, [`${database}.hourly_mv`]],
      ],
    );
    // The first column of the sorting key: known without reading.
    assert.equal(views[1]?.sources[0]?.times?.newest, "2024-05-01T10:00:00Z");
  });

  it("looks into the inner table of a view without TO", async () => {
    await run(`CREATE MATERIALIZED VIEW {db}.inner_mv ENGINE = SummingMergeTree PARTITION BY toYYYYMM(day) ORDER BY (k, day)
      AS SELECT k, toDate(at) AS day, count() AS n FROM {db}.events GROUP BY k, day`);
    await insert("2024-05-01 10:00:00", 100);
    const view = await only();
    assert.equal(view.target, view.view);
    assert.equal(view.rows, 2);
    assert.deepEqual(view.buckets, { column: "day", oldest: "2024-05-01T00:00:00Z", newest: "2024-05-01T00:00:00Z" });
    assert.deepEqual(view.lag, { seconds: 0, exact: true });
  });

  it("reads no rows unless asked to", async () => {
    await run(
      "CREATE TABLE {db}.by_key (k UInt8, hour DateTime('UTC'), n UInt64) ENGINE = MergeTree ORDER BY (k, hour)",
    );
    await run(`CREATE MATERIALIZED VIEW {db}.by_key_mv TO {db}.by_key AS
      SELECT k, toStartOfHour(at) AS hour, count() AS n FROM {db}.events GROUP BY k, hour`);
    await insert("2024-05-01 10:00:00", 50_000);
    const unread = await only();
    assert.ok(isUnknown(unread.buckets) && isUnknown(unread.lag));
    const scanned = await only({ scan: true });
    assert.deepEqual(scanned.lag, { seconds: 0, exact: true });
    await run("SYSTEM FLUSH LOGS");
    await sleep(700);
    await run("SYSTEM FLUSH LOGS");
    const [most] = await connection.query<{ rows: string }>(
      `SELECT max(read_rows) AS rows FROM system.query_log
       WHERE type = 'QueryFinish' AND query_kind = 'Select' AND has(tables, '${database}.events')`,
    );
    assert.ok(Number(most?.rows) < 100, `${most?.rows} rows read of a table of 50,000`);
  });

  it("says why there is no lag", async () => {
    await run("CREATE TABLE {db}.plain (k UInt8) ENGINE = MergeTree ORDER BY k");
    await run("CREATE TABLE {db}.counts (k UInt8, n UInt64) ENGINE = SummingMergeTree ORDER BY k");
    await run(
      "CREATE MATERIALIZED VIEW {db}.counts_mv TO {db}.counts AS SELECT k, count() AS n FROM {db}.plain GROUP BY k",
    );
    await run("INSERT INTO {db}.plain VALUES (1)");
    const view = await only();
    assert.deepEqual(view.lag, { unknown: `no date or time column in ${database}.plain` });
    assert.deepEqual(view.buckets, { unknown: "no date or time column tells the bucket" });
    assert.match(renderStatusTable(await read()), /lag n\/a: no date or time column in/);
  });

  it("says when a view has no rows yet", async () => {
    await hourly();
    const view = await only();
    assert.deepEqual(view.buckets, { unknown: "no rows" });
    assert.deepEqual(view.lag, { unknown: `${database}.events has no rows` });
    await insert("2024-05-01 10:00:00", 1);
    await run("TRUNCATE TABLE {db}.hourly");
    assert.deepEqual((await only()).lag, { unknown: "no bucket yet" });
  });

  it("says what is broken: a target or a source that is gone, a view behind a view", async () => {
    await hourly();
    await run("CREATE TABLE {db}.daily (k UInt8, day Date, n UInt64) ENGINE = SummingMergeTree ORDER BY (k, day)");
    await run(`CREATE MATERIALIZED VIEW {db}.daily_mv TO {db}.daily AS
      SELECT k, toDate(hour) AS day, sum(n) AS n FROM {db}.hourly_mv GROUP BY k, day`);
    await run("DROP TABLE {db}.hourly SYNC");
    const { views } = await read();
    assert.match(
      views.find(({ view }) => view.endsWith(".hourly_mv"))?.problems.join() ?? "",
      /target .*hourly is not there/,
    );
    assert.match(
      views.find(({ view }) => view.endsWith(".daily_mv"))?.problems.join() ?? "",
      /reads the view .*hourly_mv/,
    );
    await run("DROP TABLE {db}.events SYNC");
    assert.match((await read()).views.map(({ problems }) => problems.join()).join(), /source .*events is not there/);
  });

  it("shows the schedule of a refreshable view, and its error", async () => {
    await run(`CREATE MATERIALIZED VIEW {db}.fine_mv REFRESH EVERY 1 HOUR TO {db}.hourly AS
      SELECT k, toStartOfHour(at) AS hour, count() AS n FROM {db}.events GROUP BY k, hour`);
    await run(`CREATE MATERIALIZED VIEW {db}.failing_mv REFRESH EVERY 1 HOUR ENGINE = MergeTree ORDER BY hour AS
      SELECT k, toStartOfHour(at) AS hour, throwIf(k = 1 AND 's3cr3t' != '', 'not today') AS n FROM {db}.events`);
    await insert("2024-05-01 10:00:00", 10);
    await run("SYSTEM WAIT VIEW {db}.fine_mv");
    await run("SYSTEM REFRESH VIEW {db}.fine_mv");
    await run("SYSTEM REFRESH VIEW {db}.failing_mv");
    await run("SYSTEM WAIT VIEW {db}.fine_mv");
    await assert.rejects(run("SYSTEM WAIT VIEW {db}.failing_mv"));
    const { views } = await read();
    const [failing, fine] = views;
    assert.equal(fine?.kind, "refreshable");
    assert.equal(fine?.refresh?.schedule, "EVERY 1 HOUR");
    assert.match(fine?.refresh?.next ?? "", /^\d{4}-/);
    assert.match(fine?.refresh?.lastSuccess ?? "", /^\d{4}-/);
    assert.equal(fine?.lastError, undefined);
    assert.match(failing?.lastError?.message ?? "", /^not today/);
    // The engine repeats the failing expression.
    assert.doesNotMatch(failing?.lastError?.message ?? "", /s3cr3t/);
    assert.equal(failing?.lastError?.recovered, false);
  });

  it("does not fail for a user who may read little", async () => {
    await hourly();
    const limited = await openConnection({ url, ...LIMITED });
    try {
      const status = await readStatus(limited);
      assert.ok(Array.isArray(status.views));
      assert.ok(renderStatusTable(status).includes("materialized view"));
    } finally {
      await limited.close();
    }
  });

  it("says which database it does not find", async () => {
    await assert.rejects(
      readStatus(connection, { databases: ["no_such_database"] }),
      /database no_such_database: is not on/,
    );
  });

  it("shows no statement, so no literal of one", async () => {
    await hourly("WHERE k != length('s3cr3t-literal')");
    await insert("2024-05-01 10:00:00", 10);
    const status = await read();
    for (const text of [JSON.stringify(status), renderStatusTable(status), renderStatusPage(status)]) {
      assert.doesNotMatch(text, /s3cr3t/);
    }
  });

  it("fits a terminal of 100 columns, coloured only when asked to", async () => {
    await hourly();
    await insert("2024-05-01 10:00:00", 100);
    const text = renderStatusTable(await read());
    for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
    assert.ok(!text.includes("\x1b"));
    assert.ok(renderStatusTable(await read(), { color: true }).includes("\x1b["));
    assert.match(text, /hourly_mv .* 0 s\n/);
  });

  it("makes a page that loads nothing and takes names as text", async () => {
    await run(
      "CREATE TABLE {db}.`<b>&\"x` (hour DateTime('UTC'), n UInt64) ENGINE = MergeTree PARTITION BY toYYYYMM(hour) ORDER BY n",
    );
    await run(
      'CREATE MATERIALIZED VIEW {db}.mv TO {db}.`<b>&"x` AS SELECT toStartOfHour(at) AS hour, count() AS n FROM {db}.events GROUP BY hour',
    );
    await insert("2024-05-01 10:00:00", 100);
    const page = renderStatusPage(await read());
    assert.ok(page.includes("&#60;b&#62;&#38;&#34;x"));
    assert.ok(!page.includes("<b>&"));
    assert.doesNotMatch(page, /<script|<link|@import|url\(|src=|href=/);
    assert.match(page, /<svg/);
  });
});
