import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { type CheckRequest, TestProvider } from "../support/provider";
import { freshDatabase, sharedServer, stopSharedServer } from "../support/server";

const BY_HAND = "CREATE TABLE {db}.t (a UInt64, b String, old String) ORDER BY a TTL toDate(a) + INTERVAL 1 DAY";
const ARGS = { columns: { a: "UInt64", b: "LowCardinality(String)", old: "String", c: "UInt8" }, orderBy: "a" };

describe("an object that exists on the server and differs from its declaration", () => {
  let database: string;
  let connection: Connection;
  let provider: TestProvider;

  beforeEach(async () => {
    const server = await sharedServer();
    database = await freshDatabase(server);
    connection = await openConnection({ url: server.url });
    provider = new TestProvider({ "clickhouse:url": server.url });
  });

  afterEach(async () => {
    await provider.close();
    await connection.close();
  });

  after(stopSharedServer);

  const run = (sql: string): Promise<void> => connection.command(sql.replaceAll("{db}", database));
  const ask = async (sql: string): Promise<string> => {
    const rows = await connection.query(sql.replaceAll("{db}", database));
    return rows.map((row) => Object.values(row).join()).join(";");
  };
  const check = (args: object, more: Partial<CheckRequest> = {}) =>
    provider.check("table", { name: "t", database, args, ...more });

  it("is refused without adopt, and the message says how it is converged", async () => {
    await run(BY_HAND);
    const { failures } = await check(ARGS);
    assert.match(failures.join(), /exists on the server and differs.*not touched[\s\S]*set adopt: "converge"/);
  });

  it("is shown as a plan with adopt: converge, and brought to the declaration with its rows", async () => {
    await run(BY_HAND);
    await run("INSERT INTO {db}.t (a, b) VALUES (40000000000, 'x'), (40000000001, 'y')");
    const { inputs = {}, failures } = await check({ ...ARGS, adopt: "converge" });
    assert.deepEqual(failures, []);
    assert.match(String(inputs["plan"]), /ALTER TABLE[\s\S]*ADD COLUMN[\s\S]*REMOVE TTL|REMOVE TTL[\s\S]*ADD COLUMN/);
    assert.match(provider.messages.join("\n"), /exists on the server and differs; it will be adopted and changed/);
    const uuid = await ask("SELECT uuid FROM system.tables WHERE database = '{db}'");

    const { outs = {} } = await provider.of("table").create(inputs);
    assert.equal(outs["statement"], inputs["statement"]);
    assert.equal(outs["plan"], undefined, "a plan is of one moment");
    assert.equal(await ask("SELECT uuid FROM system.tables WHERE database = '{db}'"), uuid, "the same table");
    assert.equal(await ask("SELECT a, b, c FROM {db}.t ORDER BY a"), "40000000000,x,0;40000000001,y,0");

    provider = await provider.next();
    const again = await check({ ...ARGS, adopt: "converge" }, { olds: inputs });
    assert.deepEqual([again.failures, again.inputs?.["plan"]], [[], undefined]);
    const { props, inputs: drifted } = await provider.of("table").read("id", outs);
    assert.deepEqual([props, drifted], [outs, undefined], "no drift");
  });

  it("is rebuilt under its rows when the sorting key differs", async () => {
    await run("CREATE TABLE {db}.t (a UInt64, b String) ORDER BY b");
    await run("INSERT INTO {db}.t VALUES (1, 'x'), (2, 'w')");
    const { inputs = {} } = await check({ columns: { a: "UInt64", b: "String" }, orderBy: "a", adopt: "converge" });
    const { outs } = await provider.of("table").create(inputs);
    assert.equal(outs?.["statement"], inputs["statement"]);
    assert.equal(await ask("SELECT sorting_key FROM system.tables WHERE database = '{db}' AND name = 't'"), "a");
    assert.equal(await ask("SELECT groupArray(b) FROM (SELECT * FROM {db}.t ORDER BY a)"), "x,w");
  });

  it("loses nothing that was not allowed: a column that the declaration lacks is refused", async () => {
    await run(BY_HAND);
    const { failures } = await check({ columns: { a: "UInt64", b: "String" }, orderBy: "a", adopt: "converge" });
    assert.match(failures.join(), /needs your permission[\s\S]*drops-data[\s\S]*old/);
    const allowed = await check({
      columns: { a: "UInt64", b: "String" },
      orderBy: "a",
      adopt: "converge",
      allow: ["drops-data"],
    });
    assert.match(String(allowed.inputs?.["plan"]), /DROP COLUMN `old`/);
  });

  it("is converged for the whole stack by config, unless the resource says equal", async () => {
    await run(BY_HAND);
    const { url } = await sharedServer();
    await provider.close();
    provider = new TestProvider({ "clickhouse:url": url, "clickhouse:adopt": "converge" });
    assert.notEqual((await check(ARGS)).inputs?.["plan"], undefined);
    assert.match((await check({ ...ARGS, adopt: "equal" })).failures.join(), /exists on the server and differs/);
  });

  it("is refused when it is of another kind", async () => {
    await run("CREATE VIEW {db}.t AS SELECT 1 AS a");
    const { failures } = await check({ ...ARGS, adopt: "converge" });
    assert.match(failures.join(), /exists on the server and differs from the declaration/);
  });

  it("is refused when it came after the preview, and created when it went after the preview", async () => {
    const args = { ...ARGS, adopt: "converge" };
    const unseen = await check(args);
    await run(BY_HAND);
    await assert.rejects(provider.of("table").create(unseen.inputs ?? {}), /exists on the server and differs/);

    provider = await provider.next();
    const seen = await check(args);
    await run("DROP TABLE {db}.t SYNC");
    await provider.of("table").create(seen.inputs ?? {});
    assert.equal(await ask("SELECT count() FROM system.columns WHERE database = '{db}'"), "4");
  });

  it("shows no secret of what exists", async () => {
    await run("CREATE TABLE {db}.t (a UInt64, b String DEFAULT 'stands-secret') ORDER BY a");
    const args = { columns: { a: "UInt64", b: { type: "String", default: "'declared-secret'" } }, orderBy: "a" };
    const { inputs = {} } = await check({ ...args, adopt: "converge" }, { sensitive: true });
    const shown = [...provider.messages, String(inputs["plan"])].join("\n");
    assert.match(shown, /\(secret\)/);
    assert.doesNotMatch(shown, /(?:stands|declared)-secret/);
  });

  it("names a wrong value", async () => {
    const { failures } = await check({ ...ARGS, adopt: "convergent" });
    assert.match(failures.join(), /adopt: expected "equal" or "converge", found "convergent".*converge/);
  });
});
