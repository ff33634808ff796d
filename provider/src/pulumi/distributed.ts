import type { ClusterConnection } from "../cluster/cluster-connection";
import { definitionOf } from "../introspect/live-definition";
import type { LiveObject } from "../introspect/live-object";
import { readObjects } from "../introspect/objects";
import { sendsTo } from "../sql/engine";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";
import type { Broken } from "./first";
import type { Concerned } from "./reader-changes";

/**
 * Tables that pass rows on to one which loses a column or renames it, and have it themselves: a Distributed one sends what no host takes, and a
 * Buffer drops values that go to no column. Costs one query for all, if a column goes.
 */
export async function distributedOver(
  context: Context,
  local: string,
  columns: readonly Concerned[],
): Promise<Broken[]> {
  const cluster = await context.clusterOf(local);
  const gone = columns.filter(({ what }) => what === "dropped" || (what === "renamed" && cluster === undefined));
  if (gone.length === 0 || (await context.reachableServer(undefined)) === undefined) return [];
  return (await context.live.allSenders()).flatMap((reader): Broken[] => {
    const spec = specOf(reader);
    if (spec === undefined || sendsTo(spec.storage.engine, spec.database) !== local) return [];
    const has = new Set(spec.columns.map(({ name }) => name));
    // What a Buffer still has of a dropped column is lost like the rest of it.
    const lost = gone.filter(({ name, what }) => has.has(name) && (isDistributed(reader) || what === "renamed"));
    if (lost.length === 0) return [];
    const reason = isDistributed(reader)
      ? "it is Distributed over it: inserts with the column would wait in files that no host takes"
      : "it is a Buffer over it, and would pass rows on without the column's values; drop it for the rename, or stop what writes to it";
    return [{ reader, columns: lost, reason }];
  });
}

/** Whether a plan may change it before its local table: ADD comes after that one. */
export function isDistributed({ engine }: LiveObject): boolean {
  return engine === "Distributed";
}

function specOf(live: LiveObject): Extract<ObjectSpec, { kind: "table" }> | undefined {
  try {
    const { spec } = definitionOf(live);
    return spec.kind === "table" ? spec : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Tables on a cluster that send their rows to others from files or memory of their own, not at once: an insert that is refused may have been
 * sent in part, and its repetition would double that. One query.
 */
export async function sendersTo(cluster: ClusterConnection, tables: ReadonlySet<string>): Promise<LiveObject[]> {
  const senders = await readObjects(cluster, "engine IN ('Distributed', 'Buffer')");
  return senders.filter((sender) => {
    const spec = specOf(sender);
    const to = spec && sendsTo(spec.storage.engine, spec.database);
    return to !== undefined && tables.has(to);
  });
}
