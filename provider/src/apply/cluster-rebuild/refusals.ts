import { isTable, readDatabase, readTable, unfinishedMutations } from "../../clickhouse/catalog";
import { dependsOnOrder, engineOf, hasTtl } from "../../clickhouse/merge-tree";
import { atLeast } from "../../clickhouse/version";
import { SchemaError } from "../../errors";
import { HOW_TO_ALLOW } from "../../operation/errors";
import { isRestricted, refuseFiltered } from "../../operation/guard";
import { insertGraphAround } from "../../operation/insert-graph";
import type { Problems } from "../../operation/problems";
import { except } from "../../operation/upstream";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName, TableSpec } from "../../sql/spec";
import { refuseMutations } from "../rebuild/refusals";
import type { ClusterContext } from "./context";
import { feedersOn } from "./feeders";
import type { Fleet, Host } from "./fleet";

/** Most that the clocks of two hosts may differ, in milliseconds: the gate opens on each by its own. */
const SKEW = 500;

/** Engines, without prefix, whose rebuild on a cluster was run. */
const PROVEN: ReadonlySet<string> = new Set(["MergeTree"]);

/** @throws {SchemaError} when the definitions are not those of replicated tables that are rebuilt on clusters. */
export function refuseDefinitions(from: TableSpec, to: TableSpec, allow: readonly string[]): void {
  const name = qualifiedName(from);
  for (const spec of [from, to]) {
    const engine = engineOf(spec.storage);
    if (!engine.name.startsWith("Replicated")) {
      throw new SchemaError(
        "change-unsupported",
        `${name}: on a cluster only replicated tables are rebuilt, ${spec === from ? "and it is" : "and it would become"} ${engine.name}, of which each host has rows of its own. ` +
          "Declare a replicated table beside it, fill it with INSERT … SELECT on each host, and move readers and writers to it",
      );
    }
    if (/\{(?:database|table)\}/.test(spec.storage.engine ?? "")) {
      throw new SchemaError(
        "change-unsupported",
        `${name}: its path in Keeper has the macro {database} or {table}, so the table that takes its place would have another one than is declared. ` +
          "Declare a second table beside it, fill it with INSERT … SELECT on each host, and move readers and writers to it",
      );
    }
    if (allow.includes("unproven")) continue;
    if (!PROVEN.has(engine.base) || dependsOnOrder(engine)) {
      throw new SchemaError(
        "unproven",
        `${name}: ${engine.name} is not rebuilt on a cluster, because this was tested for ReplicatedMergeTree only. ${HOW_TO_ALLOW}`,
      );
    }
    if (hasTtl(spec)) {
      throw new SchemaError(
        "unproven",
        `${name}: has a TTL, and expired rows disappear while copies are compared, which was not tested on a cluster. Remove the TTL, rebuild, and declare it again; or set allow: ["unproven"].`,
      );
    }
  }
}

/** Checks each host, by its own connection. */
export async function refuseHosts(
  problems: Problems,
  fleet: Fleet,
  from: TableSpec,
  allow: readonly string[],
): Promise<void> {
  await problems.of(() => refuseClocks(fleet));
  await problems.of(() => refuseVersions(fleet, from, allow));
  for (const host of fleet.hosts) {
    await problems.of(() => refuseReplica(host, from));
    await problems.of(() => refuseFeeding(host, from));
    await problems.of(() => refuseGuarded(host, from));
  }
  for (const { worker } of fleet.shards) await problems.of(() => refuseFiltered(worker.runner, [from]));
}

/** @throws {SchemaError} when the clocks of two hosts differ too much. */
export async function refuseClocks({ hosts }: Fleet): Promise<void> {
  const read = await Promise.all(
    hosts.map(async (host) => {
      const before = Date.now();
      const now = await host.runner.now();
      // As if it had answered in the middle of the wait.
      return { host, ahead: now - (before + Date.now()) / 2, unsure: (Date.now() - before) / 2 };
    }),
  );
  const sorted = [...read].sort((a, b) => a.ahead - b.ahead);
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined) return;
  const apart = last.ahead - first.ahead - first.unsure - last.unsure;
  if (apart <= SKEW) return;
  throw new SchemaError(
    "cluster-unusable",
    `the clocks of ${first.host.name} and ${last.host.name} are ${Math.round(apart)} ms apart, and inserts are refused on each host by its own clock: at most ${SKEW} ms are expected. Synchronise them (NTP)`,
  );
}

