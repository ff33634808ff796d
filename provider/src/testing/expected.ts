import { backtick } from "../sql/identifiers";
import { quotedName } from "../sql/object-key";
import type { Bed, Column } from "./bed";
import type { Expected } from "./compare-rows";
import { explained, insertRows, namedColumns, type Rows, rowsOf } from "./rows";
import type { Expectation, Place, Row } from "./test";

/** Rows that were expected, as the engine prints them in the types of what is read. */
export interface ExpectedRows {
  readonly rows: readonly Expected[];
  /** All columns that are compared. */
  readonly names: readonly string[];
  readonly toleranceOf: (column: string) => number;
  /** The query for what was found. */
  readonly query: string;
  /** The test's own words for it. */
  readonly shown: string;
}

const EXPECTED = "_schema_expected";
/** Floats are added in another order by every merge. */
const TOLERANCE = 1e-9;
/** What a Float32 holds. */
const TOLERANCE_32 = 1e-6;

/**
 * Reads what a test expects. Its values pass through a table with the types of what is read, so that `1.50` and `1.5`, or two spellings of
 * a time, are the same.
 *
 * @throws {SchemaError} for a column that there is none of, or a value that is none of its type.
 */
export async function expectationOf(
  bed: Bed,
  expectation: Expectation,
  key: string | undefined,
  path: string,
  place: Place,
): Promise<ExpectedRows> {
  const source = await sourceOf(bed, expectation, key, path);
  const subject = { path, name: key === undefined ? "the query" : quotedName(key), columns: source.columns };
  const given = rowsOf(expectation, path, place);
  const rows: Rows = given.kind === "sql" ? { ...given, query: bed.atMoment(given.query) } : given;
  const named = await namedColumns(bed.engine, rows, subject);
  const names = named.length > 0 ? named : source.columns.map(({ name }) => name);
  const types = new Map(source.columns.map(({ name, type }) => [name, type]));
  const columns = names.map((name) => `${backtick(name)} ${types.get(name)}`).join(", ");
  await bed.engine.command(`DROP TABLE IF EXISTS ${EXPECTED}`);
  await explained(path, () => bed.engine.command(`CREATE TEMPORARY TABLE ${EXPECTED} (${columns}) ENGINE = Memory`));
  await insertRows(bed.engine, EXPECTED, rows, names, subject);
  const typed = await bed.engine.query<Row>(`SELECT * FROM ${EXPECTED}`);
  const list = names.map(backtick).join(", ");
  const { tolerance } = expectation;
  return {
    rows: typed.map((row, index) => ({ row, names: namesOf(rows, index, names) })),
    names,
    toleranceOf: (column) => tolerance ?? (/\bFloat32\b/.test(types.get(column) ?? "") ? TOLERANCE_32 : TOLERANCE),
    query: `SELECT ${list} FROM (${source.query})`,
    shown: expectation.from ?? expectation.query ?? "",
  };
}

/** The rows that there are. @throws {SchemaError} with the engine's words when the query fails. */
export function foundRows(bed: Bed, { query }: ExpectedRows, path: string): Promise<Row[]> {
  return explained(path, () => bed.engine.query<Row>(query));
}

/** A row that names fewer columns than others is compared by those that it names. */
function namesOf(rows: Rows, index: number, names: readonly string[]): readonly string[] {
  const own = rows.kind === "rows" ? rows.rows[index] : undefined;
  return own === undefined ? names : names.filter((name) => name in own);
}

interface Source {
  readonly query: string;
  readonly columns: readonly Column[];
}

/** With states as the values that they stand for. */
async function sourceOf(bed: Bed, { query }: Expectation, key: string | undefined, path: string): Promise<Source> {
  const text = key === undefined ? bed.atMoment(query ?? "") : `SELECT * FROM ${quotedName(key)}`;
  const read = key === undefined ? text : await tableQuery(bed, key);
  const described = await explained(`${path}.${key === undefined ? "query" : "from"}`, () =>
    bed.engine.query<{ name: string; type: string }>(`DESCRIBE (${read})`),
  );
  const outputs = described.map(({ name, type }) =>
    type.startsWith("AggregateFunction(")
      ? `finalizeAggregation(${backtick(name)}) AS ${backtick(name)}`
      : backtick(name),
  );
  const finished = outputs.some((one) => one.includes(" AS ")) ? `SELECT ${outputs.join(", ")} FROM (${read})` : read;
  const columns =
    finished === read ? described : await bed.engine.query<{ name: string; type: string }>(`DESCRIBE (${finished})`);
  return { query: finished, columns: columns.map(({ name, type }) => ({ name, type: storable(type), kind: "" })) };
}

/** `*` leaves out what is computed. */
async function tableQuery(bed: Bed, key: string): Promise<string> {
  const columns = (await bed.columnsOf(key)).filter(({ kind }) => kind !== "EPHEMERAL");
  return `SELECT ${columns.length === 0 ? "*" : columns.map(({ name }) => backtick(name)).join(", ")} FROM ${quotedName(key)}`;
}

/** The same values in a type that a table can have. */
function storable(type: string): string {
  return type
    .replaceAll(/SimpleAggregateFunction\(\w+(?:\([^()]*\))?, (.+)\)/g, "$1")
    .replaceAll("Nullable(Nothing)", "Nullable(String)");
}
