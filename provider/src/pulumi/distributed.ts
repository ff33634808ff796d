import type { ClusterConnection } from "../cluster/cluster-connection";
import { definitionOf } from "../introspect/live-definition";
import { readObjects } from "../introspect/objects";
import type { LiveObject } from "../introspect/server-catalog";
import { sendsTo } from "../sql/engine";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";
import type { Broken } from "./first";
import type { Concerned } from "./reader-changes";

/**
 * Distributed tables on a cluster that have a column which their local table loses: what they have accepted with it waits in files that no
 * host takes, and queries for it fail. Costs one query, if a column goes.
 */
export async function distributedOver(
  context: Context,
  local: string,
  columns: readonly Concerned[],
): Promise<Broken[]> {
  const gone = columns.filter(({ what }) => what === "dropped");
  const cluster = gone.length === 0 ? undefined : await context.clusterOf(local);
  if (cluster === undefined) return [];
  const tables = await readObjects(cluster, "engine = 'Distributed'");
  return tables.flatMap((reader): Broken[] => {
    const spec = specOf(reader);
    if (spec === undefined || sendsTo(spec.storage.engine, spec.database) !== local) return [];
    const has = new Set(spec.columns.map(({ name }) => name));
    const lost = gone.filter(({ name }) => has.has(name));
    if (lost.length === 0) return [];
    const reason = "it is Distributed over it: inserts with the column would wait in files that no host takes";
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
