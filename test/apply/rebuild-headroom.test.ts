import assert from "node:assert/strict";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild";
import { REBUILD } from "../../provider/src/apply/rebuild/index";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { abort, resume } from "../../provider/src/operation/engine";
import { freshDatabase, sharedServer } from "../support/server";

const LIMITS = "SETTINGS parts_to_delay_insert = 40, parts_to_throw_insert = 60, max_delay_to_insert = 1";

describe("a rebuild whose table gets parts faster than they are caught up with", () => {
  let connection: Connection;
  let database: string;
  let inserted = 0;

  before(async () => {
    connection = await openConnection({ url: (await sharedServer()).url });
    database = await freshDatabase(await sharedServer());
  });

  beforeEach(async () => {
    inserted = 0;
    await connection.command(`DROP TABLE IF EXISTS ${database}.t SYNC`);
    await connection.command(create("a"));
    await insert(5);
  });

  after(async () => {
    await connection.command(`DROP DATABASE ${database} SYNC`);
    await connection.close();
  });

  const create = (key: string): string =>
    `CREATE TABLE ${database}.t\n(\n    \`a\` UInt64,\n    \`b\` UInt64\n)\nENGINE = MergeTree\nORDER BY ${key}\n${LIMITS}`;

  async function insert(parts: number): Promise<void> {
    for (let part = 0; part < parts; part += 1) {
      await connection.command(`INSERT INTO ${database}.t VALUES (${inserted}, ${inserted})`);
      inserted += 1;
    }
  }

  /** Begins a rebuild, and writes many parts as soon as merges are held back. */
  async function flooded(): Promise<string> {
    const operation = newOperation();
    let isFlooded = false;
    const beforeStatement = async (sql: string): Promise<void> => {
      if (isFlooded || !sql.includes("'fenced'")) return;
      isFlooded = true;
      await insert(38);
    };
    const step = { from: create("a"), to: create("b"), operation, beforeStatement };
    await assert.rejects(
      rebuildTable(connection, step),
      /inserts made more parts \(\d+ in a partition; the engine slows inserts from 40 on/,
    );
    return operation;
  }

  async function settings(): Promise<string> {
    const [row] = await connection.query<{ text: string }>(
      `SELECT create_table_query AS text FROM system.tables WHERE database = '${database}' AND name = 't'`,
    );
    return row?.text ?? "";
  }

  async function rows(): Promise<string> {
    const [row] = await connection.query<{ n: string; s: string }>(
      `SELECT count() AS n, sum(b) AS s FROM ${database}.t`,
    );
    return `${row?.n} ${row?.s}`;
  }

  const all = (): string => `${inserted} ${(inserted * (inserted - 1)) / 2}`;

  it("lets merges run again before the engine slows inserts, and is finished by the next run", async () => {
    const operation = await flooded();
    assert.doesNotMatch(await settings(), /max_bytes_to_merge_at/);
    await connection.command(`OPTIMIZE TABLE ${database}.t FINAL`);
    await insert(3);
    const result = await resume(REBUILD, connection, { database, operation });
    assert.equal(result.rows, inserted);
    assert.equal(await rows(), all());
    assert.match(await settings(), /ORDER BY b /);
  });

  it("can be aborted", async () => {
    const operation = await flooded();
    await abort(REBUILD, connection, { database, operation });
    assert.equal(await rows(), all());
    assert.match(await settings(), /ORDER BY a /);
  });
});
