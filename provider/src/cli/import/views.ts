import { World } from "../../canonical/world";
import { ConnectionError, ServerError } from "../../connection/errors";
import { openScratch } from "../../connection/scratch";
import { COLUMNS, type Program } from "../../generate";
import type { FoundObject } from "../../introspect/server";
import { keyOf } from "../../sql/object-key";
import { parseCreate } from "../../sql/parse";
import type { ColumnSpec, ObjectSpec } from "../../sql/spec";

/** What the engine says of the views of a program. */
export interface ComparedViews {
  /** Views whose list of columns is not what their query gives, with the reason, by key. */
  readonly plain: ReadonlyMap<string, string>;
  /** Views that could not be compared, with the engine's words, by key. */
  readonly unknown: ReadonlyMap<string, string>;
}

/**
 * Compares the columns of views with what the engine makes of their queries: a list that was written by hand, or that a
 * later ALTER of the source left behind, cannot be said by arguments. Costs two statements on the scratch engine for each view and
 * each of its sources.
 */
export async function compareViews(
  { resources }: Program,
  found: ReadonlyMap<string, FoundObject>,
): Promise<ComparedViews> {
  const plain = new Map<string, string>();
  const unknown = new Map<string, string>();
  const views = resources.filter(({ live, args }) => "query" in live && live.columns.length > 0 && !("sql" in args));
  if (views.length === 0) return { plain, unknown };
  const world = new World(openScratch, async (key) => found.get(key)?.live.statement);
  try {
    for (const { key, live, declared } of views) {
      try {
        if (columnsOf(await canonicalize(world, declared)) !== columnsOf(live)) plain.set(key, COLUMNS);
      } catch (error) {
        if (!(error instanceof ServerError || error instanceof ConnectionError)) throw error;
        unknown.set(key, error.message);
      }
    }
    return { plain, unknown };
  } finally {
    await world.close();
  }
}

async function canonicalize(world: World, declared: ObjectSpec): Promise<ObjectSpec> {
  const { statement } = await world.canonicalize(declared);
  world.declare(keyOf(declared), statement);
  return parseCreate(statement);
}

function columnsOf(spec: ObjectSpec): string {
  const columns: readonly ColumnSpec[] = spec.kind === "database" ? [] : spec.columns;
  return columns.map(({ name, type }) => `${name}\0${type}`).join("\n");
}
