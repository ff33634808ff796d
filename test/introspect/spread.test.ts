import assert from "node:assert/strict";
import fc from "fast-check";
import type { ClusterMembers } from "../../provider/src/connection/connection";
import { type HostRow, spreadOut, WITNESS } from "../../provider/src/introspect/spread";
import { objectKey } from "../../provider/src/sql/object-key";
import { byEffort } from "../support/effort";

const KEY = objectKey("d", "t");

/** Shards × replicas; the first host is the one that is asked. */
function clusterOf(shards: number, replicas: number): ClusterMembers {
  const hosts = Array.from({ length: shards * replicas }, (_, index) => {
    const shard = Math.floor(index / replicas) + 1;
    const name = `ch-${shard}-${(index % replicas) + 1}`;
    return { number: index + 1, shard, name, address: `${name}:9000`, isLocal: index === 0 };
  });
  return { name: "main", hosts };
}

function row(key: string, statement: string, numbers: readonly number[], more: Partial<HostRow> = {}): HostRow {
  return {
    key,
    statement,
    engine: "MergeTree",
    uuid: "u",
    hosts: numbers.map((number) => [number, "3", "9"]),
    ...more,
  };
}

const namesOf = (hosts: readonly { readonly name: string }[]): string[] => hosts.map(({ name }) => name);

describe("an object on the hosts of a cluster", () => {
  it("is what most hosts have, and what the others have is told", () => {
    const rows = [row(KEY, "new", [1, 2, 4]), row(KEY, "old", [3]), row(WITNESS, "w", [1, 2, 3, 4])];
    const [found] = spreadOut(rows, clusterOf(2, 2), WITNESS);
    assert.equal(found?.statement, "new");
    assert.deepEqual(
      found?.spread?.others.map(({ hosts, statement }) => [statement, namesOf(hosts)]),
      [["old", ["ch-2-1"]]],
    );
    assert.deepEqual(found?.spread?.missing, []);
  });

  it("has its rows once a shard where replicas share them, and once a host elsewhere", () => {
    const all = row(WITNESS, "w", [1, 2, 3, 4]);
    const [shared] = spreadOut(
      [row(KEY, "s", [1, 2, 3, 4], { engine: "ReplicatedMergeTree" }), all],
      clusterOf(2, 2),
      WITNESS,
    );
    const [apart] = spreadOut([row(KEY, "s", [1, 2, 3, 4]), all], clusterOf(2, 2), WITNESS);
    assert.deepEqual([shared?.rows, apart?.rows], [6, 12]);
  });

  it("is split where replicas of one shard have different paths in Keeper, and not where shards have", () => {
    const statement = "CREATE TABLE d.t\nENGINE = ReplicatedMergeTree('/t/{uuid}/{shard}', '{replica}')";
    const one = row(KEY, statement, [1, 2], { uuid: "a", engine: "ReplicatedMergeTree" });
    const other = row(KEY, statement, [3, 4], { uuid: "b", engine: "ReplicatedMergeTree" });
    const all = row(WITNESS, "w", [1, 2, 3, 4]);
    const byShard = spreadOut([one, other, all], clusterOf(2, 2), WITNESS);
    assert.deepEqual(byShard[0]?.spread?.split, []);
    const within = spreadOut([one, other, all], clusterOf(1, 4), WITNESS);
    assert.deepEqual(namesOf(within[0]?.spread?.split.flatMap(({ hosts }) => hosts) ?? []), ["ch-1-3", "ch-1-4"]);
  });

  it("is missing on a host only if that host has answered: each host has it, lacks it, or is silent", () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 6 }));
    fc.assert(
      fc.property(
        numbers,
        fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom("x", "y", "z")), {
          selector: ([n]) => n,
        }),
        (answering, having) => {
          const cluster = clusterOf(3, 2);
          // Only a host that answers can be seen to have something.
          const seen = having.filter(([number]) => answering.includes(number));
          const rows = ["x", "y", "z"].flatMap((text) => {
            const own = seen.filter(([, statement]) => statement === text).map(([number]) => number);
            return own.length === 0 ? [] : [row(KEY, text, own)];
          });
          const [found] = spreadOut([...rows, row(WITNESS, "w", answering)], cluster, WITNESS);
          if (seen.length === 0) return assert.equal(found, undefined);
          const { missing = [], others = [], silent = [] } = found?.spread ?? {};
          const have = seen.filter(([, statement]) => statement === found?.statement).map(([number]) => number);
          assert.deepEqual(
            silent.map(({ number }) => number),
            [1, 2, 3, 4, 5, 6].filter((number) => !answering.includes(number)),
          );
          const told = [
            ...have,
            ...[...missing, ...silent, ...others.flatMap(({ hosts }) => hosts)].map(({ number }) => number),
          ];
          assert.deepEqual(told.sort(), [1, 2, 3, 4, 5, 6]);
          assert.ok(others.every(({ hosts }) => hosts.length <= have.length));
        },
      ),
      { numRuns: byEffort({ fast: 100, full: 500, soak: 20_000 }) },
    );
  });
});
