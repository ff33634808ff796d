import { codesOf } from "../clickhouse/error-codes";
import { ServerError } from "../connection/errors";
import { Definition } from "../sql/definition";
import { quoteString } from "../sql/identifiers";
import { objectKey } from "../sql/object-key";
import type { ColumnSpec, ObjectSpec, QualifiedName, TableSpec } from "../sql/spec";
import type { Context } from "./context";
import { type Concerned, isParameter } from "./reader-changes";

/** Error codes about types. */
const TYPES = codesOf(
  "CANNOT_PARSE_INPUT_ASSERTION_FAILED",
  "ILLEGAL_TYPE_OF_ARGUMENT",
  "ILLEGAL_COLUMN",
  "NOT_IMPLEMENTED",
  "TYPE_MISMATCH",
  "CANNOT_CONVERT_TYPE",
  "NO_COMMON_TYPE",
);

/** The result of trying a reader on the embedded engine, and its name there. */
export interface Tried {
  readonly name: QualifiedName;
  readonly outputs: readonly ColumnSpec[];
  /** The engine's words when it refuses. */
  readonly reason?: string;
}

/**
 * Creates the reader on the embedded engine, beside its sources as declared, under a separate name, so that it is not taken for an object
 * of the stack.
 *
 * @returns undefined if that cannot be determined.
 */
export async function tryOnScratch(
  context: Context,
  spec: ObjectSpec,
  columns: readonly Concerned[],
): Promise<Tried | undefined> {
  if (context.config.scratch === "off") return undefined;
  if (!("columns" in spec)) return undefined;
  const name = { database: spec.database, name: `${spec.name}__reader` };
  // With a column list the engine accepts an ordinary view unchecked.
  const tried = { ...spec, ...name, ...(spec.kind === "view" && { columns: [] }) };
  try {
    const made = await context.scratch.canonicalize(tried);
    context.scratch.declare(objectKey(name.database, name.name), made.definition);
    const after = made.definition.spec;
    return { name, outputs: "columns" in after ? after.columns : [] };
  } catch (error) {
    if (!(error instanceof ServerError)) return undefined;
    // Its readers are tried against a stand-in without any of its columns.
    if (spec.kind === "view") {
      const gone = { ...spec, ...name, columns: [], query: "SELECT 1 AS `__gone`" };
      context.scratch.declare(objectKey(name.database, name.name), Definition.of(gone));
    }
    // It may also lack something else here, which the server has.
    const isMeant = columns.some(({ name: column, what }) =>
      what === "retyped" || what === "parameter retyped"
        ? TYPES.has(error.code)
        : isParameter(what) || error.message.includes(column),
    );
    return isMeant ? { name, outputs: [], reason: error.message } : undefined;
  }
}

/** The engine's words if it has no conversion from one type to the other. */
export async function refusedCast(context: Context, from: string | undefined, to: string | undefined) {
  if (from === undefined || to === undefined || context.config.scratch === "off") return undefined;
  const sql = `DESCRIBE (SELECT CAST(x, ${quoteString(to)}) FROM \`null\`(${quoteString(`x ${from}`)}))`;
  return context.scratch.ask(sql).then(
    () => undefined,
    (error: unknown) => (error instanceof ServerError && TYPES.has(error.code) ? error.message : undefined),
  );
}

/** A table with these columns, to try readers against. */
export function standInOf(name: QualifiedName, columns: readonly ColumnSpec[]): TableSpec {
  const plain = columns.map(({ name: column, type = "String" }) => ({ name: column, type }));
  const some = plain.length > 0 ? plain : [{ name: "__gone", type: "UInt8" }];
  const none = { indexes: [], projections: [], constraints: [] };
  return { kind: "table", ...name, ...none, columns: some, storage: { engine: "Memory", settings: [] } };
}
