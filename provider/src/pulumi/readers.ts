import { rewrite } from "../apply/rename";
import { mentionedNames } from "../canonical/mentions";
import { ServerError } from "../connection/errors";
import type { Change as ObjectChange } from "../diff";
import { SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live";
import { unquoteIdentifier } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import { keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { ColumnSpec, QualifiedName } from "../sql/spec";
import type { Context } from "./context";
import type { Change, Planned } from "./planning";

/** Columns or parameters that go, or are others from now on, by the name that readers know. */
interface Concerned {
  readonly name: string;
  readonly what: "dropped" | "renamed" | "retyped" | "new parameter" | "parameter dropped" | "parameter retyped";
}

/** A reader on the server that would fail, or gives less than it did. */
interface Broken {
  readonly reader: LiveObject;
  readonly columns: readonly Concerned[];
  /** The engine's words. */
  readonly reason: string | undefined;
}

/** What readers read, and how it is known to the scratch engine when it has changed. */
interface Changed {
  readonly from: QualifiedName;
  readonly to: QualifiedName;
  readonly columns: readonly Concerned[];
}

/**
 * Looks whether views and dictionaries on the server still work when columns of a table or view are dropped, renamed or retyped, or
 * parameters of a view are others: each is tried on the scratch engine against the object as declared, and what reads the readers too.
 *
 * @throws {SchemaError} naming every reader that would fail.
 */
export async function refuseReaders(context: Context, planned: Planned, change: Change): Promise<void> {
  const { live } = planned;
  const columns = concernsOf(planned, change);
  if (columns.length === 0 || live === undefined || change.to.kind === "database") return;
  const { database, name = "" } = keyParts(live.key);
  const { database: newDatabase, name: newName } = change.to;
  const first = { from: { database, name }, to: { database: newDatabase, name: newName }, columns };
  const broken = new Map<string, Broken>();
  const changed: Changed[] = [first];
  for (const one of changed) {
    for (const reader of await context.live.allReaders()) {
      if (broken.has(reader.key) || reader.key === live.key || !mentions(reader.statement, one.from)) continue;
      const found = await tryReader(context, reader, one);
      if (found === undefined) continue;
      broken.set(reader.key, found.broken);
      if (found.next !== undefined) changed.push(found.next);
    }
  }
  refuse(context, [...broken.values()], change);
}

/** @returns undefined when the reader works as before, or cannot be tried. */
async function tryReader(
  context: Context,
  reader: LiveObject,
  { columns, from, to }: Changed,
): Promise<{ readonly broken: Broken; readonly next?: Changed } | undefined> {
  const read = columns.filter(({ name, what }) => isParameter(what) || readsColumn(reader.statement, name));
  if (read.length === 0) return undefined;
  if (reader.engine === "Dictionary") {
    const fails = read.some(({ what }) => what === "dropped" || what === "renamed");
    return fails ? { broken: { reader, columns: read, reason: undefined } } : undefined;
  }
  const { database, name = "" } = keyParts(reader.key);
  const before = parseCreate(reader.statement);
  const outputs = "columns" in before ? before.columns : [];
  const tried = await tryOnScratch(context, rewrite(reader.statement, { object: "table", from, to }).text, read);
  if (tried === undefined) return undefined;
  const itself = { from: { database, name }, to: tried.name };
  if (tried.reason !== undefined) {
    const broken = { reader, columns: read, reason: tried.reason };
    // What a materialized view has written can still be read.
    if (reader.engine !== "View") return { broken };
    return { broken, next: { ...itself, columns: outputs.map((one) => ({ name: one.name, what: "dropped" })) } };
  }
  // `SELECT *` goes on with fewer columns, and whoever asks for the others fails. An incremental view just writes less.
  if (reader.engine !== "View") return undefined;
  const less = outputChanges(outputs, tried.outputs).filter(({ what }) => what === "dropped");
  if (less.length === 0) return undefined;
  const reason = `its SELECT * gives no ${less.map((one) => one.name).join(", ")} any more`;
  return { broken: { reader, columns: read, reason }, next: { ...itself, columns: less } };
}

function refuse(context: Context, broken: readonly Broken[], { to, options, sensitive }: Change): void {
  const isBlocked = ({ reader, columns }: Broken): boolean =>
    to.kind === "table" && reader.engine === "MaterializedView" && columns.some(({ what }) => what === "dropped");
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
          `Change these readers first. If this run changes them too, write allow: ["breaks-reader"] on ${label}: from the one statement to the ` +
            "other they fail, and inserts with them where they are materialized views",
        ]),
  ];
  throw new SchemaError([`${label}: what reads it on the server would fail:`, ...lines, ...ways].join("\n"));
}

