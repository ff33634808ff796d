import assert from "node:assert/strict";
import { newOperation, rebuildTable } from "../../provider/src/apply/rebuild";
import { operations } from "../../provider/src/cli/operations";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { freshDatabase, sharedServer } from "../support/server";

describe("clickhouse-schema operations", () => {
  let url: string;
  let connection: Connection;
  let database: string;
  let operation: string;

  before(async () => {
    ({ url } = await sharedServer());
    connection = await openConnection({ url });
  });

  beforeEach(async () => {
    database = await freshDatabase(await sharedServer());
    operation = newOperation();
    await connection.command(create("a"));
    await connection.command(`INSERT INTO ${database}.t VALUES (1, 2)`);
  });

  afterEach(() => connection.command(`DROP DATABASE ${database} SYNC`));
  after(() => connection.close());

  const create = (key: string): string =>
    `CREATE TABLE ${database}.t\n(\n    \`a\` UInt64,\n    \`b\` UInt64\n)\nENGINE = MergeTree\nORDER BY ${key}`;

  async function cutOff(): Promise<void> {
    const beforeStatement = (sql: string): void => {
      if (/EXCHANGE TABLES .*__new_/.test(sql)) throw new Error("cut off");
    };
    await assert.rejects(rebuildTable(connection, { from: create("a"), to: create("b"), operation, beforeStatement }));
  }

  async function run(options: { resume?: string; abort?: string }): Promise<{ code: number; text: string }> {
    let text = "";
    const keep = (more: string): void => {
      text += more;
    };
    const code = await operations({ url, ...options }, { out: keep, error: keep });
    return { code, text };
  }

  async function key(): Promise<string | undefined> {
    const [row] = await connection.query<{ key: string }>(
      `SELECT sorting_key AS key FROM system.tables WHERE database = '${database}' AND name = 't'`,
    );
    return row?.key;
  }

  it("shows what was cut off and the ways out", async () => {
    await cutOff();
    const { code, text } = await run({});
    assert.equal(code, 0);
    assert.match(text, new RegExp(`${operation}  rebuild of ${database}\\.t, since \\d{4}-`));
    assert.match(text, new RegExp(`--resume ${operation}, or --abort ${operation} to go back`));
  });

  it("finishes it, and shows the old table that is kept", async () => {
    await cutOff();
    const { code, text } = await run({ resume: operation });
    assert.equal(code, 0, text);
    assert.match(text, /Finished rebuild/);
    assert.equal(await key(), "b");
    assert.match(
      (await run({})).text,
      new RegExp(`t__old_${operation}  ${database}\\.t as it was, 1 row, .*; kept until \\d{4}-`),
    );
  });

  it("goes back to the old table", async () => {
    await cutOff();
    const { code, text } = await run({ abort: operation });
    assert.equal(code, 0, text);
    assert.match(text, /Aborted rebuild/);
    assert.equal(await key(), "a");
    assert.doesNotMatch((await run({})).text, new RegExp(operation));
  });

  it("says that it does not know an operation", async () => {
    const { code, text } = await run({ resume: "ffffffff" });
    assert.equal(code, 2);
    assert.match(text, /No unfinished operation is called ffffffff/);
  });
});
