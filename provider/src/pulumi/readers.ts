import { rewrite } from "../apply/rename";
import { ServerError } from "../connection/errors";
import type { Change as ObjectChange } from "../diff";
import { SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live";
import { unquoteIdentifier } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import { keyOf, keyParts, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { QualifiedName } from "../sql/spec";
import type { Context } from "./context";
import type { Change, Planned } from "./planning";

/** Columns that go, or are others from now on, by the name that readers know. */
interface Concerned {
  readonly name: string;
  readonly what: "dropped" | "renamed" | "retyped";
}

/** A reader on the server that would fail. */
interface Broken {
  readonly reader: LiveObject;
  readonly columns: readonly Concerned[];
  /** The engine's words. */
  readonly reason: string | undefined;
}

/**
 * Looks whether views and dictionaries on the server still work when columns of the table are dropped, renamed or retyped: each
 * is tried on the scratch engine against the table as declared.
 *
 * @throws {SchemaError} naming every reader that would fail.
 */
export async function refuseReaders(context: Context, planned: Planned, change: Change): Promise<void> {
  const columns = planned.changes.flatMap(concern);
  const { live } = planned;
  if (columns.length === 0 || live === undefined || change.to.kind !== "table") return;
  const { database, name = "" } = keyParts(live.key);
  const broken: Broken[] = [];
  for (const reader of await context.live.allReaders()) {
    if (!mentions(reader.statement, { database, name })) continue;
    const read = columns.filter((column) => readsColumn(reader.statement, column.name));
    if (read.length === 0) continue;
    const reason = await failureOf(context, reader, read);
    const fails =
      reason !== undefined || (reader.engine === "Dictionary" && read.some(({ what }) => what !== "retyped"));
    if (fails) broken.push({ reader, columns: read, reason });
  }
  refuse(context, broken, change);
}

function refuse(context: Context, broken: readonly Broken[], { to, options, sensitive }: Change): void {
  const isBlocked = ({ reader, columns }: Broken): boolean =>
    reader.engine === "MaterializedView" && columns.some(({ what }) => what === "dropped");
  const isAllowed = options.allow.includes("breaks-reader") || context.config.allow.includes("breaks-reader");
  const refused = isAllowed ? broken.filter(isBlocked) : broken;
  if (refused.length === 0) return;
  const label = quotedName(keyOf(to));
  const lines = refused.map(({ reader, columns, reason }) => {
    const names = columns.map(({ name, what }) => `${name} (${what})`).join(", ");
    return `  ${quotedName(reader.key)} reads ${names}${reason === undefined || sensitive ? "" : `: ${reason}`}`;
  });
  const ways = [
    ...(refused.some(isBlocked)
      ? [
          'The server drops no column that a materialized view reads: change the view in a run before this one (`pulumi up --target "**VIEW"`)',
        ]
      : []),
    ...(refused.every(isBlocked)
      ? []
      : [
          'Change these readers first. If this run changes them too, write allow: ["breaks-reader"] on the table: from the one statement to the ' +
            "other they fail, and inserts with them where they are materialized views",
        ]),
  ];
  throw new SchemaError([`${label}: what reads it on the server would fail:`, ...lines, ...ways].join("\n"));
}

function concern(change: ObjectChange): Concerned[] {
  if (change.kind === "column-dropped") return [{ name: change.column.name, what: "dropped" }];
  if (change.kind === "column-renamed") return [{ name: change.from, what: "renamed" }];
  return change.kind === "column-retyped" ? [{ name: change.name, what: "retyped" }] : [];
}

function mentions(statement: string, table: QualifiedName): boolean {
  const other = { database: `${table.database}_`, name: `${table.name}_` };
  return rewrite(statement, { object: "table", from: table, to: other }).text !== statement;
}

/** Over-approximates: the scratch engine has the last word. */
function readsColumn(statement: string, column: string): boolean {
  return lex(statement).some(
    ({ kind, text }) => text === "*" || ((kind === "word" || kind === "quoted") && unquoteIdentifier(text) === column),
  );
}

/** Codes that speak of types. */
const TYPES = new Set([
  27, // CANNOT_PARSE_INPUT
  43, // ILLEGAL_TYPE_OF_ARGUMENT
  44, // ILLEGAL_COLUMN
  53, // TYPE_MISMATCH
  70, // CANNOT_CONVERT_TYPE
  386, // NO_COMMON_TYPE
]);

/** What the scratch engine says to the reader, beside the table as declared; undefined when it works or cannot be told. */
async function failureOf(
  context: Context,
  reader: LiveObject,
  columns: readonly Concerned[],
): Promise<string | undefined> {
  if (context.config.scratch === "off" || reader.engine === "Dictionary") return undefined;
  try {
    const spec = parseCreate(reader.statement);
    // Under a name of its own, so that it is not taken for what the stack declares.
    if (spec.kind !== "view" && spec.kind !== "materializedView") return undefined;
    // With a column list the engine takes an ordinary view unseen.
    await context.world.canonicalize({
      ...spec,
      name: `${spec.name}__reader`,
      ...(spec.kind === "view" && { columns: [] }),
    });
    return undefined;
  } catch (error) {
    if (!(error instanceof ServerError)) return undefined;
    // It may also lack something else here that the server has.
    const isMeant = columns.some(({ name, what }) =>
      what === "retyped" ? TYPES.has(error.code) : error.message.includes(name),
    );
    return isMeant ? error.message : undefined;
  }
}
