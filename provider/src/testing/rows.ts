import { readFileSync } from "node:fs";
import { dirname, extname, resolve } from "node:path";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { describe, isObject } from "../declare/fields";
import { messageOf, SchemaError } from "../errors";
import { backtick, quoteString } from "../sql/identifiers";
import { didYouMean } from "../util/near";
import type { Column } from "./bed";
import type { Place, Row, RowsGiven } from "./test";

/** Rows to insert, however they were given. */
export type Rows =
  | { readonly kind: "rows"; readonly rows: readonly Row[] }
  | { readonly kind: "csv"; readonly text: string }
  | { readonly kind: "sql"; readonly query: string };

/** What a message is about: `given[0]`. */
export interface Subject {
  readonly path: string;
  /** Quoted name of the table or view. */
  readonly name: string;
  readonly columns: readonly Column[];
}

/** @throws {SchemaError} for a file that cannot be read. */
export function rowsOf(given: RowsGiven, path: string, { file }: Place): Rows {
  const { csv, rows, sql } = given;
  if (rows !== undefined) return { kind: "rows", rows };
  if (csv !== undefined) return { kind: "csv", text: csv };
  if (sql !== undefined) return { kind: "sql", query: sql };
  return rowsOfFile(resolve(file === undefined ? "." : dirname(resolve(file)), given.file ?? ""), `${path}.file`);
}

function rowsOfFile(file: string, path: string): Rows {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new SchemaError("input-unreadable", `${path}: cannot be read (${messageOf(error)})`, { cause: error });
  }
  const type = extname(file);
  if (type === ".csv") return { kind: "csv", text };
  if (type === ".sql") return { kind: "sql", query: text.trim().replace(/;$/, "") };
  if (type !== ".json" && type !== ".jsonl" && type !== ".ndjson")
    throw new SchemaError("input-unreadable", `${path}: expected a .csv, .json, .jsonl or .sql file, found ${file}`);
  try {
    const parsed: unknown =
      type === ".json"
        ? JSON.parse(text)
        : text
            .split("\n")
            .filter((line) => line.trim() !== "")
            .map((line) => JSON.parse(line));
    if (Array.isArray(parsed) && parsed.every(isObject)) return { kind: "rows", rows: parsed };
    throw new Error(`expected a list of rows, found ${describe(parsed)}`);
  } catch (error) {
    throw new SchemaError("input-unreadable", `${path}: ${file}: ${messageOf(error)}`, { cause: error });
  }
}

/** Names of the columns that rows set, in order. @throws {SchemaError} for one that there is none of. */
export async function namedColumns(engine: Connection, rows: Rows, subject: Subject): Promise<string[]> {
  const named = await namesIn(engine, rows, subject);
  const known = subject.columns.map(({ name }) => name);
  const problems = new Map<string, string>();
  for (const { name, path } of named) {
    if (known.includes(name) || problems.has(name)) continue;
    const near = didYouMean(name, known) || `. Its columns: ${known.join(", ")}`;
    problems.set(name, `${path}: ${subject.name} has no column \`${name}\`${near}`);
  }
  if (problems.size > 0) throw new SchemaError("input-unreadable", [...problems.values()]);
  return [...new Set(named.map(({ name }) => name))];
}

interface Named {
  readonly name: string;
  readonly path: string;
}

async function namesIn(engine: Connection, rows: Rows, { path }: Subject): Promise<Named[]> {
  if (rows.kind === "rows")
    return rows.rows.flatMap((row, index) =>
      Object.keys(row).map((name) => ({ name, path: `${path}.rows[${index}]` })),
    );
  if (rows.kind === "sql") {
    const found = await explained(`${path}.sql`, () => engine.query<{ name: string }>(`DESCRIBE (${rows.query})`));
    return found.map(({ name }) => ({ name, path: `${path}.sql` }));
  }
  const [head = ""] = rows.text.trimStart().split("\n", 1);
  return head.split(",").map((name) => ({ name: name.trim().replace(/^"(.*)"$/, "$1"), path: `${path}.csv` }));
}

/**
 * One INSERT.
 *
 * @param table quoted, qualified name.
 * @param names the columns that are set; the others get their defaults.
 * @throws {SchemaError} with the engine's words, and the row where it can be told.
 */
export async function insertRows(
  engine: Connection,
  table: string,
  rows: Rows,
  names: readonly string[],
  subject: Subject,
): Promise<void> {
  if (rows.kind === "rows" && rows.rows.length === 0) return;
  const list = names.map(backtick).join(", ");
  try {
    await engine.command(insertOf(table, rows, list));
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    const at = rows.kind === "rows" ? await wrongRow(engine, rows.rows, names, subject) : undefined;
    const where =
      at === undefined
        ? `${subject.path}${rows.kind === "rows" ? "" : `.${rows.kind}`}`
        : `${subject.path}.rows[${at.index}]`;
    throw new SchemaError(
      "input-unreadable",
      `${where}: ${subject.name} does not take it: ${wordsOf(at?.error ?? error)}`,
      {
        cause: error,
      },
    );
  }
}

function insertOf(table: string, rows: Rows, list: string): string {
  if (rows.kind === "sql") return `INSERT INTO ${table} (${list}) SELECT ${list} FROM (${rows.query})`;
  if (rows.kind === "csv") return `INSERT INTO ${table} (${list}) FORMAT CSVWithNames\n${rows.text.trim()}\n`;
  return `INSERT INTO ${table} (${list}) FORMAT JSONEachRow\n${jsonOf(rows.rows)}`;
}

/** The first row that cannot be read as the columns' types, and why. */
async function wrongRow(
  engine: Connection,
  rows: readonly Row[],
  names: readonly string[],
  { columns }: Subject,
): Promise<{ readonly index: number; readonly error: ServerError } | undefined> {
  const types = columns.filter(({ name }) => names.includes(name));
  const structure = types.map(({ name, type }) => `${backtick(name)} ${type}`).join(", ");
  for (const [index, row] of rows.entries()) {
    try {
      await engine.query(
        `SELECT count() FROM format(JSONEachRow, ${quoteString(structure)}, ${quoteString(jsonOf([row]))}) WHERE NOT ignore(*)`,
      );
    } catch (error) {
      if (error instanceof ServerError) return { index, error };
      throw error;
    }
  }
  return undefined;
}

/** The first sentence: what follows repeats the row and the engine's settings. */
function wordsOf({ message, code }: ServerError): string {
  const [first = message] = message.split(/: \(at row|: While executing|\. \(|\n/, 1);
  return `${first.trim()} (code ${code})`;
}

/** In the form that JSONEachRow reads for every type. */
function jsonOf(rows: readonly Row[]): string {
  return rows.map((row) => JSON.stringify(row, (_, value: unknown) => jsonValue(value))).join("\n");
}

function jsonValue(value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  if (typeof value === "number" && Number.isNaN(value)) return "nan";
  if (value === Number.POSITIVE_INFINITY) return "inf";
  return value === Number.NEGATIVE_INFINITY ? "-inf" : value;
}

/** @throws {SchemaError} in place of the engine's error, with where it happened. */
export async function explained<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    throw new SchemaError("input-unreadable", `${path}: ${wordsOf(error)}`, { cause: error });
  }
}
