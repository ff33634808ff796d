import type { StorageSpec } from "../spec";
import { renderSettings } from "./columns";

/** The storage clauses, one per line, in the engine's order, each with the line break before it. */
export function renderStorage(storage: StorageSpec): string {
  const clauses: readonly (readonly [string, string | undefined])[] = [
    ["ENGINE =", storage.engine],
    ["PARTITION BY", storage.partitionBy],
    ["PRIMARY KEY", storage.primaryKey],
    ["ORDER BY", storage.orderBy],
    ["SAMPLE BY", storage.sampleBy],
    ["TTL", storage.ttl],
    ["SETTINGS", storage.settings.length > 0 ? renderSettings(storage.settings) : undefined],
  ];
  return clauses.map(([keyword, text]) => (text === undefined ? "" : `\n${keyword} ${text}`)).join("");
}
