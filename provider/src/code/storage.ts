import { plainEngine } from "../clickhouse/engines";
import {
  atWords,
  type Cursor,
  createCursor,
  isAtEnd,
  peek,
  skipElement,
  sliceTokens,
  takeGroup,
  takeRest,
  takeWords,
} from "../sql/cursor";
import { splitArguments } from "../sql/fragments";
import { defaultGranularity, withoutGranularity } from "../sql/granularity";
import { takeSettings } from "../sql/parse/storage";
import type { ConstraintSpec, IndexSpec, ProjectionSpec, StorageSpec } from "../sql/spec";
import { settingArguments } from "./settings";
import { query, sql } from "./text";
import type { Sql, Value, ValueMap } from "./value";

/** Engine, keys, TTL and settings. */
export function storageArguments(storage: StorageSpec): ValueMap {
  const { engine, partitionBy, primaryKey, orderBy, sampleBy, ttl } = storage;
  return {
    engine: engine === undefined || engine === "MergeTree" ? undefined : sql(plainEngine(engine)),
    partitionBy: partitionBy === undefined ? undefined : keyArgument(partitionBy),
    primaryKey: primaryKey === undefined ? undefined : keyArgument(primaryKey),
    orderBy: orderBy === undefined ? undefined : keyArgument(orderBy, true),
    sampleBy: sampleBy === undefined ? undefined : sql(sampleBy),
    ttl: ttl === undefined ? undefined : ttlArgument(ttl),
    settings: settingArguments(withoutGranularity(storage).settings),
  };
}

/** A tuple as a list; one expression as a list only if `listed`. */
function keyArgument(text: string, listed = false): Value {
  if (text === "tuple()") return [];
  const parts = text.startsWith("(") && text.endsWith(")") ? splitArguments(text.slice(1, -1)) : [];
  if (parts.length > 1 && `(${parts.join(", ")})` === text) return parts.map(sql);
  return listed && splitArguments(text).length === 1 ? [sql(text)] : sql(text);
}

/** One TTL as a string, several as a list; `GROUP BY … SET` contains commas too. */
function ttlArgument(text: string): Value {
  const parts = splitArguments(text);
  const isList = parts.length > 1 && !/\b(?:GROUP BY|SET)\b/.test(text) && parts.join(", ") === text;
  return isList ? parts.map(sql) : sql(text);
}

/** A data skipping index. */
export function indexArguments({ name, expression, type, granularity }: IndexSpec): ValueMap {
  const own = granularity === defaultGranularity(type) ? undefined : granularity;
  return { name, expression: sql(expression), type, granularity: own };
}

/** A projection: a query, or an index. */
export function projectionArguments({ name, body }: ProjectionSpec): ValueMap {
  const cursor = createCursor(body);
  const isQuery = peek(cursor)?.text === "(";
  const text = isQuery ? takeRest(takeGroup(cursor, "the name")) : "";
  const index = takeWords(cursor, "INDEX") ? takeUntil(cursor, "TYPE") : undefined;
  const type = takeWords(cursor, "TYPE") ? takeUntil(cursor, "WITH") : undefined;
  const settings = takeWords(cursor, "WITH", "SETTINGS") ? takeSettings(takeGroup(cursor, "SETTINGS")) : [];
  return {
    name,
    query: isQuery ? query(text, 8) : undefined,
    index: index === undefined ? undefined : sql(index),
    type,
    settings: settingArguments(settings),
  };
}

/** The text up to a word outside brackets. */
function takeUntil(cursor: Cursor, word: string): string {
  const from = cursor.position;
  while (!isAtEnd(cursor) && !atWords(cursor, word)) skipElement(cursor);
  return sliceTokens(cursor, from, cursor.position);
}

/** A constraint. */
export function constraintArguments({ name, kind, expression }: ConstraintSpec): Record<string, string | Sql> {
  return { name, [kind === "CHECK" ? "check" : "assume"]: sql(expression) };
}
