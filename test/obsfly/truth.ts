import assert from "node:assert/strict";
import { type ClickHouseClient, createClient } from "@clickhouse/client";
import { type GenerateOptions, generate } from "../../examples/obsfly/load/generate";
import { refreshView } from "../support/refresh";
import { compare, select, selectValue } from "./compare";
import { dependencies, truths } from "./truths";

/** Tables of the ObsFly schema, as `database.table`. */
export const baseTables = ["logs.logs_v1", "metrics.metrics_v1", "traces.traces_v1", "profiles.profiling_v1"];
export const rollups = [
  "logs.log_volume",
  "logs.log_patterns",
  "metrics.metrics_hourly",
  "metrics.service_performance",
  "metrics.node_resources",
  "metrics.data_ingestion",
  "traces.trace_latency",
  "traces.service_dependencies",
  "profiles.profile_samples",
];

/** What a run found, for any caller. */
export interface Report {
  /** Rows by base table. */
  rows: Record<string, number>;
  /** Rows compared by read view. */
  compared: Record<string, number>;
}

/** Six hours that end a minute before `now`, in six inserts a signal, each with a share of every bucket, every second one backwards. */
function rowsUntil(now: number): GenerateOptions {
  const end = (now - 60) * 1000;
  return { seed: 1, rows: 210_000, start: end - 6 * 3_600_000, end, batch: 50_000, passes: 6 };
}

/**
 * Fills the base tables of an existing, empty ObsFly schema and compares every read view with the truth: before merges,
 * and after all of them. `now` in seconds decides the rows.
 */
export async function loadAndCompare(
  connection: { url: string },
  now = Math.floor(Date.now() / 1000),
): Promise<Report> {
  const client = createClient({ url: connection.url });
  try {
    await eachTable(client, rollups, "SYSTEM STOP MERGES");
    let isDrawn = false;
    for (const { table, rows, exporter } of generate(rowsUntil(now))) {
      // The map of services is drawn before the called service has sent anything, too: from what its callers say.
      if (exporter === "payments" && !isDrawn) {
        isDrawn = true;
        await refreshDependencies(client);
        await compare(client, dependencies(openHours()));
      }
      await client.insert({ table, values: rows, format: "JSONEachRow" });
    }
    await refreshDependencies(client);
    // No refresh on schedule from here on: it would add a part.
    await client.command({ query: "SYSTEM STOP VIEW traces.service_dependencies_mv" });

    await assertUnmerged(client);
    await compareAll(client);
    await eachTable(client, rollups, "SYSTEM START MERGES");
    await eachTable(client, [...baseTables, ...rollups], "OPTIMIZE TABLE", "FINAL");
    await assertMerged(client);
    const compared = await compareAll(client);
    await client.command({ query: "SYSTEM START VIEW traces.service_dependencies_mv" });

    const rows: Record<string, number> = {};
    for (const table of baseTables) rows[table] = Number(await selectValue(client, `SELECT count() FROM ${table}`));
    return { rows, compared };
  } finally {
    await client.close();
  }
}

/**
 * Compares every read view with the truth. @returns rows by read view.
 *
 * @param isSpread whether the truth is in the base tables of all shards of a cluster.
 */
export async function compareAll(client: ClickHouseClient, isSpread = false): Promise<Record<string, number>> {
  const compared: Record<string, number> = {};
  const tables = new RegExp(`\\b(?:${baseTables.join("|")})\\b`, "g");
  for (const comparison of [...truths, dependencies(openHours())]) {
    const [seen, truth] = [comparison.seen, comparison.truth].map((query) =>
      isSpread ? query.replace(tables, "$&_all") : query,
    ) as [string, string];
    compared[comparison.name] = await compare(client, { ...comparison, seen, truth });
  }
  return compared;
}

/** Where the window of the map begins. */
const openHours = () => (Math.floor(Date.now() / 3_600_000) - 2) * 3600;

/** Draws the map of services again, from what is there now. */
export function refreshDependencies(client: ClickHouseClient): Promise<void> {
  const ask = async (sql: string): Promise<string[]> => ((await select(client, sql))[0] ?? []) as string[];
  const run = (query: string): Promise<unknown> => client.command({ query });
  return refreshView({ ask, run }, "traces.service_dependencies_mv");
}

/** The comparison before merges is worth something only if there is something to merge. */
async function assertUnmerged(client: ClickHouseClient): Promise<void> {
  for (const table of rollups) {
    const [stored, merged] = (
      await select(client, `SELECT (SELECT count() FROM ${table}), (SELECT count() FROM ${table} FINAL)`)
    )[0] as [string, string];
    assert.ok(Number(stored) > Number(merged), `${table}: ${stored} rows stored, ${merged} after a merge`);
  }
}

async function assertMerged(client: ClickHouseClient): Promise<void> {
  const parts = `
    SELECT concat(database, '.', table) AS name, partition FROM system.parts
    WHERE active AND name IN (${rollups.map((table) => `'${table}'`).join(", ")})
    GROUP BY name, partition HAVING count() > 1`;
  assert.deepEqual(await select(client, parts), []);
}

/** One statement a table. */
export async function eachTable(client: ClickHouseClient, tables: string[], verb: string, suffix = ""): Promise<void> {
  for (const table of tables) await client.command({ query: `${verb} ${table} ${suffix}` });
}
