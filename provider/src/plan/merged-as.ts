import { engineName } from "../clickhouse/engines";
import { namesIn } from "../diff/text";
import { parseType } from "../sql/query/types";
import type { TableSpec } from "../sql/spec";
import { engineColumns } from "./engine-columns";
import { plain, withoutSimple } from "./type-shape";

/**
 * The function with which merges combine a column's values in rows of one key; undefined if merges leave rows as they are, or keep
 * whole rows.
 */
export function mergedAs({ columns, storage }: TableSpec, name: string): string | undefined {
  const engine = engineName(storage.engine);
  const isSumming = engine.endsWith("SummingMergeTree");
  if (!isSumming && !engine.endsWith("AggregatingMergeTree")) return undefined;
  const type = columns.find((column) => column.name === name)?.type ?? "";
  if (namesIn(storage.orderBy).has(name)) return undefined;
  const { name: outer, args } = parseType(type);
  if (outer === "SimpleAggregateFunction" || outer === "AggregateFunction") return args[0];
  const listed = engineColumns(storage.engine);
  const isNumber = /^(?:U?Int\d+|Float\d+|Decimal|BFloat16)$/.test(parseType(withoutNull(type)).name);
  return isSumming && isNumber && (listed.size === 0 || listed.has(name)) ? "sum" : "any";
}

function withoutNull(type: string): string {
  const inner = plain(withoutSimple(type));
  return inner.startsWith("Nullable(") ? (parseType(inner).args[0] ?? inner) : inner;
}
