import { engineName, isMergeTreeFamily, isReplicated } from "../clickhouse/engines";
import { ServerError } from "../connection/errors";
import { isUnknownColumn } from "../connection/server-message";
import { sameObject } from "../drift/compare";
import type { LiveObject } from "../introspect/server-catalog";
import { mentionedNames } from "../lineage/mentions";
import { NEED_ALLOW, type Plan, type ShownStep } from "../plan";
import { isAliasOf } from "../plan/alias-renames";
import { Definition } from "../sql/definition";
import { quoteIdentifier } from "../sql/identifiers";
import { keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { aliasFirst, alsoUnderOldNames, namesOf } from "./both-names";
import type { Context } from "./context";
import { isDistributed } from "./distributed";
import type { Broken, Declared, FindBroken, First } from "./first";
import { type Change, type Planned, planChange } from "./planning";
import { type Concerned, readsColumn } from "./reader-changes";
import { declarationsIn, type Told, toldDeclaration } from "./told";

/**
 * Those of some broken readers that the program declares without what goes: they are changed first, their own readers before them, so that
 * no insert and no query fails in between.
 *
 * @returns what is to be changed first, in order, and the readers that stay broken.
 */
export async function readersFirst(
  context: Context,
  planned: Planned,
  broken: readonly Broken[],
  find: FindBroken,
): Promise<{ readonly first: readonly First[]; readonly left: readonly Broken[] }> {
  const ways = broken.map(wayFor);
  if (ways.every((way) => way === undefined)) return { first: [], left: broken };
  const told = new Map(
    declarationsIn(await context.askProgram()).flatMap((one) => {
      const declaration = readable(one);
      return declaration === undefined ? [] : [[keyOf(declaration.spec), declaration] as const];
    }),
  );
  const first: First[] = [];
  const left: Broken[] = [];
  for (const [index, one] of broken.entries()) {
    const found = await ways[index]?.(context, planned, one, told, find);
    if (found === undefined) left.push(one);
    else
      first.push(...found.filter((one) => !first.some(({ key, column }) => key === one.key && column === one.column)));
  }
  return { first, left };
}

/** How a reader is changed with what it reads. @returns undefined where that is not possible. */
type Way = (
  context: Context,
  planned: Planned,
  broken: Broken,
  told: Declared,
  find: FindBroken,
) => Promise<readonly First[] | undefined>;

function wayFor({ columns, writes }: Broken): Way | undefined {
  if (writes) return writesBoth;
  if (columns.every(({ what }) => what === "dropped")) return firstOf;
  return columns.every(({ what }) => what === "renamed") ? renamedWith : undefined;
}

/** @returns undefined unless it can be changed beforehand, in place and without further permission. */
async function firstOf(
  context: Context,
  { changes, from }: Planned,
  { reader }: Broken,
  told: Declared,
  find: FindBroken,
): Promise<readonly First[] | undefined> {
  const own = await inPlace(context, reader, told);
  if (own === undefined) return undefined;
  const { change, live, planned, to } = own;
  // What this change adds or renames is not there yet.
  const later = [...addedBy(changes), ...renamedBy(changes)];
  if ("query" in to ? later.some((name) => readsColumn(to.query, name)) : !isDistributed(reader)) return undefined;
  if (!("query" in to) && planned.changes.some(({ kind }) => kind !== "column-dropped")) return undefined;
  // Another resource of this run has changed it by now.
  if (planned.plan.steps.length === 0) return [];
  const before = await readersFirst(context, planned, await find(context, planned, change), find);
  if (before.left.length > 0) return undefined;
  const isDone = (now: LiveObject): Promise<boolean> => sameObject(context, Definition.of(to), now);
  const why = `-- first ${quotedName(reader.key)}, which this run changes too and which reads what goes:`;
  const { plan, shown } = planned;
  const gated = isGated(from);
  return [...before.first, { key: reader.key, from: live.statement, gated, isDone, plan, shown: saidWith(why, shown) }];
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
  told: Declared,
  find: FindBroken,
): Promise<readonly First[] | undefined> {
  const { spec } = Definition.read(from);
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
      isDone: (now) => sameObject(context, Definition.of(to), now),
      // The target's row may have let it write both names.
      isOurs: (now) => both !== undefined && written(now),
      plan: { steps },
      shown: saidWith(`-- first ${quotedName(reader.key)}, which this run changes too:`, shown),
    },
  ];
}

