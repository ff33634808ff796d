import { definitionOf } from "../introspect/live-definition";
import { objectKey, quotedName } from "../sql/object-key";
import type { ObjectSpec, QualifiedName } from "../sql/spec";
import type { Context } from "./context";
import type { Concerned } from "./reader-changes";
import { refusedCast } from "./reader-trials";

/** Renamed columns of a view's target that the view writes under their old name. */
export function writtenNowhere(
  view: ObjectSpec,
  { columns, from }: { readonly from: QualifiedName; readonly columns: readonly Concerned[] },
): Concerned[] {
  if (view.kind !== "materializedView" || view.to === undefined) return [];
  if (objectKey(view.to.database, view.to.name) !== objectKey(from.database, from.name)) return [];
  const written = new Set(view.columns.map(({ name }) => name));
  return columns.filter(({ name, what }) => what === "renamed" && written.has(name));
}

/**
 * What a view gives after a change of its source and its target cannot take: every insert would fail (error 70).
 *
 * @param view over the source as declared.
 * @returns the engine's words and, where the declared target does not take it either or cannot become what is declared, what to do instead.
 */
export async function notConverted(
  context: Context,
  view: ObjectSpec,
): Promise<{ readonly reason: string; readonly instead?: string } | undefined> {
  if (view.kind !== "materializedView" || view.to === undefined) return undefined;
  const key = objectKey(view.to.database, view.to.name);
  const live = await context.reachableLive(undefined, key);
  if (live === undefined) return undefined;
  // Not the view's own list of columns, which keeps the former types.
  const outputs = await context.scratch.resultOf(view.query).catch(() => []);
  const [now, declared] = [definitionOf(live).spec, context.checked.get(key)?.definition?.spec].map(typesIn);
  for (const { name, type } of outputs) {
    const current = now?.get(name);
    if (current === undefined || current === type) continue;
    const reason = await refusedCast(context, type, current);
    if (reason === undefined) continue;
    const wanted = declared?.get(name) ?? type;
    const reachable = (await refusedCast(context, type, wanted)) ?? (await refusedCast(context, current, wanted));
    if (reachable === undefined) return { reason };
    return {
      reason,
      instead:
        `${quotedName(key)} keeps ${name} as ${current}, which nothing converts: add a column of type ${type} to it, have the view write that one, and ` +
        "fill it by a backfill; or create a second target and a second view",
    };
  }
  return undefined;
}

function typesIn(spec: ObjectSpec | undefined): ReadonlyMap<string, string | undefined> | undefined {
  return spec !== undefined && "columns" in spec
    ? new Map(spec.columns.map(({ name, type }) => [name, type]))
    : undefined;
}
