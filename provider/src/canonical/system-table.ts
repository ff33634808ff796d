import { type Counters, countsEvents, systemLog } from "../clickhouse/system-logs";
import type { Connection } from "../connection/connection";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import { hostable } from "./hostable";
import { isStored, standIns } from "./stand-in";

/**
 * Creates a table of the database `system` that an embedded engine lacks, such as a log: its columns, without rows.
 *
 * @param lent the server's statement.
 * @param asksServer whether the server's answer decides; without a server, log tables are assumed to exist.
 */
export async function ensureSystemTable(
  engine: Connection,
  name: string,
  lent: () => Promise<string | undefined>,
  asksServer: () => boolean,
): Promise<void> {
  const known = await engine.query("SELECT 1 FROM system.tables WHERE database = 'system' AND name = {name:String}", {
    name,
  });
  if (known.length > 0) return;
  const statement = (await lent()) ?? (asksServer() ? undefined : systemLog(name, await countersOf(engine, name)));
  const spec = statement === undefined ? undefined : parseCreate(statement);
  const local = spec && isStored(spec) ? standIns(spec).at(-1) : undefined;
  if (local !== undefined) await engine.command(hostable(local, renderCreate(local)));
}

async function countersOf(engine: Connection, name: string): Promise<Counters | undefined> {
  if (!countsEvents(name)) return undefined;
  const names = async (sql: string): Promise<string[]> =>
    (await engine.query<{ name: string }>(sql)).map((row) => row.name);
  return {
    events: await names("SELECT event AS name FROM system.events SETTINGS system_events_show_zero_values = 1"),
    metrics: await names("SELECT metric AS name FROM system.metrics"),
  };
}
