import { isReplicated } from "../../clickhouse/engines";
import type { Connection } from "../../connection/connection";
import { readReplication } from "../../introspect/replication";
import type { ServerObjects } from "../../introspect/server";
import { parseMergeTree } from "../../sql/engine";
import type { ObjectSpec } from "../../sql/spec";

/**
 * The objects without paths and replica names in Keeper that are the server's defaults, where a table takes these: on a cluster, and in a Replicated
 * database. The server prints them always. Costs one query, if there is such a table.
 */
export async function withoutDefaultPaths(connection: Connection, found: ServerObjects): Promise<ServerObjects> {
  const replicated = new Set(
    found.managed.flatMap(({ spec }) =>
      "engine" in spec && spec.kind === "database" && isReplicated(spec.engine) ? [spec.name] : [],
    ),
  );
  const isTaken = (spec: ObjectSpec): boolean =>
    "database" in spec && (connection.cluster !== undefined || replicated.has(spec.database));
  if (!found.managed.some(({ spec }) => isTaken(spec) && keeperOf(spec) !== undefined)) return found;
  const server = await readReplication(connection);
  if (server === undefined) return found;
  const managed = found.managed.map((one) => {
    const keeper = isTaken(one.spec) ? keeperOf(one.spec) : undefined;
    const isDefault = keeper?.path === server.path && keeper.replica === server.replica;
    return isDefault ? { ...one, spec: withoutPath(one.spec) } : one;
  });
  return { ...found, managed };
}

function engineOf(spec: ObjectSpec): string | undefined {
  return "storage" in spec ? spec.storage?.engine : undefined;
}

function keeperOf(spec: ObjectSpec) {
  return parseMergeTree(engineOf(spec))?.keeper;
}

function withoutPath(spec: ObjectSpec): ObjectSpec {
  const parsed = parseMergeTree(engineOf(spec));
  if (parsed === undefined || !("storage" in spec) || spec.storage === undefined) return spec;
  const { args, family, prefix = "" } = parsed;
  const engine = `${prefix}${family}${args.length === 0 ? "" : `(${args.join(", ")})`}`;
  return { ...spec, storage: { ...spec.storage, engine } } as ObjectSpec;
}
