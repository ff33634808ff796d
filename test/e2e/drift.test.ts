import assert from "node:assert/strict";
import { createProject, type Project } from "../support/pulumi";
import { startServer, type TestServer } from "../support/server";
import { assertPresentable, byHand, run } from "./support";

/** One manual change on the server, and the lines in which it shows. */
interface Drift {
  readonly name: string;
  /** Argument text of the table `t<n>`, or a whole declaration. */
  readonly declared: string;
  readonly byHand: readonly string[];
  /** Lines of the declaration that are gone, and lines that are there in their place. */
  readonly lines: readonly string[];
}

const PLAIN = 'columns: { a: "UInt64", b: "String", at: "DateTime" }, orderBy: "a"';

const DRIFTS: readonly Drift[] = [
  { name: "column added", declared: PLAIN, byHand: ["ADD COLUMN n UInt8"], lines: ["+ `n` UInt8"] },
  { name: "column dropped", declared: PLAIN, byHand: ["DROP COLUMN b"], lines: ["- `b` String,"] },
  {
    name: "column of another type",
    declared: PLAIN,
    byHand: ["MODIFY COLUMN b LowCardinality(String)"],
    lines: ["- `b` String,", "+ `b` LowCardinality(String),"],
  },
  {
    name: "default",
    declared: PLAIN,
    byHand: ["MODIFY COLUMN b DEFAULT 'x'"],
    lines: ["- `b` String,", "+ `b` String DEFAULT 'x',"],
  },
  {
    name: "codec",
    declared: PLAIN,
    byHand: ["MODIFY COLUMN b CODEC(ZSTD(3))"],
    lines: ["- `b` String,", "+ `b` String CODEC(ZSTD(3)),"],
  },
  {
    name: "comment of a column",
    declared: PLAIN,
    byHand: ["COMMENT COLUMN b 'by hand'"],
    lines: ["- `b` String,", "+ `b` String COMMENT 'by hand',"],
  },
  {
    name: "table TTL",
    declared: PLAIN,
    byHand: ["MODIFY TTL at + toIntervalYear(9)"],
    lines: ["+ TTL at + toIntervalYear(9)"],
  },
  {
    name: "setting",
    declared: PLAIN,
    byHand: ["MODIFY SETTING merge_with_ttl_timeout = 7200"],
    lines: [
      "- SETTINGS index_granularity = 8192",
      "+ SETTINGS index_granularity = 8192, merge_with_ttl_timeout = 7200",
    ],
  },
  {
    name: "index",
    declared: PLAIN,
    byHand: ["ADD INDEX i b TYPE minmax GRANULARITY 1"],
    lines: ["+ INDEX i b TYPE minmax GRANULARITY 1"],
  },
  {
    name: "projection",
    declared: PLAIN,
    byHand: ["ADD PROJECTION p (SELECT b, count() GROUP BY b)"],
    lines: ["+ PROJECTION p"],
  },
  {
    name: "constraint",
    declared: PLAIN,
    byHand: ["ADD CONSTRAINT k CHECK a > 0"],
    lines: ["+ CONSTRAINT k CHECK a > 0"],
  },
  { name: "comment of a table", declared: PLAIN, byHand: ["MODIFY COMMENT 'by hand'"], lines: ["+ COMMENT 'by hand'"] },
];

const OTHERS = `
new clickhouse.Table("gone", { database: db, columns: { a: "UInt64" }, orderBy: "a" });
const source = new clickhouse.Table("source", { database: db, columns: { a: "UInt64", k: "String" }, orderBy: "a" });
const target = new clickhouse.Table("target", { database: db, columns: { k: "String", n: "UInt64" }, orderBy: "k", engine: "SummingMergeTree" });
new clickhouse.MaterializedView("mv", { database: db, to: target, query: sql\`SELECT k, count() AS n FROM \${source} GROUP BY k\` });
new clickhouse.View("v", { database: db, query: sql\`SELECT a FROM \${source}\` });
`;

const OTHER_CHANGES = [
  "DROP TABLE d.gone SYNC",
  "ALTER TABLE d.mv MODIFY QUERY SELECT k, count() AS n FROM d.source WHERE a > 1 GROUP BY k",
  "CREATE OR REPLACE VIEW d.v AS SELECT a, k FROM d.source",
  "ALTER DATABASE d MODIFY COMMENT 'by hand'",
];

