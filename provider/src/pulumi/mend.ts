import { dropServerDefaults, normalizeShown } from "../canonical/normal-form";
import { everywhere, readSettings } from "../clickhouse/cluster";
import { engineName, isReplicated } from "../clickhouse/engines";
import type { ClusterConnection } from "../cluster/cluster-connection";
import type { ClusterHost } from "../connection/connection";
import { isAccessDenied } from "../connection/server-message";
import { parseLive } from "../drift/compare";
import { differing } from "../drift/spread";
import { SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live-object";
import { keeperPath, type Variant } from "../introspect/spread";
import { kindOf } from "../kinds";
import { diffObject, planObject } from "../kinds/object";
import type { PlanOptions, Statement } from "../plan";
import { hazard } from "../plan/hazards";
import { Definition } from "../sql/definition";
import { quoteString } from "../sql/identifiers";
import { keyOf, keyParts, quotedName } from "../sql/object-key";
import { onCluster } from "../sql/on-cluster";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";

/**
 * Statements that give each host of the cluster what is declared, and do nothing on those that have it.
 *
 * @param live the object on the server; what most hosts have changes by the ordinary plan before.
 * @throws {SchemaError} where no such statement is safe: nothing is changed then.
 */
export async function mendSteps(
  context: Context,
  cluster: ClusterConnection,
  live: LiveObject,
  to: ObjectSpec,
  options: PlanOptions,
): Promise<Statement[]> {
  const { spread } = live;
  if (spread === undefined) return [];
  refuseSplit(live, to);
  const others = await differing(context, Definition.of(to), live);
  const handsOn = "database" in to && (await cluster.handsOn(to.database));
  if (handsOn && (spread.missing.length > 0 || others.length > 0))
    refuseBehind(to, [...spread.missing, ...others.flatMap(({ hosts }) => hosts)]);
  return [
    ...(spread.missing.length === 0 ? [] : await bringBack(cluster, live, to, spread.missing)),
    ...others.flatMap((variant) => bringInLine(variant, to, options)),
  ];
}

function refuseSplit({ spread, ...live }: LiveObject, to: ObjectSpec): void {
  const [off] = spread?.split ?? [];
  if (off === undefined) return;
  const label = quotedName(keyOf(to));
  const cluster = spread?.cluster.name;
  throw new SchemaError(
    "cluster-split",
    `${label}: ${names(off.hosts)} and the other replicas have two different tables under this name: ${keeperPath(off)} there and ${keeperPath(live)} here are ` +
      `their paths in Keeper, so neither gets the other's rows. Nothing was changed. See what each holds: SELECT hostName(), count() FROM clusterAllReplicas(${quoteString(cluster ?? "")}, ${label}) ` +
      `GROUP BY 1; save the rows of the one to go, drop it on ${names(off.hosts)} alone, and run \`pulumi up --refresh\`, which creates it there as a replica`,
  );
}

function refuseBehind(to: ObjectSpec, hosts: readonly ClusterHost[]): never {
  const { database } = keyParts(keyOf(to));
  throw new SchemaError(
    "cluster-unsupported",
    `${quotedName(keyOf(to))}: ${names(hosts)} lacks it or has it otherwise, and its database is Replicated, which brings it there itself. ` +
      `Wait for that with SYSTEM SYNC DATABASE REPLICA ${database} on ${names(hosts)}, and run again`,
  );
}

/** On a host that has dropped it lately its data is still there, and the server would refuse to create it over that. */
async function bringBack(
  cluster: ClusterConnection,
  live: LiveObject,
  to: ObjectSpec,
  missing: readonly ClusterHost[],
): Promise<Statement[]> {
  const { dropWord } = kindOf(to.kind);
  const label = quotedName(keyOf(to));
  const kept = await droppedLately(cluster, live, to);
  const [back, anew] = [
    missing.filter(({ number }) => kept.has(number)),
    missing.filter(({ number }) => !kept.has(number)),
  ];
  const steps: Statement[] = [];
  if (back.length > 0) {
    const message = `${names(back)} dropped it a moment ago, and gets it back with its rows`;
    steps.push(statement(`UNDROP TABLE ${label} UUID ${quoteString(live.uuid)}`, message));
  }
  if (anew.length > 0) {
    refuseInner(to, anew);
    const rows = isStoredApart(to) ? "without rows: they are on each host apart" : "its replicas bring its rows";
    const message = `${names(anew)} lacks the ${dropWord.toLowerCase()} and gets it${"storage" in to ? `; ${rows}` : ""}; nothing happens on the others`;
    // The path of a replicated table has its UUID in it.
    const sql = onCluster(renderCreate(to), { cluster: undefined, ...(to.kind === "table" && { uuid: live.uuid }) });
    steps.push(statement(sql ?? renderCreate(to), message));
  }
  return steps;
}

/** Changes that replicas do not pass on to each other. */
const OWN: ReadonlySet<string> = new Set(["setting", "comment", "column-comment"]);

/** The server keeps a dropped table for a while (480 s by default). */
async function droppedLately(
  connection: ClusterConnection,
  live: LiveObject,
  to: ObjectSpec,
): Promise<ReadonlySet<number>> {
  const { cluster } = connection;
  const { name } = keyParts(live.key);
  // A view has nothing to get back.
  if (name === undefined || live.uuid === "" || to.kind !== "table") return new Set();
  const rows = await connection
    .query<{ number: string }>(
      `SELECT toString(_shard_num) AS number FROM ${everywhere("dropped_tables", cluster)} WHERE uuid = ${quoteString(live.uuid)}${readSettings(cluster)}`,
    )
    .catch((error: unknown) => {
      // Who may not see them gets the server's own words later.
      if (isAccessDenied(error)) return [];
      throw error;
    });
  return new Set(rows.map(({ number }) => Number(number)));
}

function isStoredApart(to: ObjectSpec): boolean {
  return to.kind === "table" && !isReplicated(to.storage.engine);
}

function refuseInner(to: ObjectSpec, hosts: readonly ClusterHost[]): void {
  if (to.kind !== "materializedView" || to.to !== undefined || !isReplicated(to.storage?.engine)) return;
  throw new SchemaError(
    "cluster-unsupported",
    `${quotedName(keyOf(to))}: is missing on ${names(hosts)}, and its inner table is ${engineName(to.storage?.engine)}: created there now, it would be another table ` +
      "than on the other hosts. Create the view there manually with TO INNER UUID of the others, or declare its target as a table (`to`)",
  );
}

function bringInLine({ hosts, statement }: Variant, to: ObjectSpec, options: PlanOptions): Statement[] {
  const label = quotedName(keyOf(to));
  const live = parseLive({ statement });
  if (live === undefined || live.kind !== to.kind) {
    throw new SchemaError(
      "cluster-unsupported",
      `${label}: something else has its name on ${names(hosts)}. Rename or drop it there`,
    );
  }
  const from = normalizeShown(dropServerDefaults(live, to));
  const changes = diffObject(from, to);
  if (to.kind === "table" && isReplicated(to.storage.engine) && changes.some(({ kind }) => !OWN.has(kind))) {
    throw new SchemaError(
      "cluster-unsupported",
      `${label}: ${names(hosts)} has not applied what the other replicas have. It comes through the table's log: wait for it with SYSTEM SYNC REPLICA ` +
        `${label} on ${names(hosts)}, where system.replication_queue says what is in the way, and run again`,
    );
  }
  const { steps } = planObject(from, to, changes, options);
  return steps.map((step) => {
    if (step.kind === "statement" && !step.gated)
      return {
        ...step,
        hazards: [
          ...step.hazards,
          hazard("metadata-only", `${names(hosts)} differs from the others, which have it already`),
        ],
      };
    throw new SchemaError(
      "cluster-unsupported",
      `${label}: has another key, engine or column names on ${names(hosts)} than on the other hosts, which no ALTER can fix. Nothing was changed. ` +
        `Save what ${names(hosts)} has under another name (RENAME TABLE there), and run \`pulumi up --refresh\`, which creates it there`,
    );
  });
}

function statement(sql: string, message: string): Statement {
  return { kind: "statement", sql, hazards: [hazard("metadata-only", message)] };
}

function names(hosts: readonly ClusterHost[]): string {
  return hosts.map(({ name }) => name).join(", ");
}
