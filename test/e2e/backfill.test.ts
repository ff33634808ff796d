import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createProject, type Project } from "../support/pulumi";
import { sleep, startServer, type TestServer } from "../support/server";
import { providerOf, until } from "./processes";
import { assertPresentable, byHand, namesIn, run } from "./support";

const ROWS = 1_000_000;

const BASE = `
const { Rollup, count, sum, quantiles } = clickhouse;
const db = new clickhouse.Database("d");
const base = new clickhouse.Table("base", {
  database: db, columns: { at: "DateTime('UTC')", k: "LowCardinality(String)", n: "UInt64" }, orderBy: ["k", "at"], partitionBy: "toYYYYMM(at)",
});
`;

const rollup = (backfill: string): string => `
new Rollup("by_minute", {
  source: base, keys: ["k"], bucket: { name: "t", every: "minute", time: "at" },
  measures: { rows: count(), n: sum("n"), p: quantiles({ p95: 0.95 }, "n") }, cascade: ["hour"], backfill: ${backfill},
});
`;

const INSERT = `INSERT INTO d.base SELECT toDateTime('2026-01-01', 'UTC') + number * 7, 'k' || toString(number % 5), number FROM numbers(${ROWS})`;

/** Read views that differ from the truth in some row; states of another order are equal by their counts. */
const WRONG = ["minute", "hour"].map((level) => {
  const view = level === "minute" ? "d.by_minute_read" : "d.by_minute_hour_read";
  const bucket = level === "minute" ? "toStartOfMinute(at)" : "toStartOfHour(at)";
  const truth = `SELECT k, toDateTime(${bucket}, 'UTC') AS t, count() AS rows, sum(n) AS n FROM d.base GROUP BY k, t`;
  return `SELECT count() AS n FROM (SELECT k, t, rows, n FROM ${view}) AS a FULL JOIN (${truth}) AS b ON a.k = b.k AND a.t = b.t WHERE a.rows != b.rows OR a.n != b.n`;
});

describe("a rollup over rows that are there, on the embedded engine", function () {
  this.timeout(180_000);

  it("has every row once on every level", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "clickhouse-schema-e2e-data-"));
    const url = `chdb://${folder}/data`;
    const project = await createProject({ program: BASE, config: { "clickhouse:url": url } });
    try {
      await project.must(["up", "--yes", "--skip-preview"]);
      await run(url, INSERT.replace(String(ROWS), "20000"));
      project.write(BASE + rollup("true"));
      await project.must(["up", "--yes", "--skip-preview"]);
      await byHand(url, async (connection) => {
        for (const query of WRONG) assert.equal(Number((await connection.query<{ n: string }>(query))[0]?.n), 0, query);
      });
      await project.must(["preview", "--refresh", "--expect-no-changes"]);
    } finally {
      project.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("a rollup over rows that are there, with the real CLI", function () {
  this.timeout(300_000);
  let server: TestServer;
  let project: Project;

  beforeEach(async () => {
    server = await startServer();
    project = await createProject({ program: BASE, config: { "clickhouse:url": server.url } });
    await project.must(["up", "--yes", "--skip-preview"]);
    await run(server.url, INSERT);
  });

  afterEach(async () => {
    project?.remove();
    await server?.stop();
  });

  it("has every row once on every level, while clients keep writing", async () => {
    project.write(BASE + rollup("true"));
    const preview = await project.must(["preview"]);
    assert.match(
      preview.text,
      /by_minute_mv.*\n(?:.*\n)?.*backfill: fills its target with what its source holds by then/,
    );
    assertPresentable(preview.text);
    const writers = startWriter();
    const { text } = await project.must(["up", "--yes", "--skip-preview"]);
    const written = await writers.stop();
    assertPresentable(text);
    assert.ok(written > 0, "somebody wrote during the backfill");
    assert.deepEqual(await wrong(), ["0", "0"]);
    await finished();
  });

  it("is finished by the next up when the provider is killed in the middle", async () => {
    project.write(BASE + rollup("{ chunk: 5000, maxThreads: 1 }"));
    const up = project.start(["up", "--yes", "--skip-preview"]);
    await byHand(server.url, (connection) =>
      until(async () => {
        const found = await connection.query<{ n: string }>(
          "SELECT count() AS n FROM system.tables WHERE database = 'd' AND name LIKE '%\\_\\_%'",
        );
        return Number(found[0]?.n) > 0;
      }),
    );
    process.kill(providerOf(up.pid), "SIGKILL");
    assert.notEqual((await up.ended).code, 0);
    await run(server.url, "INSERT INTO d.base VALUES ('2026-01-01 00:00:01', 'k1', 1)");
    const { text } = await project.must(["up", "--yes", "--skip-preview"]);
    assert.match(text, /resumes its backfill, which was interrupted/);
    assertPresentable(text);
    assert.deepEqual(await wrong(), ["0", "0"]);
    await finished();
  });

  async function finished(): Promise<void> {
    const names = (await namesIn(server.url, "d")).filter((name) => name.includes("__"));
    assert.deepEqual(names, [], "nothing is left behind");
    await run(server.url, "INSERT INTO d.base VALUES ('2026-03-03 00:00:00', 'k9', 9)");
    assert.deepEqual(await wrong(), ["0", "0"]);
    await project.must(["preview", "--refresh", "--expect-no-changes"]);
  }

  function wrong(): Promise<string[]> {
    return byHand(server.url, async (connection) => {
      const counts = [];
      for (const query of WRONG) counts.push((await connection.query<{ n: string }>(query))[0]?.n ?? "");
      return counts.map(String);
    });
  }

  /** Inserts a row at a time until it is told to stop; a refused insert is repeated. */
  function startWriter(): { stop(): Promise<number> } {
    let stopped = false;
    let written = 0;
    const done = byHand(server.url, async (connection) => {
      while (!stopped) {
        const row = `('2026-02-02 00:00:00', 'w${written % 3}', ${written})`;
        await connection.command(`INSERT INTO d.base VALUES ${row}`).then(
          () => written++,
          (error: unknown) => assert.match(String(error), /retry_schema_change_in_progress_|469/),
        );
        await sleep(5);
      }
    });
    return {
      stop: async () => {
        stopped = true;
        await done;
        return written;
      },
    };
  }
});
