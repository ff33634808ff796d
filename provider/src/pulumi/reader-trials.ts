import { codesOf } from "../clickhouse/error-codes";
import { ServerError } from "../connection/errors";
import { quoteString } from "../sql/identifiers";
import { objectKey } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { ColumnSpec, QualifiedName, TableSpec } from "../sql/spec";
import type { Context } from "./context";
import { type Concerned, isParameter } from "./reader-changes";

/** Codes that speak of types. */
const TYPES = codesOf(
  "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
  "ILLEGAL_TYPE_OF_ARGUMENT",
  "ILLEGAL_COLUMN",
  "NOT_IMPLEMENTED",
  "TYPE_MISMATCH",
  "CANNOT_CONVERT_TYPE",
  "NO_COMMON_TYPE",
);

/** How a reader fares on the scratch engine, and under which name. */
export interface Tried {
  readonly name: QualifiedName;
  readonly outputs: readonly ColumnSpec[];
  /** The engine's words when it refuses. */
  readonly reason?: string;
}

/**
 * Makes the reader on the scratch engine beside what it reads as declared, under a name of its own, so that it is not taken for what the
 * stack declares.
 *
 * @returns undefined when it cannot be told.
 */
export async function tryOnScratch(
  context: Context,
  statement: string,
  columns: readonly Concerned[],
): Promise<Tried | undefined> {
  if (context.config.scratch === "off") return undefined;
  const spec = parseCreate(statement);
  if (spec.kind === "database") return undefined;
  const name = { database: spec.database, name: `${spec.name}__reader` };
  // With a column list the engine takes an ordinary view unseen.
  const tried = { ...spec, ...name, ...(spec.kind === "view" && { columns: [] }) };
  try {
    const made = await context.world.canonicalize(tried);
    context.world.declare(objectKey(name.database, name.name), made.statement);
    const after = parseCreate(made.statement);
    return { name, outputs: "columns" in after ? after.columns : [] };
  } catch (error) {
    if (!(error instanceof ServerError)) return undefined;
    // What reads it is tried against one that gives none of its columns.
    if (spec.kind === "view") {
      const gone = { ...spec, ...name, columns: [], query: "SELECT 1 AS `__gone`" };
      context.world.declare(objectKey(name.database, name.name), renderCreate(gone));
    }
    // It may also lack something else here that the server has.
    const isMeant = columns.some(({ name: column, what }) =>
      what === "retyped" || what === "parameter retyped"
        ? TYPES.has(error.code)
        : isParameter(what) || error.message.includes(column),
    );
    return isMeant ? { name, outputs: [], reason: error.message } : undefined;
  }
}

/** The engine's words where it has no conversion from one type to the other. */
export async function refusedCast(context: Context, from: string | undefined, to: string | undefined) {
  if (from === undefined || to === undefined || context.config.scratch === "off") return undefined;
  const sql = `DESCRIBE (SELECT CAST(x, ${quoteString(to)}) FROM \`null\`(${quoteString(`x ${from}`)}))`;
  return context.world.ask(sql).then(
    () => undefined,
    (error: unknown) => (error instanceof ServerError && TYPES.has(error.code) ? error.message : undefined),
  );
}

/** A table of these columns, for what reads it to be tried on. */
export function standInOf(name: QualifiedName, columns: readonly ColumnSpec[]): TableSpec {
  const plain = columns.map(({ name: column, type = "String" }) => ({ name: column, type }));
  const some = plain.length > 0 ? plain : [{ name: "__gone", type: "UInt8" }];
  const none = { indexes: [], projections: [], constraints: [] };
  return { kind: "table", ...name, ...none, columns: some, storage: { engine: "Memory", settings: [] } };
}
