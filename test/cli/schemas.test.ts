import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild";
import { backfill } from "../../provider/src/cli/backfill";
import { comparePlaces } from "../../provider/src/cli/compare";
import { doctor } from "../../provider/src/cli/doctor";
import { driftOfState } from "../../provider/src/cli/drift";
import { lintFiles } from "../../provider/src/cli/lint";
import { operations } from "../../provider/src/cli/operations";
import { rehearseFile } from "../../provider/src/cli/rehearse";
import { status } from "../../provider/src/cli/status";
import { testViews } from "../../provider/src/cli/test";
import { verifyViews } from "../../provider/src/cli/verify";
import { PAGE } from "../../tools/docs/cli";
import { freshDatabase, sharedServer, temporaryBase } from "../support/server";
import { programFolder, SHOP } from "../testing/support";
import { Bench } from "../verify/bench";

const SCHEMAS = path.resolve(__dirname, "../../provider/schemas");

/** Of `ajv`, as much as is used: its draft 2020 is no default export. */
type Validate = ((data: unknown) => boolean) & { readonly errors?: unknown };
type Ajv = new (options: object) => { compile(schema: object): Validate };
const { default: Ajv2020 } = require("ajv/dist/2020") as { default: Ajv };
// Formats are told to readers; the times are checked below.
const ajv = new Ajv2020({ strict: true, allErrors: true, validateFormats: false });

const known = new Map<string, Validate>();
function validator(command: string): Validate {
  const read = (): Validate =>
    ajv.compile(JSON.parse(readFileSync(path.join(SCHEMAS, `${command}.schema.json`), "utf8")));
  const validate = known.get(command) ?? read();
  known.set(command, validate);
  return validate;
}

interface Output {
  out(text: string): void;
  error(text: string): void;
}

/** Standard output of a command, which holds the schema of its name. */
async function shown(command: string, run: (output: Output) => unknown) {
  const said = { out: "", error: "" };
  await run({ out: (text) => (said.out += text), error: (text) => (said.error += text) });
  const validate = validator(command);
  const data = JSON.parse(said.out);
  assert.ok(validate(data), `${command}: ${JSON.stringify(validate.errors, undefined, 1)}\n${said.out}\n${said.error}`);
  return data;
}

