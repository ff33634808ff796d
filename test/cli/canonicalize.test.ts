import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";

const CLI = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");

describe("clickhouse-schema canonicalize", () => {
  const run = (input: string, ...args: string[]) =>
    spawnSync(process.execPath, [CLI, "canonicalize", ...args], { input, encoding: "utf8" });

  it("prints the engine's form of each statement, and lets a later one read an earlier one", () => {
    const { stdout, stderr, status } = run(
      "create table a.t (x Int8) engine=MergeTree order by (x); create view a.v as select x from a.t;",
    );
    assert.equal(stderr, "");
    assert.equal(status, 0);
    assert.match(stdout, /CREATE TABLE a\.t\n\(\n {4}`x` Int8\n\)\nENGINE = MergeTree\nORDER BY x/);
    assert.match(stdout, /CREATE VIEW a\.v\n\(\n {4}`x` Int8\n\)\nAS SELECT x\nFROM a\.t;/);
  });

  it("names file and line of what the engine refuses, continues, and exits with 1", () => {
    const { stdout, stderr, status } = run(
      "create view a.v as\nselect 1;\n\ncreate table a.t (x Int9) order by x;",
      "-",
    );
    assert.equal(status, 1);
    assert.match(stdout, /CREATE VIEW a\.v/);
    assert.match(stderr, /^-:4: Unknown data type family: Int9/);
  });

  it("says which file cannot be read", () => {
    const { stderr, status } = run("", "/nowhere.sql");
    assert.equal(status, 2);
    assert.match(stderr, /ENOENT.*\/nowhere\.sql/);
  });
});
