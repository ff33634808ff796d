import { rewrite } from "../apply/rename";
import { engineName, isReplicated } from "../clickhouse/engines";
import { sameObject } from "../drift/compare";
import type { LiveObject } from "../introspect/live-object";
import { diffObject, planObject } from "../kinds/object";
import { mentionedNames } from "../lineage/mentions";
import { type Plan, showPlan } from "../plan";
import { Definition } from "../sql/definition";
import { quoteIdentifier, quoteString } from "../sql/identifiers";
import { keyParts, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { ColumnSpec, MaterializedViewSpec, ViewSpec } from "../sql/spec";
import type { Context } from "./context";
import { declaredReader, inPlace, saidWith } from "./declared-readers";
import type { Broken, Declared, First, Tools } from "./first";
import { interimQuery, type Replaced } from "./interim-query";
import type { Planned } from "./planning";

/**
 * A reader that is declared for the new types of columns, and does not take the present ones: until its own row it reads them converted,
 * which works before and after the change of the columns, so that no insert meets a table and a view that do not fit.
 *
 * @returns undefined where no such query works, or the reader needs more than statements, or a permission.
 */
export async function retypedWith(
  context: Context,
  { from }: Planned,
  { reader }: Broken,
  { resolve, told }: Tools,
): Promise<readonly First[] | undefined> {
  const { spec } = from;
  const isShared = spec.kind === "table" && isReplicated(engineName(spec.storage.engine));
  // Where only the table is replicated, the views of other replicas stay as they are.
  if (isShared && (await context.clusterOf(reader.key)) === undefined) return undefined;
  const own = await inPlace(context, reader, told);
  if (own === undefined || !("query" in own.to) || own.planned.plan.steps.length === 0) return undefined;
  const before = parseCreate(reader.statement);
  if (!("query" in before) || before.kind !== own.to.kind) return undefined;
  const query = await workingQuery(context, own.to, told);
  if (query === undefined) return undefined;
  const { plan, to } = interimPlan(before, { ...own.to, query });
  const readers = await resolve(own.planned, own.change);
  if (readers.left.length > 0) return undefined;
  const why = `-- first ${quotedName(reader.key)}, which this run changes too, reads the new types, until its own row:`;
  return [
    ...readers.first,
    {
      key: reader.key,
      from: reader.statement,
      isInterim: true,
      isDone: (now: LiveObject) => sameObject(context, Definition.of(to), now),
      plan,
      shown: saidWith(why, showPlan(plan, reader)),
    },
  ];
}

/** @returns undefined where it does not give over the sources as they are what it gives over the declared ones. */
async function workingQuery(
  context: Context,
  { columns, query }: ViewSpec | MaterializedViewSpec,
  told: Declared,
): Promise<string | undefined> {
  const sources = new Map<string, Replaced>();
  for (const key of mentionedNames(query)) {
    const source = await retypedSource(context, key, told);
    if (source !== undefined) sources.set(key, source);
  }
  const interim = interimQuery(query, sources);
  let overOld = interim;
  for (const key of sources.keys()) {
    const live = await context.live.find(key);
    if (live === undefined) return undefined;
    const { database, name = "" } = keyParts(key);
    const to = { database, name: `${name}__before` };
    const was = parseCreate(rewrite(live.statement, { object: "table", from: { database, name }, to }, "header").text);
    context.scratch.declare(objectKey(to.database, to.name), Definition.of(was));
    overOld = rewrite(overOld, { object: "table", from: { database, name }, to }).text;
  }
  const wanted = shapeOf(columns);
  for (const one of [interim, overOld]) {
    const given = await context.scratch.resultOf(one).catch(() => undefined);
    if (given === undefined || shapeOf(given) !== wanted) return undefined;
  }
  return interim;
}

/** A source that this run retypes. */
async function retypedSource(context: Context, key: string, told: Declared): Promise<Replaced | undefined> {
  const live = told.has(key) ? await context.live.find(key) : undefined;
  const declared = live && (await declaredReader(context, live, told));
  if (live === undefined || declared === undefined) return undefined;
  const { options, to } = declared;
  const { spec } = Definition.read(live.statement);
  if (!("columns" in spec) || spec.kind !== to.kind) return undefined;
  const changes = diffObject(spec, to, { renamedColumns: options.renamedColumns });
  const values = changes.flatMap((one) =>
    one.kind === "column-retyped"
      ? [[one.name, `CAST(${quoteIdentifier(one.name)}, ${quoteString(one.to)})`] as const]
      : [],
  );
  return values.length === 0 ? undefined : { columns: spec.columns, values: new Map(values) };
}

/** The statement that gives a view another query for a while, and the view then. */
export function interimPlan(
  before: ViewSpec | MaterializedViewSpec,
  { columns, query }: ViewSpec | MaterializedViewSpec,
): { readonly plan: Plan; readonly to: ViewSpec | MaterializedViewSpec } {
  const to = { ...before, columns, query };
  const { steps } = planObject(before, to, diffObject(before, to));
  // Its own row tells what the change means for rows.
  const bare = steps.map((step) => ({ ...step, hazards: [] }));
  return { plan: { steps: bare }, to };
}

function shapeOf(columns: readonly Pick<ColumnSpec, "name" | "type">[]): string {
  return columns.map(({ name, type = "" }) => `${name} ${type}`).join("\n");
}
