import assert from "node:assert/strict";
import { parseCreate, parseHeader } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import type { MaterializedViewSpec, TableSpec, ViewSpec } from "../../provider/src/sql/spec";

function parseTable(sql: string): TableSpec {
  const spec = parseCreate(sql);
  assert.equal(spec.kind, "table");
  return spec as TableSpec;
}

function parseMaterializedView(sql: string): MaterializedViewSpec {
  const spec = parseCreate(sql);
  assert.equal(spec.kind, "materializedView");
  return spec as MaterializedViewSpec;
}

describe("parse: databases", () => {
  it("takes engine, settings and comment", () => {
    assert.deepEqual(parseCreate("create database if not exists `my db` engine=Atomic settings a=1 comment 'x';"), {
      kind: "database",
      name: "my db",
      engine: "Atomic",
      settings: [{ name: "a", value: "1" }],
      comment: "x",
    });
  });
});

describe("parse: tables", () => {
  it("takes the storage clauses in any order and spelling", () => {
    const { storage, comment } =
      parseTable(`create table a.b (x UInt8) order  by (x, y) settings s1 = -1, s2='a,b', s3 = disk(type = local), s4
      partition by toYYYYMM(d) engine ReplacingMergeTree(v) primary key x ttl d + interval 1 day delete where x = 1, d to disk 'cold' sample by x comment 'c'`);
    assert.deepEqual(storage, {
      engine: "ReplacingMergeTree(v)",
      partitionBy: "toYYYYMM(d)",
      primaryKey: "x",
      orderBy: "(x, y)",
      sampleBy: "x",
      ttl: "d + interval 1 day delete where x = 1, d to disk 'cold'",
      settings: [
        { name: "s1", value: "-1" },
        { name: "s2", value: "'a,b'" },
        { name: "s3", value: "disk(type = local)" },
        { name: "s4", value: "true" },
      ],
    });
    assert.equal(comment, "c");
  });

  it("tells columns named like keywords from keywords", () => {
    const { columns, storage, indexes } = parseTable(`CREATE TABLE a.b (
      comment String DEFAULT codec COMMENT 'COMMENT', codec String, type UInt8 ALIAS NOT ttl TTL ttl + INTERVAL ttl DAY,
      projection String, \`index\` UInt8 DEFAULT CASE WHEN settings THEN ttl ELSE comment END CODEC(NONE),
      INDEX type type TYPE minmax
    ) PARTITION BY engine PRIMARY KEY settings ORDER BY settings TTL ttl WHERE comment = ttl AND settings IS NOT NULL SETTINGS ttl = 1`);
    assert.deepEqual(columns, [
      { name: "comment", type: "String", default: { kind: "DEFAULT", expression: "codec" }, comment: "COMMENT" },
      { name: "codec", type: "String" },
      { name: "type", type: "UInt8", default: { kind: "ALIAS", expression: "NOT ttl" }, ttl: "ttl + INTERVAL ttl DAY" },
      { name: "projection", type: "String" },
      {
        name: "index",
        type: "UInt8",
        default: { kind: "DEFAULT", expression: "CASE WHEN settings THEN ttl ELSE comment END" },
        codec: "NONE",
      },
    ]);
    assert.deepEqual(indexes, [{ name: "type", expression: "type", type: "minmax" }]);
    assert.deepEqual(storage, {
      partitionBy: "engine",
      primaryKey: "settings",
      orderBy: "settings",
      ttl: "ttl WHERE comment = ttl AND settings IS NOT NULL",
      settings: [{ name: "ttl", value: "1" }],
    });
  });

  it("takes every clause of a column", () => {
    const { columns } = parseTable(`CREATE TABLE a.b (
      "a ""b" INT UNSIGNED NULL MATERIALIZED x NOT IN (1, 2) COMMENT 'it''s' CODEC(Delta(8), ZSTD) STATISTICS(uniq, tdigest) TTL d PRIMARY KEY SETTINGS (s = 1),
      e EPHEMERAL COMMENT 'e', f String EPHEMERAL 'x', g DEFAULT 1, h Tuple(a UInt8, b Enum8('x,)' = 1)), i UInt8 DEFAULT 1 NOT NULL,
    ) ENGINE = Memory`);
    assert.deepEqual(columns, [
      {
        name: 'a "b',
        type: "INT UNSIGNED NULL",
        default: { kind: "MATERIALIZED", expression: "x NOT IN (1, 2)" },
        comment: "it's",
        codec: "Delta(8), ZSTD",
        statistics: "uniq, tdigest",
        ttl: "d",
        primaryKey: true,
        settings: [{ name: "s", value: "1" }],
      },
      { name: "e", default: { kind: "EPHEMERAL" }, comment: "e" },
      { name: "f", type: "String", default: { kind: "EPHEMERAL", expression: "'x'" } },
      { name: "g", default: { kind: "DEFAULT", expression: "1" } },
      { name: "h", type: "Tuple(a UInt8, b Enum8('x,)' = 1))" },
      { name: "i", type: "UInt8 NOT NULL", default: { kind: "DEFAULT", expression: "1" } },
    ]);
  });

  it("takes indexes, constraints, projections and the primary key out of the column list", () => {
    const table =
      parseTable(`CREATE TABLE a.b (x UInt8, INDEX i(x, y) TYPE set(10) GRANULARITY 3, CONSTRAINT \`c c\` CHECK x > 0,
      CONSTRAINT d ASSUME x < 9, PROJECTION p (SELECT x ORDER BY x) WITH SETTINGS (s = 1), PROJECTION q INDEX x TYPE basic, PRIMARY KEY (x),
      FOREIGN KEY (x) REFERENCES o (x))`);
    assert.deepEqual(table.indexes, [{ name: "i", expression: "(x, y)", type: "set(10)", granularity: 3 }]);
    assert.deepEqual(table.constraints, [
      { name: "c c", kind: "CHECK", expression: "x > 0" },
      { name: "d", kind: "ASSUME", expression: "x < 9" },
    ]);
    assert.deepEqual(table.projections, [
      { name: "p", body: "(SELECT x ORDER BY x) WITH SETTINGS (s = 1)" },
      { name: "q", body: "INDEX x TYPE basic" },
    ]);
    assert.equal(table.storage.primaryKey, "(x)");
    assert.equal(table.columns.length, 1);
  });

  it("takes what the table is made from", () => {
    const cases: readonly (readonly [sql: string, as: TableSpec["as"]])[] = [
      ["CREATE TABLE a.b AS c.d ENGINE = Memory", { text: "c.d", empty: false }],
      ["CREATE TABLE a.b ENGINE = Memory AS c.`d e`", { text: "c.`d e`", empty: false }],
      ["CREATE TABLE a.b CLONE AS c.d", { text: "c.d", empty: false, clone: true }],
      ["CREATE TABLE a.b AS numbers(10)", { text: "numbers(10)", empty: false }],
      ["CREATE TABLE a.b (x UInt8) AS numbers(10) COMMENT 'c'", { text: "numbers(10)", empty: false }],
      ["CREATE TABLE a.b ORDER BY x EMPTY AS SELECT 1 AS x COMMENT 'c'", { text: "SELECT 1 AS x", empty: true }],
      ["CREATE TABLE a.b EMPTY COMMENT 'c' AS SELECT 1 AS x", { text: "SELECT 1 AS x", empty: true }],
      [
        "CREATE TABLE a.b AS WITH 1 AS x SELECT x SETTINGS s = 1",
        { text: "WITH 1 AS x SELECT x SETTINGS s = 1", empty: false },
      ],
      ["CREATE TABLE a.b AS (SELECT 1)", { text: "(SELECT 1)", empty: false }],
    ];
    for (const [sql, as] of cases) {
      const table = parseTable(sql);
      assert.deepEqual(table.as, as, sql);
      assert.deepEqual(parseCreate(renderCreate(table)), table, sql);
    }
  });
});

