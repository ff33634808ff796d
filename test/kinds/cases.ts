import type { ObjectKind } from "../../provider/src/sql/spec";

/** What the contract of kinds runs for one of them. `{d}` is the database of the test. */
export interface KindCase {
  /** Its name, if that is not any name. */
  readonly name?: string;
  /** Statements that have to run first. */
  readonly setup?: readonly string[];
  readonly args: object;
  /** What only the server may know, as the resource sends it. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Manual changes, each with the drift that it is. */
  readonly alters: readonly (readonly [statement: string, differs: string])[];
  /** Other arguments, and what the plan for them runs. */
  readonly changed: readonly [args: object, plan: RegExp];
  /** Releases that cannot change it at all, and how that is refused. */
  /** Whether import writes it. Default: true. */
  readonly isImported?: boolean;
  readonly fixedOn?: Readonly<Record<string, RegExp>>;
  /** Releases on which none can be created, and how that is refused at preview. */
  readonly noneOn?: Readonly<Record<string, RegExp>>;
}

/** The embedded engine keeps no users and nothing that belongs to them. */
const NOT_EMBEDDED = { "26.7": /cannot be created, because the embedded engine has one user and keeps no others/ };

const SOURCE = "CREATE TABLE {d}.src (id UInt64, name String, parent UInt64) ENGINE = MergeTree ORDER BY id";

