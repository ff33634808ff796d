import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { type CompareOptions, comparePlaces } from "../../provider/src/cli/compare";
import { DatabaseNames } from "../../provider/src/compare/map";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { freshDatabase, sharedServer, startServer, type TestServer, temporaryBase } from "../support/server";
import { programFolder, SHOP } from "../testing/support";

interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

async function compare(
  from: string,
  to: string,
  options: CompareOptions = {},
  environment: NodeJS.ProcessEnv = {},
): Promise<Said> {
  const said = { out: "", error: "" };
  const output = { out: (text: string) => (said.out += text), error: (text: string) => (said.error += text) };
  const code = await comparePlaces(from, to, options, output as never, environment);
  return { code, ...said };
}

interface Compared {
  readonly counts: Readonly<Record<string, number>>;
  readonly hazards: readonly string[];
  readonly objects: readonly {
    readonly name: string;
    readonly status: string;
    readonly differs: readonly string[];
    readonly steps: readonly { readonly sql: string }[];
  }[];
}

const LOGS = (db: string, columns: string, key = "ts"): string =>
  `CREATE TABLE ${db}.logs (ts DateTime, level LowCardinality(String)${columns}) ENGINE = MergeTree ORDER BY ${key}`;
const COUNTS = (db: string): string[] => [
  `CREATE TABLE ${db}.counts (level String, n SimpleAggregateFunction(sum, UInt64)) ENGINE = AggregatingMergeTree ORDER BY level`,
  `CREATE MATERIALIZED VIEW ${db}.counts_mv TO ${db}.counts AS SELECT level, count() AS n FROM ${db}.logs GROUP BY level`,
  `CREATE VIEW ${db}.counts_read AS SELECT level, sum(n) AS n FROM ${db}.counts GROUP BY level`,
];

