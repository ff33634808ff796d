import assert from "node:assert/strict";
import type { Connection, ConnectionOptions } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";

/** Works on a server manually, beside Pulumi. */
export async function byHand<T>(
  target: string | ConnectionOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await openConnection(typeof target === "string" ? { url: target } : target);
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** Runs statements manually, one after the other. */
export function run(target: string | ConnectionOptions, ...statements: string[]): Promise<void> {
  return byHand(target, async (connection) => {
    for (const statement of statements) await connection.command(statement);
  });
}

/** Names of tables and views in a database, sorted, without the engine's own inner tables. */
export function namesIn(target: string | ConnectionOptions, database: string): Promise<string[]> {
  return byHand(target, async (connection) => {
    const rows = await connection.query<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = {database:String} AND name NOT LIKE '.inner%' ORDER BY name",
      { database },
    );
    return rows.map((row) => row.name);
  });
}

/** Identity of every object in a database, by name: an object that was dropped and made again has another. */
export function identities(target: string | ConnectionOptions, database: string): Promise<Record<string, string>> {
  return byHand(target, async (connection) => {
    const rows = await connection.query<{ name: string; uuid: string }>(
      "SELECT name, toString(uuid) AS uuid FROM system.tables WHERE database = {database:String} ORDER BY name",
      { database },
    );
    return Object.fromEntries(rows.map((row) => [row.name, row.uuid]));
  });
}

/** How many rows a query gives. */
export function countOf(target: string | ConnectionOptions, table: string): Promise<number> {
  return byHand(target, async (connection) => {
    const [row] = await connection.query<{ n: string }>(`SELECT count() AS n FROM ${table}`);
    return Number(row?.n);
  });
}

/** Users read messages, not stack traces, and no value printed by accident. */
export function assertPresentable(text: string): void {
  assert.doesNotMatch(text, /^\s*at .*(?:\.[cm]?[jt]s:\d+|node:internal)/m, "a stack trace is shown");
  assert.doesNotMatch(text, /\[object Object\]|\bundefined\b|04da6b54-80e4/, "an internal value is shown");
}
