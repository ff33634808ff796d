import assert from "node:assert/strict";
import { createRenaming } from "../../provider/src/apply/rename/names";
import { rewrite } from "../../provider/src/apply/rename/rewrite";

const TABLE = createRenaming("table", { database: "d", name: "t" }, { database: "e", name: "new t" });
const SAME = createRenaming("table", { database: "d", name: "t" }, { database: "d", name: "n" });
const DATABASE = createRenaming("database", { database: "d" }, { database: "e" });
const ODD = createRenaming("table", { database: "a-b", name: "c.d`e" }, { database: "d", name: "n" });

/** Statement, what becomes of it. */
const TABLES: readonly (readonly [string, string, string])[] = [
  ["FROM", "CREATE VIEW d.v AS SELECT a FROM d.t", "CREATE VIEW d.v AS SELECT a FROM e.`new t`"],
  ["quotes", 'CREATE VIEW d.v AS SELECT a FROM `d`."t"', "CREATE VIEW d.v AS SELECT a FROM e.`new t`"],
  [
    "a list of tables, a join, a subquery",
    "CREATE VIEW d.v AS SELECT x.a FROM d.s, d.t AS x INNER JOIN d.t AS y ON x.a = y.a WHERE a IN (SELECT a FROM d.t)",
    "CREATE VIEW d.v AS SELECT x.a FROM d.s, e.`new t` AS x INNER JOIN e.`new t` AS y ON x.a = y.a WHERE a IN (SELECT a FROM e.`new t`)",
  ],
  [
    "IN with a table",
    "CREATE VIEW d.v AS SELECT a FROM d.s WHERE (a IN (d.t)) AND (a GLOBAL NOT IN (d.t)) AND (a IN (d.u))",
    "CREATE VIEW d.v AS SELECT a FROM d.s WHERE (a IN (e.`new t`)) AND (a GLOBAL NOT IN (e.`new t`)) AND (a IN (d.u))",
  ],
  [
    "columns with the table's name",
    "CREATE VIEW d.v AS SELECT d.t.a, d.t.*, d.s.t FROM d.t, d.s",
    "CREATE VIEW d.v AS SELECT e.`new t`.a, e.`new t`.*, d.s.t FROM e.`new t`, d.s",
  ],
  [
    "TO",
    "CREATE MATERIALIZED VIEW d.mv TO d.t (`a` UInt8) AS SELECT a FROM d.s",
    "CREATE MATERIALIZED VIEW d.mv TO e.`new t` (`a` UInt8) AS SELECT a FROM d.s",
  ],
  [
    "DEPENDS ON",
    "CREATE MATERIALIZED VIEW d.mv REFRESH EVERY 1 DAY DEPENDS ON d.s, d.t APPEND TO d.x (`a` UInt8) AS SELECT a FROM d.s",
    "CREATE MATERIALIZED VIEW d.mv REFRESH EVERY 1 DAY DEPENDS ON d.s, e.`new t` APPEND TO d.x (`a` UInt8) AS SELECT a FROM d.s",
  ],
  [
    "dictGet and joinGet, as texts and bare",
    "CREATE TABLE d.x (`a` UInt8, `b` String DEFAULT dictGet('d.t', 'b', a), `c` String ALIAS joinGet(d.t, 'v', a)) ENGINE = Log",
    "CREATE TABLE d.x (`a` UInt8, `b` String DEFAULT dictGet('e.new t', 'b', a), `c` String ALIAS joinGet(e.`new t`, 'v', a)) ENGINE = Log",
  ],
  [
    "a dictionary's source",
    "CREATE DICTIONARY d.x (`a` UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(DB 'd' TABLE 't')) LIFETIME(MIN 0 MAX 0) LAYOUT(FLAT())",
    "CREATE DICTIONARY d.x (`a` UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(DB 'e' TABLE 'new t')) LIFETIME(MIN 0 MAX 0) LAYOUT(FLAT())",
  ],
  [
    "a dictionary's query",
    "CREATE DICTIONARY d.x (`a` UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(QUERY 'SELECT a FROM d.t WHERE b = \\'d.t\\'')) LAYOUT(FLAT())",
    "CREATE DICTIONARY d.x (`a` UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(QUERY 'SELECT a FROM e.`new t` WHERE b = \\'d.t\\'')) LAYOUT(FLAT())",
  ],
];

/** What only looks alike. */
const LOOKALIKES: readonly (readonly [string, string])[] = [
  ["a text", "CREATE VIEW d.v COMMENT 'd.t' AS SELECT 'd.t', 'SELECT * FROM d.t' FROM d.s"],
  ["an alias of the database's name", "CREATE VIEW x.v AS SELECT d.t FROM x.s AS d"],
  ["a common table expression", "CREATE VIEW x.v AS WITH d AS (SELECT 1 AS t) SELECT d.t FROM d"],
  ["a nested column", "CREATE VIEW x.v AS SELECT d.t, count() FROM x.s ARRAY JOIN d.t WHERE d.t = 1 GROUP BY d.t, d.t"],
  ["a nested column of an alias", "CREATE VIEW x.v AS SELECT s.d.t FROM x.s AS s"],
  ["a longer name", "CREATE VIEW x.v AS SELECT a FROM d.t2, d2.t, `d.t`.x"],
  ["IN with an alias' column", "CREATE VIEW x.v AS SELECT a FROM x.s AS d WHERE a IN (d.t)"],
  ["a comment", "CREATE VIEW x.v AS SELECT a /* FROM d.t */ FROM x.s -- d.t"],
  ["another server's dictionary", "CREATE VIEW x.v AS SELECT length('d.t') FROM x.s"],
  ["a type", "CREATE TABLE x.v (`d.t` Array(UInt8), `d` Tuple(t UInt8), `e` UInt8 DEFAULT d.t) ENGINE = Log"],
];

