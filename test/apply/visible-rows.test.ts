import assert from "node:assert/strict";
import { askRows } from "../../provider/src/apply/ask-rows";
import { createWithBackfill } from "../../provider/src/apply/backfill/index";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild/index";
import { applyViewStep } from "../../provider/src/apply/views/index";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { SchemaError } from "../../provider/src/errors";
import { parseCreate } from "../../provider/src/sql/parse/index";
import type { MaterializedViewSpec } from "../../provider/src/sql/spec";
import { planBetween } from "../plan/support";
import { startServer, type TestServer, USERS_XML } from "../support/server";

const table = (name: string, orderBy = "a"): string =>
  `CREATE TABLE shop.${name} (\`a\` UInt64, \`who\` String) ENGINE = MergeTree ORDER BY ${orderBy}`;
const VIEW = "CREATE MATERIALIZED VIEW shop.v TO shop.x (`a` UInt64, `who` String) AS SELECT a, who FROM shop.";
/** Row policies of users.xml: the deployer sees all of `open` and a part of `part`, another user a part of both. */
const users = USERS_XML.replace(
  "</users>",
  `<deployer><password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
     <databases><shop><part><filter>who = 'mine'</filter></part><none><filter>0</filter></none></shop></databases></deployer>
   <reader><password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
     <databases><shop><open><filter>who = 'mine'</filter></open><seen><filter>who = 'mine'</filter></seen></shop></databases></reader></users>`,
);

describe("who may see which rows", () => {
  let server: TestServer;
  let connection: Connection;

  before(async () => {
    server = await startServer({ users });
    connection = await openConnection({ url: server.url, username: "deployer", password: "" });
    await connection.command("CREATE DATABASE shop");
    for (const name of ["part", "none", "open", "x"]) {
      await connection.command(table(name));
      if (name === "x") continue;
      await connection.command(
        `INSERT INTO shop.${name} SELECT number, if(number % 2 = 0, 'mine', 'theirs') FROM numbers(10)`,
      );
    }
  });
  after(async () => {
    await connection.close();
    await server.stop();
  });

  for (const name of ["part", "none"]) {
    it(`a rebuild does not copy the few rows that its own user sees (${name})`, () =>
      refused(
        rebuildTable(connection, { from: table(name), to: table(name, "who"), operation: newOperation() }),
        new RegExp(`^shop\\.${name}: deployer does not see all of its rows .* a copy of it would be incomplete`),
      ));

    it(`a backfill does not compute from the few rows that its own user sees (${name})`, () =>
      refused(
        createWithBackfill(connection, [VIEW + name]),
        new RegExp(`^shop\\.${name}: deployer does not see all of its rows .* a copy of it would be incomplete`),
      ));
  }

  it("whether values can be converted is not concluded from the few rows that its own user sees", async () => {
    const plan = planBetween(
      parseCreate(table("part")),
      parseCreate(table("part").replace("`who` String", "`who` UInt64")),
    );
    await refused(
      askRows(async () => connection, { database: "shop", name: "part" }, plan, { seconds: 30 }),
      /^shop\.part: deployer does not see all of its rows .* so it cannot check whether all of them can take this change/,
    );
  });

  it("working tables of one that others see a part of are not made where they cannot be guarded", async () => {
    const before = await tables();
    await refused(
      rebuildTable(connection, { from: table("open"), to: table("open", "who"), operation: newOperation() }),
      /^shop\.open: has row policies, and its working copies need row policies too.*Grant CREATE ROW POLICY/s,
    );
    await refused(createWithBackfill(connection, [`${VIEW}open`]), /^shop\.open: has row policies/);
    assert.deepEqual(await tables(), before);
  });

  it("a view that everybody sees all of is changed, no matter who sees how much of its source", async () => {
    await connection.command(table("y"));
    await connection.command(`${VIEW}open`);
    const [from, to] = [`${VIEW}open`, `${VIEW.replace("TO shop.x", "TO shop.y")}open`].map(
      (sql) => parseCreate(sql) as MaterializedViewSpec,
    ) as [MaterializedViewSpec, MaterializedViewSpec];
    await applyViewStep(connection, { kind: "retarget-view", from, to }, { operation: newOperation() });
    await connection.command("INSERT INTO shop.open SELECT 100, 'theirs'");
    assert.deepEqual(await connection.query("SELECT toUInt32(a) AS a FROM shop.y"), [{ a: 100 }]);
  });

  it("a view that somebody sees a part of is not changed where nothing could guard the other one", async () => {
    const seen = `${VIEW.replace("shop.v", "shop.seen")}x`.replace("TO shop.x", "TO shop.open");
    await connection.command(seen);
    const [from, to] = [seen, seen.replace("TO shop.open", "TO shop.part")].map((sql) => parseCreate(sql)) as [
      MaterializedViewSpec,
      MaterializedViewSpec,
    ];
    const change = (by: Connection): Promise<unknown> =>
      applyViewStep(by, { kind: "retarget-view", from, to }, { operation: newOperation() });
    const before = await tables();
    await refused(change(connection), /^shop\.seen: has row policies, and .* Grant CREATE ROW POLICY/s);
    const admin = await openConnection({ url: server.url });
    await refused(
      change(admin),
      /^shop\.seen: has row policies, and .* The server stores none: add a <local_directory>/s,
    );
    await admin.close();
    assert.deepEqual(await tables(), before);
  });

  async function tables(): Promise<string[]> {
    const rows = await connection.query<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = 'shop' AND name != '_schema_ops' ORDER BY name",
    );
    return rows.map(({ name }) => name);
  }

  async function refused(work: Promise<unknown>, pattern: RegExp): Promise<void> {
    await assert.rejects(work, (error) => {
      assert.ok(error instanceof SchemaError, String(error));
      assert.match(error.message, pattern);
      return true;
    });
  }
});