function concernsOf({ changes, from }: Planned, { to }: Change): Concerned[] {
  if (to.kind === "table") return changes.flatMap(concern);
  const before = parseCreate(from);
  if (to.kind === "database" || before.kind !== to.kind) return [];
  const outputs = outputChanges(before.columns, to.columns);
  return before.kind === "view" ? [...outputs, ...parameterChanges(before.query, to.query)] : outputs;
}

/** Columns that a view gave and gives no more, or with another type. Nothing where either side does not say what it gives. */
function outputChanges(before: readonly ColumnSpec[], after: readonly ColumnSpec[]): Concerned[] {
  if (before.length === 0 || after.length === 0) return [];
  const now = new Map(after.map(({ name, type }) => [name, type]));
  return before.flatMap(({ name, type }): Concerned[] => {
    if (!now.has(name)) return [{ name, what: "dropped" }];
    return now.get(name) === type ? [] : [{ name, what: "retyped" }];
  });
}

function parameterChanges(before: string, after: string): Concerned[] {
  const [old, now] = [parametersOf(before), parametersOf(after)];
  const gone = [...old].flatMap(([name, type]): Concerned[] => {
    if (!now.has(name)) return [{ name, what: "parameter dropped" }];
    return now.get(name) === type ? [] : [{ name, what: "parameter retyped" }];
  });
  const added = [...now.keys()].filter((name) => !old.has(name));
  return [...gone, ...added.map((name): Concerned => ({ name, what: "new parameter" }))];
}

/** `{name:Type}` in a query: types by name. */
function parametersOf(query: string): Map<string, string> {
  const tokens = lex(query).filter(({ kind }) => kind !== "comment");
  const found = new Map<string, string>();
  tokens.forEach(({ text }, index) => {
    const [name, colon, type] = tokens.slice(index + 1, index + 4);
    if (text !== "{" || name === undefined || colon?.text !== ":" || type === undefined) return;
    const end = tokens.slice(index).find((token) => token.text === "}");
    found.set(unquoteIdentifier(name.text), query.slice(type.start, end?.start).trim());
  });
  return found;
}

function isParameter(what: Concerned["what"]): boolean {
  return what.includes("parameter");
}

function concern(change: ObjectChange): Concerned[] {
  if (change.kind === "column-dropped") return [{ name: change.column.name, what: "dropped" }];
  if (change.kind === "column-renamed") return [{ name: change.from, what: "renamed" }];
  return change.kind === "column-retyped" ? [{ name: change.name, what: "retyped" }] : [];
}

function mentions(statement: string, table: QualifiedName): boolean {
  const other = { database: `${table.database}_`, name: `${table.name}_` };
  const isRewritten = rewrite(statement, { object: "table", from: table, to: other }).text !== statement;
  // A call of a view with parameters shows its name as one word.
  return isRewritten || mentionedNames(statement).has(objectKey(table.database, table.name));
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

/** How a reader fares on the scratch engine, and under which name. */
interface Tried {
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
async function tryOnScratch(
  context: Context,
  statement: string,
  columns: readonly Concerned[],
): Promise<Tried | undefined> {
  if (context.config.scratch === "off") return undefined;
  const spec = parseCreate(statement);
  if (spec.kind !== "view" && spec.kind !== "materializedView") return undefined;
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
