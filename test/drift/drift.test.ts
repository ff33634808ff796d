import assert from "node:assert/strict";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { findDrift } from "../../provider/src/drift/drift";
import { readState, type StoredObject } from "../../provider/src/drift/state";
import { hasDrift } from "../../provider/src/drift/text";
import { freshDatabase, sharedServer } from "../support/server";

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

function resource(kind: string, outputs: object, more: object = {}): object {
  const urn = `urn:pulumi:test::e2e::pulumi-nodejs:dynamic/clickhouse:${kind}::r`;
  const provider = "urn:pulumi:test::e2e::pulumi:providers:pulumi-nodejs::default_0_1::id";
  return { urn, type: `pulumi-nodejs:dynamic/clickhouse:${kind}`, provider, outputs, ...more };
}

function exported(...resources: object[]): string {
  return JSON.stringify({ version: 3, deployment: { resources } });
}

describe("a state", () => {
  const table = { database: "shop", name: "t", statement: "CREATE TABLE …", __observed: "abc" };

  it("gives the objects of this package with what is secret of them, and leaves the others out", () => {
    const hidden = { ...table, name: "s", statement: { ...SECRET, plaintext: '"CREATE TABLE s"' } };
    const encrypted = { ...table, name: "e", statement: { ...SECRET, ciphertext: "v1:" } };
    const { objects } = readState(
      exported(
        { urn: "urn:pulumi:test::e2e::aws:s3/bucket:Bucket::b", type: "aws:s3/bucket:Bucket", outputs: table },
        resource("Table", table),
        resource("Table", hidden),
        resource("Table", encrypted),
        resource("Database", { name: { ...SECRET, ciphertext: "v1:" } }),
        resource("Table", table, { delete: true }),
      ),
    );
    assert.deepEqual(
      objects.map(({ kind, provider, key, statement, secret, observed }) => [
        kind,
        provider,
        key,
        statement,
        secret,
        observed,
      ]),
      [
        ["table", "default", "shop\0t", "CREATE TABLE …", false, "abc"],
        ["table", "default", "shop\0s", "CREATE TABLE s", true, "abc"],
        ["table", "default", "shop\0e", undefined, true, "abc"],
        ["database", "default", undefined, undefined, true, undefined],
      ],
    );
  });

  it("is read with other lines around it, and a stack that was never brought up has nothing", () => {
    assert.equal(readState(`Logged in.\n${exported(resource("Table", table))}\n`).objects.length, 1);
    assert.deepEqual(readState('{"version":3,"checkpoint":{"stack":"s","latest":null}}').objects, []);
    assert.deepEqual(readState('{"version":3,"deployment":{"manifest":{}}}').objects, []);
  });

  it("is told apart from anything else, with the command that writes one", () => {
    for (const text of ["", "[]", "{}", '{"steps":[]}', "nonsense"]) {
      assert.throws(() => readState(text), /Expected the state of a stack.*pulumi stack export/s, text);
    }
  });
});

