import assert from "node:assert/strict";
import { type ConfigSource, loadConfig } from "../../examples/obsfly/config";

const source = (values: Record<string, unknown>): ConfigSource =>
  ({
    get: (key: string) => values[key] as string | undefined,
    getObject: (key: string) => values[key],
  }) as ConfigSource;

describe("ObsFly's stack config", () => {
  it("has a default for everything", () => {
    assert.deepEqual(loadConfig(source({})), {
      protect: false,
      retentionDays: { logs: 14, metrics: 30, traces: 30, profiles: 30 },
      rollupRetentionDays: 0,
      usageRetentionDays: 1095,
      appendDependencies: true,
      access: "none",
    });
  });

  it("takes numbers as numbers and as text, and leaves other signals at their default", () => {
    const config = loadConfig(
      source({ protect: "true", retentionDays: { logs: 3, traces: "9" }, rollupRetentionDays: "395" }),
    );
    assert.deepEqual(config, {
      protect: true,
      retentionDays: { logs: 3, metrics: 30, traces: 9, profiles: 30 },
      rollupRetentionDays: 395,
      usageRetentionDays: 1095,
      appendDependencies: true,
      access: "none",
    });
  });

  const wrong: [string, Record<string, unknown>, RegExp][] = [
    [
      "a word for a number",
      { rollupRetentionDays: "long" },
      /obsfly:rollupRetentionDays is "long"; expected a whole number/,
    ],
    ["an empty text", { usageRetentionDays: "" }, /obsfly:usageRetentionDays is ""/],
    ["half a day", { retentionDays: { logs: 0.5 } }, /obsfly:retentionDays\.logs is 0\.5/],
    ["no days", { retentionDays: { logs: 0 } }, /from 1 to 18250/],
    ["more days than a TTL can hold", { retentionDays: { logs: 36500 } }, /from 1 to 18250/],
    [
      "an unknown signal",
      { retentionDays: { events: 5 } },
      /obsfly:retentionDays\.events names no signal; expected one of logs/,
    ],
    ["one number for all signals", { retentionDays: 5 }, /obsfly:retentionDays is 5; expected days by signal/],
    ["a list for the retention", { retentionDays: [5] }, /obsfly:retentionDays is \[5\]; expected days by signal/],
    [
      "a word for the way of refreshing",
      { appendDependencies: "no" },
      /obsfly:appendDependencies is "no"; expected true or false/,
    ],
    ["a word for who may do what", { access: "yes" }, /obsfly:access is "yes"; expected one of none, users, deployer/],
    ["one network for a list", { networks: "10.0.0.0/8" }, /obsfly:networks is "10\.0\.0\.0\/8"; expected a list/],
    [
      "a name for an account",
      { access: "users", tenant: "shop" },
      /obsfly:tenant is "shop"; expected an account, a whole number/,
    ],
    ["a tenant without users", { tenant: "7" }, /obsfly:tenant is set, and obsfly:access is "none"/],
    ["a yes for a boolean", { protect: "yes" }, /obsfly:protect is "yes"; expected true or false/],
  ];
  for (const [what, values, message] of wrong) {
    it(`refuses ${what}`, () => assert.throws(() => loadConfig(source(values)), message));
  }

  it("is for a cluster if obsfly and clickhouse name the same one, and says what else would happen", () => {
    assert.equal(loadConfig(source({ cluster: "main" }), "main").cluster, "main");
    assert.throws(
      () => loadConfig(source({ cluster: "main" })),
      /obsfly:cluster is "main", and clickhouse:cluster is not set: tables would be created on one host only\. Set both: pulumi config set obsfly:cluster main; pulumi config set clickhouse:cluster main/,
    );
    assert.throws(
      () => loadConfig(source({}), "main"),
      /obsfly:cluster is not set, and clickhouse:cluster is "main": tables would not be replicated/,
    );
  });

  it("names every problem at once", () => {
    const values = { protect: "1", rollupRetentionDays: "-1", retentionDays: { logs: "x" } };
    assert.throws(
      () => loadConfig(source(values)),
      (error: Error) => error.message.split("\n").length === 3,
    );
  });
});