describe("clickhouse-schema compare", () => {
  let server: TestServer;
  let connection: Connection;
  const run = async (...statements: readonly string[]): Promise<void> => {
    for (const sql of statements) await connection.command(sql);
  };

  before(async () => {
    server = await sharedServer();
    connection = await openConnection({ url: server.url });
  });
  after(() => connection.close());

  /** Two databases of one server, which stand for two places. */
  async function two(): Promise<{ from: string; to: string; options: CompareOptions }> {
    const [from, to] = [await freshDatabase(server), await freshDatabase(server)];
    return { from, to, options: { map: new Map([[from, to]]), database: [to] } };
  }

  it("0: two places that are the same, under other names of their databases", async () => {
    const { from, to, options } = await two();
    await run(LOGS(from, ""), ...COUNTS(from), LOGS(to, ""), ...COUNTS(to));
    const { code, error, out } = await compare(server.url, server.url, options);
    assert.deepEqual([code, error], [0, ""], out);
    assert.match(out, /^No difference: 5 same \(from http.*, to http.*\)\n$/);
  });

  it("1: what differs, with statements and hazards, sources before their readers and what is extra last", async () => {
    const { from, to, options } = await two();
    await run(LOGS(from, ", body String"), ...COUNTS(from));
    await run(LOGS(to, ", old UInt8"), `CREATE TABLE ${to}.rest (a UInt8) ENGINE = MergeTree ORDER BY a`);
    const { code, out } = await compare(server.url, server.url, options);
    assert.equal(code, 1, out);
    const heads = [...out.matchAll(/^(\w[\w ]*): (?:[a-z]+ )+(\S+?):? /gm)].map(([, status, name]) => [status, name]);
    const names = heads.slice(0, 5).map(([, name = ""]) => name.slice(to.length + 1));
    assert.deepEqual([...names].sort(), ["counts", "counts_mv", "counts_read", "logs", "rest"]);
    assert.deepEqual(
      Object.fromEntries(heads.slice(0, 5).map(([status = "", name = ""]) => [name.slice(to.length + 1), status])),
      {
        logs: "differs",
        counts: "missing",
        counts_mv: "missing",
        counts_read: "missing",
        rest: "extra",
      },
    );
    const precedes = (one: string, other: string): boolean => names.indexOf(one) < names.indexOf(other);
    assert.ok(
      precedes("logs", "counts_mv") && precedes("counts", "counts_mv") && precedes("counts", "counts_read"),
      names.join(),
    );
    assert.equal(names.at(-1), "rest");
    assert.match(
      out,
      /ALTER TABLE \S+\.logs\n {8}DROP COLUMN `old`,\n {8}ADD COLUMN `body` String AFTER `level`;\n {4}-- drops-data: /,
    );
    assert.match(out, /is not in http\S+; if it is dropped, it goes with all its rows/);
    assert.match(out, /Differences: 1 differs, 3 missing, 1 extra, 1 same; hazards: .*drops-data.* \(from /);
  });

  it("plans a change that copies rows as one, and says what it is", async () => {
    const { from, to, options } = await two();
    await run(LOGS(from, "", "(level, ts)"), LOGS(to, ""));
    const { out } = await compare(server.url, server.url, { ...options, json: true });
    const found = JSON.parse(out) as Compared;
    assert.deepEqual(found.hazards, ["copies-rows"]);
    assert.deepEqual(found.objects.find(({ name }) => name === `${to}.logs`)?.differs, ["sorting-key", "primary-key"]);
  });

  it("compares a program with a server: nothing where it was created, its own statements where it was not", async () => {
    const database = await freshDatabase(server);
    const program = programFolder({
      "index.js": SHOP,
      "Pulumi.yaml": `name: shop\nruntime: nodejs\nconfig:\n  shop:database: ${database}\n`,
    });
    const options = { database: [database], json: true };
    const missing = await compare(program, server.url, options);
    assert.equal(missing.code, 1, missing.error);
    const { counts, objects } = JSON.parse(missing.out) as Compared;
    assert.deepEqual([counts["missing"], counts["same"]], [4, 1]);
    assert.deepEqual(
      objects.map(({ name }) => name),
      [database, `${database}.orders`, `${database}.daily`, `${database}.daily_mv`, `${database}.daily_read`],
    );
    for (const { steps } of objects.slice(1)) await run(...steps.map(({ sql }) => sql.replace(/;$/, "")));
    const same = await compare(program, server.url, options);
    assert.equal(same.code, 0, same.out);
    await run(`ALTER TABLE ${database}.orders ADD COLUMN note String`);
    const changed = JSON.parse((await compare(program, server.url, options)).out) as Compared;
    assert.deepEqual(
      changed.objects.filter(({ status }) => status !== "same").map(({ differs, name }) => [name, differs]),
      [[`${database}.orders`, ["column-dropped"]]],
    );
    const back = JSON.parse((await compare(server.url, program, options)).out) as Compared;
    assert.match(
      back.objects.find(({ status }) => status === "differs")?.steps[0]?.sql ?? "",
      /ADD COLUMN `note` String/,
    );
  });

  it("leaves out databases of the server that a program does not declare, and what is in them", async () => {
    const [own, foreign] = [await freshDatabase(server), await freshDatabase(server)];
    await run(`CREATE TABLE ${own}.rest (a UInt8) ENGINE = Log`, `CREATE TABLE ${foreign}.rest (a UInt8) ENGINE = Log`);
    const source = `new (require("pulumi-clickhouse-schema").Database)("${own}");`;
    const { out } = await compare(programFolder({ "index.js": source }), server.url);
    assert.match(out, new RegExp(`^extra: table ${own}\\.rest: .*\nDifferences: 1 extra, 1 same \\(`), out);
  });

  it("compares two servers of different versions, whose texts are spelled differently", async () => {
    const old = await startServer({ version: "25.8" });
    const database = await freshDatabase(server);
    const there = await openConnection({ url: old.url });
    try {
      const query = `SELECT level, countIf(toHour(ts) + 1 > 3 AND NOT (level IN ('a', 'b'))) AS n FROM ${database}.logs GROUP BY level`;
      const [, , read] = COUNTS(database);
      const objects = [
        LOGS(database, ", a Array(String), m Map(String, UInt8) CODEC(ZSTD(1))"),
        ...COUNTS(database).slice(0, 1),
        `CREATE MATERIALIZED VIEW ${database}.counts_mv TO ${database}.counts AS ${query}`,
        read ?? "",
      ];
      await there.command(`CREATE DATABASE ${database}`);
      for (const sql of objects) await there.command(sql);
      await run(...objects);
      const { code, out } = await compare(old.url, server.url, { database: [database] });
      assert.equal(code, 0, out);
      await there.command(`ALTER TABLE ${database}.logs MODIFY COLUMN m Map(String, UInt16)`);
      const other = await compare(server.url, old.url, { database: [database] });
      assert.equal(other.code, 1);
      assert.match(other.out, /differs: table \S+\.logs: column-retyped/);
    } finally {
      await there.close();
      await old.stop();
    }
  });

  it("compares the state of a stack, and prints nothing of what is secret in it", async () => {
    const database = await freshDatabase(server);
    await run(`CREATE TABLE ${database}.t (a UInt8) ENGINE = MergeTree ORDER BY a`);
    const secret = {
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      plaintext: '"CREATE TABLE secret-text"',
    };
    const resource = (name: string, statement: unknown) => ({
      urn: `urn:pulumi:test::e2e::pulumi-nodejs:dynamic/clickhouse:Table::${name}`,
      type: "pulumi-nodejs:dynamic/clickhouse:Table",
      outputs: { database, name, statement },
    });
    const plain = `CREATE TABLE ${database}.t\n(\n    \`a\` UInt16\n)\nENGINE = MergeTree\nORDER BY a`;
    const hidden = {
      ...secret,
      plaintext: JSON.stringify(`CREATE TABLE ${database}.s (a String DEFAULT 'hunter2') ENGINE = Log`),
    };
    const state = path.join(temporaryBase(), "compare-state.json");
    const resources = [resource("t", plain), resource("s", hidden)];
    writeFileSync(state, JSON.stringify({ version: 3, deployment: { resources } }));
    for (const json of [false, true]) {
      const { code, out } = await compare(state, server.url, { database: [database], json });
      assert.equal(code, 1);
      assert.match(out, /column-retyped/);
      assert.ok(out.includes(`${database}.s`) && !out.includes("hunter2"), out);
    }
  });

  it("2: places that there are none of, or that cannot be read", async () => {
    const cases: [from: string, to: string, options: CompareOptions, message: RegExp][] = [
      ["nowhere", server.url, {}, /<from> nowhere: expected chdb:\/\/PATH, http\(s\):\/\/HOST:PORT, stack:NAME/],
      [server.url, "http://127.0.0.1:9", {}, /<to> http:\/\/127\.0\.0\.1:9: /],
      [server.url, server.url, { database: ["no_such_database"] }, /--database no_such_database: is in neither place/],
      [
        server.url,
        server.url,
        { map: new Map([["no_such", "default"]]) },
        /--map no_such=default: .* has no database no_such/,
      ],
    ];
    for (const [from, to, options, message] of cases) {
      const { code, error } = await compare(from, to, options);
      assert.equal(code, 2, error);
      assert.match(error, message);
    }
  });

  it("takes user and password of each place from variables of its own", async () => {
    const { code, error } = await compare(
      server.url,
      server.url,
      {},
      { CLICKHOUSE_TO_USER: "nobody", CLICKHOUSE_TO_PASSWORD: "x" },
    );
    assert.equal(code, 2);
    assert.match(error, /^<to> http.*nobody/);
    const hint = await compare(server.url, server.url, {}, { CLICKHOUSE_TO_USER: "nobody", CLICKHOUSE_PASSWORD: "x" });
    assert.match(hint.error, /CLICKHOUSE_PASSWORD is for neither: set CLICKHOUSE_TO_USER and CLICKHOUSE_TO_PASSWORD/);
  });

  it("maps names of databases wherever they stand", () => {
    const names = new DatabaseNames(
      new Map([
        ["a", "b"],
        ["odd-one", "plain"],
      ]),
    );
    const cases: [before: string, after: string][] = [
      ["CREATE TABLE a.t (a UInt8, `a.n` UInt8) ENGINE = Log", "CREATE TABLE b.t (a UInt8, `a.n` UInt8) ENGINE = Log"],
      ["SELECT a, t.a, x.a.b FROM a.t AS t WHERE a = 'a'", "SELECT a, t.a, x.a.b FROM b.t AS t WHERE a = 'a'"],
      ["SELECT dictGet('a.d', 'a', k) FROM `odd-one`.t", "SELECT dictGet('b.d', 'a', k) FROM plain.t"],
      ["ENGINE = Buffer('a', 't', 1)", "ENGINE = Buffer('b', 't', 1)"],
      ["ENGINE = Distributed('c', a, t, rand())", "ENGINE = Distributed('c', b, t, rand())"],
      ["SOURCE(CLICKHOUSE(DB 'a' TABLE 'a'))", "SOURCE(CLICKHOUSE(DB 'b' TABLE 'a'))"],
      ["CREATE DATABASE a", "CREATE DATABASE b"],
    ];
    for (const [before, after] of cases) assert.equal(names.sql(before), after);
  });
});