describe("drift on a server", () => {
  let connection: Connection;
  let database: string;
  const queries: string[] = [];

  before(async () => {
    const opened = await openConnection({ url: (await sharedServer()).url });
    // Counts what is asked, and passes it on.
    connection = Object.assign(Object.create(opened) as Connection, {
      query: (sql: string, params?: Record<string, string>) => {
        queries.push(sql);
        return opened.query(sql, params);
      },
      close: () => opened.close(),
    });
  });

  beforeEach(async () => {
    database = await freshDatabase(await sharedServer());
  });

  afterEach(() => connection.command(`DROP DATABASE ${database} SYNC`));
  after(() => connection.close());

  const stored = (name: string, statement: string, more: Partial<StoredObject> = {}): StoredObject => ({
    urn: `urn::${name}`,
    kind: "table",
    provider: "default",
    key: `${database}\0${name}`,
    statement,
    secret: false,
    observed: undefined,
    ...more,
  });
  const holder = (): StoredObject => ({
    ...stored("", `CREATE DATABASE ${database}`),
    kind: "database",
    key: database,
  });
  const create = (name: string): string => `CREATE TABLE ${database}.${name} (a UInt8) ENGINE = MergeTree ORDER BY a`;

  it("costs as many queries for forty objects as for one, and none is in the way of the other", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `t${index}`);
    for (const name of names) await connection.command(create(name));
    await connection.command(`ALTER TABLE ${database}.t7 ADD COLUMN b UInt8`);
    queries.length = 0;
    const { objects, unmanaged } = await findDrift(connection, [
      holder(),
      ...names.map((name) => stored(name, create(name))),
    ]);
    assert.ok(queries.length <= 7, queries.join("\n"));
    assert.deepEqual(
      objects.filter(({ status }) => status !== "in-sync").map(({ name }) => name),
      [`${database}.t7`],
    );
    assert.deepEqual(unmanaged, []);
  });

  it("takes another spelling for the same, whatever the state holds of the server's text", async () => {
    await connection.command(
      `CREATE TABLE ${database}.t (a UInt8, t DateTime) ENGINE = MergeTree() ORDER BY (a) TTL t + INTERVAL 1 DAY`,
    );
    const declared = `CREATE TABLE ${database}.t (a UInt8, t DateTime) ENGINE = MergeTree PRIMARY KEY a ORDER BY a TTL t + toIntervalDay(1)`;
    const drift = await findDrift(connection, [holder(), stored("t", declared, { observed: "of another version" })]);
    assert.equal(hasDrift(drift), false, JSON.stringify(drift));
  });

  it("is none where a view is written with other words, before and after what it reads has changed", async () => {
    const query = `SELECT a FROM ${database}.t WHERE a IN (1, 2)`;
    await connection.command(create("t"));
    await connection.command(`CREATE VIEW ${database}.v AS ${query}`);
    const view = stored("v", `CREATE VIEW ${database}.v AS select a from ${database}.t where a in (1,2)`, {
      kind: "view",
    });
    assert.equal(hasDrift(await findDrift(connection, [stored("t", create("t")), view])), false);
    await connection.command(`ALTER TABLE ${database}.t ADD COLUMN b UInt8`);
    const { objects } = await findDrift(connection, [stored("t", create("t")), view]);
    assert.deepEqual(
      objects.map(({ status }) => status),
      ["drifted", "in-sync"],
    );
  });

  it("lists nothing of databases that the state does not hold, nor working tables and inner ones", async () => {
    await connection.command(create("t"));
    await connection.command(create("extra"));
    await connection.command(
      `CREATE MATERIALIZED VIEW ${database}.mv ENGINE = MergeTree ORDER BY a AS SELECT a FROM ${database}.t`,
    );
    assert.deepEqual((await findDrift(connection, [stored("t", create("t"))])).unmanaged, []);
    const { unmanaged } = await findDrift(connection, [holder(), stored("t", create("t"))]);
    assert.deepEqual(
      unmanaged.map(({ name, kind }) => [name, kind]),
      [
        [`${database}.extra`, "table"],
        [`${database}.mv`, "materializedView"],
      ],
    );
  });

  it("shows nothing of what may hold a secret where there is no embedded engine to hide it, and says that there is none", async () => {
    const bucket = (file: string): string =>
      `CREATE TABLE ${database}.s (a UInt8) ENGINE = S3('http://127.0.0.1:9/bucket/${file}', 'key', 'clear-Pa55', 'CSV')`;
    await connection.command(bucket("other.csv"));
    await connection.command(`CREATE VIEW ${database}.v AS SELECT 1 AS a`);
    const objects = [stored("s", bucket("f.csv")), stored("v", bucket("f.csv").replace(".s ", ".v "))];
    const scratch = () => Promise.reject(new Error("no engine here"));
    const drift = await findDrift(connection, objects, { scratch });
    assert.equal(drift.unchecked, "no engine here");
    assert.deepEqual(
      drift.objects.map(({ status, secret }) => [status, secret]),
      [
        ["not-compared", false],
        ["drifted", true],
      ],
    );
    assert.doesNotMatch(JSON.stringify(drift), /Pa55/);
  });

  it("says of an object in the middle of a rebuild that it is, and takes none of its helpers for unmanaged", async () => {
    await connection.command(create("t"));
    await connection.command(`INSERT INTO ${database}.t VALUES (1)`);
    const to = create("t").replace("ORDER BY a", "ORDER BY tuple()");
    const operation = newOperation();
    const beforeStatement = (sql: string): void => {
      if (/EXCHANGE TABLES .*__new_/.test(sql)) throw new Error("cut off");
    };
    await assert.rejects(rebuildTable(connection, { from: create("t"), to, operation, beforeStatement }), /cut off/);
    const drift = await findDrift(connection, [holder(), stored("t", to)]);
    assert.deepEqual(drift.unmanaged, []);
    const [, table] = drift.objects;
    assert.equal(table?.status, "drifted");
    assert.match(table?.reason ?? "", new RegExp(`^rebuild ${operation} of it is not finished`));
  });

  it("says that a database is gone, and everything in it", async () => {
    const gone = { ...holder(), key: `${database}_gone` };
    const inside = stored("t", create("t"), { key: `${database}_gone\0t` });
    const { objects } = await findDrift(connection, [gone, inside]);
    assert.deepEqual(
      objects.map(({ status }) => status),
      ["missing", "missing"],
    );
  });
});
