import { SchemaError } from "../errors";
import { readReplication } from "../introspect/replication";
import { refuseReplicatedDatabase, refuseReplicatedTable } from "../plan/replication";
import { isGrants } from "../sql/access/grant";
import { isAccess, keyOf, objectKey } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";

/** The engine of a database that names none. */
const DEFAULT_DATABASE = "Atomic";

/**
 * Costs nothing for an object that is not replicated, otherwise one query on the server.
 *
 * @throws {SchemaError} when the server's configuration does not let it create `spec`, which does not exist yet.
 */
export async function refuseUnreplicable(context: Context, urn: string | undefined, spec: ObjectSpec): Promise<void> {
  if (
    isAccess(spec) ||
    "entries" in spec ||
    isGrants(spec) ||
    "query" in spec ||
    "expression" in spec ||
    "attributes" in spec
  )
    return;
  const engine = "database" in spec ? spec.storage.engine : spec.engine;
  if (!/^Replicated/.test(engine ?? "")) return;
  const { asked } = await context.lookFor(urn)(objectKey("database" in spec ? spec.database : spec.name));
  const found = asked ? await readReplication(await context.connection()) : undefined;
  if (found === undefined) return;
  const server = { ...found, onCluster: (await context.clusterOf(keyOf(spec))) !== undefined };
  const reason =
    "database" in spec
      ? refuseReplicatedTable(spec, await databaseEngine(context, urn, spec.database), server)
      : refuseReplicatedDatabase(spec, server);
  if (reason !== undefined) throw new SchemaError("not-replicable", reason);
}

/** The engine on the server, otherwise the declared one. */
async function databaseEngine(context: Context, urn: string | undefined, name: string): Promise<string> {
  const live = await context.reachableLive(urn, objectKey(name));
  if (live !== undefined) return live.engine;
  const declared = context.checked.get(objectKey(name))?.definition?.spec;
  return (declared !== undefined && "engine" in declared ? declared.engine : undefined) ?? DEFAULT_DATABASE;
}
