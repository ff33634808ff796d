import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { introspectServer } from "../../provider/src/introspect/server";
import { quotedName } from "../../provider/src/sql/object-key";
import { LIMITED, startServer, type TestServer, USERS_XML } from "../support/server";

const TABLE = "(a UInt8) ENGINE = MergeTree ORDER BY a";

describe("introspection of a server", function () {
  this.timeout(60_000);
  let server: TestServer;
  let connection: Connection;

  before(async () => {
    const rights = "<access_management>1</access_management>";
    const users = USERS_XML.replace(rights, `${rights}<named_collection_control>1</named_collection_control>`);
    server = await startServer({ users });
    connection = await openConnection({ url: server.url });
    for (const statement of [
      "CREATE DATABASE shop COMMENT 'it''s one'",
      "CREATE DATABASE empty",
      "CREATE DATABASE memory ENGINE = Memory",
      `CREATE TABLE shop.orders ${TABLE}`,
      `CREATE TABLE shop.\`odd.name\` ${TABLE}`,
      "CREATE MATERIALIZED VIEW shop.inner_mv ENGINE = MergeTree ORDER BY a AS SELECT a FROM shop.orders",
      "CREATE VIEW shop.seen AS SELECT a FROM shop.orders",
      "CREATE DICTIONARY shop.names (id UInt64, name String) PRIMARY KEY id SOURCE(NULL()) LIFETIME(60) LAYOUT(FLAT())",
      "CREATE FUNCTION plus_two AS (x) -> x + 2",
      "CREATE NAMED COLLECTION bucket AS url = 'https://bucket.example', secret_access_key = 'the-secret'",
      // What rebuilds leave, as the journal knows it, and a table of the user's that only looks like it.
      "CREATE TABLE shop._schema_ops (op String, key String, value String, ver UInt64) ENGINE = ReplacingMergeTree(ver) ORDER BY (op, key)",
      "INSERT INTO shop._schema_ops VALUES ('a0000001', 'plan', '{}', 1)",
      `CREATE TABLE shop.orders__old_a0000001 ${TABLE}`,
      `CREATE TABLE shop.orders__old_b0000002 ${TABLE}`,
    ])
      await connection.command(statement);
  });

  after(async () => {
    await connection?.close();
    await server?.stop();
  });

  const names = (objects: readonly { readonly key: string }[]): string[] => objects.map(({ key }) => quotedName(key));

  it("finds the user's objects, and not the server's, inner tables or working tables", async () => {
    const { managed, unmanaged } = await introspectServer(connection);
    assert.deepEqual(names(managed), [
      "plus_two",
      "default",
      "empty",
      "memory",
      "shop",
      "shop.inner_mv",
      "shop.names",
      "shop.`odd.name`",
      "shop.orders",
      "shop.orders__old_b0000002",
      "shop.seen",
    ]);
    const [database] = managed.filter(({ key }) => key === "shop");
    assert.deepEqual(database?.spec, { kind: "database", name: "shop", engine: "Atomic", comment: "it's one" });
    assert.deepEqual(
      unmanaged.map(({ kind, key, statement }) => [
        kind,
        key.split("\0")[1],
        statement.split(" ").slice(0, 2).join(" "),
      ]),
      [["named collection", "bucket", ""]],
    );
  });

  it("names named collections to whom the server shows them, without a value", async () => {
    const { unmanaged } = await introspectServer(connection);
    assert.doesNotMatch(JSON.stringify(unmanaged), /the-secret|bucket\.example/);
    const limited = await openConnection({ url: server.url, ...LIMITED });
    try {
      const seen = await introspectServer(limited);
      assert.ok(seen.unmanaged.every(({ kind }) => kind !== "named collection"));
    } finally {
      await limited.close();
    }
  });

  it("takes what a selection means", async () => {
    const found = async (selection: object) => names((await introspectServer(connection, selection)).managed);
    assert.deepEqual(await found({ databases: ["empty"] }), ["empty"]);
    assert.deepEqual(await found({ include: ["shop.o*s"] }), ["shop", "shop.orders"]);
    assert.deepEqual(await found({ include: ["*.odd.nam?"] }), ["shop", "shop.`odd.name`"]);
    assert.deepEqual(await found({ include: ["shop.*"], exclude: ["shop.orders*", "shop.i*", "*.odd*"] }), [
      "shop",
      "shop.names",
      "shop.seen",
    ]);
    assert.deepEqual(await found({ exclude: ["shop.*"] }), ["plus_two", "default", "empty", "memory"]);
    await assert.rejects(introspectServer(connection, { databases: ["shop", "nowhere"] }), {
      message: /^database nowhere: is not on .*found default, empty, memory, shop$/,
    });
  });

  it("asks a handful of questions, however many objects there are", async () => {
    const count = async (): Promise<number> => {
      let asked = 0;
      const counting: Connection = {
        ...connection,
        query: (sql, params) => {
          asked++;
          return connection.query(sql, params);
        },
      };
      await introspectServer(counting);
      return asked;
    };
    const before = await count();
    assert.equal(before, 6, "databases, functions, named collections, names, tables, and one journal");
    await connection.command("CREATE DATABASE many");
    const names = Array.from({ length: 1200 }, (_, index) => `t${index}`);
    while (names.length > 0) {
      const some = names.splice(0, 8).map((name) => connection.command(`CREATE TABLE many.${name} ${TABLE}`));
      await Promise.all(some);
    }
    assert.equal(await count(), before);
    const { managed } = await introspectServer(connection, { databases: ["many"] });
    assert.equal(managed.length, 1201);
  });
});
