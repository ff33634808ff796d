import assert from "node:assert/strict";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild";
import { REBUILD } from "../../provider/src/apply/rebuild/index";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { abort, resume } from "../../provider/src/operation/engine";
import { freshDatabase, sharedServer } from "../support/server";

const LIMITS = "SETTINGS parts_to_delay_insert = 40, parts_to_throw_insert = 60, max_delay_to_insert = 1";

describe("a rebuild of a table whose merges have to be held back, and that gets many parts meanwhile", () => {
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
    await connection.command(create("(a, b)"));
    await insert(5);
  });

  after(async () => {
    await connection.command(`DROP DATABASE ${database} SYNC`);
    await connection.close();
  });

  /** Its merges keep the first of the numbers that they add up rows of. */
  const create = (key: string): string =>
    `CREATE TABLE ${database}.t\n(\n    \`a\` UInt64,\n    \`b\` UInt64,\n    \`n\` UInt64\n)\nENGINE = SummingMergeTree(n)\nORDER BY ${key}\n${LIMITS}`;

  async function insert(parts: number): Promise<void> {
    for (let part = 0; part < parts; part += 1) {
      await connection.command(`INSERT INTO ${database}.t VALUES (${inserted}, ${inserted}, 1)`);
      inserted += 1;
    }
  }

  /** A rebuild in which many parts are written as soon as merges are held back. @param times how often. */
  function step(times: number, hooks: { readonly patience?: number } = {}): Parameters<typeof rebuildTable>[1] {
    let [floods, isFlooding] = [0, false];
    const beforeStatement = async (sql: string): Promise<void> => {
      if (isFlooding || floods === times || !/'fenced', '\{/.test(sql)) return;
      floods += 1;
      isFlooding = true;
      await insert(38);
      isFlooding = false;
    };
    return { from: create("(a, b)"), to: create("(b, a)"), operation: newOperation(), beforeStatement, ...hooks };
  }

  async function givenUp(): Promise<string> {
    const flooded = step(1, { patience: 0 });
    await assert.rejects(
      rebuildTable(connection, flooded),
      /inserts made more parts \(\d+ in a partition; the engine slows inserts from 40 on/,
    );
    return flooded.operation;
  }

  async function settings(): Promise<string> {
    const [row] = await connection.query<{ text: string }>(
      `SELECT create_table_query AS text FROM system.tables WHERE database = '${database}' AND name = 't'`,
    );
    return row?.text ?? "";
  }

  async function rows(): Promise<string> {
    const [row] = await connection.query<{ count: string; s: string; every: string }>(
      `SELECT count() AS count, sum(b) AS s, sum(n) AS every FROM ${database}.t`,
    );
    return `${row?.count} ${row?.s} ${row?.every}`;
  }

  const all = (): string => `${inserted} ${(inserted * (inserted - 1)) / 2} ${inserted}`;

  it("lets merges run, and tries again until it is done", async () => {
    const result = await rebuildTable(connection, step(2));
    assert.equal(inserted, 5 + 2 * 38);
    assert.equal(result.rows, inserted);
    assert.equal(await rows(), all());
    assert.match(await settings(), /ORDER BY \(b, a\) /);
    assert.doesNotMatch(await settings(), /max_bytes_to_merge_at/);
  });

  it("lets merges run again before the engine slows inserts, and is finished by the next run", async () => {
    const operation = await givenUp();
    assert.doesNotMatch(await settings(), /max_bytes_to_merge_at/);
    await connection.command(`OPTIMIZE TABLE ${database}.t FINAL`);
    await insert(3);
    const result = await resume(REBUILD, connection, { database, operation });
    assert.equal(result.rows, inserted);
    assert.equal(await rows(), all());
    assert.match(await settings(), /ORDER BY \(b, a\) /);
  });

  it("can be aborted", async () => {
    const operation = await givenUp();
    await abort(REBUILD, connection, { database, operation });
    assert.equal(await rows(), all());
    assert.match(await settings(), /ORDER BY \(a, b\) /);
  });
});