const PROGRAM = `const db = new clickhouse.Database("d");
${DRIFTS.map(({ declared }, index) => `new clickhouse.Table("t${index}", { database: db, ${declared}, allow: ["drops-data"] });`).join("\n")}
${OTHERS}`;

describe("manual changes, over HTTP, with the real CLI", function () {
  this.timeout(240_000);
  let server: TestServer;
  let project: Project;
  let shown = "";

  before(async () => {
    server = await startServer();
    project = await createProject({ program: PROGRAM, config: { "clickhouse:url": server.url } });
    await project.must(["up", "--yes", "--skip-preview"]);
    await run(server.url, ...DRIFTS.map((_, index) => `INSERT INTO d.t${index} (a, at) VALUES (1, now())`));
    await project.must(["preview", "--refresh", "--expect-no-changes"]);
    const changes = DRIFTS.flatMap(({ byHand }, index) => byHand.map((alter) => `ALTER TABLE d.t${index} ${alter}`));
    await run(server.url, ...changes, ...OTHER_CHANGES);
    const asked = await queriesOn(server.url);
    shown = (await project.must(["preview", "--refresh", "--diff"])).text;
    const { rights, others } = await queriesOn(server.url);
    assert.ok(others - asked.others <= 20, "the server is asked in a handful of queries");
    assert.ok(rights - asked.rights <= DRIFTS.length + OTHER_CHANGES.length, "and once per change for the rights");
  });

  after(async () => {
    project?.remove();
    await server?.stop();
  });

  for (const [index, { name, lines }] of DRIFTS.entries()) {
    it(`shows it: ${name}`, () => {
      const mine = changedLines(sectionOf(shown, `t${index}`));
      for (const line of lines) assert.ok(mine.includes(line), `${line} in\n${mine.join("\n")}`);
    });
  }

  it("shows queries of views, the comment of the database, and what is gone", () => {
    assert.ok(changedLines(sectionOf(shown, "mv")).includes("+ WHERE a > 1"), sectionOf(shown, "mv"));
    assert.match(sectionOf(shown, "v"), /\+ +k/);
    assert.ok(changedLines(sectionOf(shown, "d")).includes("+ COMMENT 'by hand'"));
    assert.match(sectionOf(shown, "gone"), /- qualifiedName: "d\.gone"/);
    assertPresentable(shown);
  });

  it("corrects all of it in one up, and then there is nothing to do", async () => {
    const { text } = await project.must(["up", "--refresh", "--yes", "--skip-preview"]);
    assertPresentable(text);
    await project.must(["preview", "--refresh", "--expect-no-changes"]);
    const rows = await byHand(server.url, (connection) =>
      connection.query<{ n: string }>(
        "SELECT sum(total_rows) AS n FROM system.tables WHERE database = 'd' AND name LIKE 't%'",
      ),
    );
    assert.equal(Number(rows[0]?.n), DRIFTS.length, "every row is where it was");
  });
});

/** What the refresh says of one resource. */
function sectionOf(text: string, name: string): string {
  const sections = text.split(/\n(?= +[~+-] pulumi-nodejs:)/);
  const section = sections.find((one) => one.includes("(refresh)") && one.includes(`::${name}]`));
  assert.ok(section !== undefined, `no drift of ${name} in\n${text}`);
  return section;
}

/** The lines that a diff takes away and adds, without their indentation and a last comma. */
function changedLines(text: string): string[] {
  const lines = text.split("\n").map((line) => line.trim().replace(/\s+/g, " "));
  return lines.filter((line) => /^[-+] ?(?:`|[A-Z])/.test(line)).map((line) => line.replace(/^([-+]) ?/, "$1 "));
}

/** Requests so far: whether the user may do what the plan does, and all else. */
function queriesOn(url: string): Promise<{ rights: number; others: number }> {
  return byHand(url, async (connection) => {
    await connection.command("SYSTEM FLUSH LOGS");
    const [row] = await connection.query<{ rights: string; others: string }>(
      "SELECT countIf(query LIKE 'CHECK GRANT%') AS rights, count() - rights AS others " +
        "FROM system.query_log WHERE is_initial_query AND interface = 2 AND type = 'QueryStart'",
    );
    return { rights: Number(row?.rights), others: Number(row?.others) };
  });
}
