import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { type Need, neededRights } from "../../provider/src/doctor/needs";
import { checkRights } from "../../provider/src/doctor/rights";
import { checkServer } from "../../provider/src/doctor/server";
import { grantStatements, missingRights } from "../../provider/src/sql/grants";
import { startServer, type TestServer, temporaryBase } from "../support/server";
import { deploy } from "./deployment";

const ENGINES = ["MergeTree"];
const NEEDS = neededRights(["shop"], ENGINES);
/** Lacks one right that is needed. */
const LACKING: readonly Need[] = NEEDS.filter(({ privilege }) =>
  ["OPTIMIZE", "TRUNCATE", "SYSTEM VIEWS"].includes(privilege),
);
/** And what single statements need, most of it part of that. */
const ASKED = [
  ...NEEDS,
  ...[
    ...["CREATE VIEW", "DROP VIEW", "ALTER VIEW MODIFY QUERY", "ALTER VIEW MODIFY REFRESH", "CREATE DICTIONARY"],
    ...["ALTER ADD COLUMN", "ALTER MODIFY COLUMN", "ALTER DELETE", "ALTER CONSTRAINT", "ALTER SETTINGS", "ALTER TTL"],
    ...["ALTER MATERIALIZE TTL", "ALTER MODIFY COMMENT", "DROP DICTIONARY"],
    ...["CREATE ROW POLICY", "DROP ROW POLICY"],
  ].flatMap((privilege) => ["shop.*", "shop.orders"].map((level) => ({ privilege, level }))),
];
const nameOf = ({ privilege }: Need): string => `lacks_${privilege.toLowerCase().replaceAll(" ", "_")}`;

/** A server that asks for a right to everything that can be asked for. */
const STRICT = `<clickhouse><access_control_improvements>
  <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
  <table_engines_require_grant>true</table_engines_require_grant>
</access_control_improvements></clickhouse>`;

function user(name: string, statements: readonly string[]): string {
  const grants = statements.map((sql) => `<query>${sql.replace(/ TO .*$/, "")}</query>`).join("");
  return `<${name}><password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota><grants>${grants}</grants></${name}>`;
}

const USERS = `<clickhouse><profiles><default/>
  <careless><readonly>2</readonly><allow_ddl>0</allow_ddl><async_insert>1</async_insert><wait_for_async_insert>0</wait_for_async_insert></careless>
  </profiles><quotas><default/></quotas>
  <roles><deployer><grants>${NEEDS.map(({ privilege, level }) => `<query>GRANT ${privilege} ON ${level}</query>`).join("")}</grants></deployer></roles>
  <users>
    ${user("default", ["GRANT ALL ON *.*"])}
    ${user("least", grantStatements(NEEDS, "x"))}
    ${user("by_role", ["GRANT deployer"])}
    ${user("careless", ["GRANT ALL ON *.*"]).replace("<profile>default", "<profile>careless")}
    ${user("nobody", ["GRANT SELECT ON other.*"])}
    ${user("revoked", ["GRANT ALL ON *.*", "REVOKE INSERT ON shop.secret"])}
    ${user("wild", ["GRANT ALL ON sh*.*", "GRANT SELECT ON system.*", "GRANT TABLE ENGINE ON *", "GRANT CREATE FUNCTION, DROP FUNCTION ON *.*"])}
    ${LACKING.map((need) =>
      user(
        nameOf(need),
        grantStatements(
          NEEDS.filter((one) => one !== need),
          "x",
        ),
      ),
    ).join("")}
  </users></clickhouse>`;

