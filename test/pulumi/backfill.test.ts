import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { TestProvider, urnOf } from "../support/provider";
import { freshDatabase, sharedServer, stopSharedServer } from "../support/server";

const ROWS = 5000;
const OFF = { "having-in-incremental-view": "off" };

describe("a materialized view that is created with backfill", () => {
  let database: string;
  let connection: Connection;
  let provider: TestProvider;

  beforeEach(async () => {
    const server = await sharedServer();
    database = await freshDatabase(server);
    connection = await openConnection({ url: server.url });
    provider = new TestProvider({ "clickhouse:url": server.url });
    await run("CREATE TABLE {db}.events (at DateTime('UTC'), k String, n UInt64) ORDER BY (k, at)");
    await run(
      "CREATE TABLE {db}.hourly (k String, hour DateTime('UTC'), n SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY (k, hour)",
    );
    await run(
      `INSERT INTO {db}.events SELECT toDateTime('2026-01-01', 'UTC') + number * 60, toString(number % 7), number FROM numbers(${ROWS})`,
    );
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
  const query = () => `SELECT k, toStartOfHour(at) AS hour, sum(n) AS n FROM ${database}.events GROUP BY k, hour`;
  const check = (backfill: unknown, name = "mv", more = {}) =>
    provider.check("materializedView", {
      name,
      database,
      args: { to: `${database}.hourly`, query: query(), backfill },
      ...more,
    });
  const assertFilled = async (): Promise<void> => {
    assert.equal(await ask("SELECT sum(n) FROM {db}.hourly"), await ask("SELECT sum(n) FROM {db}.events"));
    const diff = `SELECT count() FROM (SELECT k, hour, sum(n) AS n FROM {db}.hourly GROUP BY k, hour EXCEPT SELECT * FROM (${query()}))`;
    assert.equal(await ask(diff), "0");
  };

  it("says at preview what it reads, and has every row once afterwards, also those that came later", async () => {
    const { inputs = {}, failures } = await check(true);
    assert.deepEqual(failures, []);
    assert.match(
      String(inputs["plan"]),
      /backfill: reads .*events, 5,?000 rows, .* in 1 chunk\n.*needs up to.*\n.*469/,
    );
    const { outs = {} } = await provider.of("materializedView").create(inputs);
    assert.equal(outs["statement"], inputs["statement"]);
    await assertFilled();
    await run("INSERT INTO {db}.events VALUES ('2026-05-05 00:00:00', 'new', 1)");
    await assertFilled();

    provider = await provider.next();
    const again = await check(true, "mv", { olds: inputs });
    assert.deepEqual([again.failures, again.inputs?.["plan"]], [[], undefined], "the second preview is empty");
    const { inputs: drifted } = await provider.of("materializedView").read("id", outs);
    assert.equal(drifted, undefined);
  });

  it("does the same for two views of one target that are created at the same time", async () => {
    await run("CREATE TABLE {db}.others AS {db}.events");
    await run("INSERT INTO {db}.others SELECT * FROM {db}.events WHERE n < 100");
    const other = query().replace(".events", ".others");
    const one = await check(true);
    const two = await provider.check("materializedView", {
      name: "mv2",
      database,
      args: { to: `${database}.hourly`, query: other, backfill: true },
    });
    const views = provider.of("materializedView");
    await Promise.all([views.create(one.inputs ?? {}), views.create(two.inputs ?? {})]);
    assert.equal(
      await ask("SELECT sum(n) FROM {db}.hourly"),
      await ask("SELECT sum(n) FROM (SELECT n FROM {db}.events UNION ALL SELECT n FROM {db}.others)"),
    );
  });

  it("takes limits, and names what is wrong with them", async () => {
    const { inputs = {} } = await check({ from: "2026-01-02", chunk: 1000, maxMemory: "1 GiB", maxThreads: 1 });
    assert.match(String(inputs["plan"]), /in [2-9] chunks/);
    await provider.of("materializedView").create(inputs);
    assert.equal(await ask("SELECT min(hour) FROM {db}.hourly"), "2026-01-02 00:00:00");

    const wrong = await check({ from: "yesterday", chunk: 0, maxMemory: "much", maxThread: 1 }, "wrong");
    assert.match(
      wrong.failures.join("\n"),
      /backfill\.from: expected a moment[\s\S]*backfill\.chunk[\s\S]*backfill\.maxMemory/,
    );
    assert.match(wrong.failures.join("\n"), /backfill\.maxThread: is not an argument.*maxThreads/);
  });

  it("is previewed also where its source is created in the same run", async () => {
    await provider.check("table", {
      name: "made",
      database,
      args: { columns: { k: "String", n: "UInt64", at: "DateTime('UTC')" }, orderBy: "k" },
    });
    const { inputs = {}, failures } = await provider.check("materializedView", {
      name: "mv",
      database,
      args: { to: `${database}.hourly`, query: query().replace(".events", ".made"), backfill: true },
      dependsOn: [urnOf("table", "made", database)],
    });
    assert.deepEqual(failures, []);
    assert.match(String(inputs["plan"]), /fills its target with what its source holds by then/);
  });

  it("is refused at preview where it could not be exact, and nothing is made", async () => {
    await run("CREATE TABLE {db}.nothing (at DateTime('UTC'), k String, n UInt64) ENGINE = Null");
    const { failures } = await provider.check("materializedView", {
      name: "mv",
      database,
      args: { to: `${database}.hourly`, query: query().replace(".events", ".nothing"), backfill: true },
    });
    assert.match(failures.join("\n"), /cannot be created with backfill; nothing was done/);
    assert.equal(
      await ask("SELECT count() FROM system.tables WHERE database = '{db}' AND engine = 'MaterializedView'"),
      "0",
    );
  });

  it("is refused when a view reads the target already, which would never hear of the rows that are brought there", async () => {
    await run("CREATE TABLE {db}.daily (k String, day Date, n UInt64) ENGINE = SummingMergeTree ORDER BY (k, day)");
    await run(
      "CREATE MATERIALIZED VIEW {db}.daily_mv TO {db}.daily AS SELECT k, toDate(hour) AS day, sum(n) AS n FROM {db}.hourly GROUP BY k, day",
    );
    const { failures } = await check(true);
    assert.match(failures.join("\n"), /hourly.*read.*daily_mv|daily_mv.*reads.*hourly/s);
  });

  for (const [engine, isAdvised] of [
    ["MergeTree ORDER BY k", true],
    ["Null", false],
    ["Memory", false],
  ] as const) {
    it(`is ${isAdvised ? "" : "not "}advised for an existing view whose source has the engine ${engine}`, async () => {
      await run(`CREATE TABLE {db}.made (at DateTime('UTC'), k String, n UInt64) ENGINE = ${engine}`);
      const from = query().replace(".events", ".made");
      await run(`CREATE MATERIALIZED VIEW {db}.mv TO {db}.hourly AS ${from}`);
      const args = { to: `${database}.hourly`, query: from };
      const { inputs = {} } = await provider.check("materializedView", {
        ...{ name: "mv", database, args: { ...args, backfill: true } },
      });
      const said = provider.messages.join("\n");
      assert.match(said, /exists on the server, so `backfill` does nothing/);
      const changed = await provider.check("materializedView", {
        ...{ name: "mv", database, args: { ...args, query: `${from} HAVING n > 1`, lint: OFF }, olds: inputs },
      });
      assert.deepEqual(changed.failures, []);
      const plan = String(changed.inputs?.["plan"]);
      assert.match(plan, /keeps-old-rows: rows in the target stay/);
      for (const text of [said, plan])
        assert.equal(/clickhouse-schema backfill --view/.test(text), isAdvised, `${engine}:\n${text}`);
    });
  }

  it("warns that a view which exists already is not filled", async () => {
    await run(`CREATE MATERIALIZED VIEW {db}.mv TO {db}.hourly AS ${query()}`);
    const { inputs = {}, failures } = await check(true);
    assert.deepEqual([failures, inputs["plan"]], [[], undefined]);
    assert.match(
      provider.messages.join("\n"),
      /exists on the server, so `backfill` does nothing.*clickhouse-schema backfill/,
    );
    await provider.of("materializedView").create(inputs);
    assert.equal(await ask("SELECT count() FROM {db}.hourly"), "0");
  });

  it("says once, of a view that is in the state, that a backfill comes too late, and nothing where it made the view", async () => {
    const tooLate = (): number =>
      provider.messages.filter((message) => /so `backfill` does nothing/.test(message)).length;
    const { inputs: made = {} } = await check(true);
    await provider.of("materializedView").create(made);
    provider = await provider.next();
    await check(true, "mv", { olds: made });
    assert.equal(tooLate(), 0);
    const { inputs: without = {} } = await check(undefined, "mv", { olds: made });
    assert.equal(without["__said"] ?? "", String(made["__said"]).replace(/ ?backfill/, ""));
    const { inputs: late = {} } = await check(true, "mv", { olds: without });
    assert.equal(tooLate(), 1);
    await check(true, "mv", { olds: late });
    assert.equal(tooLate(), 1);
  });

  it("is resumed by the next run when the first was interrupted", async () => {
    const { inputs = {} } = await check({ chunk: 500 });
    const cut = new Error("cut off");
    const status = provider.context.log.status;
    let seen = 0;
    provider.context.log.status = async () => {
      if (++seen === 3) await provider.context.close();
    };
    await assert.rejects(provider.of("materializedView").create(inputs), () => true, cut.message);
    provider.context.log.status = status;
    provider = await provider.next();
    const again = await check({ chunk: 500 });
    assert.deepEqual(again.failures, []);
    assert.match(String(again.inputs?.["plan"]), /resumes its backfill, which was interrupted/);
    await provider.of("materializedView").create(again.inputs ?? {});
    await assertFilled();
  });
});
