import assert from "node:assert/strict";
import { TestProvider, urnOf } from "../support/provider";

const AFTER_DB = { database: "m", dependsOn: [urnOf("database", "m")] };
const SOURCE = {
  name: "s",
  ...AFTER_DB,
  args: { columns: { k: "String", v: "Float64", t: "DateTime" }, orderBy: "k", ttl: "t + INTERVAL 9 DAY" },
};
const QUERY = "SELECT k, avg(v) AS v FROM m.s GROUP BY k";
const INNER = { engine: "SummingMergeTree", orderBy: "k" };
const AFTER_SOURCE = { database: "m", dependsOn: [urnOf("table", "s", "m")] };

describe("lint at preview", () => {
  let provider: TestProvider;

  async function open(config: Record<string, string> = {}): Promise<void> {
    provider = new TestProvider(config);
    await provider.statement("database", { name: "m", args: {} });
    await provider.statement("table", SOURCE);
  }

  function view({ olds, ...more }: { readonly olds?: object; readonly [key: string]: unknown } = {}) {
    return provider.check("materializedView", {
      name: "v",
      ...AFTER_SOURCE,
      args: { inner: INNER, query: QUERY, ...more },
      ...(olds !== undefined && { olds: { ...olds } }),
    });
  }

  afterEach(() => provider.close());

  it("fails on an error, with what, why and how to fix it", async () => {
    await open();
    const { failures } = await view();
    assert.match(failures.join(), /m\.v: `v` is avg\(\).*SummingMergeTree.*\[non-additive-aggregate-in-summing\]/s);
  });

  it("prints a warning on the resource's row and continues", async () => {
    await open();
    const { failures } = await view({ lint: { "non-additive-aggregate-in-summing": "off" } });
    assert.deepEqual(failures, []);
    assert.match(
      provider.messages.join("\n"),
      /\[inner-table\] To silence it: lint: \{ "inner-table": "off" \} on the resource\./,
    );
    assert.match(provider.messages.join("\n"), /\[missing-ttl\]/);
  });

  it("says a warning once: not again when the source has changed, but what is new", async () => {
    await open();
    const silent = { lint: { "non-additive-aggregate-in-summing": "off" } };
    const first = await view(silent);
    const said = (): number =>
      provider.messages.filter((message) => /\[missing-ttl\]|\[inner-table\]/.test(message)).length;
    assert.equal(said(), 2);
    await provider.close();
    for (const [olds, more] of [
      [first.inputs ?? {}, 0],
      [{ ...first.inputs, __said: String(first.inputs?.["__said"]).split(" ")[0] }, 1],
      [{}, 2],
    ] as const) {
      provider = new TestProvider({});
      await provider.statement("database", { name: "m", args: {} });
      const { args, ...rest } = SOURCE as { args: { columns: object } };
      await provider.statement("table", {
        ...SOURCE,
        ...rest,
        args: { ...args, columns: { ...args.columns, added: "UInt8" } },
      });
      const { inputs, failures } = await view({ ...silent, olds });
      assert.deepEqual(failures, []);
      assert.equal(said(), more);
      assert.equal(inputs?.["__said"], first.inputs?.["__said"]);
      await provider.close();
    }
  });

  it("takes severities from the stack's config, and the resource's before them", async () => {
    await open({ "clickhouse:lint": "inner-table=error,missing-ttl=off,non-additive-aggregate-in-summing=off" });
    assert.match((await view()).failures.join(), /\[inner-table\]/);
    assert.deepEqual((await view({ lint: { "inner-table": "off" } })).failures, []);
    assert.doesNotMatch(provider.messages.join("\n"), /missing-ttl/);
  });

  it("runs no rule where the stack turns it off", async () => {
    await open({ "clickhouse:lint": "off" });
    assert.deepEqual((await view()).failures, []);
    assert.doesNotMatch(provider.messages.join("\n"), /\[[\w-]+\] To silence it/);
  });

  it("refuses a rule that it does not know, with the nearest one", async () => {
    await open();
    assert.match((await view({ lint: { "inner-tabel": "off" } })).failures.join(), /Did you mean `inner-table`/);
  });

  it("prints nothing of a secret statement", async () => {
    await open();
    const query = "SELECT k, avg(v) AS v FROM m.s WHERE k != 'hunter2' GROUP BY k";
    const request = { name: "v", ...AFTER_SOURCE, sensitive: true, args: { inner: INNER, query } };
    const { failures } = await provider.check("materializedView", request);
    assert.match(failures.join(), /the statement is secret/);
    assert.doesNotMatch(failures.join(), /hunter2/);
  });

  it("does not say twice what is wrong with a key", async () => {
    await open();
    const args = { columns: { a: "UInt64" }, orderBy: ["a", "zone"] };
    const { failures } = await provider.check("table", { name: "t", ...AFTER_DB, args });
    assert.match(
      failures.join("\n"),
      /^m\.t: orderBy: reads `zone`, which is no column of the table\n {2}ClickHouse: .*\(UNKNOWN_IDENTIFIER\)$/,
    );
  });

  it("is silent about what did not change", async () => {
    await open();
    const off = { lint: { "non-additive-aggregate-in-summing": "off" } };
    const { inputs = {} } = await view(off);
    provider.messages.length = 0;
    await provider.check("materializedView", {
      name: "v",
      ...AFTER_SOURCE,
      args: { inner: INNER, query: QUERY, ...off },
      olds: inputs,
    });
    assert.deepEqual(provider.messages, []);
  });
});
