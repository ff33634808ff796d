import { isMergeTreeFamily } from "../clickhouse/engines";
import type { ServerError } from "../connection/errors";
import type { ColumnSpec, ObjectSpec, StorageSpec, TableSpec } from "../sql/spec";

/** An argument that the engine refuses. */
export interface Culprit {
  /** As in a program: `columns.price.codec`, `indexes.by_kind`, `orderBy`. */
  readonly path: string;
  /** Its SQL. */
  readonly value: string;
  readonly error: ServerError;
}

/** Most pieces that are tried: each is a CREATE on the embedded engine. */
const MOST = 300;

interface Piece {
  readonly path: string;
  readonly value: string;
  readonly spec: TableSpec;
}

/**
 * Which arguments of a refused table are wrong: those that the engine also refuses when nothing else can be wrong.
 *
 * @param tries creates a table on the embedded engine, and returns the refusal.
 * @returns none if every piece passes on its own, or the refusal is of another kind.
 */
export async function culpritsOf(
  spec: ObjectSpec,
  refusal: ServerError,
  tries: (spec: TableSpec) => Promise<ServerError | undefined>,
): Promise<Culprit[]> {
  if (spec.kind !== "table" || spec.as !== undefined) return [];
  const types = await refused(typesOf(spec), tries);
  const found = types.length > 0 ? types : await refused(clausesOf(spec), tries);
  return found.some(({ error }) => error.code === refusal.code) ? found : [];
}

async function refused(
  pieces: readonly Piece[],
  tries: (spec: TableSpec) => Promise<ServerError | undefined>,
): Promise<Culprit[]> {
  const found: Culprit[] = [];
  for (const { path, value, spec } of pieces.slice(0, MOST)) {
    const error = await tries(spec);
    if (error !== undefined) found.push({ path, value, error });
  }
  return found;
}

const PLAIN: StorageSpec = { engine: "MergeTree", orderBy: "tuple()", settings: [] };

/** Each column with nothing but its type. */
function typesOf(spec: TableSpec): Piece[] {
  return spec.columns.flatMap((column) =>
    column.type === undefined
      ? []
      : [{ path: `columns.${column.name}`, value: column.type, spec: bare(spec, [bareColumn(column)]) }],
  );
}

/** All columns with their types, and one clause of a column or of the table. */
function clausesOf(spec: TableSpec): Piece[] {
  const { constraints, indexes, projections, storage } = spec;
  const columns = spec.columns.map(bareColumn);
  const table = (more: Partial<TableSpec>): TableSpec => ({ ...bare(spec, columns), ...more });
  const stored = (more: Partial<StorageSpec>): TableSpec => table({ storage: { ...PLAIN, ...more } });
  const piece = (path: string, value: string | undefined, made: TableSpec): Piece[] =>
    value === undefined ? [] : [{ path, value, spec: made }];
  const ofColumns = spec.columns.flatMap((column, index) => {
    const others = (clause: Partial<ColumnSpec>): TableSpec =>
      table({ columns: columns.map((one, at) => (at === index ? { ...one, ...clause } : one)) });
    const { codec, default: value, name, settings, statistics, ttl } = column;
    const at = `columns.${name}`;
    return [
      ...(value === undefined
        ? []
        : piece(`${at}.${value.kind.toLowerCase()}`, value.expression, others({ default: value }))),
      ...(codec === undefined ? [] : piece(`${at}.codec`, codec, others({ codec }))),
      ...(statistics === undefined ? [] : piece(`${at}.statistics`, statistics, others({ statistics }))),
      ...(ttl === undefined ? [] : piece(`${at}.ttl`, ttl, others({ ttl }))),
      ...(settings ?? []).flatMap((one) => piece(`${at}.settings.${one.name}`, one.value, others({ settings: [one] }))),
    ];
  });
  const keys = { ...(storage.orderBy !== undefined && { orderBy: storage.orderBy }) };
  const { engine = "MergeTree", orderBy, partitionBy, primaryKey, sampleBy, ttl } = storage;
  const engineAlone: StorageSpec = isMergeTreeFamily(engine) ? { ...PLAIN, engine } : { engine, settings: [] };
  return [
    ...ofColumns,
    ...indexes.flatMap((one) =>
      piece(`indexes.${one.name}`, `${one.expression} TYPE ${one.type}`, table({ indexes: [one] })),
    ),
    ...projections.flatMap((one) => piece(`projections.${one.name}`, one.body, table({ projections: [one] }))),
    ...constraints.flatMap((one) => piece(`constraints.${one.name}`, one.expression, table({ constraints: [one] }))),
    ...piece("engine", engine, table({ storage: engineAlone })),
    ...piece("orderBy", orderBy, stored({ ...keys })),
    ...(primaryKey === undefined ? [] : piece("primaryKey", primaryKey, stored({ ...keys, primaryKey }))),
    ...(partitionBy === undefined ? [] : piece("partitionBy", partitionBy, stored({ partitionBy }))),
    ...(sampleBy === undefined ? [] : piece("sampleBy", sampleBy, stored({ ...keys, sampleBy }))),
    ...(ttl === undefined ? [] : piece("ttl", ttl, stored({ ttl }))),
    ...storage.settings.flatMap((one) => piece(`settings.${one.name}`, one.value, stored({ settings: [one] }))),
  ];
}

function bare({ database, name }: TableSpec, columns: readonly ColumnSpec[]): TableSpec {
  const nothing = { indexes: [], constraints: [], projections: [] };
  return { kind: "table", database, name, columns, ...nothing, storage: PLAIN };
}

/** Without a type, the default determines it. */
function bareColumn({ name, type, default: value }: ColumnSpec): ColumnSpec {
  return type === undefined ? { name, ...(value && { default: value }) } : { name, type };
}
