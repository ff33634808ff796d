import assert from "node:assert/strict";
import { around, lineageOf } from "../../provider/src/graph";
import { drawingOf } from "../../provider/src/report/drawing";
import { fixture } from "../report/support";

/** `from → to kind` of every edge, names as `database.name`. */
function edgesOf(sql: string): string[] {
  return shown(lineageOf(drawingOf(sql).objects));
}

function shown({ edges }: ReturnType<typeof lineageOf>): string[] {
  const name = (key: string) => key.replace("\0", ".");
  return edges.map(({ from, to, kind }) => `${name(from)} → ${name(to)} ${kind}`);
}

const TABLE = "CREATE TABLE a.t (x UInt8) ORDER BY x;";

describe("a lineage", () => {
  it("leads from a source over its view to the target and its reader", () => {
    assert.deepEqual(
      edgesOf(`${TABLE}
        CREATE TABLE b.s (x UInt8) ENGINE = SummingMergeTree ORDER BY x;
        CREATE MATERIALIZED VIEW b.mv TO b.s AS SELECT x FROM a.t;
        CREATE VIEW b.r AS SELECT x FROM b.s;`),
      ["a.t → b.mv insert", "b.mv → b.s write", "b.s → b.r query"],
    );
  });

  it("tells a view that is refreshed from one that runs on inserts", () => {
    const sql = `${TABLE} CREATE MATERIALIZED VIEW a.mv REFRESH EVERY 1 HOUR (x UInt8) ENGINE = MergeTree ORDER BY x AS SELECT x FROM a.t`;
    assert.deepEqual(edgesOf(sql), ["a.t → a.mv refresh"]);
    const { nodes } = lineageOf(drawingOf(sql).objects);
    assert.deepEqual(
      nodes.map(({ name, detail }) => [name, detail]),
      [
        ["mv", "refresh EVERY 1 HOUR, inner MergeTree"],
        ["t", "MergeTree"],
      ],
    );
  });

  it("finds sources in joins, subqueries, dictionaries, defaults and engines", () => {
    assert.deepEqual(
      edgesOf(`${TABLE}
        CREATE TABLE a.u (x UInt8, y String DEFAULT dictGet('a.names', 'y', x)) ORDER BY x;
        CREATE TABLE a.d AS a.t ENGINE = Distributed('cluster', 'a', 't');
        CREATE TABLE a.buf (x UInt8) ENGINE = Buffer('a', 't', 1, 1, 1, 1, 1, 1, 1);
        CREATE VIEW a.v AS SELECT x FROM a.t JOIN (SELECT x FROM a.u WHERE x IN (SELECT x FROM o.ut)) AS q USING x;`),
      [
        "a.buf → a.t write",
        "a.names → a.u query",
        "a.t → a.d query",
        "a.t → a.v query",
        "a.u → a.v query",
        "o.ut → a.v query",
      ],
    );
  });

  it("takes a name in a comment for nothing, and leaves out the server's own tables", () => {
    assert.deepEqual(
      edgesOf(`${TABLE}
        CREATE TABLE a.u (x UInt8 COMMENT 'a.t') ORDER BY x COMMENT 'a.t';
        CREATE VIEW a.v AS SELECT x /* a.t */ FROM system.numbers, system.one`),
      [],
    );
  });

  it("has what is read but not declared as outside", () => {
    const { nodes } = lineageOf(drawingOf("CREATE VIEW a.v AS SELECT x FROM `o.p`.`q r`").objects);
    assert.deepEqual(
      nodes.map(({ database, name, kind }) => [database, name, kind]),
      [
        ["a", "v", "view"],
        ["o.p", "q r", "outside"],
      ],
    );
  });

  it("is the same whatever the order of the objects", () => {
    const { objects } = drawingOf(fixture("obsfly-create.json"));
    assert.deepEqual(lineageOf([...objects].reverse()), lineageOf(objects));
  });

  it("of the ObsFly stack has every rollup from its base table to its reader", () => {
    const { nodes, edges } = lineageOf(drawingOf(fixture("obsfly-create.json")).objects);
    assert.equal(nodes.length, 34);
    assert.ok(nodes.every(({ kind }) => kind !== "outside"));
    const into = new Set(edges.map(({ to }) => to));
    const sources = nodes.filter(({ key }) => !into.has(key)).map(({ name }) => name);
    assert.deepEqual(sources, ["logs_v1", "metrics_v1", "profiling_v1", "traces_v1"]);
  });

  it("around some objects holds what they touch", () => {
    const lineage = lineageOf(drawingOf(fixture("obsfly-create.json")).objects);
    assert.deepEqual(shown(around(lineage, ["logs\0log_volume"], 1)), [
      "logs.log_volume → logs.log_volume_read query",
      "logs.log_volume_mv → logs.log_volume write",
    ]);
  });
});

describe("what a file declares", () => {
  it("is read from a state as from a preview", () => {
    const state = drawingOf(fixture("state.json"));
    assert.deepEqual(shown(lineageOf(state.objects)), [
      "d.raw → d.inner_mv insert",
      "d.raw → d.rolled_mv insert",
      "d.rolled_mv → d.rolled write",
    ]);
    assert.equal(state.marks.size, 0);
    assert.match(state.statements.get("d\0raw") ?? "", /^CREATE TABLE d\.raw/);
  });

  it("is marked with what happens to it in a preview; what is secret has a name alone", () => {
    const { marks, objects, statements } = drawingOf(fixture("mixed.json"));
    assert.deepEqual(Object.fromEntries(marks), {
      "d\0later": "create",
      "d\0rolled": "replace",
      "d\0hidden": "create",
      "d\0gone": "delete",
      "d\0old": "delete",
      "d\0inner_mv": "delete",
    });
    assert.ok(!statements.has("d\0hidden"));
    const { nodes } = lineageOf(objects);
    assert.equal(nodes.find(({ name }) => name === "hidden")?.detail, "secret");
  });

  it("hides what a state holds encrypted", () => {
    const state = JSON.parse(fixture("state.json"));
    const raw = state.deployment.resources.find(({ urn }: { urn: string }) => urn.endsWith("::raw"));
    raw.inputs.statement = {
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      plaintext: '"CREATE"',
    };
    const { objects, statements } = drawingOf(JSON.stringify(state));
    assert.ok(!statements.has("d\0raw"));
    assert.equal(lineageOf(objects).nodes.find(({ name }) => name === "raw")?.detail, "secret");
  });

  it("is told with the line of what it leaves out", () => {
    const { objects, problems } = drawingOf(
      `INSERT INTO a.t VALUES (1);\n${TABLE}\nCREATE TABLE t (x UInt8) ORDER BY x;`,
    );
    assert.equal(objects.length, 1);
    assert.equal(problems.length, 1);
    assert.equal(problems[0]?.line, 3);
    assert.match(problems[0]?.message ?? "", /without a database/);
  });
});
