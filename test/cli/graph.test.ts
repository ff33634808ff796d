import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { fixture } from "../report/support";

const CLI = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");
const SQL = "CREATE TABLE a.t (x UInt8) ORDER BY x;\nCREATE OR REPLACE VIEW a.v AS SELECT x FROM a.t;\n";

describe("clickhouse-schema graph", () => {
  const run = (input: string, ...args: string[]) =>
    spawnSync(process.execPath, [CLI, "graph", ...args], { input, encoding: "utf8" });

  it("draws SQL, a preview and a state as Mermaid", () => {
    for (const [input, edges] of [
      [SQL, 1],
      [fixture("mixed.json"), 3],
      [fixture("mixed.events.txt"), 3],
      [fixture("state.json"), 3],
    ] as const) {
      const { stdout, stderr, status } = run(input);
      assert.deepEqual([stderr, status], ["", 0]);
      assert.match(stdout, /^flowchart LR\n/);
      assert.equal(stdout.match(/ (?:-->|==>) /g)?.length, edges, stdout);
    }
  });

  it("draws for Graphviz, and as a page with the statements", () => {
    assert.match(run(SQL, "--format", "dot").stdout, /^digraph lineage \{[\s\S]*\n\}\n$/);
    const page = run(SQL, "--format", "html", "--title", "a & b").stdout;
    assert.match(page, /^<!doctype html>[\s\S]*<title>a &#38; b<\/title>[\s\S]*CREATE TABLE a\.t \(x UInt8\)/);
  });

  it("draws several files as one", () => {
    const { stdout, status } = run(SQL, path.resolve(__dirname, "../report/fixtures/state.json"), "-");
    assert.equal(status, 0);
    assert.match(stdout, /subgraph d0\["a"\][\s\S]*subgraph d1\["d"\]/);
  });

  it("names file and line of what it cannot read, draws the rest, and ends with 1", () => {
    const { stdout, stderr, status } = run(`${SQL}CREATE TABLE u (x UInt8) ORDER BY x;`, "-");
    assert.equal(status, 2);
    assert.match(stderr, /^-:3: Found the name u without a database/);
    assert.match(stdout, /"v"/);
  });

  it("says what is missing where nothing can be drawn", () => {
    const nothing = run('{"steps": [], "changeSummary": {"same": 3}}');
    assert.deepEqual([nothing.stdout, nothing.status], ["", 2]);
    assert.match(nothing.stderr, /Found no table or view to draw.*--show-sames/);
    assert.match(run('{"a": 1}').stderr, /Expected the output of `pulumi preview --json`/);
    assert.match(run("", "/nowhere.sql").stderr, /ENOENT/);
  });
});
