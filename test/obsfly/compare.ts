import assert from "node:assert/strict";
import type { ClickHouseClient } from "@clickhouse/client";

/** Two queries that must give the same rows, and how their columns compare. */
export interface Comparison {
  /** What is compared, e.g. the read view's name. */
  name: string;
  /** The rows as readers see them. */
  seen: string;
  /** The rows as they must be, computed from the base table. */
  truth: string;
  /** Columns that name a row. */
  keys: string[];
  /** Columns that are equal. */
  equal: string[];
  /** Columns that are equal but for the order in which floats were added. */
  close?: string[];
  /** Columns from a sketch: within 1 % of the value in the truth. */
  sketch?: string[];
}

/** Fails with the first rows that differ. Returns how many rows agreed. */
export async function compare(client: ClickHouseClient, comparison: Comparison): Promise<number> {
  const { name, keys, equal, close = [], sketch = [] } = comparison;
  const columns = [...keys, ...equal, ...close, ...sketch];
  const [seen, truth] = await Promise.all([
    select(client, `SELECT ${columns.join(", ")} FROM (${comparison.seen})`),
    select(client, `SELECT ${columns.join(", ")} FROM (${comparison.truth})`),
  ]);
  const keyOf = (row: unknown[]) => JSON.stringify(row.slice(0, keys.length));
  const expected = new Map(truth.map((row) => [keyOf(row), row]));
  assert.equal(expected.size, truth.length, `${name}: the truth has a key twice`);

  const problems: string[] = [];
  for (const row of seen) {
    const key = keyOf(row);
    const wanted = expected.get(key);
    if (wanted === undefined) problems.push(`${key}: not in the truth, or twice in the view`);
    expected.delete(key);
    for (const [i, column] of columns.entries()) {
      if (wanted === undefined || i < keys.length) continue;
      const tolerance = sketch.includes(column) ? 0.01 : close.includes(column) ? 0 : undefined;
      if (agree(row[i], wanted[i], tolerance)) continue;
      problems.push(`${key} ${column}: ${JSON.stringify(row[i])}, truth ${JSON.stringify(wanted[i])}`);
    }
  }
  for (const key of expected.keys()) problems.push(`${key}: not in the view`);
  if (problems.length > 0) {
    const first = problems.slice(0, 10).join("\n  ");
    assert.fail(`${name}: ${problems.length} differences in ${truth.length} rows, the first:\n  ${first}`);
  }
  assert.ok(truth.length > 0, `${name}: the truth is empty`);
  return truth.length;
}

/** Float noise of sums in another order, and of a sketch at its edge. */
const noise = 1e-9;

function agree(seen: unknown, truth: unknown, tolerance: number | undefined): boolean {
  if (tolerance === undefined || typeof seen !== "number" || typeof truth !== "number") {
    return textOf(seen) === textOf(truth);
  }
  return Math.abs(seen - truth) <= (tolerance + noise) * Math.abs(truth) + noise;
}

/** Integers come as numbers or, where they have 64 bits, as text. */
function textOf(value: unknown): string {
  return typeof value === "number" ? String(value) : typeof value === "string" ? value : JSON.stringify(value);
}

/** Rows as arrays; 64-bit integers as text, nan as null. */
export async function select(client: ClickHouseClient, query: string): Promise<unknown[][]> {
  const result = await client.query({
    query,
    format: "JSONCompactEachRow",
    clickhouse_settings: { output_format_json_quote_64bit_integers: 1, output_format_json_quote_denormals: 0 },
  });
  return await result.json<unknown[]>();
}

/** The one value of a query. */
export async function selectValue(client: ClickHouseClient, query: string): Promise<unknown> {
  return (await select(client, query))[0]?.[0];
}
