import assert from "node:assert/strict";
import fc from "fast-check";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { qualifiedName, quoteIdentifier } from "../../provider/src/sql/identifiers";
import { onCluster, subjectOf } from "../../provider/src/sql/on-cluster";
import { byEffort } from "../support/effort";
import { sharedServer } from "../support/server";

const UUID = "1f4e2a3b-0000-4000-8000-000000000001";

/** Every statement that plans and drops send, and what a cluster gets. */
const STATEMENTS: readonly (readonly [sql: string, expected: string])[] = [
  ["CREATE DATABASE d\nENGINE = Atomic", "CREATE DATABASE IF NOT EXISTS d ON CLUSTER `c`\nENGINE = Atomic"],
  [
    "CREATE TABLE d.t\n(\n    `a` UInt8\n)\nENGINE = MergeTree\nORDER BY a",
    `CREATE TABLE IF NOT EXISTS d.t UUID '${UUID}' ON CLUSTER \`c\`\n(\n    \`a\` UInt8\n)\nENGINE = MergeTree\nORDER BY a`,
  ],
  [
    "CREATE VIEW d.v\n(\n    `a` UInt8\n)\nAS SELECT 1 AS a",
    `CREATE VIEW IF NOT EXISTS d.v UUID '${UUID}' ON CLUSTER \`c\`\n(\n    \`a\` UInt8\n)\nAS SELECT 1 AS a`,
  ],
  ["CREATE OR REPLACE VIEW d.v AS SELECT 1 AS a", "CREATE OR REPLACE VIEW d.v ON CLUSTER `c` AS SELECT 1 AS a"],
  [
    "CREATE MATERIALIZED VIEW d.m TO d.t AS SELECT a FROM d.s",
    `CREATE MATERIALIZED VIEW IF NOT EXISTS d.m UUID '${UUID}' ON CLUSTER \`c\` TO d.t AS SELECT a FROM d.s`,
  ],
  [
    "CREATE MATERIALIZED VIEW d.m REFRESH EVERY 1 HOUR APPEND TO d.t AS SELECT a FROM d.s",
    `CREATE MATERIALIZED VIEW IF NOT EXISTS d.m UUID '${UUID}' ON CLUSTER \`c\` REFRESH EVERY 1 HOUR APPEND TO d.t AS SELECT a FROM d.s`,
  ],
  [
    "CREATE DICTIONARY d.x (`k` UInt64) PRIMARY KEY k SOURCE(NULL()) LAYOUT(FLAT()) LIFETIME(0)",
    `CREATE DICTIONARY IF NOT EXISTS d.x UUID '${UUID}' ON CLUSTER \`c\` (\`k\` UInt64) PRIMARY KEY k SOURCE(NULL()) LAYOUT(FLAT()) LIFETIME(0)`,
  ],
  [
    "CREATE OR REPLACE DICTIONARY d.x (`k` UInt64) PRIMARY KEY k SOURCE(NULL()) LAYOUT(FLAT()) LIFETIME(0)",
    "CREATE OR REPLACE DICTIONARY d.x ON CLUSTER `c` (`k` UInt64) PRIMARY KEY k SOURCE(NULL()) LAYOUT(FLAT()) LIFETIME(0)",
  ],
  [
    "CREATE OR REPLACE TABLE d.t (`a` UInt8) ENGINE = Null",
    "CREATE OR REPLACE TABLE d.t ON CLUSTER `c` (`a` UInt8) ENGINE = Null",
  ],
  ["CREATE FUNCTION f AS x -> (x * 2)", "CREATE FUNCTION IF NOT EXISTS f ON CLUSTER `c` AS x -> (x * 2)"],
  ["CREATE OR REPLACE FUNCTION f AS x -> (x * 2)", "CREATE OR REPLACE FUNCTION f ON CLUSTER `c` AS x -> (x * 2)"],
  ["ALTER DATABASE d MODIFY COMMENT 'x'", "ALTER DATABASE d ON CLUSTER `c` MODIFY COMMENT 'x'"],
  [
    "ALTER TABLE d.t ADD COLUMN `b` UInt8 AFTER `a`",
    "ALTER TABLE d.t ON CLUSTER `c` ADD COLUMN IF NOT EXISTS `b` UInt8 AFTER `a`",
  ],
  [
    "ALTER TABLE d.t\n    ADD COLUMN `b` UInt8,\n    DROP COLUMN `x`,\n    MODIFY COLUMN `a` UInt16",
    "ALTER TABLE d.t ON CLUSTER `c`\n    ADD COLUMN IF NOT EXISTS `b` UInt8,\n    DROP COLUMN IF EXISTS `x`,\n    MODIFY COLUMN `a` UInt16",
  ],
  [
    "ALTER TABLE d.t\n    (DROP STATISTICS `a`),\n    (ADD COLUMN `b` Map(String, UInt8) DEFAULT map('x', 1))",
    "ALTER TABLE d.t ON CLUSTER `c`\n    (DROP STATISTICS IF EXISTS `a`),\n    (ADD COLUMN IF NOT EXISTS `b` Map(String, UInt8) DEFAULT map('x', 1))",
  ],
  [
    "ALTER TABLE d.t ADD STATISTICS a TYPE tdigest",
    "ALTER TABLE d.t ON CLUSTER `c` ADD STATISTICS IF NOT EXISTS a TYPE tdigest",
  ],
  [
    "ALTER TABLE d.t ADD INDEX i a TYPE minmax GRANULARITY 1",
    "ALTER TABLE d.t ON CLUSTER `c` ADD INDEX IF NOT EXISTS i a TYPE minmax GRANULARITY 1",
  ],
  ["ALTER TABLE d.t DROP INDEX i", "ALTER TABLE d.t ON CLUSTER `c` DROP INDEX IF EXISTS i"],
  [
    "ALTER TABLE d.t ADD PROJECTION p (SELECT a ORDER BY a)",
    "ALTER TABLE d.t ON CLUSTER `c` ADD PROJECTION IF NOT EXISTS p (SELECT a ORDER BY a)",
  ],
  ["ALTER TABLE d.t DROP PROJECTION p", "ALTER TABLE d.t ON CLUSTER `c` DROP PROJECTION IF EXISTS p"],
  [
    "ALTER TABLE d.t ADD CONSTRAINT k CHECK a > 1",
    "ALTER TABLE d.t ON CLUSTER `c` ADD CONSTRAINT IF NOT EXISTS k CHECK a > 1",
  ],
  ["ALTER TABLE d.t DROP CONSTRAINT k", "ALTER TABLE d.t ON CLUSTER `c` DROP CONSTRAINT IF EXISTS k"],
  ["ALTER TABLE d.t RENAME COLUMN `a` TO `b`", "ALTER TABLE d.t ON CLUSTER `c` RENAME COLUMN IF EXISTS `a` TO `b`"],
  [
    "ALTER TABLE d.t MODIFY QUERY SELECT x, add column FROM d.s",
    "ALTER TABLE d.t ON CLUSTER `c` MODIFY QUERY SELECT x, add column FROM d.s",
  ],
  [
    "ALTER TABLE d.t MODIFY SETTING merge_with_ttl_timeout = 60, max_parts_in_total = 9",
    "ALTER TABLE d.t ON CLUSTER `c` MODIFY SETTING merge_with_ttl_timeout = 60, max_parts_in_total = 9",
  ],
  [
    "ALTER TABLE d.t MODIFY TTL d + toIntervalDay(3) SETTINGS materialize_ttl_after_modify = 1",
    "ALTER TABLE d.t ON CLUSTER `c` MODIFY TTL d + toIntervalDay(3) SETTINGS materialize_ttl_after_modify = 1",
  ],
  ["ALTER TABLE d.t MATERIALIZE INDEX i", "ALTER TABLE d.t ON CLUSTER `c` MATERIALIZE INDEX i"],
  [
    "ALTER TABLE d.t DELETE WHERE 0, UPDATE a = 1 WHERE 1",
    "ALTER TABLE d.t ON CLUSTER `c` DELETE WHERE 0, UPDATE a = 1 WHERE 1",
  ],
  ["DROP TABLE IF EXISTS d.t", "DROP TABLE IF EXISTS d.t ON CLUSTER `c`"],
  ["DROP VIEW d.v", "DROP VIEW IF EXISTS d.v ON CLUSTER `c`"],
  ["DROP DATABASE IF EXISTS d", "DROP DATABASE IF EXISTS d ON CLUSTER `c`"],
  [
    "DROP DICTIONARY IF EXISTS d.x SETTINGS check_table_dependencies = 0",
    "DROP DICTIONARY IF EXISTS d.x ON CLUSTER `c` SETTINGS check_table_dependencies = 0",
  ],
  ["DROP FUNCTION IF EXISTS f", "DROP FUNCTION IF EXISTS f ON CLUSTER `c`"],
  ["RENAME TABLE d.a TO d.b", "RENAME TABLE d.a TO d.b ON CLUSTER `c`"],
  ["EXCHANGE TABLES d.a AND d.b", "EXCHANGE TABLES d.a AND d.b ON CLUSTER `c`"],
  [`UNDROP TABLE d.t UUID '${UUID}'`, `UNDROP TABLE d.t UUID '${UUID}' ON CLUSTER \`c\``],
];

