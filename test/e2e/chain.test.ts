import assert from "node:assert/strict";
import { createProject, type Project } from "../support/pulumi";
import { sleep, startServer, type TestServer } from "../support/server";
import { realOrEmbedded } from "../support/versions";
import { byHand, countOf, run } from "./support";

/** A source, two views one after the other, their targets, and a view that people query. */
const chain = (column: "c" | undefined, { changesReader = true } = {}): string => {
  const columns = JSON.stringify({ i: "UInt64", b: "UInt64", ...(column && { [column]: "UInt8" }) });
  const list = (kept = column) => ["i", "b", kept].filter((one) => one !== undefined).join(", ");
  return `
const database = new clickhouse.Database("d");
const table = (name) => new clickhouse.Table(name, { database, columns: ${columns}, orderBy: "i", allow: ["drops-data"] });
const [src, mid, dst] = ["src", "mid", "dst"].map(table);
new clickhouse.MaterializedView("v1", { database, to: mid, query: sql\`SELECT ${list()} FROM \${src}\` });
new clickhouse.MaterializedView("v2", { database, to: dst, query: sql\`SELECT ${list()} FROM \${mid}\` });
new clickhouse.View("read", { database, query: sql\`SELECT ${list(changesReader ? column : "c")} FROM \${dst}\` });
`;
};

/**
 * Inserts one row after the other until it is stopped; a refusal with a retry is another try.
 *
 * @param columns none for a client that does not know their names.
 */
function write(url: string, columns = "(i, b)"): { stop(): Promise<{ rows: number; errors: string[] }> } {
  let going = true;
  const errors: string[] = [];
  const done = byHand(url, async (connection) => {
    let rows = 0;
    for (; going; await sleep(5)) {
      await connection.command(`INSERT INTO d.src ${columns} VALUES (${rows}, 1)`).then(
        () => rows++,
        (error: { code?: number; message: string }) => {
          if (error.code !== 469) errors.push(error.message);
        },
      );
    }
    return rows;
  });
  return {
    stop: async () => {
      going = false;
      return { rows: await done, errors };
    },
  };
}

