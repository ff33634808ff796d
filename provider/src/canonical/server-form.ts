import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { kindOf } from "../kinds";
import { withoutGranularity } from "../sql/granularity";
import { quoteIdentifier } from "../sql/identifiers";
import { isAccess } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import { renderColumn } from "../sql/render/columns";
import type { ColumnSpec, ObjectSpec, StorageSpec, TableSpec } from "../sql/spec";
import { normalizeShown } from "./normal-form";
import { outsideFunction } from "./outside-calls";
import { isStored } from "./stand-in";

/**
 * A normalised spelling of an object without an engine of our own: from the server's parser and its reading of a column list, without
 * what every server adds. Nothing is created. Up to three queries.
 */
export async function serverForm(server: Connection, spec: ObjectSpec): Promise<ObjectSpec> {
  if (kindOf(spec.kind).scope === "itself" || isAccess(spec)) return spec;
  const parsed = await formatted(server, spec);
  if (!("columns" in parsed)) return normalizeShown(parsed);
  const columns = isUnlisted(parsed)
    ? await readQuery(server, parsed.query)
    : await readColumns(server, parsed.columns);
  const read = columns === undefined ? parsed : await formatted(server, { ...parsed, columns } as ObjectSpec);
  return withoutDefaults(normalizeShown(read));
}

/** In the layout and spelling of the server's parser. */
async function formatted(server: Connection, spec: ObjectSpec): Promise<ObjectSpec> {
  const [row] = await server.query<{ text: string }>("SELECT formatQuery({sql:String}) AS text", {
    sql: renderCreate(spec),
  });
  return parseCreate(row?.text ?? renderCreate(spec));
}

/** A view whose columns come from the query; the server writes them out. */
function isUnlisted(spec: ObjectSpec): spec is Extract<ObjectSpec, { query: string }> {
  return "query" in spec && spec.columns.length === 0;
}

/** Undefined if the server does not know yet, or would have to query another server. */
async function readQuery(server: Connection, query: string): Promise<ColumnSpec[] | undefined> {
  if (outsideFunction(query) !== undefined) return undefined;
  return describe(server, `DESCRIBE (${query})`, {}, []);
}

interface ColumnRow {
  readonly name: string;
  readonly type: string;
  readonly default_type: string;
  readonly default_expression: string;
  readonly comment: string;
  readonly codec_expression: string;
  readonly ttl_expression: string;
}

/** Types without aliases, defaults with a type: the server parses the list as a table function's. Undefined if that is not permitted. */
async function readColumns(server: Connection, columns: readonly ColumnSpec[]): Promise<ColumnSpec[] | undefined> {
  if (columns.length === 0) return undefined;
  // Statistics, keys and settings are not parsed here, and stay as written.
  const structure = columns.map(({ statistics: _, primaryKey: __, settings: ___, ...column }) => renderColumn(column));
  return describe(server, "DESCRIBE TABLE `null`({structure:String})", { structure: structure.join(", ") }, columns);
}

async function describe(
  server: Connection,
  sql: string,
  params: Readonly<Record<string, string>>,
  columns: readonly ColumnSpec[],
): Promise<ColumnSpec[] | undefined> {
  try {
    const rows = await server.query<ColumnRow>(sql, params);
    const written = new Map(columns.map((column) => [column.name, column]));
    return rows.map((row) => columnOf(row, written.get(row.name)));
  } catch (error) {
    if (error instanceof ServerError) return undefined;
    throw error;
  }
}

function columnOf(row: ColumnRow, written: ColumnSpec | undefined): ColumnSpec {
  const { statistics, primaryKey, settings } = written ?? {};
  const kind = row.default_type as NonNullable<ColumnSpec["default"]>["kind"] | "";
  return {
    name: row.name,
    type: row.type,
    ...(kind !== "" && { default: { kind, expression: row.default_expression } }),
    ...(row.comment !== "" && { comment: row.comment }),
    ...(row.codec_expression !== "" && { codec: row.codec_expression }),
    ...(statistics !== undefined && { statistics }),
    ...(row.ttl_expression !== "" && { ttl: row.ttl_expression }),
    ...(primaryKey !== undefined && { primaryKey }),
    ...(settings !== undefined && { settings }),
  };
}

/** Leaves out what the server adds by itself: the engine, the granularity, a key that a column names. */
function withoutDefaults(spec: ObjectSpec): ObjectSpec {
  if (!isStored(spec) || spec.storage === undefined) return spec;
  const storage = withoutGranularity({ ...spec.storage, engine: spec.storage.engine ?? "MergeTree" });
  return spec.kind === "table" ? withKey({ ...spec, storage }) : { ...spec, storage };
}

function withKey(table: TableSpec): TableSpec {
  const keys = table.columns.filter(({ primaryKey }) => primaryKey).map(({ name }) => quoteIdentifier(name));
  const {
    primaryKey = keys.length > 1 ? `(${keys.join(", ")})` : keys[0],
    orderBy = primaryKey,
    ...rest
  } = table.storage;
  const isOwn = primaryKey !== undefined && primaryKey !== orderBy;
  const storage: StorageSpec = { ...rest, ...(isOwn && { primaryKey }), ...(orderBy !== undefined && { orderBy }) };
  return { ...table, storage, columns: table.columns.map(({ primaryKey: _, ...column }) => column) };
}