/** @throws {SchemaError} when a host has a version on which this was not run. */
export function refuseVersions({ hosts }: Fleet, from: QualifiedName, allow: readonly string[]): void {
  if (allow.includes("unproven")) return;
  const odd = hosts.find(({ runner }) => {
    const { version } = runner.connection;
    return !atLeast(version, "24.8") || atLeast(version, "25.9");
  });
  if (odd === undefined) return;
  throw new SchemaError(
    "unproven",
    `${qualifiedName(from)}: ${odd.name} has ClickHouse ${odd.runner.connection.version}, and on clusters this was tested on 24.8 and 25.8 only. ${HOW_TO_ALLOW}`,
  );
}

async function refuseReplica({ name, runner }: Host, from: TableSpec): Promise<void> {
  const label = qualifiedName(from);
  const { engine = "" } = (await readDatabase(runner, from.database)) ?? {};
  if (engine !== "Atomic") {
    throw new SchemaError(
      "unproven",
      `${label}: its database has the engine ${engine || "of none"} on ${name}; exchanging tables on a cluster is tested for Atomic only`,
    );
  }
  const table = await readTable(runner, from);
  if (table === undefined)
    throw new SchemaError("object-missing", `${label}: does not exist on ${name}. Run \`pulumi up --refresh\` first`);
  const [replica] = await runner.rows<{ readonly: number; behind: string; reason: string }>(
    "SELECT is_readonly AS readonly, toString(absolute_delay) AS behind, concat(zookeeper_exception, last_queue_update_exception) AS reason FROM system.replicas " +
      `WHERE ${isTable(from, "table")}`,
  );
  if (replica === undefined || replica.readonly !== 0) {
    throw new SchemaError(
      "host-down",
      `${label}: is read-only on ${name}${replica?.reason ? ` (${replica.reason.slice(0, 200)})` : ""}: its connection to Keeper is down. Wait for it, and run again`,
    );
  }
  await refuseMutations(runner, from);
}

/** Rows may come from clients, through Distributed tables and through nothing else. */
export async function refuseFeeding(host: Host, from: QualifiedName): Promise<void> {
  const label = qualifiedName(from);
  const { feeders, refreshing } = await insertGraphAround(host.runner, from);
  const [refresh] = refreshing;
  const [source] = except(feeders, from);
  if (source !== undefined || refresh !== undefined) {
    const by =
      source === undefined
        ? `${qualifiedName(refresh ?? from)} refreshes it`
        : `views bring it rows from ${qualifiedName(source)}`;
    throw new SchemaError(
      "inserts-not-refusable",
      `${label}: ${by} on ${host.name}, and on a cluster that was not tested: a row could be stored on the way and be refused here. Rebuild it with the view dropped and the ` +
        "writers stopped, or declare a second table beside it",
    );
  }
  const [buffer] = await host.runner.rows<{ name: string }>(
    `SELECT concat(database, '.', name) AS name FROM system.tables WHERE engine = 'Buffer' AND position(engine_full, '${from.name.replaceAll("'", "")}') > 0`,
  );
  if (buffer !== undefined) {
    throw new SchemaError(
      "inserts-not-refusable",
      `${label}: ${buffer.name} (Buffer) on ${host.name} writes to it in the background, which cannot be refused. Drop the buffer table, rebuild, and create it again`,
    );
  }
  const watched = (await feedersOn(host, from)).find(({ views }) => views !== "0");
  if (watched !== undefined) {
    throw new SchemaError(
      "inserts-not-refusable",
      `${label}: views read the Distributed table ${qualifiedName(watched)} over it on ${host.name}, which was not tested while that has another name for a moment. Let them read the local table`,
    );
  }
}

async function refuseGuarded({ name, runner }: Host, from: TableSpec): Promise<void> {
  if (!(await isRestricted(runner, from))) return;
  throw new SchemaError(
    "rows-hidden",
    `${qualifiedName(from)}: some users may see only part of it on ${name} (row policies, or rights by column), and its working copies would show them all. On a cluster these are ` +
      "not covered yet: take the policies away for the time of the rebuild, or declare a second table beside it",
  );
}

/** What may have changed during hours of copying. @throws {SchemaError} when the exchange is not safe any more. */
export async function refuseChanges(context: ClusterContext): Promise<void> {
  const { hosts } = await context.fleet();
  for (const host of hosts) {
    await host.persist(() => refuseFeeding(host, context.from));
    const mutations = await host.persist(() => unfinishedMutations(host.runner, context.names.table));
    if (mutations.length > 0) await refuseMutations(host.runner, context.from);
  }
}
