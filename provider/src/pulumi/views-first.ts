import { sameObject } from "../drift/compare";
import type { LiveObject } from "../introspect/live-object";
import { diffObject } from "../kinds/object";
import { mentionedNames } from "../lineage/mentions";
import { passesOn } from "../lineage/sources";
import { triggerOf } from "../lineage/trigger";
import { Definition } from "../sql/definition";
import { keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { MaterializedViewSpec, ObjectSpec } from "../sql/spec";
import { addedFirst } from "./added-first";
import type { Context } from "./context";
import { declaredBy, declaredReader, inPlace, saidWith } from "./declared-readers";
import type { Declared, First, Tools } from "./first";
import type { Change, Planned } from "./planning";
import { readsColumn } from "./reader-changes";

/** A view that is triggered by inserts. */
interface Flow {
  readonly view: LiveObject;
  readonly spec: MaterializedViewSpec;
}

/**
 * Views along a chain that this run changes too, and that come before a view: where it begins to read a column, what writes that one; where it
 * stops writing a column, what reads that one. In between, rows would carry the column's default, which the next view may not take ('' is no number).
 *
 * @returns what is to be changed first, in order; nothing for a view for which no such order is known.
 */
export async function viewsFirst(
  context: Context,
  { before, to }: { readonly before?: ObjectSpec; readonly to: ObjectSpec },
  tools: Tools,
): Promise<First[]> {
  if (tools.told.size === 0 || !isIncremental(to) || (before !== undefined && !isIncremental(before))) return [];
  const first: First[] = [];
  const add = (found: readonly First[] = []): void => {
    for (const one of found)
      if (!first.some(({ column, key }) => key === one.key && column === one.column)) first.push(one);
  };
  const inner = { ...tools, path: [...tools.path, keyOf(to)] };
  const others = (found: readonly Flow[]): Flow[] => found.filter(({ view }) => !inner.path.includes(view.key));
  const begun = begunToRead(before, to, tools.told);
  for (const writer of begun.length === 0 ? [] : others(await writersOf(context, to, tools.told))) {
    const after = await declaredView(context, writer.view, tools.told);
    const isNew = (name: string): boolean => !writes(writer.spec, name) && after !== undefined && writes(after, name);
    if (!begun.some(isNew)) continue;
    const why = `which this run changes too and which writes what ${quotedName(keyOf(to))} is going to read`;
    add(await viewFirst(context, writer.view, inner, why));
  }
  const ended = endedToWrite(before, to, tools.told);
  for (const reader of ended.length === 0 ? [] : others(await readersOf(context, before ?? to, tools.told))) {
    const read = ended.filter((name) => readsColumn(reader.spec.query, name));
    const after = read.length === 0 ? undefined : await declaredView(context, reader.view, tools.told);
    if (after === undefined || !read.some((name) => !readsColumn(after.query, name))) continue;
    const why = `which this run changes too and which reads what ${quotedName(keyOf(to))} stops writing`;
    add(await viewFirst(context, reader.view, inner, why));
  }
  return first;
}

/** Whether a view begins to read a column that other views write, or will: inserts that began before they did carry only its default. */
export async function readsWhatOthersWrite(
  context: Context,
  before: Planned["from"]["spec"],
  to: Change["to"],
): Promise<boolean> {
  if (!isIncremental(before) || !isIncremental(to) || before.query === to.query) return false;
  const { told } = await declaredBy(context);
  const begun = begunToRead(before, to, told);
  for (const { spec, view } of begun.length === 0 ? [] : await writersOf(context, to, told)) {
    const after = await declaredView(context, view, told);
    if (begun.some((name) => writes(spec, name) || (after !== undefined && writes(after, name)))) return true;
  }
  return false;
}

function isIncremental(spec: Change["to"]): spec is MaterializedViewSpec {
  return spec.kind === "materializedView" && spec.refresh === undefined;
}

function writes({ columns }: MaterializedViewSpec, name: string): boolean {
  return columns.some((column) => column.name === name);
}

/** Columns of its source that a view did not read before; a renamed one has had its values under another name. */
function begunToRead(before: MaterializedViewSpec | undefined, to: MaterializedViewSpec, told: Declared): string[] {
  const source = sourceOf(to);
  const declared = source === undefined ? undefined : told.get(source);
  if (declared === undefined || !("columns" in declared.spec)) return [];
  const { renamedColumns } = declared.options;
  return declared.spec.columns.flatMap(({ name }) =>
    renamedColumns[name] === undefined && readsColumn(to.query, name) && !(before && readsColumn(before.query, name))
      ? name
      : [],
  );
}

/** Columns that a view wrote before. */
function endedToWrite(before: MaterializedViewSpec | undefined, to: MaterializedViewSpec, told: Declared): string[] {
  const columns = before?.columns ?? [];
  return columns.flatMap(({ name }) => (writes(to, name) || isRenamed(to, name, told) ? [] : name));
}

function isRenamed({ to }: MaterializedViewSpec, name: string, told: Declared): boolean {
  const options = to && told.get(objectKey(to.database, to.name))?.options;
  return Object.values(options?.renamedColumns ?? {}).includes(name);
}

/** The table whose inserts trigger it. */
function sourceOf({ query }: MaterializedViewSpec): string | undefined {
  const trigger = triggerOf(query);
  return trigger && objectKey(trigger.database, trigger.name);
}

/** Views that write what a view reads, also through tables that pass their rows on. */
async function writersOf(context: Context, view: MaterializedViewSpec, told: Declared): Promise<Flow[]> {
  const source = sourceOf(view);
  if (source === undefined) return [];
  const tables = [source];
  for (const table of tables) {
    for (const [key, { spec }] of told)
      if (spec.kind === "table" && passesOn(spec).includes(table) && !tables.includes(key)) tables.push(key);
  }
  const isWritten = ({ to }: MaterializedViewSpec): boolean =>
    to !== undefined && tables.includes(objectKey(to.database, to.name));
  return (await flowsNaming(context, tables)).filter(({ spec }) => isWritten(spec));
}

/** Views that read what a view writes, also through tables that pass their rows on. */
async function readersOf(context: Context, { to }: MaterializedViewSpec, told: Declared): Promise<Flow[]> {
  if (to === undefined) return [];
  const tables = [objectKey(to.database, to.name)];
  for (const table of tables) {
    const spec = told.get(table)?.spec;
    if (spec?.kind === "table") tables.push(...passesOn(spec).filter((key) => !tables.includes(key)));
  }
  const isRead = (spec: MaterializedViewSpec): boolean => tables.includes(sourceOf(spec) ?? "");
  return (await flowsNaming(context, tables)).filter(({ spec }) => isRead(spec));
}

async function flowsNaming(context: Context, tables: readonly string[]): Promise<Flow[]> {
  // Most views name none of them: these are not parsed.
  const names = tables.map((key) => keyParts(key).name ?? "");
  const named = (await context.live.allReaders()).filter(
    ({ engine, statement }) => engine === "MaterializedView" && names.some((name) => statement.includes(name)),
  );
  return named.flatMap((view): Flow[] => {
    const spec = parseCreate(view.statement);
    return isIncremental(spec) ? [{ view, spec }] : [];
  });
}

async function declaredView(
  context: Context,
  view: LiveObject,
  told: Declared,
): Promise<MaterializedViewSpec | undefined> {
  const declared = await declaredReader(context, view, told);
  return declared !== undefined && isIncremental(declared.to) ? declared.to : undefined;
}

/** @returns undefined unless it can be changed now, in place and without further permission. */
async function viewFirst(
  context: Context,
  view: LiveObject,
  tools: Tools,
  why: string,
): Promise<readonly First[] | undefined> {
  const own = await inPlace(context, view, tools.told);
  if (own === undefined || !isIncremental(own.to)) return undefined;
  const { change, live, planned, to } = own;
  if (planned.plan.steps.length === 0) return [];
  const columns = await columnsFirst(context, to, tools);
  const before = await tools.resolve(planned, change, tools.path);
  if (columns === undefined || before.left.length > 0) return undefined;
  const isDone = (now: LiveObject): Promise<boolean> => sameObject(context, Definition.of(to), now);
  const { plan, shown } = planned;
  const waits = await readsWhatOthersWrite(context, planned.from.spec, to);
  const reason = `-- first ${quotedName(live.key)}, ${why}${waits ? ", once inserts under way have ended" : ""}:`;
  return [
    ...columns,
    ...before.first,
    { key: live.key, from: live.statement, isDone, plan, shown: saidWith(reason, shown), ...(waits && { waits }) },
  ];
}

/** Columns that the sources of a view's query get in this run. @returns undefined where it needs another change of theirs. */
async function columnsFirst(
  context: Context,
  { query }: MaterializedViewSpec,
  { told }: Tools,
): Promise<readonly First[] | undefined> {
  const first: First[] = [];
  for (const key of mentionedNames(query)) {
    const live = told.has(key) ? await context.live.find(key) : undefined;
    const declared = live && (await declaredReader(context, live, told));
    if (live === undefined || declared === undefined) continue;
    const { options, to } = declared;
    const from = Definition.read(live.statement);
    const changes = diffObject(from.spec, to, { renamedColumns: options.renamedColumns });
    const needsOther = changes.some(
      (one) =>
        (one.kind === "column-renamed" && readsColumn(query, one.to)) ||
        (one.kind === "column-retyped" && readsColumn(query, one.name)),
    );
    const added = needsOther ? undefined : addedFirst({ changes, from }, query, to);
    if (added === undefined) return undefined;
    first.push(...added);
  }
  return first;
}