describe("rights on a server", function () {
  this.timeout(300_000);
  let dataDir: string;
  let server: TestServer;

  before(async () => {
    dataDir = mkdtempSync(path.join(temporaryBase(), "doctor-rights-"));
    mkdirSync(path.join(dataDir, "config.d"));
    writeFileSync(path.join(dataDir, "config.d", "strict.xml"), STRICT);
    server = await startServer({ users: USERS, dataDir });
  });

  after(async () => {
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function as<T>(username: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await openConnection({ url: server.url, username });
    try {
      return await work(connection);
    } finally {
      await connection.close();
    }
  }

  const statusOf = (username: string): Promise<string[]> =>
    as(username, async (connection) => {
      const checks = await checkRights(connection, ["shop"], ENGINES);
      return checks.map(({ id, status }) => `${id} ${status}`);
    });

  const FINE = [
    "rights-read ok",
    "rights-change ok",
    "rights-protocols ok",
    "rights-definitions ok",
    "rights-status ok",
  ];

  it("that are said to be needed are enough for all that this package does", () => as("least", deploy));

  it("are enough for functions and dictionaries, and those are named that are missing", async () => {
    const work = (connection: Connection) => define(connection);
    await as("default", (connection) => connection.command("CREATE DATABASE IF NOT EXISTS shop"));
    await as("least", work);
    await assert.rejects(as("nobody", work), /CREATE FUNCTION/);
    const checks = await as("nobody", (connection) => checkRights(connection, ["shop"], ENGINES));
    const found = checks.find(({ id }) => id === "rights-definitions");
    assert.match(found?.next ?? "", /GRANT CREATE FUNCTION, DROP FUNCTION ON \*\.\*/);
    assert.match(found?.next ?? "", /GRANT CREATE DICTIONARY, DROP DICTIONARY ON shop\.\*/);
    await as("default", (connection) => connection.command("DROP DATABASE shop SYNC"));
  });

  for (const need of LACKING) {
    it(`are needed: without ${need.privilege} something fails, and it is named`, async () => {
      await assert.rejects(
        as(nameOf(need), deploy),
        new RegExp(`GRANT (?:[A-Z ]+, )*${need.privilege}(?:, [A-Z ]+)* ON`, "i"),
      );
      await as("default", (connection) => connection.command("DROP DATABASE IF EXISTS shop SYNC"));
      const checks = await as(nameOf(need), (connection) => checkRights(connection, ["shop"], ENGINES));
      const [found] = checks.filter(({ status }) => status !== "ok");
      assert.equal(found?.status, "warning");
      assert.match(found?.next ?? "", new RegExp(`^GRANT ${need.privilege} ON shop\\.\\* TO ${nameOf(need)};`));
    });
  }

  it("are found by a role, with a star, and for all", async () => {
    for (const username of ["default", "least", "by_role", "wild"])
      assert.deepEqual(await statusOf(username), FINE, username);
  });

  it("are missed where a table is taken away, and where there are none", async () => {
    assert.deepEqual(await statusOf("revoked"), [
      "rights-read ok",
      "rights-change error",
      "rights-protocols ok",
      "rights-definitions ok",
      "rights-status ok",
    ]);
    assert.deepEqual(await statusOf("nobody"), [
      "rights-read error",
      "rights-change error",
      "rights-protocols warning",
      "rights-definitions warning",
      "rights-status warning",
    ]);
  });

  it("are not all: a profile can forbid more, and what a user may not look at is reported, not failed on", async () => {
    const look = (username: string) =>
      as(username, async (connection) => {
        const checks = await checkServer(connection, { databases: ["shop"], scratch: connection.version });
        return checks
          .filter(({ status }) => status !== "ok" && status !== "warning")
          .map(({ id, status }) => `${id} ${status}`);
      });
    assert.deepEqual(await look("careless"), [
      "rights-change skipped",
      "rights-protocols skipped",
      "rights-definitions skipped",
      "readonly error",
      "allow-ddl error",
    ]);
    const nobody = await look("nobody");
    assert.deepEqual(nobody, ["rights-read error", "rights-change error", "cluster skipped", "disks skipped"]);
  });

  it("are read from SHOW GRANTS as CHECK GRANT answers", async () => {
    for (const username of ["default", "least", "by_role", "nobody", "revoked", "wild", ...LACKING.map(nameOf)]) {
      await as(username, async (connection) => {
        const lines = (await connection.query("SHOW GRANTS FINAL")).flatMap((row) => Object.values(row) as string[]);
        const { missing } = missingRights(lines, ASKED);
        for (const need of ASKED) {
          const [row] = await connection.query<{ result: number }>(`CHECK GRANT ${need.privilege} ON ${need.level}`);
          assert.equal(
            !missing.includes(need),
            Number(row?.result) === 1,
            `${username}: ${need.privilege} ON ${need.level}`,
          );
        }
      });
    }
  });
});

/** What a function and a dictionary go through. */
async function define(connection: Connection): Promise<void> {
  const dictionary = (lifetime: number): string =>
    `DICTIONARY shop.names (id UInt64, name String) PRIMARY KEY id SOURCE(NULL()) LAYOUT(HASHED()) LIFETIME(${lifetime})`;
  for (const statement of [
    "CREATE FUNCTION plus_rights AS x -> x + 1",
    "CREATE OR REPLACE FUNCTION plus_rights AS x -> x + 2",
    "DROP FUNCTION plus_rights",
    `CREATE ${dictionary(1)}`,
    `CREATE OR REPLACE ${dictionary(2)}`,
    "DROP DICTIONARY shop.names",
  ])
    await connection.command(statement);
}
