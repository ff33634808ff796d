import { engineName, isReplicated } from "../clickhouse/engines";
import { ServerError } from "../connection/errors";
import { isUnknownColumn } from "../connection/server-message";
import { sameObject } from "../drift/compare";
import { definitionOf } from "../introspect/live-definition";
import type { LiveObject } from "../introspect/live-object";
import type { Plan } from "../plan";
import { isAliasOf } from "../plan/alias-renames";
import { Definition } from "../sql/definition";
import { quoteIdentifier } from "../sql/identifiers";
import { keyOf, quotedName } from "../sql/object-key";
import { addedFirst } from "./added-first";
import { aliasFirst, alsoUnderOldNames, namesOf } from "./both-names";
import type { Context } from "./context";
import { declaredBy, declaredReader, inPlace, saidWith } from "./declared-readers";
import { isDistributed } from "./distributed";
import type { Broken, FindBroken, First, Tools } from "./first";
import { withoutColumns } from "./leaving-readers";
import type { Change, Planned } from "./planning";
import { type Concerned, readsColumn } from "./reader-changes";
import { retypedWith } from "./retyped-readers";
import { viewsFirst } from "./views-first";

/**
 * Those of some broken readers that the program declares without what goes: they are changed first, their own readers before them, so that
 * no insert and no query fails in between.
 *
 * @returns what is to be changed first, in order, and the readers that stay broken.
 */
export async function readersFirst(
  context: Context,
  planned: Planned,
  change: Change,
  broken: readonly Broken[],
  find: FindBroken,
  path: readonly string[] = [],
): Promise<{ readonly first: readonly First[]; readonly left: readonly Broken[] }> {
  if (broken.length === 0) return { first: [], left: broken };
  const tools = await toolsWith(context, find, path);
  const ways = broken.map((one) => wayFor(one, tools.leaving));
  const first: First[] = [];
  const left: Broken[] = [];
  for (const [index, one] of broken.entries()) {
    const found = await ways[index]?.(context, { ...planned, to: change.to }, one, tools);
    if (found === undefined) left.push(one);
    else
      first.push(...found.filter((one) => !first.some(({ key, column }) => key === one.key && column === one.column)));
  }
  return { first, left };
}

/** @param find the readers that another change would break. */
export async function toolsWith(context: Context, find: FindBroken, path: readonly string[] = []): Promise<Tools> {
  const tools: Tools = {
    ...(await declaredBy(context)),
    find,
    path,
    resolve: async (own, change, waiting = path) => {
      const broken = await find(context, own, change);
      const { first, left } = await readersFirst(context, own, change, broken, find, waiting);
      const views = await viewsFirst(context, { before: own.from.spec, to: change.to }, { ...tools, path: waiting });
      const isNew = (one: First): boolean => !views.some(({ column, key }) => key === one.key && column === one.column);
      return { first: [...views, ...first.filter(isNew)], left };
    },
  };
  return tools;
}

/** How a reader is changed with what it reads. @returns undefined where that is not possible. */
type Way = (context: Context, source: Source, broken: Broken, tools: Tools) => Promise<readonly First[] | undefined>;

/** What is read, and what it becomes. */
type Source = Planned & Pick<Change, "to">;

function wayFor({ columns, reader, writes }: Broken, leaving: ReadonlySet<string>): Way | undefined {
  if (leaving.has(reader.key)) return withoutColumns;
  if (writes) return writesBoth;
  if (columns.every(({ what }) => what === "dropped")) return firstOf;
  if (columns.every(({ what }) => what === "retyped")) return retypedWith;
  return columns.every(({ what }) => what === "renamed") ? renamedWith : undefined;
}

/** @returns undefined unless it can be changed beforehand, in place and without further permission. */
async function firstOf(
  context: Context,
  source: Source,
  { reader }: Broken,
  { resolve, told }: Tools,
): Promise<readonly First[] | undefined> {
  const own = await inPlace(context, reader, told);
  if (own === undefined) return undefined;
  const { change, live, planned, to } = own;
  // What this change renames is not there yet.
  const later = renamedBy(source.changes);
  if ("query" in to ? later.some((name) => readsColumn(to.query, name)) : !isDistributed(reader)) return undefined;
  const added = "query" in to ? addedFirst(source, to.query, source.to) : [];
  if (added === undefined) return undefined;
  if (!("query" in to) && planned.changes.some(({ kind }) => kind !== "column-dropped")) return undefined;
  // Another resource of this run has changed it by now.
  if (planned.plan.steps.length === 0) return [];
  const before = await resolve(planned, change);
  if (before.left.length > 0) return undefined;
  const isDone = (now: LiveObject): Promise<boolean> => sameObject(context, Definition.of(to), now);
  const why = `-- first ${quotedName(reader.key)}, which this run changes too and which reads what goes:`;
  const { plan, shown } = planned;
  return [
    ...added,
    ...before.first,
    { key: reader.key, from: live.statement, isDone, plan, shown: saidWith(why, shown) },
  ];
}