describe("parse: views", () => {
  it("finds the comment before AS and behind the query", () => {
    for (const sql of [
      "CREATE VIEW a.b COMMENT 'c' AS SELECT comment, 'AS'",
      "CREATE VIEW a.b AS SELECT comment, 'AS' COMMENT 'c'",
    ]) {
      const { comment, query } = parseCreate(sql) as ViewSpec;
      assert.deepEqual({ comment, query }, { comment: "c", query: "SELECT comment, 'AS'" });
    }
  });

  it("keeps comments inside of a query and drops those around it", () => {
    const { query } = parseCreate("-- head\nCREATE VIEW a.b AS -- why\nSELECT 1 -- one\n, 2 /* end */;") as ViewSpec;
    assert.equal(query, "SELECT 1 -- one\n, 2");
  });

  it("drops the second list of names, which the engine prints and cannot read itself", () => {
    const view = parseCreate(
      "CREATE VIEW a.b\n(\n    `x` UInt8,\n    `y` UInt8\n)\n(x, y\n)\nAS SELECT\n    1 AS x,\n    2 AS y",
    ) as ViewSpec;
    assert.deepEqual(
      view.columns.map(({ name }) => name),
      ["x", "y"],
    );
    assert.deepEqual((parseCreate("CREATE VIEW a.b (x, y) AS SELECT 1, 2") as ViewSpec).columns, [
      { name: "x" },
      { name: "y" },
    ]);
  });

  it("takes definer and SQL security", () => {
    const { security } = parseCreate(
      "CREATE VIEW a.b DEFINER = svc@'host' sql security definer AS SELECT 1",
    ) as ViewSpec;
    assert.deepEqual(security, { definer: "svc@'host'", sqlSecurity: "DEFINER" });
  });

  it("quotes a definer that is no user as it is written", () => {
    const view: ViewSpec = {
      kind: "view",
      database: "a",
      name: "b",
      columns: [],
      security: { definer: "svc-views" },
      query: "SELECT 1",
    };
    assert.equal(renderCreate(view), "CREATE VIEW a.b\nDEFINER = `svc-views`\nAS SELECT 1");
  });
});

