import assert from "node:assert/strict";
import { rebuildTable } from "../../provider/src/apply/rebuild";
import { TestProvider, urnOf } from "../support/provider";
import { sleep, stopSharedServer } from "../support/server";
import { type Bag, Managed } from "./managed";

const ARGS = { columns: { a: "UInt64", b: "String" }, orderBy: "a" };
const REKEYED = { columns: { a: "UInt64", b: "String" }, orderBy: "b" };

describe("update of a table, on the server", () => {
  let table: Managed;

  beforeEach(async () => {
    table = await Managed.create(ARGS);
    await table.run("INSERT INTO {db}.t VALUES (1, 'x'), (2, '7')");
  });

  afterEach(() => table.close());

  after(stopSharedServer);

  it("does nothing and asks for nothing when only the spelling changed", async () => {
    const { inputs } = await table.check({
      sql: `create table ${table.database}.t (a UInt64, b String) engine MergeTree() order by (a)`,
    });
    assert.equal(inputs?.["plan"], undefined);
    assert.equal(inputs?.["statement"], table.inputs["statement"]);
  });

  it("refuses at preview what loses data, naming what would be lost and what to write", async () => {
    const { failures } = await table.check({ columns: { a: "UInt64" }, orderBy: "a" });
    assert.match(failures.join(), /drops-data: the values of b \(String\) in all rows .* are lost/);
    assert.match(
      failures.join(),
      /set allow: \["drops-data"\] on the resource, or `pulumi config set clickhouse:allow drops-data`/,
    );
  });

  it("takes that permission from the stack's config", async () => {
    const { inputs, failures } = await table.check(
      { columns: { a: "UInt64" }, orderBy: "a" },
      { olds: table.inputs },
      {
        "clickhouse:allow": "drops-data",
      },
    );
    assert.deepEqual(failures, []);
    await table.update(inputs);
    assert.equal(await table.ask("SELECT * FROM {db}.t ORDER BY a"), "1;2");
  });

  it("hints at a rename that looks like one", async () => {
    const { failures } = await table.check({ columns: { a: "UInt64", b_text: "String" }, orderBy: "a" });
    assert.match(failures.join(), /If it becomes b_text, set renamedFrom: "b" there, and the values stay/);
  });

  it("leaves renamedFrom in the declaration without a change afterwards", async () => {
    const renamed = { columns: { a: "UInt64", c: { type: "String", renamedFrom: "b" } }, orderBy: "a" };
    const { inputs } = await table.check(renamed);
    table.outs = await table.update(inputs);
    assert.equal(await table.ask("SELECT c FROM {db}.t ORDER BY a"), "x;7");
    const again = await table.check(renamed, { olds: inputs ?? {} });
    assert.deepEqual([again.failures, again.inputs?.["plan"]], [[], undefined]);
  });

  it("looks at a change when the operation that runs beside it has ended", async () => {
    const { provider, database } = table;
    await table.run("CREATE TABLE {db}.to (a UInt64, b String) ORDER BY a");
    await table.run("CREATE MATERIALIZED VIEW {db}.mv TO {db}.to AS SELECT a, b FROM {db}.t");
    const target = { database, args: ARGS, urn: "urn:pulumi:test::test::any::to" };
    const { inputs: stored = {} } = await provider.check("table", { ...target, name: "to" });
    const { outs = {} } = await provider.of("table").create(stored);
    const urn = urnOf("table", "t", database);
    const source = await provider.check("table", { name: "t2", database, args: ARGS, olds: table.inputs, urn });
    assert.deepEqual(source.failures, []);
    // Keeps the rename of the source at its gate.
    const insert = table.run(
      "INSERT INTO {db}.t SELECT number, toString(sleepEachRow(1)) FROM numbers(4) SETTINGS max_block_size = 1",
    );
    await sleep(500);
    const first = table.update(source.inputs);
    await sleep(500);
    const { inputs = {}, failures } = await provider.check("table", { ...target, name: "to2", olds: stored });
    assert.deepEqual(failures, []);
    await Promise.all([insert, first]);
    await provider.of("table").update("id", outs, inputs);
    await table.run("INSERT INTO {db}.t2 VALUES (9, 'y')");
    assert.equal(await table.ask("SELECT count() FROM {db}.to2"), "5");
  });

  it("stops with the difference when the table is no longer what the preview saw", async () => {
    const { inputs } = await table.check({ columns: { a: "UInt64", b: "String", c: "UInt8" }, orderBy: "a" });
    await table.run("ALTER TABLE {db}.t ADD COLUMN d UInt8");
    await assert.rejects(table.update(inputs), (error: Error) => {
      assert.match(error.message, /is no longer what the preview saw, so nothing was done/);
      assert.match(error.message, /\+.*DROP COLUMN `d`|drops-data/);
      return true;
    });
    assert.equal(await table.ask("SELECT count() FROM system.columns WHERE database = '{db}' AND table = 't'"), "3");
  });

  it("says at preview when the server is not what the state says, and starts from the server", async () => {
    await table.run("ALTER TABLE {db}.t ADD COLUMN c UInt16");
    const { inputs } = await table.check({
      columns: { a: "UInt64", b: "String", c: "UInt8" },
      orderBy: "a",
      allow: ["drops-data"],
    });
    assert.match(String(inputs?.["plan"]), /MODIFY COLUMN `c` UInt8/);
    assert.match(table.provider.messages.join("\n"), /on the server it differs from the state[\s\S]*\+\s+`c` UInt16/);
  });

  it("has nothing to run when somebody has made the change manually", async () => {
    await table.run("ALTER TABLE {db}.t ADD COLUMN c UInt8");
    const { inputs } = await table.check({ columns: { a: "UInt64", b: "String", c: "UInt8" }, orderBy: "a" });
    assert.equal(inputs?.["plan"], undefined);
    const outs = await table.update(inputs);
    assert.match(String(outs["statement"]), /`c` UInt8/);
  });

  it("says so when the table is gone", async () => {
    await table.run("DROP TABLE {db}.t SYNC");
    const { failures } = await table.check({ columns: { a: "UInt64" }, orderBy: "a" });
    assert.match(failures.join(), /is in the state but gone from the server\. Run `pulumi refresh`/);
  });

  it("records what was done when a later statement fails, and continues from there", async () => {
    const wanted = { columns: { a: "UInt64", c: { type: "UInt64", renamedFrom: "b" } }, orderBy: "a" };
    await table.run("ALTER TABLE {db}.t UPDATE b = '0' WHERE b = 'x' SETTINGS mutations_sync = 2");
    const { inputs } = await table.check(wanted);
    // Somebody writes between the question to the rows and the statement.
    const connection = await table.provider.context.connection();
    const command = connection.command.bind(connection);
    connection.command = async (sql, params) => {
      if (sql.includes("MODIFY COLUMN")) await table.run("INSERT INTO {db}.t VALUES (3, 'y')");
      return command(sql, params);
    };
    const failure = await table.update({ ...inputs, __provider: "text" }).then(
      () => assert.fail("no failure"),
      (error: Error & { properties: Bag; reasons: string[] }) => error,
    );
    assert.match(failure.reasons.join(), /Cannot parse string 'y' as UInt64[\s\S]*1 step\(s\) of the plan were done/);
    assert.match(String(failure.properties["statement"]), /`c` UInt64/);
    assert.equal(failure.properties["__provider"], "text");
    assert.equal(await table.ask("SELECT count() FROM {db}.t"), "3");
  });

  it("waits for the mutation of a retype", async () => {
    const { inputs } = await table.check({ columns: { a: "UInt64", b: "LowCardinality(String)" }, orderBy: "a" });
    await table.update(inputs);
    assert.equal(await table.ask("SELECT count() FROM system.mutations WHERE database = '{db}' AND NOT is_done"), "0");
    assert.equal(await table.ask("SELECT b FROM {db}.t ORDER BY a"), "x;7");
  });

  it("keeps a secret out of the plan", async () => {
    const { inputs } = await table.check(
      { columns: { a: "UInt64", b: { type: "String", default: "'hunter2'" } }, orderBy: "a" },
      {
        olds: table.inputs,
        sensitive: true,
      },
    );
    assert.match(String(inputs?.["plan"]), /^-- \(secret\) statement/);
    assert.doesNotMatch(table.provider.messages.join("\n"), /hunter2/);
  });

  it("tells nothing of a secret statement while it runs or fails", async () => {
    const secret = {
      columns: { a: "UInt64", b: { type: "UInt64", default: `length('hunter2 ${"x".repeat(90)}')` } },
      orderBy: "a",
    };
    const { failures } = await table.check(secret, { olds: table.inputs, sensitive: true });
    assert.match(failures.join(), /cannot be converted/);
    await table.run("TRUNCATE TABLE {db}.t");
    const { inputs } = await table.check(secret, { olds: table.inputs, sensitive: true });
    await table.update(inputs);
    assert.doesNotMatch(`${failures.join()}\n${table.provider.messages.join("\n")}`, /hunter/);
  });

  it("prints nothing of a secret when a plan refuses", async () => {
    const olds = { name: "d", qualifiedName: "d", statement: "CREATE DATABASE d\nENGINE = Atomic" };
    const args = { engine: "MySQL('db:3306', 'd', 'u', 'hush-hush')" };
    const { failures } = await new TestProvider().check("database", { name: "d", args, olds, sensitive: true });
    assert.match(failures.join(), /cannot change its engine/);
    assert.doesNotMatch(failures.join(), /hush-hush/);
  });

  it("does not speak of a rename that has nothing to do with the table", async () => {
    await table.run("ALTER TABLE {db}.t ADD COLUMN c UInt8");
    const other = (name: string) => ({ database: table.database, name });
    await table.check(ARGS);
    table.provider.context.renames.push({ object: "table", from: other("x"), to: other("y") });
    const args = { columns: { a: "UInt64", b: "String", c: "UInt8" }, orderBy: "a" };
    const request = { name: "t", database: table.database, args, olds: table.inputs };
    const { inputs } = await table.provider.check("table", request);
    assert.equal(inputs?.["plan"], undefined);
  });

  it("refuses an option that it does not know, naming the ones it does", async () => {
    const { failures } = await table.check({ ...ARGS, allow: ["drop-data"], rebuild: "fast", keepOld: "soon" });
    assert.match(
      failures.join("\n"),
      /allow: knows "drops-data", "doubles-rows", "breaks-reader", "locks-out", "unproven", found "drop-data"\. Did you mean `drops-data`/,
    );
    assert.match(failures.join("\n"), /rebuild: expected "online" or "offline"/);
    assert.match(failures.join("\n"), /keepOld: expected a whole number and a unit of time/);
  });

  it("plans from the state when the server cannot be asked, and says so", async () => {
    const { inputs } = await table.check(
      { columns: { a: "UInt64", b: "String", c: "UInt8" }, orderBy: "a" },
      undefined,
      {
        "clickhouse:url": "http://127.0.0.1:1",
      },
    );
    assert.match(String(inputs?.["plan"]), /ADD COLUMN `c` UInt8/);
    assert.match(table.provider.messages.join("\n"), /The server could not be queried/);
  });

  it("changes a table without an embedded engine too", async () => {
    const { inputs } = await table.check(
      { columns: { a: "UInt64", b: "String", c: "UInt8" }, orderBy: "a" },
      undefined,
      {
        "clickhouse:scratch": "off",
      },
    );
    assert.match(String(inputs?.["plan"]), /ADD COLUMN `?c`? UInt8/);
    await table.update(inputs);
    assert.equal(await table.ask("SELECT c FROM {db}.t"), "0;0");
  });

  describe("a rebuild", () => {
    /** Cuts a rebuild off before the first statement that matches and comes after one that matches `after`. */
    async function cutOff(pattern: RegExp, after = /^/): Promise<void> {
      const to = (await table.check(REKEYED)).inputs?.["statement"];
      let isAfter = false;
      const beforeStatement = (sql: string): void => {
        if (isAfter && pattern.test(sql)) throw new Error("cut off");
        isAfter ||= after.test(sql);
      };
      const step = { from: String(table.inputs["statement"]), to: String(to), operation: "0badcafe", beforeStatement };
      await assert.rejects(rebuildTable(table.connection, step), /cut off/);
    }

    it("that a later version of this package started is refused at preview, in words", async () => {
      await cutOff(/^EXCHANGE TABLES .*__new_/);
      await table.run(
        "INSERT INTO {db}._schema_ops SELECT op, key, replaceRegexpOne(value, '\"version\":[0-9]+', '\"version\":99'), ver + 1000 FROM {db}._schema_ops WHERE key = 'plan'",
      );
      const { failures } = await table.check(REKEYED);
      assert.match(
        failures.join(),
        /\.t: Operation 0badcafe: its plan has version 99, .* Another version of this package started it; resume or abort it with that one/,
      );
    });

    it("keeps the rows and leaves the old table, which a later run drops and says so", async () => {
      const { inputs } = await table.check({ ...REKEYED, keepOld: "0s" });
      assert.match(String(inputs?.["plan"]), /-- rebuild [\s\S]*-- copies-rows: .*\[2 rows, /);
      table.outs = await table.update(inputs);
      assert.equal(await table.ask("SELECT a, b FROM {db}.t ORDER BY a"), "1,x;2,7");
      const old = "SELECT count() FROM system.tables WHERE database = '{db}' AND name LIKE 't\\\\_\\\\_old%'";
      assert.equal(await table.ask(old), "1");
      // The end of the time is rounded up to a whole second.
      await sleep(1100);
      const later = await table.check({ ...REKEYED, keepOld: "0s" }, { olds: inputs ?? {} });
      assert.match(String(later.inputs?.["plan"]), /^DROP TABLE \S+t__old_\w+;\n-- /);
      assert.equal(later.inputs?.["retired"], undefined);
      await table.update(later.inputs);
      assert.equal(await table.ask(old), "0");
    });

    it("drops the old table and nothing else: what somebody changed in between is left to a plan that shows it", async () => {
      const { inputs } = await table.check({ ...REKEYED, keepOld: "0s" });
      table.outs = await table.update(inputs);
      await table.run("ALTER TABLE {db}.t MODIFY COMMENT 'by hand'");
      await sleep(1100);
      // A run in between had nothing to do.
      const { plan: _, ...olds } = inputs ?? {};
      const later = await table.check({ ...REKEYED, keepOld: "0s" }, { olds });
      assert.match(String(later.inputs?.["plan"]), /^DROP TABLE \S+t__old_\w+;\n-- [^\n]+$/);
      await table.update(later.inputs);
      assert.equal(
        await table.ask("SELECT comment FROM system.tables WHERE database = '{db}' AND name = 't'"),
        "by hand",
      );
    });

    it("after a run with a plan, which may have failed, the next one asks the server and shows manual changes too", async () => {
      const { inputs } = await table.check({ ...REKEYED, keepOld: "0s" });
      table.outs = await table.update(inputs);
      await table.run("ALTER TABLE {db}.t MODIFY COMMENT 'by hand'");
      await sleep(1100);
      const later = await table.check({ ...REKEYED, keepOld: "0s" }, { olds: inputs ?? {} });
      assert.match(
        String(later.inputs?.["plan"]),
        /^ALTER TABLE \S+t MODIFY COMMENT '';\n[\s\S]*DROP TABLE \S+t__old_\w+;/,
      );
      await table.update(later.inputs);
      assert.equal(await table.ask("SELECT comment FROM system.tables WHERE database = '{db}' AND name = 't'"), "");
      assert.equal(
        await table.ask("SELECT count() FROM system.tables WHERE database = '{db}' AND name LIKE 't__old%'"),
        "0",
      );
    });

    it("resumes where an earlier run was interrupted", async () => {
      await cutOff(/EXCHANGE TABLES .*__new_/);
      const { inputs } = await table.check(REKEYED);
      assert.match(String(inputs?.["plan"]), /-- resumes rebuild 0badcafe/);
      await table.update(inputs);
      assert.equal(await table.ask("SELECT a, b FROM {db}.t ORDER BY a"), "1,x;2,7");
      assert.match(
        await table.ask("SELECT sorting_key FROM system.tables WHERE database = '{db}' AND name = 't'"),
        /^b$/,
      );
    });

    it("aborts what was interrupted when something else is declared by now", async () => {
      await cutOff(/EXCHANGE TABLES .*__new_/);
      const { inputs } = await table.check({ columns: { a: "UInt64", b: "String", c: "UInt8" }, orderBy: "a" });
      assert.match(String(inputs?.["plan"]), /-- aborts rebuild 0badcafe[\s\S]*ADD COLUMN `c`/);
      assert.doesNotMatch(String(inputs?.["plan"]), /SETTING/);
      await table.update(inputs);
      assert.equal(await table.ask("SELECT * FROM {db}.t ORDER BY a"), "1,x,0;2,7,0");
      const helpers = "SELECT count() FROM system.tables WHERE database = '{db}' AND name LIKE 't\\\\_\\\\_%'";
      assert.equal(await table.ask(helpers), "0");
    });

    it("finishes what was cut off behind the exchange before anything else", async () => {
      await cutOff(/DETACH TABLE .*__new_/, /EXCHANGE TABLES .*__new_/);
      const { inputs } = await table.check({ ...REKEYED, comment: "rekeyed" });
      assert.match(String(inputs?.["plan"]), /-- resumes rebuild 0badcafe[\s\S]*MODIFY COMMENT 'rekeyed'/);
      await table.update(inputs);
      assert.equal(await table.ask("SELECT a, b FROM {db}.t ORDER BY a"), "1,x;2,7");
    });
  });
});
