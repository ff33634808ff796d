import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { type StatusCommandOptions, status, type Terminal } from "../../provider/src/cli/status";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { freshDatabase, sharedServer } from "../support/server";

describe("clickhouse-schema status", () => {
  let url: string;
  let connection: Connection;
  let database: string;
  let directory: string;

  before(async () => {
    ({ url } = await sharedServer());
    connection = await openConnection({ url });
    directory = mkdtempSync(path.join(tmpdir(), "status-"));
  });

  beforeEach(async () => {
    database = await freshDatabase(await sharedServer());
    await connection.command(
      `CREATE TABLE ${database}.t (at DateTime('UTC')) ENGINE = MergeTree PARTITION BY toDate(at) ORDER BY at`,
    );
    await connection.command(
      `CREATE MATERIALIZED VIEW ${database}.days ENGINE = SummingMergeTree PARTITION BY toYYYYMM(day) ORDER BY day
       AS SELECT toDate(at) AS day, count() AS n FROM ${database}.t GROUP BY day`,
    );
    await connection.command(`INSERT INTO ${database}.t VALUES ('2024-05-01 10:00:00')`);
  });

  afterEach(() => connection.command(`DROP DATABASE ${database} SYNC`));
  after(async () => {
    await connection.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const quiet: Terminal = { color: false, width: 100, isLive: false };

  async function run(
    options: StatusCommandOptions,
    terminal = quiet,
  ): Promise<{ code: number; out: string; error: string }> {
    let [out, error] = ["", ""];
    const output = {
      out: (text: string) => {
        out += text;
      },
      error: (text: string) => {
        error += text;
      },
    };
    const code = await status({ url, database: [database], ...options }, output, terminal);
    return { code, out, error };
  }

  it("prints a table", async () => {
    const { code, out } = await run({});
    assert.equal(code, 0);
    assert.match(out, /^VIEW +ROWS +SIZE +COMPR +PARTS +REDUCED +DISK +LAG$/m);
    assert.match(out, new RegExp(`^${database}.days +1 `, "m"));
  });

  it("prints JSON", async () => {
    const { code, out } = await run({ json: true });
    assert.equal(code, 0);
    const [view] = (JSON.parse(out) as { views: { view: string; rows: number }[] }).views;
    assert.deepEqual([view?.view, view?.rows], [`${database}.days`, 1]);
  });

  it("writes a page, and says where it cannot", async () => {
    const file = path.join(directory, "page.html");
    assert.equal((await run({ html: file })).code, 0);
    assert.match(readFileSync(file, "utf8"), /^<!doctype html>/);
    const { code, error } = await run({ html: path.join(directory, "no/such/folder.html") });
    assert.equal(code, 2);
    assert.match(error, /--html .*folder\.html: cannot be written/);
  });

  it("looks again until it is interrupted", async () => {
    const controller = new AbortController();
    let looks = 0;
    const output = {
      out: () => {
        looks += 1;
        if (looks === 3) controller.abort();
      },
      error: (text: string) => assert.fail(text),
    };
    const options = { url, database: [database], watch: 0.1 } as const;
    assert.equal(await status(options, output, { ...quiet, isLive: true, signal: controller.signal }), 0);
    assert.equal(looks, 3);
  });

  it("looks at the embedded engine, and lets go of it", async () => {
    const embedded = `chdb://${path.join(directory, "data")}`;
    const engine = await openConnection({ url: embedded });
    await engine.command("CREATE DATABASE d");
    await engine.command("CREATE TABLE d.t (at DateTime('UTC')) ENGINE = MergeTree ORDER BY at");
    await engine.command(
      `CREATE MATERIALIZED VIEW d.mv REFRESH EVERY 1 YEAR ENGINE = MergeTree ORDER BY day EMPTY
       AS SELECT toDate(at) AS day, count() AS n FROM d.t GROUP BY day`,
    );
    await engine.close();
    const { code, out } = await run({ url: embedded, database: ["d"] });
    assert.equal(code, 0, out);
    assert.match(out, /^d\.mv /m);
    // Before a first refresh the engine counts from 1970.
    assert.doesNotMatch(out, /19[67]\d-/);
    assert.equal((await run({ url: embedded, database: ["d"] })).code, 0);
  });

  it("exits with 1 when a view does not work", async () => {
    await connection.command(`CREATE TABLE ${database}.gone (n UInt64) ENGINE = MergeTree ORDER BY n`);
    await connection.command(
      `CREATE MATERIALIZED VIEW ${database}.mv TO ${database}.gone AS SELECT count() AS n FROM ${database}.t`,
    );
    await connection.command(`DROP TABLE ${database}.gone SYNC`);
    const { code, out } = await run({});
    assert.equal(code, 1);
    assert.match(out, /! its target .*gone is not there: every insert into the source fails/);
  });

  it("exits with 2 and a reason when there is no such server", async () => {
    const { code, error } = await run({ url: "http://127.0.0.1:9" });
    assert.equal(code, 2);
    assert.match(error, /127\.0\.0\.1:9/);
  });
});