const form = { cluster: "c", uuid: UUID };

describe("a statement for all hosts of a cluster", () => {
  let server: Connection;

  before(async () => {
    const { url } = await sharedServer();
    server = await openConnection({ url });
  });

  after(() => server?.close());

  for (const [sql, expected] of STATEMENTS) {
    it(`gets its clause and may be repeated: ${sql.replace(/\s+/g, " ").slice(0, 70)}`, async () => {
      assert.equal(onCluster(sql, form), expected);
      // The engine's own parser takes it.
      const [row] = await server.query<{ text: string }>("SELECT formatQuery({sql:String}) AS text", { sql: expected });
      assert.match(row?.text ?? "", /ON CLUSTER c\b/);
    });
  }

  it("is not sent where it is not about the schema", () => {
    for (const sql of [
      "INSERT INTO d.t SELECT 1",
      "SYSTEM STOP MERGES d.t",
      "SELECT 1",
      "KILL MUTATION WHERE 1",
      "GRANT SELECT ON *.* TO u",
      "",
    ])
      assert.equal(onCluster(sql, form), undefined, sql);
  });

  it("has its database read from it, however it is quoted", () => {
    assert.deepEqual(subjectOf("CREATE TABLE IF NOT EXISTS `a b`.t (x UInt8)"), {
      ...{ verb: "CREATE", database: "a b", name: "t" },
    });
    assert.deepEqual(subjectOf("EXCHANGE TABLES d.a AND d.b"), { verb: "EXCHANGE", database: "d", name: "a" });
    assert.deepEqual(subjectOf("DROP DATABASE d"), { verb: "DROP", database: undefined });
  });

  it("stays as it is the second time", () => {
    for (const [sql] of STATEMENTS) {
      const once = onCluster(sql, form) ?? "";
      assert.equal(onCluster(once, { cluster: "c", uuid: "another" }), once);
    }
  });

  it("differs from what was planned by nothing but clause, guards and UUID, whatever its names are", async () => {
    const name = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }).filter((text) => !text.includes("\0"));
    await fc.assert(
      fc.asyncProperty(name, name, name, name, async (database, table, column, cluster) => {
        const label = qualifiedName({ database, name: table });
        const quoted = quoteIdentifier(column);
        for (const [before, after] of [
          [
            `ALTER TABLE ${label} ADD COLUMN ${quoted} UInt8, DROP COLUMN ${quoted}`,
            `ALTER TABLE ${label} ADD COLUMN IF NOT EXISTS ${quoted} UInt8, DROP COLUMN IF EXISTS ${quoted}`,
          ],
          [
            `CREATE VIEW ${label} AS SELECT 1 AS ${quoted}`,
            `CREATE VIEW IF NOT EXISTS ${label} UUID '${UUID}' AS SELECT 1 AS ${quoted}`,
          ],
          [`RENAME TABLE ${label} TO ${label}`, `RENAME TABLE ${label} TO ${label}`],
        ] as const) {
          const text = onCluster(before, { cluster, uuid: UUID }) ?? "";
          const at = text.indexOf(" ON CLUSTER ");
          assert.ok(at > 0);
          assert.equal(onCluster(before, { cluster: undefined, uuid: UUID }), after);
          assert.equal(subjectOf(text).database, database);
          assert.equal(onCluster(text, { cluster: "other", uuid: "other" }), text);
        }
      }),
      { numRuns: byEffort({ fast: 50, full: 200, soak: 5000 }) },
    );
  });
});