/** The plan of a reader as it is declared. @returns undefined unless it needs only statements, and no permission that is not given. */
async function inPlace(context: Context, reader: LiveObject, told: Declared) {
  const declared = await declaredReader(context, reader, told);
  if (declared === undefined) return undefined;
  const { options, to } = declared;
  const { database, name = "" } = keyParts(reader.key);
  const stored = { database, name, qualifiedName: quotedName(reader.key), statement: reader.statement };
  const change: Change = { urn: undefined, sensitive: false, stored, to, options };
  const planned = await planChange(context, context.lookFor(undefined), change);
  const { plan, live, pending } = planned;
  const allowed = new Set([...options.allow, ...context.config.allow]);
  const isSimple = plan.steps.every(
    ({ kind, hazards }) =>
      kind === "statement" && hazards.every((one) => !NEED_ALLOW.has(one.kind) || allowed.has(one.kind)),
  );
  return live === undefined || pending !== undefined || !isSimple ? undefined : { change, live, planned, to };
}

/** Whether columns of the object can be dropped while no insert is under way. */
function isGated(statement: string): boolean {
  const { spec } = Definition.read(statement);
  return (
    spec.kind === "table" && isMergeTreeFamily(spec.storage.engine) && !isReplicated(engineName(spec.storage.engine))
  );
}

function addedBy(changes: Planned["changes"]): string[] {
  return changes.flatMap((change) => (change.kind === "column-added" ? [change.column.name] : []));
}

function renamedBy(changes: Planned["changes"]): string[] {
  return changes.flatMap((change) => (change.kind === "column-renamed" ? [change.to] : []));
}

function saidWith(why: string, shown: readonly ShownStep[]): ShownStep[] {
  return shown.map((step, index) => (index === 0 ? { ...step, sql: `${why}\n${step.sql}` } : step));
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
  told: Declared,
): Promise<readonly First[] | undefined> {
  const declared = await declaredReader(context, reader, told);
  const before = parseCreate(reader.statement);
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
      isDone: async (now) => has(now.statement),
      isHarmless: (error) => error instanceof ServerError && isUnknownColumn(error),
      plan: { steps: [{ kind: "statement", sql, hazards: [] }] },
      shown: [{ sql: `-- first ${quotedName(reader.key)} writes both names, until its own row:\n${sql}`, hazards: [] }],
    },
  ];
}

/** A reader as the program declares it, in the engine's words. */
async function declaredReader(context: Context, reader: LiveObject, told: Declared) {
  const declaration = told.get(reader.key);
  if (declaration === undefined || context.config.scratch === "off") return undefined;
  const { spec } = declaration;
  // What it reads and writes may be checked later than this.
  const sources = new Set("query" in spec ? mentionedNames(spec.query) : []);
  if (spec.kind === "materializedView" && spec.to !== undefined) sources.add(objectKey(spec.to.database, spec.to.name));
  for (const source of sources) {
    const unchecked = context.checked.has(source) ? undefined : told.get(source)?.spec;
    const made = unchecked && (await context.scratch.canonicalize(unchecked).catch(() => undefined));
    if (made !== undefined) context.scratch.declare(source, made.definition);
  }
  const canonical = await context.scratch.canonicalize(spec).catch(() => undefined);
  return canonical && { options: declaration.options, to: canonical.definition.spec };
}

function readable(told: Told): ReturnType<typeof toldDeclaration> | undefined {
  try {
    return toldDeclaration(told);
  } catch {
    // Its own row says what is wrong with it.
    return undefined;
  }
}