describe("parse: materialized views", () => {
  it("takes the whole schedule of a refreshable view", () => {
    const refresh =
      "EVERY 1 DAY 2 HOUR OFFSET 3 HOUR RANDOMIZE FOR 1 HOUR DEPENDS ON a.x, y SETTINGS refresh_retries = 3 APPEND";
    const view = parseMaterializedView(
      `CREATE MATERIALIZED VIEW a.b REFRESH ${refresh} TO c.d (x UInt8) EMPTY AS SELECT 1 AS x`,
    );
    assert.equal(view.refresh, refresh);
    assert.deepEqual(view.to, { database: "c", name: "d" });
    assert.equal(view.empty, true);
    assert.equal(view.storage, undefined);
  });

  it("takes the layout of an inner table, POPULATE and the order of clauses as people write them", () => {
    const view =
      parseMaterializedView(`CREATE MATERIALIZED VIEW a.b TO INNER UUID '00000000-0000-4000-8000-000000000001'
      (x UInt8, INDEX i x TYPE minmax) ENGINE = MergeTree ORDER BY x POPULATE DEFINER CURRENT_USER COMMENT 'c' AS SELECT 1 AS x`);
    assert.deepEqual(view.storage, { engine: "MergeTree", orderBy: "x", settings: [] });
    assert.equal(view.populate, true);
    assert.equal(view.indexes.length, 1);
    assert.deepEqual(view.security, { definer: "CURRENT_USER" });
    assert.equal(view.comment, "c");
  });
});

describe("parse: the head alone", () => {
  it("gives kind and name without reading on", () => {
    assert.deepEqual(parseHeader("CREATE TABLE IF NOT EXISTS a.`b.c` ((((' not read"), {
      kind: "table",
      database: "a",
      name: "b.c",
    });
    assert.deepEqual(parseHeader("/* c */ create materialized view v"), { kind: "materializedView", name: "v" });
    assert.deepEqual(parseHeader("create database d"), { kind: "database", name: "d" });
  });
});