/**
 * A reader that is declared with the new names of columns is changed before their rename, which keeps every insert whole: until then they
 * are aliases of the columns, and the rename drops these in the same ALTER.
 *
 * @returns undefined unless that is possible in place, on this server alone, without further permission and with its own readers as they are.
 */
async function renamedWith(
  context: Context,
  { changes, from, live: table, plan }: Planned,
  { columns, reader }: Broken,
  { find, told }: Tools,
): Promise<readonly First[] | undefined> {
  const { spec } = from;
  if (spec.kind !== "table" || isReplicated(engineName(spec.storage.engine)) || keyOf(spec) !== table?.key)
    return undefined;
  if (!plan.steps.some((step) => step.kind === "statement" && step.gated)) return undefined;
  // Until the rename, readers would get the values of the column that has the name now.
  const isTaken = ({ name, becomes }: Concerned): boolean =>
    spec.columns.some((column) => column.name === becomes && !isAliasOf(column, name));
  if (columns.some(isTaken)) return undefined;
  const own = await inPlace(context, reader, told);
  if (own === undefined || own.planned.plan.steps.length === 0) return undefined;
  const { change, live, planned, to } = own;
  if (!("query" in to) || addedBy(changes).some((name) => readsColumn(to.query, name))) return undefined;
  if ((await find(context, planned, change)).length > 0) return undefined;
  const both = alsoUnderOldNames(to, told);
  const sql = `ALTER TABLE ${quotedName(reader.key)} MODIFY QUERY ${both}`;
  const steps: Plan["steps"] = both === undefined ? planned.plan.steps : [{ kind: "statement", sql, hazards: [] }];
  const shown = both === undefined ? planned.shown : [{ sql, hazards: [] }];
  const written = (now: LiveObject): boolean =>
    columns.every(({ becomes = "" }) => namesOf(now.statement).has(becomes));
  return [
    ...columns.map((column) => aliasFirst(spec, column)),
    {
      key: reader.key,
      from: live.statement,
      isInterim: both !== undefined,
      isDone: (now) => sameObject(context, Definition.of(to), now),
      // The target's row may have let it write both names.
      isOurs: (now) => both !== undefined && written(now),
      plan: { steps },
      shown: saidWith(`-- first ${quotedName(reader.key)}, which this run changes too:`, shown),
    },
  ];
}

function addedBy(changes: Planned["changes"]): string[] {
  return changes.flatMap((change) => (change.kind === "column-added" ? [change.column.name] : []));
}

function renamedBy(changes: Planned["changes"]): string[] {
  return changes.flatMap((change) => (change.kind === "column-renamed" ? [change.to] : []));
}

/**
 * A view whose target's column is renamed writes it under both names until its own row: what a view writes to no column is dropped without
 * an error, and the column gets its default.
 *
 * @returns undefined where the program does not declare the view with the new name.
 */
async function writesBoth(
  context: Context,
  _planned: Planned,
  { columns, reader }: Broken,
  { told }: Tools,
): Promise<readonly First[] | undefined> {
  const declared = await declaredReader(context, reader, told);
  const before = definitionOf(reader).spec;
  if (declared === undefined || !("query" in before) || !("columns" in declared.to)) return undefined;
  const names = new Set(declared.to.columns.map(({ name }) => name));
  if (!columns.every(({ becomes }) => becomes !== undefined && names.has(becomes))) return undefined;
  const has = (statement: string): boolean => {
    const own = namesOf(statement);
    return columns.every(({ becomes }) => becomes !== undefined && own.has(becomes));
  };
  if (has(reader.statement)) return [];
  const both = columns.map(({ name, becomes = "" }) => `${quoteIdentifier(name)} AS ${quoteIdentifier(becomes)}`);
  const sql = `ALTER TABLE ${quotedName(reader.key)} MODIFY QUERY SELECT *, ${both.join(", ")} FROM (${before.query})`;
  return [
    {
      key: reader.key,
      from: reader.statement,
      isInterim: true,
      isDone: async (now) => has(now.statement),
      isHarmless: (error) => error instanceof ServerError && isUnknownColumn(error),
      plan: { steps: [{ kind: "statement", sql, hazards: [] }] },
      shown: [{ sql: `-- first ${quotedName(reader.key)} writes both names, until its own row:\n${sql}`, hazards: [] }],
    },
  ];
}
