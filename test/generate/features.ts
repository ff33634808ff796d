import type { ColumnSpec, ObjectSpec, StorageSpec } from "../../provider/src/sql/spec";

/** Families of types, by a word that only they have. */
const TYPES =
  /\b(?:AggregateFunction|SimpleAggregateFunction|Array|BFloat16|Bool|Date|Date32|DateTime|DateTime64|Decimal|Dynamic|Enum8|Enum16|FixedString|Float32|Float64|Geometry|IPv4|IPv6|U?Int\d+|Interval\w+|JSON|LowCardinality|LineString|Map|Multi\w+|Nested|Nothing|Nullable|Object|Point|Polygon|QBit|Ring|String|Time|Time64|Tuple|UUID|Variant)\b/g;

/** What of the language an object uses, e.g. `index minmax`, `column ttl`. */
export function featuresOf(spec: ObjectSpec): string[] {
  if (spec.kind === "sqlFunction") return ["function"];
  if (spec.kind === "dictionary") return withComment(spec, [`dictionary ${/^\w+/.exec(spec.layout)?.[0]}`]);
  if (spec.kind === "database") return withComment(spec, [`database ${spec.engine ?? ""}`]);
  if (!("database" in spec)) return [spec.kind];
  const found = spec.columns.flatMap(columnFeatures);
  if ("query" in spec) {
    found.push(...viewFeatures(spec));
    if (spec.columns.length > 0) found.push("view columns");
  }
  if (spec.kind !== "view") {
    found.push(...spec.indexes.map(({ type }) => `index ${/\w+/.exec(type)?.[0]}`));
    found.push(...spec.projections.map(({ body }) => `projection ${body.startsWith("(") ? "of a query" : "index"}`));
    found.push(...spec.constraints.map(({ kind }) => `constraint ${kind.toLowerCase()}`));
    if (spec.storage !== undefined) found.push(...storageFeatures(spec.storage));
  }
  if (spec.kind === "table" && spec.as !== undefined) found.push("as a table function");
  const names = [spec.database, spec.name, ...spec.columns.map(({ name }) => name)];
  if (names.some((name) => !/^\w+$/.test(name))) found.push("odd names");
  return withComment(spec, found);
}

function withComment({ comment }: { readonly comment?: string }, found: readonly string[]): string[] {
  return [...new Set([...found, ...(comment === undefined ? [] : ["comment"])])];
}

function columnFeatures(column: ColumnSpec): string[] {
  const found = [...(column.type ?? "").matchAll(TYPES)].map(([type]) => `type ${type}`);
  if (column.default !== undefined) found.push(`column ${column.default.kind.toLowerCase()}`);
  if (column.codec !== undefined) found.push(...codecsIn(column.codec));
  for (const key of ["statistics", "ttl", "comment", "settings"] as const)
    if (column[key] !== undefined) found.push(`column ${key}`);
  return found;
}

function codecsIn(codec: string): string[] {
  return [...codec.replace(/\([^()]*\)/g, "").matchAll(/\w+/g)].map(([name]) => `codec ${name}`);
}

function storageFeatures({ partitionBy, primaryKey, sampleBy, orderBy, ttl, settings }: StorageSpec): string[] {
  const found: string[] = [];
  if (partitionBy !== undefined) found.push("partition by");
  if (primaryKey !== undefined) found.push("primary key");
  if (sampleBy !== undefined) found.push("sample by");
  if (/\bDESC\b/.test(orderBy ?? "")) found.push("order by descending");
  if (settings.some(({ name }) => name !== "index_granularity")) found.push("settings");
  if (ttl !== undefined) {
    const forms = ["DELETE", "GROUP BY", "TO DISK", "TO VOLUME", "RECOMPRESS", "WHERE"];
    found.push("ttl", ...forms.filter((form) => ttl.includes(form)).map((form) => `ttl ${form.toLowerCase()}`));
  }
  return found;
}

function viewFeatures(spec: Extract<ObjectSpec, { readonly query: string }>): string[] {
  const found: string[] = [];
  if (/\{\w+:/.test(spec.query)) found.push("query parameters");
  if (spec.security?.definer !== undefined) found.push("definer");
  if (spec.security?.sqlSecurity !== undefined) found.push(`sql security ${spec.security.sqlSecurity.toLowerCase()}`);
  if (spec.kind !== "materializedView") return found;
  found.push(spec.to === undefined ? "inner table" : "target");
  const { refresh } = spec;
  if (refresh === undefined) return found;
  const forms = ["EVERY", "AFTER", "OFFSET", "RANDOMIZE", "DEPENDS", "SETTINGS", "APPEND"];
  return [...found, ...forms.filter((form) => refresh.includes(form)).map((form) => `refresh ${form.toLowerCase()}`)];
}
