import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";
import { realOrEmbedded } from "../support/versions";
import { run } from "./support";

const CLI = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");

interface Options {
  readonly code?: string;
  readonly key?: string;
  readonly measure?: string;
  readonly extra?: string;
}

/** Events, what is counted of them, and what people read. */
const program = ({ code = "String", extra = "", key = "name, ts", measure = "count()" }: Options = {}): string => `
const database = new clickhouse.Database("d");
const events = new clickhouse.Table("events", {
  database, columns: { ts: "DateTime", name: "String", code: "${code}"${extra} }, orderBy: "${key}", allow: ["drops-data", "breaks-reader"],
});
const daily = new clickhouse.Table("daily", {
  database, columns: { day: "Date", name: "String", n: "SimpleAggregateFunction(sum, UInt64)" }, orderBy: "name, day", engine: "AggregatingMergeTree",
});
new clickhouse.MaterializedView("mv", {
  database, to: daily, query: sql\`SELECT toDate(ts) AS day, name, ${measure} AS n FROM \${events} GROUP BY day, name\`,
});
new clickhouse.View("read", { database, query: sql\`SELECT name, sum(n) AS n FROM \${daily} GROUP BY name\` });
new clickhouse.View("codes", { database, query: sql\`SELECT code, count() AS n FROM \${events} GROUP BY code\` });
`;

for (const version of realOrEmbedded("25.8")) {
  describe(`a preview of the real CLI, rehearsed on rows of ${version}`, function () {
    this.timeout(240_000);
    let server: TestServer;
    let project: Project;
    before(async () => {
      server = await startServer(version === "26.7" ? {} : { version });
      project = await createProject({ program: program(), config: { "clickhouse:url": server.url } });
      await project.must(["up", "--yes", "--skip-preview"]);
      await run(
        server.url,
        "INSERT INTO d.events SELECT toDateTime('2026-01-01 00:00:00') + number, concat('n', toString(number % 3)), toString(number % 10) FROM numbers(20000)",
      );
    });
    after(async () => {
      project?.remove();
      await server?.stop();
    });

    /** Saves a preview of a program, and rehearses it. */
    const rehearse = async (text: string, ...more: string[]) => {
      project.write(text);
      const { stdout } = await project.must(["preview", "--json", "--show-sames"]);
      const file = path.join(project.dir, "preview.json");
      writeFileSync(file, stdout);
      const {
        status: code,
        stderr,
        stdout: out,
      } = spawnSync(process.execPath, [CLI, "rehearse", file, ...more], {
        encoding: "utf8",
        env: { ...project.env, CLICKHOUSE_URL: server.url },
      });
      return { code, out, stderr };
    };
    const asData = async (options: Options) => {
      const { code, out, stderr } = await rehearse(program(options), "--json");
      assert.match(out, /^\{/, stderr);
      return { code, found: JSON.parse(out) };
    };

    it("0: a column more, on a sample of half of the rows", async () => {
      const { code, out, stderr } = await rehearse(program({ extra: ', size: "UInt64"' }), "--rows", "10000");
      assert.equal(code, 0, out + stderr);
      assert.match(out, /d\.events: 9,984 of 20,000 rows/);
      assert.match(out, / ✓ ALTER TABLE d\.events ADD COLUMN `size` UInt64 AFTER `code`;/);
      assert.match(out, /\nFine: 1 step ok /);
      assert.match(stderr, /reading a sample of d\.events\n/);
    });

    it("0: a type that all values fit, with the view that follows it", async () => {
      const { code, found } = await asData({ code: "UInt8" });
      assert.equal(code, 0, JSON.stringify(found, undefined, 1));
      const fits = found.values.map((fit: { column: string; unfit: number }) => [fit.column, fit.unfit]);
      assert.deepEqual(fits, [["code", 0]]);
      const reader = found.readers.find(({ object }: { object: string }) => object === "d.codes");
      assert.deepEqual([reader.status, reader.changed], ["differs", true]);
    });

    it("0: a rebuild and a view that is changed, as the operations that the preview only describes", async () => {
      const { code, found } = await asData({ key: "ts, name", measure: "uniq(code)" });
      assert.equal(code, 0, JSON.stringify(found, undefined, 1));
      const played = found.statements.map((one: { object: string; status: string; sql: string }) => [
        one.object,
        one.status,
        one.sql.split("\n")[0]?.slice(0, 22),
      ]);
      assert.deepEqual(played, [
        ["d.events", "ok", "-- rebuild d.events, b"],
        ["d.mv", "ok", "ALTER TABLE d.mv MODIF"],
      ]);
      const written = found.readers.find(({ what }: { what: string }) => what === "written");
      assert.deepEqual([written.object, written.status, written.changed], ["d.daily", "differs", true]);
    });

    it("0: no change", async () => {
      const { code, out } = await rehearse(program());
      assert.equal(code, 0);
      assert.match(out, /^Nothing to rehearse/);
    });
  });
}