for (const version of realOrEmbedded("25.8")) {
  describe(`a change of a column along a chain of views on ${version}, with the real CLI`, function () {
    this.timeout(240_000);
    let server: TestServer;
    let project: Project;
    before(async () => {
      server = await startServer(version === "26.7" ? {} : { version });
      project = await createProject({ program: chain("c"), config: { "clickhouse:url": server.url } });
      await project.must(["up", "--yes", "--skip-preview"]);
    });
    after(async () => {
      project?.remove();
      await server?.stop();
    });

    it("is refused where something that reads it stays as it is", async () => {
      project.write(chain(undefined, { changesReader: false }));
      const { code, text } = await project.run(["preview"]);
      assert.notEqual(code, 0);
      assert.match(text, /`?d`?\.read/);
    });

    it("removes it in one run, readers first, while every insert is taken and arrives everywhere", async () => {
      project.write(chain(undefined));
      const preview = await project.must(["preview", "--diff"]);
      assert.match(preview.text, /-- first d\.v1, which this run changes too and which reads what goes:/);
      const writer = write(server.url);
      await sleep(200);
      await project.must(["up", "--yes", "--skip-preview"]);
      const { rows, errors } = await writer.stop();
      assert.deepEqual(errors, []);
      assert.ok(rows > 10, `${rows} rows only`);
      for (const table of ["src", "mid", "dst", "read"])
        assert.equal(await countOf(server.url, `d.${table}`), rows, table);
      await project.must(["preview", "--refresh", "--expect-no-changes"]);
    });

    it("resumes where another run was interrupted", async () => {
      project.write(chain("c"));
      await project.must(["up", "--yes", "--skip-preview"]);
      // As after a run that was killed once the readers had been changed.
      await run(server.url, "ALTER TABLE d.v1 MODIFY QUERY SELECT i, b FROM d.src", "ALTER TABLE d.src DROP COLUMN c");
      project.write(chain(undefined));
      await project.must(["up", "--yes", "--skip-preview"]);
      await project.must(["preview", "--refresh", "--expect-no-changes"]);
    });
  });

  describe(`a column that is renamed or gets another type along a view on ${version}, with the real CLI`, function () {
    this.timeout(240_000);
    let server: TestServer;
    before(async () => {
      server = await startServer(version === "26.7" ? {} : { version });
    });
    after(() => server?.stop());

    const program = (source: string, target: string, query: string, more = ""): string => `
const database = new clickhouse.Database("d");
const src = new clickhouse.Table("src", { database, columns: { i: "UInt64", ${source} }, orderBy: "i"${more} });
const dst = new clickhouse.Table("dst", { database, columns: { i: "UInt64", ${target} }, orderBy: "i" });
new clickhouse.MaterializedView("v", { database, to: dst, query: sql\`SELECT i, ${query} FROM \${src}\` });
`;

    async function inProject(start: string, work: (project: Project) => Promise<void>): Promise<void> {
      const project = await createProject({ program: start, config: { "clickhouse:url": server.url } });
      try {
        await project.must(["up", "--yes", "--skip-preview"]);
        await work(project);
      } finally {
        project.remove();
        await run(server.url, "DROP DATABASE IF EXISTS d SYNC");
      }
    }
    const without = (table: string, column: string) => `(SELECT * FROM d.${table} WHERE ${column} != 1)`;

    it("is renamed in the target without permission, while every row arrives with its value", async () => {
      await inProject(program('b: "UInt64"', 'n: "UInt64"', "b AS n"), async (project) => {
        const renamed = 'm: { type: "UInt64", renamedFrom: "n" }';
        project.write(program('b: "UInt64"', renamed, "b AS n"));
        const { code, text } = await project.run(["preview"]);
        assert.notEqual(code, 0);
        assert.match(text, /d\.v reads n \(renamed\): it writes n, which would reach no column/);
        project.write(program('b: "UInt64"', renamed, "b AS m"));
        const writer = write(server.url);
        await sleep(200);
        await project.must(["up", "--yes", "--skip-preview"]);
        const { rows, errors } = await writer.stop();
        assert.deepEqual(errors, []);
        assert.equal(await countOf(server.url, "d.dst"), rows);
        assert.equal(await countOf(server.url, without("dst", "m")), 0);
        await project.must(["preview", "--refresh", "--expect-no-changes"]);
      });
    });

    it("is renamed in source, view and target without permission, while every row arrives with its value", async () => {
      await inProject(program('b: "UInt64"', 'b: "UInt64"', "b"), async (project) => {
        const renamed = 'n: { type: "UInt64", renamedFrom: "b" }';
        project.write(program(renamed, renamed, "n"));
        const preview = await project.must(["preview", "--diff"]);
        assert.match(preview.text, /ALTER TABLE d\.src ADD COLUMN IF NOT EXISTS n UInt64 ALIAS b/);
        // Whichever of the two tables Pulumi asks about first shows it.
        assert.match(
          preview.text,
          /-- first d\.v(?:, which this run changes too| writes both names, until its own row):/,
        );
        const writer = write(server.url, "");
        await sleep(200);
        await project.must(["up", "--yes", "--skip-preview"]);
        await run(server.url, "INSERT INTO d.src (i, n) VALUES (1000000, 1)");
        const { rows, errors } = await writer.stop();
        assert.deepEqual(errors, []);
        for (const table of ["src", "dst"]) {
          assert.equal(await countOf(server.url, `d.${table}`), rows + 1, table);
          assert.equal(await countOf(server.url, without(table, "n")), 0, table);
        }
        await project.must(["preview", "--refresh", "--expect-no-changes"]);
      });
    });

    it("is renamed in the source alone, with the views that read it", async () => {
      const read = '\nnew clickhouse.View("read", { database, query: sql`SELECT COLUMN FROM ${src}` });';
      const start = program('b: "UInt64"', 'n: "UInt64"', "b AS n") + read.replace("COLUMN", "b");
      await inProject(start, async (project) => {
        const renamed = 'c: { type: "UInt64", renamedFrom: "b" }';
        const stays = program(renamed, 'n: "UInt64"', "c AS n") + read.replace("COLUMN", "b");
        project.write(stays);
        const { code, text } = await project.run(["preview"]);
        assert.notEqual(code, 0);
        assert.match(text, /d\.read reads b \(renamed\)/);
        project.write(stays.replace("SELECT b FROM", "SELECT c FROM"));
        const writer = write(server.url, "");
        await sleep(200);
        await project.must(["up", "--yes", "--skip-preview"]);
        const { rows, errors } = await writer.stop();
        assert.deepEqual(errors, []);
        for (const table of ["src", "dst", "read"]) assert.equal(await countOf(server.url, `d.${table}`), rows, table);
        assert.equal(await countOf(server.url, without("dst", "n")), 0);
        await project.must(["preview", "--refresh", "--expect-no-changes"]);
      });
    });

    it("asks for permission where the new name is another column, whose values a view would write", async () => {
      await inProject(program('b: "UInt64", c: "UInt64"', 'n: "UInt64"', "b AS n"), async (project) => {
        const more = ', allow: ["drops-data"]';
        project.write(program('c: { type: "UInt64", renamedFrom: "b" }', 'n: "UInt64"', "c AS n", more));
        const { code, text } = await project.run(["preview"]);
        assert.notEqual(code, 0);
        assert.match(text, /d\.v reads b \(renamed\)/);
      });
    });

    it("continues where a run was killed once the views read the new name", async () => {
      await inProject(program('b: "UInt64"', 'n: "UInt64"', "b AS n"), async (project) => {
        await run(server.url, "INSERT INTO d.src VALUES (1, 1)", "ALTER TABLE d.src ADD COLUMN c UInt64 ALIAS b");
        await run(
          server.url,
          "ALTER TABLE d.v MODIFY QUERY SELECT i, c AS n FROM d.src",
          "INSERT INTO d.src VALUES (2, 1)",
        );
        project.write(program('c: { type: "UInt64", renamedFrom: "b" }', 'n: "UInt64"', "c AS n"));
        await project.must(["up", "--yes", "--skip-preview"]);
        await run(server.url, "INSERT INTO d.src VALUES (3, 1)");
        for (const [table, column] of [
          ["src", "c"],
          ["dst", "n"],
        ] as const) {
          assert.equal(await countOf(server.url, `d.${table}`), 3, table);
          assert.equal(await countOf(server.url, without(table, column)), 0, table);
        }
        await project.must(["preview", "--refresh", "--expect-no-changes"]);
      });
    });

    it("gets another type in source, view and target without permission, while every row arrives with its value", async () => {
      await inProject(program('b: "String"', 'b: "String"', "lower(b) AS b"), async (project) => {
        project.write(program('b: "UInt64"', 'b: "UInt64"', "bitOr(b, 0) AS b"));
        const preview = await project.must(["preview", "--diff"]);
        assert.match(
          preview.text,
          /-- first d\.v, which this run changes too, reads the new types, until its own row:/,
        );
        const writer = write(server.url, "");
        await sleep(200);
        await project.must(["up", "--yes", "--skip-preview"]);
        const { rows, errors } = await writer.stop();
        assert.deepEqual(errors, []);
        for (const table of ["src", "dst"]) {
          assert.equal(await countOf(server.url, `d.${table}`), rows, table);
          assert.equal(await countOf(server.url, without(table, "b")), 0, table);
        }
        await project.must(["preview", "--refresh", "--expect-no-changes"]);
      });
    });

    it("gets no type whose sums the target does not take, whatever is allowed: nothing is changed", async () => {
      const sums = (type: string): string =>
        program(
          `b: "${type}"`,
          `n: "AggregateFunction(sum, ${type})"`,
          "sumState(b) AS n",
          ', allow: ["breaks-reader"]',
        )
          .replace("FROM ${src}", "FROM ${src} GROUP BY i")
          .replace(
            'orderBy: "i" });\nnew',
            'orderBy: "i", engine: "AggregatingMergeTree", allow: ["breaks-reader"] });\nnew',
          );
      await inProject(sums("UInt32"), async (project) => {
        project.write(sums("UInt64"));
        const { code, text } = await project.run(["up", "--yes", "--skip-preview"]);
        assert.notEqual(code, 0);
        assert.match(text, /nothing converts|no conversion/);
        await run(server.url, "INSERT INTO d.src (i, b) VALUES (1, 1)");
        assert.equal(await countOf(server.url, "d.dst"), 1);
        project.write(sums("UInt32"));
      });
    });
  });
}
