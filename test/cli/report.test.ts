import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fixture } from "../report/support";

const CLI = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");

describe("clickhouse-schema report", () => {
  const run = (input: string, ...args: string[]) =>
    spawnSync(process.execPath, [CLI, "report", ...args], { input, encoding: "utf8" });

  it("prints the report of a preview from standard input or from a file", () => {
    const piped = run(fixture("obsfly-delete.json"), "--title", "prod");
    assert.deepEqual([piped.stderr, piped.status], ["", 0]);
    assert.match(piped.stdout, /^## prod\n\n\*\*6 to delete\*\* · 32 unchanged\n/);
    const file = run("", path.resolve(__dirname, "../report/fixtures/obsfly-delete.json"), "--title", "prod");
    assert.equal(file.stdout, piped.stdout);
    assert.equal(run(fixture("obsfly-delete.json"), "-", "--title", "prod").stdout, piped.stdout);
  });

  it("keeps to the length it is given", () => {
    const { stdout, status } = run(fixture("obsfly-create.json"), "--max", "5000");
    assert.equal(status, 0);
    assert.ok(stdout.length <= 5000);
    assert.match(stdout, /Left out to fit the size limit/);
  });

  it("ends with 1, after the report, on what it is told to fail on, and names it", () => {
    const { stdout, stderr, status } = run(fixture("mixed.json"), "--fail-on", "copies-rows, drops-data");
    assert.equal(status, 1);
    assert.match(stdout, /CAUTION/);
    assert.equal(stderr, "drops-data: 4 objects: d.rolled, d.gone, d.old, d.inner_mv\n");
    for (const word of ["keeps-old-rows", "changes-history"])
      assert.match(
        run(fixture("updates.json"), "--fail-on", word).stderr,
        /^keeps-old-rows: 1 object: shop\.daily_mv$/m,
      );
    assert.equal(run(fixture("obsfly-create.json"), "--fail-on", "drops-data").status, 0);
  });

  it("says what it expects, with no report, and ends with 2", () => {
    for (const [input, args, message] of [
      ["no stack selected", [], /Expected the output of `pulumi preview --json`.*found "no stack selected"/],
      ["", ["/nowhere.json"], /ENOENT.*\/nowhere\.json/],
      ["{}", ["--max", "100"], /expected a whole number of characters from 4000/],
      ["{}", ["--fail-on", "fire"], /expected some of drops-data,.*found "fire"/],
    ] as const) {
      const { stdout, stderr, status } = run(input, ...args);
      assert.deepEqual([stdout, status], ["", 2]);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /^\s+at /m);
    }
  });
});
