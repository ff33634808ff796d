import { rewrite } from "../apply/rename";
import { SchemaError } from "../errors";
import { definitionOf } from "../introspect/live-definition";
import type { LiveObject } from "../introspect/live-object";
import { mentionedNames } from "../lineage/mentions";
import { Definition } from "../sql/definition";
import { keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import type { ColumnSpec, ObjectSpec, QualifiedName } from "../sql/spec";
import type { Context } from "./context";
import { dictionarySource } from "./dictionary-readers";
import { distributedOver } from "./distributed";
import type { Broken, First } from "./first";
import type { Change, Planned } from "./planning";
import { policiesFirst } from "./policy-readers";
import { type Concerned, concernsOf, isParameter, outputChanges, readsColumn } from "./reader-changes";
import { refusedCast, standInOf, tryOnScratch } from "./reader-trials";
import { readersFirst, toolsWith } from "./readers-first";
import { tablesFirst } from "./tables-first";
import { notConverted, writtenNowhere } from "./target-columns";
import { viewsFirst } from "./views-first";

/** What readers read, and its name on the embedded engine after the change. */
interface Changed {
  readonly from: QualifiedName;
  readonly to: QualifiedName;
  readonly columns: readonly Concerned[];
}

/**
 * Refuses a change that breaks readers, other than those that this run changes too and that can be changed first.
 *
 * @returns what is to be changed first, in order.
 * @throws {SchemaError} naming every reader that would fail.
 */
export async function refuseReaders(context: Context, planned: Planned, change: Change): Promise<readonly First[]> {
  const broken = await findBroken(context, planned, change);
  const { first, left } = await readersFirst(context, planned, change, broken, findBroken);
  refuse(context, left, change);
  const policies = await policiesFirst(context, planned, change);
  const isNew = (one: First): boolean => !first.some(({ key, column }) => key === one.key && column === one.column);
  const own = [...policies.filter(isNew), ...first];
  const along = await alongChain(context, planned, change);
  return [...along, ...own.filter((one) => !along.some(({ key }) => key === one.key))];
}

/** Views of this run that are to write what a new view reads before it is there. */
export async function writersFirst(context: Context, urn: string | undefined, to: ObjectSpec): Promise<First[]> {
  if (to.kind !== "materializedView" || (await context.reachableServer(urn)) === undefined) return [];
  return viewsFirst(context, { to }, await toolsWith(context, findBroken));
}

/** Tables and views of this run that come before this one along a chain. */
async function alongChain(context: Context, planned: Planned, change: Change): Promise<readonly First[]> {
  if (planned.live === undefined) return [];
  const isRetyped = planned.changes.some(({ kind }) => kind === "column-retyped");
  const isQuery = change.to.kind === "materializedView" && planned.changes.some(({ kind }) => kind === "query");
  if (!isRetyped && !isQuery) return [];
  const tools = await toolsWith(context, findBroken);
  const { to } = change;
  return isQuery
    ? viewsFirst(context, { before: planned.from.spec, to }, tools)
    : tablesFirst(context, keyOf(change.to), planned, tools);
}

/**
 * Checks whether views and dictionaries on the server still work when columns of a table or view are dropped, renamed or retyped, or
 * parameters of a view change: each is tried on the embedded engine against the object as declared, and so are the readers' own readers,
 * and tables whose defaults query a dictionary or a Join table.
 */
async function findBroken(context: Context, planned: Planned, change: Change): Promise<Broken[]> {
  const { live } = planned;
  const columns = concernsOf(planned, change);
  if (columns.length === 0 || live === undefined || !("database" in change.to)) return [];
  const { database, name = "" } = keyParts(live.key);
  const { database: newDatabase, name: newName } = change.to;
  const first = { from: { database, name }, to: { database: newDatabase, name: newName }, columns };
  const distributed = await distributedOver(context, live.key, columns);
  const broken = new Map<string, Broken>(distributed.map((one) => [one.reader.key, one]));
  const changed: Changed[] = [first];
  for (const one of changed) {
    for (const reader of await context.live.allReaders()) {
      if (broken.has(reader.key) || reader.key === live.key || !mentions(reader.statement, one)) continue;
      const found = await tryReader(context, reader, one);
      if (found === undefined) continue;
      if (found.broken !== undefined) broken.set(reader.key, found.broken);
      if (found.next !== undefined) changed.push(found.next);
    }
  }
  return [...broken.values()];
}

/** @returns undefined if the reader works as before, or cannot be tried. */
async function tryReader(
  context: Context,
  reader: LiveObject,
  changed: Changed,
): Promise<{ readonly broken?: Broken; readonly next?: Changed } | undefined> {
  const { columns, from, to } = changed;
  if (columns.some(isNotLoaded)) return failsWith(context, reader, changed);
  if (reader.engine === "Dictionary") return tryDictionary(context, reader, changed);
  const read = columns.filter(({ name, what }) => isParameter(what) || readsColumn(reader.statement, name));
  if (read.length === 0) return undefined;
  const { database, name = "" } = keyParts(reader.key);
  const before = definitionOf(reader).spec;
  const outputs = "columns" in before ? before.columns : [];
  const unwritten = writtenNowhere(before, changed);
  if (unwritten.length > 0) {
    const names = unwritten.map((one) => one.name).join(", ");
    const reason = `it writes ${names}, which would reach no column: rows would get the default, without an error`;
    return { broken: { reader, columns: unwritten, reason, writes: true } };
  }
  const renamed = Definition.read(rewrite(reader.statement, { object: "table", from, to }).text);
  const tried = await tryOnScratch(context, renamed.spec, read);
  if (tried === undefined) return undefined;
  const itself = { from: { database, name }, to: tried.name };
  const stuck = await notConverted(context, renamed.spec);
  if (stuck !== undefined) return { broken: { reader, columns: read, ...stuck } };
  if (tried.reason !== undefined) {
    const broken = { reader, columns: read, reason: tried.reason };
    // Rows that a materialized view has written can still be read.
    if (reader.engine !== "View") return { broken };
    return { broken, next: { ...itself, columns: outputs.map((one) => ({ name: one.name, what: "dropped" })) } };
  }
  // `SELECT *` continues with fewer columns, and queries for the others fail. An incremental view just writes less.
  if (reader.engine !== "View") return undefined;
  const other = outputChanges(outputs, tried.outputs);
  const less = other.filter(({ what }) => what === "dropped");
  if (less.length === 0) return other.length === 0 ? undefined : { next: { ...itself, columns: other } };
  const reason = `its SELECT * gives no ${less.map((one) => one.name).join(", ")} any more`;
  return { broken: { reader, columns: read, reason }, next: { ...itself, columns: less } };
}

/** A dictionary reads all of its attributes at once, so it loads with all of them or not at all. */
async function tryDictionary(context: Context, reader: LiveObject, { columns, from, to }: Changed) {
  const { attributes, named, query } = dictionarySource(reader, from, to);
  const { database, name = "" } = keyParts(reader.key);
  const itself = { database, name };
  const fails = (read: readonly Concerned[], reason: string | undefined) => ({
    broken: { reader, columns: read, reason },
    next: { from: itself, to: itself, columns: [{ name: quotedName(reader.key), what: "not loaded" as const }] },
  });
  if (query !== undefined) {
    const read = columns.filter((one) => isParameter(one.what) || readsColumn(query.query, one.name));
    const tried = read.length === 0 ? undefined : await tryOnScratch(context, query, read);
    return tried?.reason === undefined ? undefined : fails(read, tried.reason);
  }
  const read = columns.filter((one) => isParameter(one.what) || attributes.has(one.name) || named.has(one.name));
  const gone = read.filter(({ what }) => what !== "retyped");
  if (gone.length > 0) return fails(gone, undefined);
  for (const column of read) {
    const reason = await refusedCast(context, column.type, attributes.get(column.name));
    if (reason !== undefined) return fails([column], reason);
  }
  return undefined;
}

/** What happens to users of a dictionary that is not loaded: a view returns nothing, a table fails in the columns that query it. */
function failsWith(
  context: Context,
  reader: LiveObject,
  { columns, from }: Changed,
): { broken: Broken; next?: Changed } {
  const { database, name = "" } = keyParts(reader.key);
  const broken = { reader, columns, reason: undefined };
  const itself = { database, name };
  if (reader.engine === "Dictionary") {
    const asked: Concerned = { name: quotedName(reader.key), what: "not loaded" };
    return { broken, next: { from: itself, to: itself, columns: [asked] } };
  }
  const { spec } = definitionOf(reader);
  if (!("columns" in spec) || spec.kind === "materializedView") return { broken };
  const asks = (one: ColumnSpec): boolean =>
    one.default?.kind === "ALIAS" && isNamed(`SELECT ${one.default.expression}`, from);
  const lost = spec.columns.filter((one) => spec.kind === "view" || asks(one));
  if (lost.length === 0) return { broken };
  const to = { database, name: `${name}__reader` };
  const kept = spec.kind === "view" ? [] : spec.columns.filter((one) => !asks(one));
  context.scratch.declare(objectKey(to.database, to.name), Definition.of(standInOf(to, kept)));
  return { broken, next: { from: itself, to, columns: lost.map((one) => ({ name: one.name, what: "dropped" })) } };
}

function refuse(context: Context, broken: readonly Broken[], { to, options, sensitive }: Change): void {
  const isBlocked = ({ reader, columns }: Broken): boolean =>
    to.kind === "table" && reader.engine === "MaterializedView" && columns.some(({ what }) => what === "dropped");
  const isAllowed = options.allow.includes("breaks-reader") || context.config.allow.includes("breaks-reader");
  const isStuck = (one: Broken): boolean => isBlocked(one) || one.writes === true || one.instead !== undefined;
  const refused = isAllowed ? broken.filter(isStuck) : broken;
  if (refused.length === 0) return;
  const label = quotedName(keyOf(to));
  const lines = refused.map(({ reader, columns, reason }) => {
    const names = columns.map(({ name, what }) => `${name} (${what})`).join(", ");
    return `  ${quotedName(reader.key)} reads ${names}${reason === undefined || sensitive ? "" : `: ${reason}`}`;
  });
  const ways = [
    ...(refused.some(isBlocked)
      ? [
          'The server drops no column that a materialized view reads: change the view in an earlier run (`pulumi up --target "**VIEW"`)',
        ]
      : []),
    ...new Set(refused.flatMap(({ instead }) => instead ?? [])),
    ...(refused.some(({ writes }) => writes)
      ? [
          "Declare the query of these views with the new name (`… AS new`) in the same program: the view then writes both names in between",
        ]
      : []),
    ...(refused.every(isStuck)
      ? []
      : [
          `Change these readers first. If this run changes them too, set allow: ["breaks-reader"] on ${label}: between the two statements ` +
            "they fail, and so do inserts where they are materialized views",
        ]),
  ];
  throw new SchemaError(
    "breaks-reader",
    [`${label}: what reads it on the server would fail:`, ...lines, ...ways].join("\n"),
  );
}

function mentions(statement: string, { from, columns }: Changed): boolean {
  if (isNamed(statement, from)) return true;
  // In a call of a view with parameters, the name is a single word.
  return !columns.some(isNotLoaded) && mentionedNames(statement).has(objectKey(from.database, from.name));
}

function isNotLoaded({ what }: Concerned): boolean {
  return what === "not loaded";
}

/** Whether a statement names a table, view or dictionary where only one of these can occur. */
function isNamed(statement: string, from: QualifiedName): boolean {
  const to = { database: `${from.database}_`, name: `${from.name}_` };
  return rewrite(statement, { object: "table", from, to }).text !== statement;
}