/** What cannot be replaced, and how it is called. */
const REFUSED: readonly (readonly [string, RegExp])[] = [
  ["CREATE TABLE d.x (`a` UInt8) ENGINE = Buffer('d', 't', 1, 1, 1, 1, 1, 1, 1)", /the engine Buffer\(… 'd', 't' …\)/],
  ["CREATE TABLE d.x (`a` UInt8) ENGINE = Distributed('c', 'd', 't', rand())", /the engine Distributed/],
  ["CREATE VIEW d.v AS SELECT * FROM remote('h', d.t)", /remote\(… 'd', 't' …\)/],
  ["CREATE VIEW d.v AS SELECT * FROM d.s, cluster(c, 'd', 't') AS r", /cluster/],
  ["CREATE VIEW d.v AS SELECT * FROM merge('d', '^t')", /merge\('d', '\^t'\)/],
  ["CREATE TABLE d.x (`a` UInt8) ENGINE = Merge('d', '^t$')", /Merge\('d', '\^t\$'\)/],
  ["CREATE VIEW d.v AS WITH (SELECT 1) AS d SELECT d.t.a FROM d.t", /d\.t\.a, which may mean the alias d/],
  [
    "CREATE DICTIONARY d.x (`a` UInt64) PRIMARY KEY a SOURCE(CLICKHOUSE(HOST 'other' DB 'd' TABLE 't')) LAYOUT(FLAT())",
    /source on host 'other'/,
  ],
];

describe("table, view or database renamed or moved: names in statements", () => {
  for (const [what, from, to] of TABLES) {
    it(`follow in ${what}`, () => assert.deepEqual(rewrite(from, TABLE), { text: to, refused: [] }));
  }
  for (const [what, text] of LOOKALIKES) {
    it(`leave alone what only looks alike: ${what}`, () => {
      assert.deepEqual(rewrite(text, TABLE), { text, refused: [] });
      const unrelated = text.replace(/\bd\.s\b/g, "x.s").replace("CREATE VIEW d.v", "CREATE VIEW x.v");
      assert.deepEqual(rewrite(unrelated.replace("d.t2, ", ""), DATABASE).refused, []);
    });
  }
  for (const [text, expected] of REFUSED) {
    it(`cannot follow in ${text}`, () => {
      const { refused } = rewrite(text, TABLE);
      assert.equal(refused.length, 1);
      assert.match(refused[0] ?? "", expected);
    });
  }

  it("are quoted where they must be, with dots and quotes in them", () => {
    const text = "CREATE VIEW x.v AS SELECT a FROM `a-b`.`c.d\\`e` WHERE dictGet('a-b.c.d`e', 'x', a) = 'a-b.c.d`e'";
    const expected = "CREATE VIEW x.v AS SELECT a FROM d.n WHERE dictGet('d.n', 'x', a) = 'a-b.c.d`e'";
    assert.deepEqual(rewrite(text, ODD), { text: expected, refused: [] });
  });

  it("follow a database wherever it is named, also in the header and in Merge", () => {
    for (const [from, to] of [
      [
        "CREATE MATERIALIZED VIEW d.mv TO d.t AS SELECT a FROM x.d",
        "CREATE MATERIALIZED VIEW e.mv TO e.t AS SELECT a FROM x.d",
      ],
      [
        "CREATE TABLE d.m (`a` UInt8) ENGINE = Merge('d', '^t')",
        "CREATE TABLE e.m (`a` UInt8) ENGINE = Merge('e', '^t')",
      ],
      ["CREATE VIEW x.v AS SELECT * FROM merge('d', '.*')", "CREATE VIEW x.v AS SELECT * FROM merge('e', '.*')"],
      [
        "CREATE VIEW x.v AS SELECT d.t.d, dictGet('d.a.b', 'd', 1) FROM d.t",
        "CREATE VIEW x.v AS SELECT e.t.d, dictGet('e.a.b', 'd', 1) FROM e.t",
      ],
    ] as const) {
      assert.deepEqual(rewrite(from, DATABASE), { text: to, refused: [] });
    }
  });

  it("stay in Merge where old and new name fit its pattern alike", () => {
    const text = "CREATE TABLE d.m (`a` UInt8) ENGINE = Merge('d', '^[a-z]$')";
    assert.deepEqual(rewrite(text, SAME), { text, refused: [] });
  });

  it("are replaced in the header alone when asked", () => {
    const text = "CREATE VIEW d.t AS SELECT a FROM d.t";
    assert.equal(rewrite(text, SAME, "header").text, "CREATE VIEW d.n AS SELECT a FROM d.t");
  });
});
