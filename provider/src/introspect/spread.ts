import { isReplicated } from "../clickhouse/engines";
import type { ClusterHost, ClusterMembers } from "../connection/connection";
import { unquoteString } from "../sql/identifiers";
import { keyParts, objectKey } from "../sql/object-key";
import type { LiveObject } from "./live-object";

/** An object as some hosts of a cluster have it. */
export interface Variant {
  readonly statement: string;
  readonly uuid: string;
  readonly hosts: readonly ClusterHost[];
}

/** Where an object is. {@link LiveObject.statement} is what most hosts have. */
export interface Spread {
  readonly cluster: ClusterMembers;
  /** Hosts that answered and do not have it. */
  readonly missing: readonly ClusterHost[];
  /** Hosts that did not answer: whether they have it is unknown. */
  readonly silent: readonly ClusterHost[];
  /** What other hosts have instead. */
  readonly others: readonly Variant[];
  /** Replicas of a shard that have another path in Keeper than the rest: two tables under one name, each with rows of its own. */
  readonly split: readonly Variant[];
  /** What the host of the connection has. */
  readonly here: LiveObject | undefined;
}

/** What one or more hosts have, as the query gives it: host, rows, bytes. */
export interface HostRow {
  readonly key: string;
  readonly statement: string;
  readonly engine: string;
  readonly uuid: string;
  readonly hosts: readonly (readonly [
    number: string | number,
    rows: string | number | null,
    bytes: string | number | null,
  ])[];
}

/**
 * A row's host, with how much it has, for {@link HostRow}. Not columns by themselves: 24.8 names the elements of a tuple after them, on some hosts only,
 * and then refuses the query.
 */
export function placed(rows = "NULL", bytes = "NULL"): string {
  return `(toUInt32(_shard_num), ${rows}, ${bytes})`;
}

/**
 * One object for each key out of what the hosts have.
 *
 * @param witness key of something that every host has, by which it is known which hosts have answered.
 */
export function spreadOut(rows: readonly HostRow[], cluster: ClusterMembers, witness: string): LiveObject[] {
  const byKey = new Map<string, HostRow[]>();
  for (const row of rows) byKey.set(row.key, [...(byKey.get(row.key) ?? []), row]);
  const answering = new Set((byKey.get(witness) ?? []).flatMap(numbersIn));
  const silent = cluster.hosts.filter(({ number }) => !answering.has(number));
  byKey.delete(witness);
  return [...byKey.values()].flatMap((variants) => objectOf(variants, cluster, silent) ?? []);
}

function objectOf(rows: readonly HostRow[], cluster: ClusterMembers, silent: readonly ClusterHost[]) {
  const local = cluster.hosts.find(({ isLocal }) => isLocal)?.number;
  const isHere = (row: HostRow): boolean => local !== undefined && numbersIn(row).includes(local);
  // Of two that equally many hosts have, the one that is nearer.
  const [most] = [...rows].sort((a, b) => b.hosts.length - a.hosts.length || Number(isHere(b)) - Number(isHere(a)));
  if (most === undefined) return undefined;
  const having = new Set(rows.flatMap(numbersIn));
  const isUnknown = new Set(silent);
  const hostsOf = (row: HostRow): ClusterHost[] => {
    const numbers = new Set(numbersIn(row));
    return cluster.hosts.filter(({ number }) => numbers.has(number));
  };
  const variantOf = (row: HostRow): Variant => ({ statement: row.statement, uuid: row.uuid, hosts: hostsOf(row) });
  const [main, rest] = [variantOf(most), rows.filter((row) => row !== most).map(variantOf)];
  const own = rows.find(isHere);
  const spread: Spread = {
    cluster,
    missing: cluster.hosts.filter((host) => !having.has(host.number) && !isUnknown.has(host)),
    silent,
    others: rest.filter(({ statement }) => statement !== main.statement),
    split: splitOff([main, ...rest]),
    here:
      own &&
      plainObject(
        own,
        own.hosts.filter(([number]) => Number(number) === local),
        cluster,
      ),
  };
  const all = rows.flatMap(({ hosts }) => hosts);
  return { ...plainObject(most, all, cluster), spread };
}

/** Rows are counted once a shard where replicas share them, and on each host elsewhere. */
function plainObject(row: HostRow, hosts: HostRow["hosts"], cluster: ClusterMembers): LiveObject {
  const { engine, key, statement, uuid } = row;
  const shared = isReplicated(engine);
  const shardOf = new Map(cluster.hosts.map(({ number, shard }) => [number, shared ? shard : number]));
  const total = (values: readonly (readonly [string | number, string | number | null])[]): number | undefined => {
    const most = new Map<number, number>();
    for (const [number, value] of values) {
      const place = shardOf.get(Number(number)) ?? Number(number);
      if (value !== null) most.set(place, Math.max(most.get(place) ?? 0, Number(value)));
    }
    return most.size === 0 ? undefined : [...most.values()].reduce((sum, one) => sum + one, 0);
  };
  return {
    key,
    statement,
    engine,
    uuid,
    rows: total(hosts.map(([number, rows]) => [number, rows])),
    bytes: total(hosts.map(([number, , bytes]) => [number, bytes])),
  };
}

/** All but the first of different paths in a shard. */
function splitOff(variants: readonly Variant[]): Variant[] {
  const paths = new Map<number, string>();
  return variants.flatMap((variant) => {
    const path = keeperPath(variant);
    if (path === undefined) return [];
    const off = variant.hosts.filter(({ shard }) => {
      if (!paths.has(shard)) paths.set(shard, path);
      return paths.get(shard) !== path;
    });
    return off.length === 0 ? [] : [{ ...variant, hosts: off }];
  });
}

/** A replicated table's path in Keeper, with its UUID where it is part of the path. */
export function keeperPath({ statement, uuid }: Pick<Variant, "statement" | "uuid">): string | undefined {
  const [, literal] = /\bENGINE = Replicated\w*MergeTree\(('(?:[^'\\]|\\.)*')/.exec(statement) ?? [];
  return literal === undefined ? undefined : unquoteString(literal).replaceAll("{uuid}", uuid);
}

function numbersIn({ hosts }: HostRow): number[] {
  return hosts.map(([number]) => Number(number));
}

/** The object as the host of the connection has it, for one that is to be there alone. */
export function hereOnly(live: LiveObject | undefined): LiveObject | undefined {
  return live?.spread === undefined ? live : live.spread.here;
}

/** The key of a table that every server has. */
export const WITNESS = objectKey("system", "one");
export const WITNESS_DATABASE = keyParts(WITNESS).database;
