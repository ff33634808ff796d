import assert from "node:assert/strict";
import fc from "fast-check";
import { type Replication, refuseReplicatedDatabase, refuseReplicatedTable } from "../../provider/src/plan/replication";
import { splitArguments } from "../../provider/src/sql/fragments";
import { parseCreate } from "../../provider/src/sql/parse";
import type { DatabaseSpec, TableSpec } from "../../provider/src/sql/spec";
import { tablePairs } from "./random-table";
import { planBetween } from "./support";

const SERVER: Replication = {
  keeper: true,
  macros: ["shard", "replica"],
  path: "/clickhouse/tables/{uuid}/{shard}",
  replica: "{replica}",
  takesArguments: false,
};
const REPLICATED = "Replicated('/clickhouse/databases/d', '{shard}', '{replica}')";

const table = (engine: string): TableSpec =>
  parseCreate(`CREATE TABLE d.t (a UInt8, b UInt8) ENGINE = ${engine} ORDER BY a`) as TableSpec;
const database = (engine: string): DatabaseSpec => parseCreate(`CREATE DATABASE d ENGINE = ${engine}`) as DatabaseSpec;

describe("ALTERs in a Replicated database", () => {
  it("hold one kind of what each replica has for itself, or what they share, and leave nothing out", () => {
    const kindOf = (command: string): string =>
      /^(?:MODIFY SETTING|RESET SETTING|MODIFY COMMENT|COMMENT COLUMN)/.exec(command)?.[0] ?? "shared";
    let apart = 0;
    fc.assert(
      fc.property(tablePairs, ({ from, to }) => {
        const specs = [parseCreate(from), parseCreate(to)] as const;
        const alters = (isReplicated: boolean): string[][] =>
          planBetween(...specs, { isReplicated }).steps.flatMap((step) =>
            step.kind === "statement" ? [commandsOf(step.sql)] : [],
          );
        for (const commands of alters(true)) assert.equal(new Set(commands.map(kindOf)).size, 1, commands.join("\n"));
        assert.deepEqual(alters(true).flat().sort(), alters(false).flat().sort());
        apart += alters(true).length - alters(false).length;
      }),
      { numRuns: 300, seed: 7 },
    );
    assert.ok(apart > 10, `${apart} ALTERs were taken apart`);
  });
});

/** The commands of an ALTER, without parentheses around them. */
function commandsOf(sql: string): string[] {
  const body = sql.replace(/^ALTER TABLE \S+\s+/, "").replace(/ SETTINGS materialize_ttl_after_modify = 1$/, "");
  const pieces = splitArguments(body).map((piece) => (/^\([A-Z]/.test(piece) ? piece.slice(1, -1) : piece));
  const commands: string[] = [];
  for (const piece of pieces) {
    const isCommand = /^(?:ADD|DROP|MODIFY|RESET|RENAME|COMMENT|REMOVE)\b/.test(piece);
    // `MODIFY SETTING a = 1, b = 2` is one command.
    const last = isCommand ? undefined : commands.pop();
    commands.push(last === undefined ? piece : `${last}, ${piece}`);
  }
  return commands;
}

describe("a Replicated table or database that the server cannot create", () => {
  it("is refused in words that say what to write instead", () => {
    const uuid = refuseReplicatedTable(table("ReplicatedReplacingMergeTree(b)"), "Atomic", SERVER);
    assert.equal(
      uuid,
      "d.t: {uuid} in a replicated table's path needs a Replicated database; found '/clickhouse/tables/{uuid}/{shard}', which the server uses " +
        "by default (default_replica_path), in a database of engine Atomic. Set clickhouse:cluster, or write the path: engine: " +
        "\"ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}', b)\"; or give the database the engine " +
        "Replicated('/clickhouse/databases/d', '{shard}', '{replica}')",
    );
    assert.match(
      refuseReplicatedTable(table("ReplicatedMergeTree('/x/{uuid}', 'r')"), "Ordinary", SERVER) ?? "",
      /^d\.t: \{uuid\} in .* found '\/x\/\{uuid\}', in a/,
    );
    assert.equal(
      refuseReplicatedTable(table("ReplicatedSummingMergeTree('/x/{shard}', '{replica}', b)"), REPLICATED, SERVER),
      "d.t: a table in a Replicated database takes no path and replica name of its own; found '/x/{shard}', '{replica}'. " +
        'Leave them out: engine: "ReplicatedSummingMergeTree(b)"',
    );
    assert.match(
      refuseReplicatedTable(table("ReplicatedMergeTree('/x/{layer}/{table}', '{replica}')"), "Atomic", SERVER) ?? "",
      /^d\.t: the server has no macro \{layer\}, found in '\/x\/\{layer\}\/\{table\}', '\{replica\}'; it has \{shard\}, \{replica\}\. Add it/,
    );
    assert.match(
      refuseReplicatedTable(table("ReplicatedMergeTree('/x', 'r')"), "Atomic", { ...SERVER, keeper: false }) ?? "",
      /needs ZooKeeper or/,
    );
    assert.match(
      refuseReplicatedDatabase(database("Replicated"), SERVER) ?? "",
      /^database d: engine Replicated needs a path in Keeper: Replicated\('\/click/,
    );
    assert.match(
      refuseReplicatedDatabase(database("Replicated('/d')"), { ...SERVER, macros: ["shard"] }) ?? "",
      /no macro \{replica\}/,
    );
    assert.match(
      refuseReplicatedDatabase(database(REPLICATED), { ...SERVER, keeper: false }) ?? "",
      /^database d: engine Replicated needs ZooKeeper/,
    );
  });

  it("is not refused where nothing speaks against it", () => {
    const tables: readonly (readonly [string, string, Partial<Replication>?])[] = [
      ["MergeTree", "Atomic"],
      ["ReplicatedMergeTree", REPLICATED],
      ["ReplicatedMergeTree", "Shared"],
      ["ReplicatedMergeTree", REPLICATED, { macros: [] }],
      ["ReplicatedMergeTree('/clickhouse/tables/{uuid}/{shard}', '{replica}')", REPLICATED],
      ["ReplicatedMergeTree('/x/{shard}', '{replica}')", REPLICATED, { takesArguments: true }],
      ["ReplicatedMergeTree('/x/{shard}/{database}/{table}', '{replica}-{server_uuid}')", "Atomic"],
      ["ReplicatedMergeTree", "Atomic", { path: "/x/{database}/{table}" }],
      ["ReplicatedMergeTree('other:/x/{table}', 'r')", "Atomic", { keeper: false }],
    ];
    for (const [engine, inDatabase, server] of tables)
      assert.equal(
        refuseReplicatedTable(table(engine), inDatabase, { ...SERVER, ...server }),
        undefined,
        `${engine} in ${inDatabase}`,
      );
    for (const engine of ["Atomic", REPLICATED, "Replicated('/d')", "Replicated('/d', '01', 'a')"])
      assert.equal(refuseReplicatedDatabase(database(engine), SERVER), undefined, engine);
  });
});
