import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { allRules, type FileFinding } from "../../provider/src/cli/lint/file-finding";
import { format, type Result } from "../../provider/src/cli/lint/formats";

const CLI = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");

const FINDING: FileFinding = {
  rule: "inner-table",
  severity: "info",
  object: "shop.m",
  message: "50 % of it:\nall, really.",
  why: "Why.",
  fix: "Fix.",
  file: "a,b/c:d e.sql",
  line: 2,
  column: 3,
  endLine: 2,
  endColumn: 7,
  source: "  shop.m",
};
const RESULT: Result = { findings: [FINDING], files: 1, statements: 2, skipped: 3 };

interface Log {
  readonly $schema: string;
  readonly version: string;
  readonly runs: {
    readonly tool: { readonly driver: { readonly name: string; readonly rules: { readonly id: string }[] } };
    readonly results: Record<string, unknown>[];
  }[];
}

describe("the formats of clickhouse-schema lint", () => {
  it("escapes workflow commands as GitHub reads them", () => {
    const [first, last] = format(RESULT, "github", false).split("\n");
    assert.equal(
      first,
      "::notice file=a%2Cb/c%3Ad e.sql,line=2,endLine=2,col=3,endColumn=7,title=inner-table::50 %25 of it:%0Aall, really. Why. Fix.",
    );
    assert.equal(last, "0 errors, 0 warnings, 1 info in 1 file (2 statements linted, 3 skipped)");
  });

  it("writes SARIF with what its schema requires", () => {
    const log = JSON.parse(format(RESULT, "sarif", false)) as Log;
    assert.deepEqual([log.version, log.runs.length], ["2.1.0", 1]);
    const { driver } = log.runs[0]?.tool ?? assert.fail();
    assert.equal(driver.name, "clickhouse-schema");
    assert.deepEqual(
      driver.rules.map(({ id }) => id),
      allRules.map(({ id }) => id),
    );
    const [result] = log.runs[0]?.results ?? [];
    assert.equal(driver.rules[Number(result?.["ruleIndex"])]?.id, "inner-table");
    assert.deepEqual(result?.["level"], "note");
    assert.deepEqual(result?.["message"], { text: "50 % of it:\nall, really. Why. Fix." });
    assert.deepEqual(result?.["locations"], [
      {
        physicalLocation: {
          artifactLocation: { uri: "a%2Cb/c%3Ad%20e.sql" },
          region: { startLine: 2, startColumn: 3, endLine: 2, endColumn: 7 },
        },
        logicalLocations: [{ fullyQualifiedName: "shop.m" }],
      },
    ]);
  });

  it("counts in JSON", () => {
    assert.deepEqual(JSON.parse(format(RESULT, "json", false)), {
      findings: [FINDING],
      summary: { errors: 0, warnings: 0, infos: 1, files: 1, statements: 2, skipped: 3 },
    });
  });

  describe("on the command line", () => {
    const run = (input: string, ...args: string[]) =>
      spawnSync(process.execPath, [CLI, "lint", ...args], { input, encoding: "utf8" });

    it("reads standard input, Markdown as well, and ends with 0 or 1", () => {
      const good = run("CREATE TABLE a.t (x UInt8) ENGINE = MergeTree ORDER BY x;", "-");
      assert.deepEqual(
        [good.stdout, good.stderr, good.status],
        ["0 errors, 0 warnings, 0 infos in 1 file (1 statement linted)\n", "", 0],
      );
      const bad = run("# T\n\n```sql\nSELECT 1 +\n```\n", "-", "--format", "github");
      assert.match(bad.stdout, /^::error file=-,line=4,/);
      assert.equal(bad.status, 1);
    });

    it("takes rules, and ends with 2 for mistakes of use", () => {
      assert.equal(run("SELECT 1 +", "-", "--rule", "engine-refuses=off", "--rule", "inner-table=error").status, 0);
      for (const args of [
        [],
        ["-", "--format", "xml"],
        ["-", "--rule", "x"],
        ["-", "--max-warnings", "few"],
        ["-", "-z"],
      ]) {
        const { status, stderr } = run("", ...args);
        assert.equal(status, 2, args.join(" "));
        assert.match(stderr, /^error: /);
      }
      assert.equal(run("", "--help").status, 0);
    });
  });
});
