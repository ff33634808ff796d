import { sourceOf } from "../apply/backfill";
import { isMergeTreeFamily } from "../clickhouse/engines";
import { objectKey } from "../sql/object-key";
import type { MaterializedViewSpec, ObjectSpec, QualifiedName } from "../sql/spec";
import type { Context } from "./context";

/**
 * Whether it makes sense to advise `clickhouse-schema backfill` for a view: it needs a source and a target that keep their rows in parts.
 * False where an engine is not known, because advice that fails is worse than none.
 */
export async function canRefill(context: Context, urn: string | undefined, spec: ObjectSpec): Promise<boolean> {
  if (spec.kind !== "materializedView" || spec.to === undefined || spec.refresh !== undefined) return false;
  const source = sourceIfKnown(spec);
  if (source === undefined) return false;
  for (const table of [source, spec.to]) {
    const engine = await engineOf(context, urn, table);
    if (engine === undefined || !isMergeTreeFamily(engine)) return false;
  }
  return true;
}

function sourceIfKnown(spec: MaterializedViewSpec): QualifiedName | undefined {
  try {
    return sourceOf(spec);
  } catch {
    return undefined;
  }
}

async function engineOf(
  context: Context,
  urn: string | undefined,
  { database, name }: QualifiedName,
): Promise<string | undefined> {
  const key = objectKey(database, name);
  const spec = context.checked.get(key)?.definition?.spec;
  if (spec === undefined) return (await context.reachableLive(urn, key))?.engine;
  return spec.kind === "table" ? (spec.storage.engine ?? "MergeTree") : spec.kind;
}