describe("JSON that commands print", () => {
  let bench: Bench;
  let url: string;

  before(async () => {
    ({ url } = await sharedServer());
    bench = await Bench.open();
    await bench.create(
      "(k LowCardinality(String), b DateTime('UTC'), c SimpleAggregateFunction(sum, UInt64), x SimpleAggregateFunction(any, Int64))",
      "ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(b) ORDER BY (k, b)",
      "SELECT k, toStartOfHour(ts) AS b, count() AS c, any(v) AS x FROM @.s GROUP BY k, b",
    );
    await bench.run(
      "CREATE MATERIALIZED VIEW @.r REFRESH EVERY 1 YEAR (k String) ENGINE = MergeTree ORDER BY k AS SELECT k FROM @.s",
    );
    await bench.insert(0, 900);
  });
  after(() => bench.close());

  it("has a schema for each command with --json, and no others", () => {
    const commands = readFileSync(PAGE, "utf8")
      .split(/^## /m)
      .slice(1)
      .filter((chapter) => /^ {2}--json/m.test(chapter))
      .map((chapter) => chapter.split("\n")[0]);
    const names = readdirSync(SCHEMAS).map((file) => file.replace(".schema.json", ""));
    assert.deepEqual(names, [...commands].sort());
  });

  it("is an object with the reason, of every command, where it could not be done", async () => {
    const url = "http://127.0.0.1:9";
    const view = [{ database: "a", name: "b" }];
    const state = path.join(temporaryBase(), "no-such-state.json");
    const commands: [string, (output: Output) => Promise<number>][] = [
      ["status", (output) => status({ url, json: true }, output)],
      ["verify", (output) => verifyViews([], { url, json: true }, output)],
      ["backfill", (output) => backfill({ url, view, json: true }, output)],
      ["operations", (output) => operations({ url, json: true }, output)],
      ["drift", (output) => driftOfState({ url, state, json: true }, output, {})],
      ["lint", (output) => lintFiles(["no-such-file.sql"], { format: "json" }, output)],
      ["compare", (output) => comparePlaces("no-such-place", url, { json: true }, output, {})],
      ["rehearse", (output) => rehearseFile("no-such-preview.json", { json: true }, output, {})],
      ["test", (output) => testViews([], { program: "no-such-folder", json: true }, output)],
    ];
    for (const [command, run] of commands) {
      let code: number | undefined;
      const { error } = await shown(command, async (output) => (code = await run(output)));
      assert.equal(code, 2, command);
      assert.match(error.message, /127\.0\.0\.1:9|no-such-/, command);
    }
  });

  it("says what is wrong with an option, too", () => {
    const program = path.resolve(__dirname, "../../provider/bin/clickhouse-schema.js");
    const {
      status: code,
      stderr,
      stdout,
    } = spawnSync(process.execPath, [program, "verify", "--json", "--chunk", "0"], {
      encoding: "utf8",
    });
    assert.equal(code, 2);
    const data = JSON.parse(stdout);
    assert.ok(validator("verify")(data), stdout);
    assert.match(data.error.message, /--chunk <rows>.*expected a whole number from 1; found "0"/);
    assert.match(stderr, /--chunk <rows>/);
  });

  it("is refused by its schema where a field is missing, too many, or of another type", () => {
    const validate = validator("doctor");
    const good = { id: "node", status: "ok", message: "Node 20" };
    assert.ok(validate([good]));
    for (const bad of [{ ...good, more: 1 }, { ...good, status: "fine" }, { ...good, id: 1 }, { id: "node" }]) {
      assert.equal(validate([bad]), false, JSON.stringify(bad));
    }
  });

  it("holds its schema: doctor, status, lint", async () => {
    assert.ok((await shown("doctor", (output) => doctor({ url, json: true }, output))).length > 5);
    const database = [bench.database];
    const { views } = await shown("status", (output) => status({ url, database, json: true }, output));
    assert.deepEqual(views.map(({ kind }: { kind: string }) => kind).sort(), ["incremental", "refreshable"]);
    const file = path.join(temporaryBase(), "schemas.sql");
    writeFileSync(file, "CREATE TABLE a.t (a UInt8) ENGINE = Log;\nCREATE TABLE a.u (a Nothing8) ENGINE = Log;\n");
    const { findings } = await shown("lint", (output) => lintFiles([file], { format: "json" }, output));
    assert.ok(findings.length > 0);
  });

  it("holds its schema: verify, with what differs and what was repaired", async () => {
    await bench.run(
      "DETACH TABLE @.mv SYNC",
      "INSERT INTO @.s SELECT '2026-03-04 12:30:00', number, 'k9', 1, 1.5, NULL, 30 FROM numbers(9)",
      "ATTACH TABLE @.mv",
    );
    const options = { url, database: [bench.database], json: true };
    const { targets } = await shown("verify", (output) => verifyViews([], options, output));
    assert.ok(targets.some(({ differences }: { differences: unknown[] }) => differences.length > 0));
    const { repairs } = await shown("verify", (output) => verifyViews([], { ...options, repair: true }, output));
    assert.equal(Object.keys(repairs).length, 1);
  });

  it("holds its schema: verify, with the targets that could not be compared", async () => {
    await bench.run(
      "CREATE TABLE @.untimed (k String, c SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY k",
      "CREATE MATERIALIZED VIEW @.untimed_mv TO @.untimed AS SELECT k, count() AS c FROM @.s GROUP BY k",
    );
    const options = { url, database: [bench.database], json: true, from: Date.parse("2026-03-04") };
    let code: number | undefined;
    const { errors, targets } = await shown("verify", async (output) => {
      code = await verifyViews([], options, output);
    });
    assert.equal(code, 2);
    assert.deepEqual(
      errors.map(({ target }: { target: string }) => target),
      [`${bench.database}.untimed`],
    );
    assert.match(errors[0].message, /has no time column in its sorting key/);
    assert.ok(targets.length > 0, "the others are compared all the same");
    await bench.run("DROP TABLE @.untimed_mv SYNC");
  });

  it("holds its schema: backfill, of a dry run and of a run", async () => {
    const view = [{ database: bench.database, name: "mv" }];
    const dry = await shown("backfill", (output) => backfill({ url, view, json: true, dryRun: true }, output));
    assert.deepEqual([dry.dryRun, dry.refusals], [true, []]);
    const { dryRun, keepUntil, written } = await shown("backfill", (output) =>
      backfill({ url, view, json: true }, output),
    );
    assert.equal(dryRun, false);
    assert.ok(written > 0 && !Number.isNaN(Date.parse(keepUntil)));
  });

  it("holds its schema: the refusals of a dry run, with their codes", async () => {
    await bench.run("CREATE TABLE @.l (k String, n UInt64) ENGINE = Log");
    await bench.run("CREATE MATERIALIZED VIEW @.l_mv TO @.l AS SELECT k, count() AS n FROM @.s GROUP BY k");
    const view = [{ database: bench.database, name: "l_mv" }];
    const { refusals } = await shown("backfill", (output) => backfill({ url, view, json: true, dryRun: true }, output));
    assert.deepEqual(
      refusals.map(({ code }: { code: string }) => code),
      ["change-unsupported"],
    );
  });

  it("holds its schema: a command that fails, with the code", async () => {
    const nowhere = { url: "http://127.0.0.1:1", json: true };
    for (const [command, code, run] of [
      ["operations", "operation-unknown", (output: Output) => operations({ url, json: true, abort: "none" }, output)],
      ["verify", "object-missing", (output: Output) => verifyViews(["d.nothing"], { url, json: true }, output)],
      ["status", "server-unreachable", (output: Output) => status(nowhere, output)],
      ["lint", "input-unreadable", (output: Output) => lintFiles(["no such file.sql"], { format: "json" }, output)],
    ] as const) {
      const { error } = await shown(command, run);
      assert.equal(error.code, code, JSON.stringify(error));
    }
  });

  it("holds its schema: operations, with one that was cut off and tables that are kept", async () => {
    const create = (key: string): string =>
      `CREATE TABLE ${bench.database}.z\n(\n    \`a\` UInt64,\n    \`b\` UInt64\n)\nENGINE = MergeTree\nORDER BY ${key}`;
    const operation = newOperation();
    await bench.run(create("a"));
    const beforeStatement = (sql: string): void => {
      if (/EXCHANGE TABLES .*__new_/.test(sql)) throw new Error("cut off");
    };
    const rebuild = { from: create("a"), to: create("b"), operation, beforeStatement };
    await assert.rejects(rebuildTable(bench.connection, rebuild));
    const before = await shown("operations", (output) => operations({ url, json: true }, output));
    assert.ok(before.operations.some((one: { operation: string }) => one.operation === operation));
    const { kept, operations: left } = await shown("operations", (output) =>
      operations({ url, json: true, resume: operation }, output),
    );
    assert.ok(kept.some((one: { of: string }) => one.of === `${bench.database}.z`));
    assert.ok(left.every((one: { operation: string }) => one.operation !== operation));
  });

  it("holds its schema: test, with what passes, fails, cannot be run and is not tested", async () => {
    const test = (name: string, into: string, orders: number) => ({
      name,
      given: [{ into, rows: [{ time: "2026-03-01 10:00:00", product: "tea", price: 1 }] }],
      expect: [
        {
          from: "shop.daily_read",
          rows: [{ product: "tea", orders }, ...(orders > 1 ? [{ product: "x", orders: 0 }] : [])],
        },
      ],
    });
    const tests = [test("a", "shop.orders", 1), test("b", "shop.orders", 2), test("c", "shop.order", 1), { name: "d" }];
    const program = programFolder({ "index.js": SHOP, "shop.test.json": JSON.stringify(tests) });
    const { problems, tests: results } = await shown("test", (output) =>
      testViews([], { program, json: true }, output),
    );
    assert.deepEqual(
      results.map(({ status }: { status: string }) => status),
      ["passed", "failed", "invalid"],
    );
    assert.equal(problems.length, 2);
    const late = SHOP.replace('every: "day"', 'every: "hour"');
    const other = programFolder({ "index.js": late });
    const { random } = await shown("test", (output) => testViews([], { program: other, json: true }, output));
    assert.equal(random.length, 1);
  });

  it("holds its schema: compare, with what differs, is missing and is extra", async () => {
    const other = await freshDatabase(await sharedServer());
    await bench.run(
      `CREATE TABLE ${other}.s (ts DateTime) ENGINE = MergeTree ORDER BY ts`,
      `CREATE TABLE ${other}.only (a UInt8) ENGINE = Log`,
    );
    const options = { map: new Map([[bench.database, other]]), database: [other], json: true };
    const { counts, hazards, objects } = await shown("compare", (output) =>
      comparePlaces(url, url, options, output, {}),
    );
    assert.deepEqual([counts.differs, counts.extra], [1, 1]);
    assert.ok(counts.missing > 0 && Array.isArray(hazards));
    assert.ok(
      objects.every(
        ({ steps, status }: { steps: unknown[]; status: string }) =>
          status === "extra" || status === "same" || steps.length > 0,
      ),
    );
  });

  it("holds its schema: drift, which names the server that the state was written on", async () => {
    const outputs = {
      database: bench.database,
      name: "s",
      statement: `CREATE TABLE ${bench.database}.s (a UInt8)\nENGINE = Log`,
    };
    const resource = (name: string, more: object) => ({
      urn: `urn:pulumi:test::e2e::pulumi-nodejs:dynamic/clickhouse:Table::${name}`,
      type: "pulumi-nodejs:dynamic/clickhouse:Table",
      provider: "urn:pulumi:test::e2e::pulumi:providers:pulumi-nodejs::default::1",
      outputs: { ...outputs, __server: "server:other https://old.example.com:8443", ...more },
    });
    const resources = [resource("s", {}), resource("gone", { name: "gone" })];
    const state = path.join(temporaryBase(), "schemas-state.json");
    writeFileSync(state, JSON.stringify({ version: 3, deployment: { resources } }));
    const found = await shown("drift", (output) => driftOfState({ url, state, json: true }, output, {}));
    assert.deepEqual([found.counts.drifted, found.counts.missing], [1, 1]);
    assert.equal(found.writtenOn, "https://old.example.com:8443");
    let text = "";
    const output = { out: (more: string) => (text += more), error: (more: string) => (text += more) };
    assert.equal(await driftOfState({ url, state }, output, {}), 1);
    assert.match(
      text,
      /the state was written on another server, https:\/\/old\.example\.com:8443: what is missing may be there/,
    );
  });
});
