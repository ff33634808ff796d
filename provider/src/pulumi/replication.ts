import { SchemaError } from "../errors";
import { takenReplica } from "../introspect/replica-paths";
import { readReplication } from "../introspect/replication";
import {
  keeperPlace,
  type Replication,
  refuseReplicatedDatabase,
  refuseReplicatedTable,
  refuseTaken,
} from "../plan/replication";
import { isGrants } from "../sql/access/grant";
import { isAccess, keyOf, objectKey } from "../sql/object-key";
import type { ObjectSpec, TableSpec } from "../sql/spec";
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
  const onCluster = (await context.clusterOf(keyOf(spec))) !== undefined;
  const server = { ...found, onCluster, apart: !onCluster && context.config.cluster !== undefined };
  const reason =
    "database" in spec
      ? refuseReplicatedTable(spec, await databaseEngine(context, urn, spec.database), server)
      : refuseReplicatedDatabase(spec, server);
  if (reason !== undefined) throw new SchemaError("not-replicable", reason);
  if ("database" in spec) await refuseTakenPlace(context, spec, server);
}

async function refuseTakenPlace(context: Context, table: TableSpec, server: Replication): Promise<void> {
  const place = keeperPlace(table, server);
  if (place === undefined) return;
  const taken = await takenReplica(await context.connectionOf(keyOf(table)), table, place);
  if (taken !== undefined) throw new SchemaError("not-replicable", refuseTaken(table, taken));
}

/** The engine on the server, otherwise the declared one. */
async function databaseEngine(context: Context, urn: string | undefined, name: string): Promise<string> {
  const live = await context.reachableLive(urn, objectKey(name));
  if (live !== undefined) return live.engine;
  const declared = context.checked.get(objectKey(name))?.definition?.spec;
  return (declared !== undefined && "engine" in declared ? declared.engine : undefined) ?? DEFAULT_DATABASE;
}
