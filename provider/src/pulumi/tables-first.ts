import { sameObject } from "../drift/compare";
import type { LiveObject } from "../introspect/live-object";
import { mentionedNames } from "../lineage/mentions";
import { classifyRetype } from "../plan/retype";
import { Definition } from "../sql/definition";
import { objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { ColumnSpec } from "../sql/spec";
import type { Context } from "./context";
import { declaredReader, inPlace, saidWith } from "./declared-readers";
import type { First, Tools } from "./first";
import type { Planned } from "./planning";

type Types = ReadonlyMap<string, string>;

/** What a view writes, over its sources as they are and as declared. */
interface Outputs {
  readonly before: Types;
  readonly after: Types;
}

/** A materialized view, and what it writes. */
interface Flow {
  readonly view: LiveObject;
  readonly target: string;
  readonly sources: ReadonlySet<string>;
}

/**
 * Tables along the views of a table whose columns this run retypes too, and that are to be first: a target that gets wider before its
 * source, so that it takes what the source takes; a source that gets narrower before its target. Between the two, values would be cut off.
 *
 * @param path tables that wait for this one.
 */
export async function tablesFirst(
  context: Context,
  key: string,
  { changes }: Planned,
  tools: Tools,
  path: readonly string[] = [],
): Promise<First[]> {
  if (!changes.some(({ kind }) => kind === "column-retyped") || tools.told.size === 0) return [];
  const first: First[] = [];
  for (const flow of await flowsAt(context, key)) {
    const outputs = await outputsOf(context, flow.view, tools);
    if (outputs === undefined) continue;
    const isTarget = flow.target === key;
    for (const other of isTarget ? flow.sources : [flow.target]) {
      if (path.includes(other)) continue;
      const retyped = isTarget ? changes : await retypesOf(context, other, tools);
      if (!retyped.some((change) => waits(change, outputs, isTarget))) continue;
      const found = await tableFirst(context, other, tools, [...path, key]);
      first.push(
        ...found.filter((one) => !first.some((known) => known.key === one.key && known.column === one.column)),
      );
    }
  }
  return first;
}

/**
 * Whether a column of a view's target has to change before the view's source, or after it if that is in question: between the two the view
 * writes the source's new type into the target's present one, or its present one into the target's new one.
 */
function waits(change: Planned["changes"][number], outputs: Outputs, isTarget: boolean): boolean {
  if (change.kind !== "column-retyped") return false;
  const { from, name, to } = change;
  const [before, after] = [outputs.before.get(name), outputs.after.get(name)];
  if (before === undefined || after === undefined || !fits(after, to)) return false;
  return isTarget ? !fits(before, to) : !fits(after, from);
}

function fits(from: string, to: string): boolean {
  return from === to || classifyRetype(from, to).isSafe;
}

async function flowsAt(context: Context, key: string): Promise<Flow[]> {
  const views = (await context.live.allReaders()).filter(({ engine }) => engine === "MaterializedView");
  return views.flatMap((view): Flow[] => {
    const spec = parseCreate(view.statement);
    if (spec.kind !== "materializedView" || spec.to === undefined || spec.refresh !== undefined) return [];
    const flow = { view, target: objectKey(spec.to.database, spec.to.name), sources: mentionedNames(spec.query) };
    return flow.target === key || flow.sources.has(key) ? [flow] : [];
  });
}

/** @returns undefined where the program does not declare it. */
async function outputsOf(context: Context, view: LiveObject, { told }: Tools): Promise<Outputs | undefined> {
  const declared = await declaredReader(context, view, told);
  const before = parseCreate(view.statement);
  if (declared === undefined || !("query" in declared.to) || !("query" in before)) return undefined;
  const after = await context.scratch.resultOf(declared.to.query).catch(() => undefined);
  return after && { before: typesIn(before.columns), after: typesIn(after) };
}

async function retypesOf(context: Context, key: string, { told }: Tools): Promise<Planned["changes"]> {
  const live = told.has(key) ? await context.live.find(key) : undefined;
  return (live && (await inPlace(context, live, told)))?.planned.changes ?? [];
}

/** What has to run for a table to be as declared; nothing where that takes more than statements, or a permission. */
async function tableFirst(
  context: Context,
  key: string,
  tools: Tools,
  path: readonly string[],
): Promise<readonly First[]> {
  const live = tools.told.has(key) ? await context.live.find(key) : undefined;
  const own = live && (await inPlace(context, live, tools.told));
  if (own === undefined || own.to.kind !== "table" || own.planned.plan.steps.length === 0) return [];
  const readers = await tools.resolve(own.planned, own.change);
  if (readers.left.length > 0) return [];
  const { changes, plan, shown } = own.planned;
  const why = `-- first ${quotedName(key)}, which this run changes too, so that no value is cut off on its way:`;
  return [
    ...(await tablesFirst(context, key, own.planned, tools, path)),
    ...readers.first,
    {
      key,
      from: own.live.statement,
      changes,
      isDone: (now: LiveObject) => sameObject(context, Definition.of(own.to), now),
      plan,
      shown: saidWith(why, shown),
    },
  ];
}

function typesIn(columns: readonly Pick<ColumnSpec, "name" | "type">[]): Types {
  return new Map(columns.map(({ name, type = "" }) => [name, type]));
}
