import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { signals } from "../../examples/obsfly/config";
import { deployerRights } from "../../examples/obsfly/deployer";
import { openConnection } from "../../provider/src/connection/open";
import { neededRights } from "../../provider/src/doctor/needs";
import { checkRights } from "../../provider/src/doctor/rights";
import { OPEN_USERS } from "../../provider/src/server/users";
import type { Right } from "../../provider/src/sql/grants";
import { askAs, byHand } from "../support/access";
import { copyObsfly, type ObsflyCopy } from "../support/obsfly";
import { startServer, type TestServer, temporaryBase } from "../support/server";

/** Asks for a right to everything that can be asked for. */
const STRICT = `<clickhouse><access_control_improvements>
  <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
  <table_engines_require_grant>true</table_engines_require_grant>
</access_control_improvements></clickhouse>`;
const ENGINES = ["MergeTree", "AggregatingMergeTree", "ReplacingMergeTree"];
const GIVEN: readonly Right[] = signals.flatMap((database) =>
  ["SELECT", "INSERT"].map((privilege) => ({ privilege, level: `${database}.*` })),
);
const PASSWORDS = {
  deployer: "deployers-Pa55",
  writer: "writers-Pa55",
  dashboards: "dashboards-Pa55",
  tenant: "tenants-Pa55",
} as const;

describe("ObsFly's users, on a server of 25.8", function () {
  this.timeout(600_000);
  let dataDir: string;
  let server: TestServer;
  let admins: ObsflyCopy;
  let stack: ObsflyCopy;
  const secret = (project: ObsflyCopy, name: keyof typeof PASSWORDS) =>
    project.must(["config", "set", "--secret", `obsfly:${name}Password`, PASSWORDS[name]]);
  const as = (user: "writer" | "dashboards" | "tenant", sql: string) =>
    askAs(server.url, sql, `obsfly_${user}`, PASSWORDS[user]);

  before(async () => {
    dataDir = mkdtempSync(path.join(temporaryBase(), "obsfly-access-"));
    mkdirSync(path.join(dataDir, "config.d"));
    writeFileSync(path.join(dataDir, "config.d", "strict.xml"), STRICT);
    server = await startServer({ version: "25.8", users: OPEN_USERS, dataDir });
    admins = await copyObsfly({ "clickhouse:url": server.url, "obsfly:access": "deployer" });
    await secret(admins, "deployer");
    await admins.must(["up", "--yes", "--skip-preview"]);
    stack = await copyObsfly({
      "clickhouse:url": server.url,
      "clickhouse:username": "obsfly_schema",
      "obsfly:access": "users",
      "obsfly:tenant": "7",
    });
    await stack.must(["config", "set", "--secret", "clickhouse:password", PASSWORDS.deployer]);
    await secret(stack, "writer");
    await secret(stack, "dashboards");
    await secret(stack, "tenant");
    await stack.must(["up", "--yes"]);
  });

  after(async () => {
    stack?.remove();
    admins?.remove();
    await server?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it("the deployer has the very rights that doctor prints", async () => {
    const told = neededRights(signals, ENGINES, [], GIVEN);
    const asText = ({ privilege, level, option = false }: Right): string => `${privilege} ON ${level} ${option}`;
    const given = deployerRights.flatMap((text) => {
      const [, list = "", level = "", option] = /^(.*) ON (\S+)( WITH GRANT OPTION)?$/.exec(text) ?? [];
      return list.split(", ").map((privilege) => asText({ privilege, level, option: option !== undefined }));
    });
    assert.deepEqual([...new Set(given)].sort(), [...new Set(told.map(asText))].sort());
    const connection = await openConnection({
      url: server.url,
      username: "obsfly_schema",
      password: PASSWORDS.deployer,
    });
    try {
      const checks = await checkRights(connection, signals, ENGINES, [], GIVEN);
      assert.deepEqual(
        checks.filter(({ status }) => status !== "ok"),
        [],
      );
    } finally {
      await connection.close();
    }
  });

  it("the writer fills the base tables and their rollups, and reads nothing else", async () => {
    const row = "INSERT INTO logs.logs_v1 (Timestamp, AccountId, ServiceName, SeverityText, Body, Bytes) VALUES";
    assert.equal(await as("writer", `${row} (now64(9), 7, 'shop', 'INFO', 'hello', 5)`), "");
    assert.match(await as("writer", "SELECT count() FROM logs.log_volume_read"), /^Code: 497/);
    assert.match(await as("writer", "ALTER TABLE logs.logs_v1 DELETE WHERE 1"), /^Code: 497/);
    assert.match(await as("writer", "INSERT INTO logs.log_volume SELECT * FROM logs.log_volume"), /^Code: 497/);
    assert.equal(await byHand(server.url, "SELECT sum(log_count) FROM logs.log_volume_read"), "1");
  });

  it("a tenant reads the log rows of its account, and everybody else reads all of them", async () => {
    const row = "INSERT INTO logs.logs_v1 (Timestamp, AccountId, ServiceName, SeverityText, Body, Bytes) VALUES";
    assert.equal(await as("writer", `${row} (now64(9), 8, 'other', 'INFO', 'not yours', 9)`), "");
    assert.equal(await as("tenant", "SELECT groupArray((AccountId, Body)) FROM logs.logs_v1"), "[(7,'hello')]");
    assert.equal(await as("tenant", "SELECT count() FROM logs.logs_v1 WHERE AccountId = 8"), "0");
    assert.match(await as("tenant", "SELECT count() FROM logs.log_volume_read"), /^Code: 497/);
    assert.match(await as("tenant", `${row} (now64(9), 7, 'x', 'INFO', 'x', 1)`), /^Code: 497/);
    for (const user of ["dashboards", "writer"] as const)
      assert.equal(await as(user, "SELECT count() FROM logs.logs_v1"), "2");
  });

  it("the dashboards' user reads within its limits, and changes nothing", async () => {
    assert.equal(await as("dashboards", "SELECT sum(log_count) FROM logs.log_volume_read"), "2");
    assert.match(await as("dashboards", "INSERT INTO logs.logs_v1 (AccountId) VALUES (1)"), /^Code: (?:497|164)/);
    assert.match(await as("dashboards", "SELECT 1 SETTINGS max_memory_usage = '20G'"), /^Code: 452/);
    assert.match(await as("dashboards", "SELECT 1 SETTINGS readonly = 0"), /^Code: (?:452|164)/);
    assert.match(await as("dashboards", "SELECT name FROM system.users"), /^Code: 497/);
    const quotas = await as("dashboards", "SELECT DISTINCT quota_name FROM system.quota_usage");
    assert.equal(quotas, "obsfly_fair");
  });

  it("a second preview has nothing to do, and the state has no password", async () => {
    await stack.must(["preview", "--expect-no-changes"]);
    const { stdout } = await stack.must(["stack", "export"]);
    for (const password of Object.values(PASSWORDS)) assert.ok(!stdout.includes(password));
  });
});
