import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { TestProvider } from "../support/provider";
import { startServer, type TestServer, USERS_XML } from "../support/server";
import { testedVersions } from "../support/versions";

const grants = (...given: string[]): string => given.map((one) => `<query>GRANT ${one}</query>`).join("");
const user = (name: string, ...given: string[]): string =>
  `<${name}><password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>` +
  `<grants>${grants(...given)}</grants></${name}>`;

/** Everything in the database but what is revoked. */
const lacks = (name: string, right: string, level = "d.*"): string =>
  user(name, "ALL ON *.*").replace("</grants>", `<query>REVOKE ${right} ON ${level}</query></grants>`);

const USERS = USERS_XML.replace(
  "</users>",
  [
    lacks("no_drop", "DROP TABLE, DROP VIEW"),
    lacks("no_alter", "ALTER TABLE"),
    lacks("no_gate", "ALTER CONSTRAINT"),
    lacks("no_create", "CREATE TABLE, CREATE VIEW"),
    lacks("no_select", "SELECT(c)", "d.t"),
    lacks("no_truncate", "TRUNCATE"),
    user("no_rights", "SHOW ON *.*", "SELECT ON system.*"),
    "</users>",
  ].join("\n"),
);

const TABLE = { columns: { a: "UInt64", b: "String", c: "UInt8" }, orderBy: "a" };
const view = (query: string): object => ({ sql: `CREATE MATERIALIZED VIEW d.v TO d.x AS ${query}` });

/** What a user without a right declares, and what the preview says of it. */
const CASES: readonly {
  readonly name: string;
  readonly user: string;
  readonly kind: "table" | "view" | "materializedView" | "database";
  readonly object: string;
  readonly from?: object;
  readonly to: object;
  readonly renamed?: string;
  readonly says: RegExp;
}[] = [
  {
    name: "a rename without DROP TABLE",
    ...{ user: "no_drop", kind: "table", object: "t", from: TABLE, to: TABLE, renamed: "t2" },
    says: /^d\.t: not renamed, because user no_drop lacks rights; nothing was changed\. .*GRANT DROP TABLE ON d\.t TO no_drop;/,
  },
  {
    name: "a new column without ALTER TABLE",
    ...{ user: "no_alter", kind: "table", object: "t", from: TABLE },
    to: { ...TABLE, columns: { ...TABLE.columns, d: "UInt8" } },
    says: /^d\.t: not changed, .*GRANT ALTER ADD COLUMN\(`d`\) ON d\.t TO no_alter;/,
  },
  {
    name: "a setting and an index without ALTER TABLE",
    ...{ user: "no_alter", kind: "table", object: "t", from: TABLE },
    to: {
      ...TABLE,
      settings: { merge_with_ttl_timeout: 7 },
      indexes: [{ name: "i", expression: "b", type: "minmax" }],
    },
    says: /GRANT (?=.*ALTER SETTINGS)(?=.*ALTER ADD INDEX).* ON d\.t TO no_alter;/,
  },
  {
    name: "a renamed column without ALTER CONSTRAINT",
    ...{ user: "no_gate", kind: "table", object: "t", from: TABLE },
    to: { ...TABLE, columns: { a: "UInt64", b: "String", e: { type: "UInt8", renamedFrom: "c" } } },
    says: /^d\.t: not changed, .*GRANT ALTER ADD CONSTRAINT, ALTER DROP CONSTRAINT ON d\.t TO no_gate;/,
  },
  {
    name: "another type under a view without ALTER CONSTRAINT",
    ...{ user: "no_gate", kind: "table", object: "t", from: TABLE },
    to: { ...TABLE, columns: { ...TABLE.columns, c: "UInt16" } },
    says: /^d\.t: not changed, .*GRANT ALTER ADD CONSTRAINT, ALTER DROP CONSTRAINT ON d\.t TO no_gate;/,
  },
  {
    name: "a rebuild without TRUNCATE",
    ...{ user: "no_truncate", kind: "table", object: "t", from: TABLE, to: { ...TABLE, orderBy: "b" } },
    says: /d\.t: not rebuilt, because .*GRANT TRUNCATE ON d\.\* TO no_truncate;/,
  },
  {
    name: "another target of a view without CREATE TABLE",
    ...{ user: "no_create", kind: "materializedView", object: "v", from: view("SELECT a FROM d.t") },
    to: { sql: "CREATE MATERIALIZED VIEW d.v TO d.y AS SELECT a FROM d.t" },
    says: /^d\.v: not changed, .*GRANT CREATE TABLE.* ON d\.\* TO no_create;/,
  },
  {
    name: "a query over a column that may not be read",
    ...{ user: "no_select", kind: "materializedView", object: "v", from: view("SELECT a FROM d.t") },
    to: view("SELECT c AS a FROM d.t"),
    says: /^d\.v: its query may not be run by this user\. .*SELECT\(c\) ON d\.t/,
  },
  {
    name: "a new table without CREATE TABLE",
    ...{ user: "no_create", kind: "table", object: "n", to: TABLE },
    says: /^d\.n: not created, .*GRANT CREATE TABLE ON d\.n TO no_create;/,
  },
  {
    name: "a new view over a column that may not be read",
    ...{ user: "no_select", kind: "view", object: "n", to: { query: "SELECT c FROM d.t" } },
    says: /^d\.n: its query may not be run by this user\. .*SELECT\(c\) ON d\.t/,
  },
  {
    name: "a new database without CREATE DATABASE",
    ...{ user: "no_rights", kind: "database", object: "e", to: {} },
    says: /^e: not created, .*GRANT CREATE DATABASE ON e\.\* TO no_rights;/,
  },
];

describe("a right that the user lacks is named at preview", function () {
  this.timeout(120_000);
  let server: TestServer;
  let owner: Connection;

  before(async () => {
    // As production has it, where it was fetched.
    const [version] = testedVersions(["25.8"]);
    server = await startServer({ users: USERS, ...(version !== undefined && { version }) });
    owner = await openConnection({ url: server.url });
    await owner.command("CREATE DATABASE d");
    for (const name of ["x", "y"])
      await owner.command(`CREATE TABLE d.${name} (a UInt64) ENGINE = MergeTree ORDER BY a`);
    await make("table", "t", TABLE);
    await make("materializedView", "v", view("SELECT a FROM d.t"));
  });

  after(async () => {
    await owner?.close();
    await server?.stop();
  });

  async function make(kind: "table" | "materializedView", name: string, args: object) {
    const provider = new TestProvider({ "clickhouse:url": server.url });
    const { inputs = {}, failures } = await provider.check(kind, { name, database: "d", args });
    assert.deepEqual(failures, []);
    const [there] = await owner.query(`SELECT 1 AS one FROM system.tables WHERE database = 'd' AND name = '${name}'`);
    if (there === undefined) await provider.of(kind).create(inputs);
    await provider.close();
    return inputs;
  }

  for (const { from, kind, name, object, renamed, says, to, user: username } of CASES) {
    it(`for ${name}`, async () => {
      const olds = from === undefined || kind === "view" || kind === "database" ? {} : await make(kind, object, from);
      const provider = new TestProvider({ "clickhouse:url": server.url, "clickhouse:username": username });
      const request = { name: renamed ?? object, ...(kind !== "database" && { database: "d" }), args: to, olds };
      const { failures } = await provider.check(kind, request);
      await provider.close();
      assert.match(failures.join("\n"), says);
      assert.deepEqual(
        await owner.query("SELECT name FROM system.tables WHERE database = 'd' AND name LIKE '\\_%'"),
        [],
      );
    });
  }
});
