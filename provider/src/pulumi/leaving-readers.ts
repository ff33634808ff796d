import { sameObject } from "../drift/compare";
import type { LiveObject } from "../introspect/live-object";
import { showPlan } from "../plan";
import { Definition } from "../sql/definition";
import { quoteString } from "../sql/identifiers";
import { quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { Context } from "./context";
import { saidWith } from "./declared-readers";
import type { Broken, First } from "./first";
import { interimQuery } from "./interim-query";
import type { Planned } from "./planning";
import { interimPlan } from "./retyped-readers";

/**
 * A reader that leaves the program in the run in which columns go that it reads. Pulumi removes it last, and the server drops no column
 * that a materialized view reads: until then that reads the columns' defaults. Nothing is done to others: they are about to be dropped.
 *
 * @returns undefined for a view that would write them into columns with new names, or whose query does not work like that.
 */
export async function withoutColumns(
  context: Context,
  { from, live }: Planned,
  { columns, reader, writes }: Broken,
): Promise<readonly First[] | undefined> {
  if (reader.engine !== "MaterializedView") return [];
  const { spec } = from;
  const before = parseCreate(reader.statement);
  if (writes || live === undefined || !("columns" in spec) || before.kind !== "materializedView") return undefined;
  if (columns.some(({ what }) => what !== "dropped")) return undefined;
  const typeOf = (column: string): string => spec.columns.find(({ name }) => name === column)?.type ?? "String";
  const values = new Map(
    columns.map(({ name }) => [name, `defaultValueOfTypeName(${quoteString(typeOf(name))})`] as const),
  );
  const query = interimQuery(before.query, new Map([[live.key, { columns: spec.columns, values }]]));
  if ((await context.scratch.resultOf(query).catch(() => undefined)) === undefined) return undefined;
  const { plan, to } = interimPlan(before, { ...before, query });
  const why = `-- first ${quotedName(reader.key)}, which leaves the program, reads no column that goes any more:`;
  return [
    {
      key: reader.key,
      from: reader.statement,
      isDone: (now: LiveObject) => sameObject(context, Definition.of(to), now),
      plan,
      shown: saidWith(why, showPlan(plan, reader)),
    },
  ];
}