/** One for each kind: a kind without one does not compile. */
export const CASES: { readonly [Kind in ObjectKind]: KindCase } = {
  database: {
    args: { comment: "before" },
    alters: [["ALTER DATABASE {o} MODIFY COMMENT 'by hand'", "comment"]],
    changed: [{ comment: "after" }, /ALTER DATABASE .* MODIFY COMMENT 'after'/],
    fixedOn: { "24.8": /COMMENT|comment/ },
  },
  sqlFunction: {
    args: { parameters: ["x", "k"], expression: "(x * k) + 1" },
    alters: [["CREATE OR REPLACE FUNCTION {o} AS (x, k) -> x", "definition"]],
    changed: [{ parameters: ["x", "k"], expression: "x * k + 2" }, /CREATE OR REPLACE FUNCTION/],
  },
  table: {
    args: {
      columns: { id: "UInt64", s: { type: "String", default: "'a'", comment: "c" } },
      orderBy: "id",
      comment: "t",
    },
    alters: [
      ["ALTER TABLE {o} ADD COLUMN extra UInt8", "column-added"],
      ["ALTER TABLE {o} MODIFY COMMENT 'by hand'", "comment"],
    ],
    changed: [
      { columns: { id: "UInt64", s: "String", n: "UInt8" }, orderBy: "id", comment: "t", allow: ["drops-data"] },
      /ADD COLUMN `n` UInt8/,
    ],
  },
  dictionary: {
    setup: [SOURCE],
    args: {
      columns: {
        id: "UInt64",
        name: { type: "String", default: "'none'", injective: true },
        parent: { type: "UInt64", hierarchical: true },
      },
      primaryKey: "id",
      source: { table: "{d}.src", where: "id > 0" },
      layout: "HASHED()",
      lifetime: [60, 300],
      comment: "names",
    },
    alters: [
      ["ALTER TABLE {o} MODIFY COMMENT 'by hand'", "comment"],
      [
        "CREATE OR REPLACE DICTIONARY {o} (id UInt64, name String) PRIMARY KEY id SOURCE(CLICKHOUSE(TABLE 'src' DB '{d}')) LIFETIME(9) LAYOUT(FLAT())",
        "column-dropped",
      ],
    ],
    changed: [
      {
        columns: { id: "UInt64", name: "String" },
        primaryKey: ["id"],
        source: { query: "SELECT id, name FROM {d}.src" },
        layout: "FLAT",
        lifetime: 0,
      },
      /CREATE OR REPLACE DICTIONARY[\s\S]*LIFETIME\(MIN 0 MAX 0\)\nLAYOUT\(FLAT\(\)\)/,
    ],
  },
  view: {
    setup: [SOURCE],
    args: { query: "SELECT id, name FROM {d}.src", comment: "v" },
    alters: [["ALTER TABLE {o} MODIFY COMMENT 'by hand'", "comment"]],
    changed: [{ query: "SELECT id FROM {d}.src" }, /CREATE OR REPLACE VIEW/],
  },
  namedCollection: {
    args: { values: { url: "http://localhost/a'b", format: "TSV", port: 80 }, overridable: { url: false } },
    alters: [
      ["ALTER NAMED COLLECTION {o} SET by_hand = 'x'", "collection-key"],
      ["ALTER NAMED COLLECTION {o} DELETE format", "collection-key"],
    ],
    changed: [
      { values: { url: "http://localhost/c", port: 81, structure: "a UInt8" }, overridable: { url: false } },
      /ALTER NAMED COLLECTION \S+ SET[\s\S]*port = '81'[\s\S]*structure = 'a UInt8'[\s\S]*DELETE by_hand/,
    ],
  },
  materializedView: {
    setup: [SOURCE, "CREATE TABLE {d}.target (id UInt64) ENGINE = MergeTree ORDER BY id"],
    args: { to: "{d}.target", query: "SELECT id FROM {d}.src" },
    alters: [["ALTER TABLE {o} MODIFY QUERY SELECT id + 1 AS id FROM {d}.src", "query"]],
    changed: [{ to: "{d}.target", query: "SELECT id * 2 AS id FROM {d}.src" }, /MODIFY QUERY SELECT id \* 2/],
  },
  grants: {
    noneOn: NOT_EMBEDDED,
    setup: [SOURCE, "CREATE ROLE {o}", "CREATE ROLE {d}_r"],
    args: {
      privileges: ["SELECT ON {d}.*", "INSERT(id) ON {d}.src WITH GRANT OPTION", "SELECT ON {d}.src"],
      except: ["SELECT(parent) ON {d}.src"],
      roles: ["{d}_r"],
    },
    alters: [
      ["GRANT ALTER COLUMN ON {d}.src TO {o}", "rights"],
      ["REVOKE {d}_r FROM {o}", "roles"],
    ],
    changed: [
      { privileges: ["SELECT ON {d}.*"], roles: [{ role: "{d}_r", adminOption: true }] },
      /GRANT SELECT\(parent\) ON \S+src TO [\s\S]*REVOKE ALTER COLUMN, INSERT\(id\) ON \S+src FROM [\s\S]*GRANT \S+ TO \S+ WITH ADMIN OPTION/,
    ],
  },
  grant: {
    noneOn: NOT_EMBEDDED,
    isImported: false,
    name: "own TO {d}_o",
    setup: [SOURCE, "CREATE ROLE {d}_o", "CREATE ROLE {d}_r"],
    args: {
      privileges: ["SELECT ON {d}.*", "INSERT(id) ON {d}.src WITH GRANT OPTION"],
      roles: [{ role: "{d}_r", adminOption: true }],
    },
    alters: [
      ["REVOKE SELECT(id) ON {d}.src FROM {d}_o", "rights"],
      ["REVOKE {d}_r FROM {d}_o", "roles"],
    ],
    changed: [
      { privileges: ["SELECT ON {d}.*"], roles: ["{d}_r"] },
      /GRANT SELECT\(id\) ON \S+src TO [\s\S]*REVOKE INSERT\(id\) ON \S+src FROM [\s\S]*GRANT d_grant_r TO d_grant_o/,
    ],
  },
  settingsProfile: {
    noneOn: NOT_EMBEDDED,
    setup: ["CREATE SETTINGS PROFILE {d}_base SETTINGS max_threads = 2", "CREATE ROLE {d}_r"],
    args: {
      inherits: ["{d}_base"],
      settings: {
        max_memory_usage: { value: "10G", max: "20G" },
        join_use_nulls: true,
        max_execution_time: { value: 1.5, min: 1, change: "never" },
        log_comment: "it's 1",
      },
      to: ["{d}_r"],
    },
    alters: [
      ["ALTER SETTINGS PROFILE {o} SETTINGS max_threads = 1", "limits"],
      ["ALTER SETTINGS PROFILE {o} TO ALL EXCEPT {d}_r", "applies-to"],
    ],
    changed: [
      { settings: { max_memory_usage: "5Gi" }, to: { except: ["default", "{d}_r"] }, allow: ["locks-out"] },
      /ALTER SETTINGS PROFILE \S+\nSETTINGS max_memory_usage = 5368709120\nTO ALL EXCEPT /,
    ],
  },
  role: {
    noneOn: NOT_EMBEDDED,
    setup: ["CREATE SETTINGS PROFILE {d}_base SETTINGS max_threads = 2"],
    args: { profiles: ["{d}_base"], settings: { max_rows_to_read: { value: 1000, max: 5000 }, readonly: 2 } },
    alters: [["ALTER ROLE {o} SETTINGS max_threads = 1", "limits"]],
    changed: [{ settings: {} }, /ALTER ROLE \S+\nSETTINGS NONE/],
  },
  quota: {
    noneOn: NOT_EMBEDDED,
    setup: ["CREATE ROLE {d}_r"],
    args: {
      keyedBy: "clientKeyOrUser",
      limits: {
        "1 hour": { queries: 30, errors: 2 },
        "90 minutes": { executionTime: 1.5, randomized: true },
        "1 day": {},
      },
      to: ["{d}_r"],
    },
    alters: [
      ["ALTER QUOTA {o} NOT KEYED", "keyed-by"],
      ["ALTER QUOTA {o} FOR INTERVAL 1 hour MAX queries = 31", "intervals"],
      ["ALTER QUOTA {o} TO ALL EXCEPT default", "applies-to"],
    ],
    changed: [
      { keyedBy: "user", limits: { "60 minutes": { queries: 30, errors: 2 }, "1 week": { readRows: 10 } }, to: [] },
      /ALTER QUOTA \S+\nKEYED BY user_name\nFOR INTERVAL 1 hour MAX errors = 2, queries = 30,\nFOR INTERVAL 1 week MAX read_rows = 10,\nFOR INTERVAL 90 minute NO LIMITS,\nFOR INTERVAL 1 day NO LIMITS\nTO NONE/,
    ],
  },
  user: {
    noneOn: NOT_EMBEDDED,
    setup: ["CREATE SETTINGS PROFILE {d}_base SETTINGS max_threads = 2", "CREATE ROLE {d}_r"],
    secrets: { "0": "a pass'word" },
    args: {
      auth: { password: true, validUntil: "2040-01-02" },
      hosts: { ip: ["10.1.2.3/8", "127.0.0.1", "2001:db8::/32"], like: ["%.example.com"] },
      defaultDatabase: "{d}",
      profiles: ["{d}_base"],
      settings: { readonly: 2, max_memory_usage: { max: "20G" } },
      grantees: ["{d}_r"],
    },
    alters: [
      ["ALTER USER {o} IDENTIFIED WITH no_password", "identification"],
      ["ALTER USER {o} HOST ANY", "hosts"],
      ["ALTER USER {o} DEFAULT DATABASE NONE", "default-database"],
      ["ALTER USER {o} SETTINGS max_threads = 3", "limits"],
      ["ALTER USER {o} GRANTEES NONE", "grantees"],
    ],
    changed: [
      { auth: { password: true, method: "doubleSha1" }, hosts: {}, settings: { max_threads: 2 } },
      /ALTER USER \S+\nIDENTIFIED WITH double_sha1_hash BY '\[HIDDEN\]'(?: VALID UNTIL 'infinity')?\nHOST NONE\nSETTINGS max_threads = 2\nGRANTEES ANY/,
    ],
  },
  rowPolicy: {
    name: "{d}_p ON {d}.src",
    noneOn: NOT_EMBEDDED,
    setup: [
      SOURCE,
      "CREATE TABLE {d}.other (id UInt64) ENGINE = MergeTree ORDER BY id",
      "CREATE ROLE {d}_r",
      "CREATE USER {d}_u",
    ],
    args: {
      on: "{d}.src",
      using: "(id>1) and (name='it''s') or id in (select id from {d}.other)",
      restrictive: true,
      to: ["{d}_u", "{d}_r"],
    },
    alters: [
      ["ALTER ROW POLICY {o} USING id = 1", "using"],
      ["ALTER ROW POLICY {o} AS PERMISSIVE", "restrictive"],
      ["ALTER ROW POLICY {o} TO ALL EXCEPT {d}_r", "applies-to"],
    ],
    changed: [
      { on: "{d}.src", using: "parent != 0", to: { except: ["default", "{d}_r"] } },
      /ALTER ROW POLICY d_rowpolicy_p ON d_rowpolicy\.src\nFOR SELECT USING parent != 0\nTO ALL EXCEPT d_rowpolicy_r, default/,
    ],
  },
};
