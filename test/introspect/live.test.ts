import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { ServerCatalog } from "../../provider/src/introspect/server-catalog";
import { objectKey } from "../../provider/src/sql/object-key";
import { freshDatabase, sharedServer } from "../support/server";

describe("what exists on the server, while others change it", () => {
  let connection: Connection;
  let database: string;

  before(async () => {
    const server = await sharedServer();
    connection = await openConnection({ url: server.url });
    database = await freshDatabase(server);
  });
  after(() => connection.close());

  /** Has read the lists of the database. */
  async function live(): Promise<ServerCatalog> {
    const one = new ServerCatalog(async () => connection);
    assert.equal(await one.find(objectKey(database, "not_there")), undefined);
    return one;
  }

  it("finds a table that was created after the lists were read", async () => {
    const one = await live();
    await connection.command(`CREATE TABLE ${database}.late (a UInt8) ENGINE = MergeTree ORDER BY a`);
    assert.equal((await one.find(objectKey(database, "late")))?.engine, "MergeTree");
  });

  it("finds a database, and a table in it, that were created after the lists were read", async () => {
    const one = await live();
    const other = `${database}_late`;
    await connection.command(`CREATE DATABASE ${other}`);
    await connection.command(`CREATE TABLE ${other}.t (a UInt8) ENGINE = MergeTree ORDER BY a`);
    try {
      assert.equal((await one.find(objectKey(other, "t")))?.engine, "MergeTree");
      assert.equal((await one.find(objectKey(other)))?.engine, "Atomic");
      const third = await live();
      assert.equal((await third.find(objectKey(other)))?.engine, "Atomic");
    } finally {
      await connection.command(`DROP DATABASE ${other} SYNC`);
    }
  });

  it("says that a table is gone which was dropped between the question whether it exists and the list", async () => {
    const key = objectKey(database, "short");
    const dropping: Connection = Object.create(connection, {
      url: { value: connection.url },
      query: {
        value: async (sql: string, params?: Record<string, unknown>) => {
          const rows = await connection.query(sql, params as never);
          if (sql.startsWith("EXISTS TABLE")) await connection.command(`DROP TABLE IF EXISTS ${database}.short SYNC`);
          return rows;
        },
      },
    });
    const one = new ServerCatalog(async () => dropping);
    await one.find(objectKey(database, "not_there"));
    await connection.command(`CREATE TABLE ${database}.short (a UInt8) ENGINE = MergeTree ORDER BY a`);
    assert.equal(await one.find(key), undefined);
  });
});
