import assert from "node:assert/strict";
import { awaitMutations } from "../../provider/src/apply/mutations";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { readReplication } from "../../provider/src/introspect/replication";
import { diffObject } from "../../provider/src/kinds/object";
import { refuseReplicatedTable } from "../../provider/src/plan/replication";
import { keyOf, quotedName } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import type { ObjectSpec, TableSpec } from "../../provider/src/sql/spec";
import { type Cluster, startCluster } from "../support/cluster";
import { TestProvider, urnOf } from "../support/provider";
import { canReplicate } from "../support/versions";
import type { PlanCase } from "./case";
import { columnClauses } from "./cases/column-clauses";
import { columnNames } from "./cases/column-names";
import { columns } from "./cases/columns";
import { defaults } from "./cases/defaults";
import { elements } from "./cases/elements";
import { materializedViews } from "./cases/materialized-views";
import { retypes } from "./cases/retypes";
import { storage } from "./cases/storage";
import { views } from "./cases/views";
import { Bench, orderless, planBetween, survivors } from "./support";

/** Every so-manieth case is tried; REPLICAS_STEP=1 tries all, in some four minutes. */
const STEP = Number(process.env["REPLICAS_STEP"] ?? 24);
/** Each kind of change has a case that is always tried. */
const ALWAYS = new Set([
  "column added at the end",
  "settings set, changed and reset",
  "key column gets a default, a codec and a comment",
  "projection and the setting that allowed it removed",
  "materialized view: query",
]);
const CASES: readonly PlanCase[] = [
  columns,
  columnNames,
  defaults,
  columnClauses,
  retypes,
  elements,
  storage,
  views,
  materializedViews,
].flat();

for (const version of canReplicate(["25.8"])) {
  describe(`two replicas of ClickHouse ${version}`, function () {
    this.timeout(600_000);
    let cluster: Cluster;
    let here: Bench;
    let there: Bench;

    before(async () => {
      cluster = await startCluster({ version });
      const [first, second] = await Promise.all(cluster.nodes.slice(0, 2).map(({ url }) => openConnection({ url })));
      assert.ok(first && second);
      here = Bench.on(first);
      there = Bench.on(second);
    });

    after(async () => {
      await Promise.all([here?.close(), there?.close()]);
      await cluster?.stop();
    });

    it("a change is planned as on one server, and both have it afterwards", async () => {
      const wrong: string[] = [];
      const counts = { alike: 0, leftOut: 0 };
      const cases = CASES.filter(({ name }, index) => index % STEP === 0 || ALWAYS.has(name));
      for (const [turn, one] of cases.entries()) {
        const result = await tryCase(here, there, one, turn).catch((error: Error) => error.message);
        if (result === "alike" || result === "leftOut") counts[result] += 1;
        else wrong.push(`${one.name}: ${result}`);
      }
      assert.deepEqual(wrong, []);
      assert.ok(counts.alike > cases.length / 2, JSON.stringify(counts));
    });

    it("what is refused would fail, and what the refusal says to write works", async () => {
      await here.engine.command("CREATE DATABASE IF NOT EXISTS atomic");
      await onBoth("CREATE DATABASE shared ENGINE = Replicated('/shared', '{shard}', '{replica}')");
      const server = await readReplication(here.engine);
      assert.ok(server);
      const refused: readonly (readonly [string, string, RegExp])[] = [
        ["atomic", "ReplicatedMergeTree", /'uuid'/],
        ["atomic", "ReplicatedReplacingMergeTree(v)", /'uuid'/],
        ["shared", "ReplicatedSummingMergeTree('/x/{shard}/{table}', '{replica}', v)", /explicit zookeeper_path/],
      ];
      for (const [database, engine, code] of refused) {
        const table = (engine: string): TableSpec =>
          parseCreate(`CREATE TABLE ${database}.t (a UInt64, v UInt64) ENGINE = ${engine} ORDER BY a`) as TableSpec;
        const kind = database === "shared" ? "Replicated('/shared', '{shard}', '{replica}')" : "Atomic";
        const reason: string = refuseReplicatedTable(table(engine), kind, server) ?? "";
        await assert.rejects(here.engine.command(renderCreate(table(engine))), code);
        const instead: string = /engine: "([^"]+)"/.exec(reason)?.[1] ?? reason;
        await here.engine.command(renderCreate(table(instead)));
        assert.equal(refuseReplicatedTable(table(instead), kind, server), undefined);
        await here.engine.command(`DROP TABLE ${database}.t SYNC`);
      }
    });

    it("a table whose arguments the server writes out is created, changed, refreshed and adopted without a difference", async () => {
      const url = cluster.nodes[0]?.url ?? "";
      let provider = new TestProvider({ "clickhouse:url": url, "clickhouse:lint": "off" });
      const engine = "Replicated('/clickhouse/databases/made', '{shard}', '{replica}')";
      const database = await provider.check("database", { name: "made", args: { engine } });
      assert.deepEqual(database.failures, []);
      await provider.of("database").create(database.inputs ?? {});
      await there.engine.command(`CREATE DATABASE made ENGINE = ${engine}`);
      const request = (more: object) => ({
        name: "t",
        database: "made",
        args: {
          columns: { a: "UInt64", v: "UInt64", ...more },
          engine: "ReplicatedReplacingMergeTree(v)",
          orderBy: "a",
        },
        dependsOn: [urnOf("database", "made")],
      });
      const { inputs = {}, failures } = await provider.check("table", request({}));
      assert.deepEqual(failures, []);
      const { id, outs = {} } = await provider.of("table").create(inputs);
      assert.equal((await provider.of("table").read(id, { ...outs, __observed: "other" })).inputs, undefined);
      provider = await provider.next();
      const { inputs: news = {} } = await provider.check("table", { ...request({ c: "UInt8" }), olds: inputs });
      assert.equal(
        news["plan"],
        "ALTER TABLE made.t ADD COLUMN `c` UInt8 AFTER `v`;\n-- metadata-only: no part is rewritten",
      );
      const { outs: changed = {} } = await provider.of("table").update(id, outs, news);
      assert.equal((await provider.of("table").read(id, { ...changed, __observed: "other" })).inputs, undefined);
      provider = await provider.next();
      // As a stack without state would.
      const again = await provider.check("table", request({ c: "UInt8" }));
      assert.deepEqual([again.failures, again.inputs?.["plan"]], [[], undefined]);
      assert.match(provider.messages.join("\n"), /equals the declaration; it will be adopted/);
      await provider.close();
    });

    it("a rename and a backfill are refused at preview, in words that say why", async () => {
      await onBoth("CREATE DATABASE alone");
      const engine = "ReplicatedMergeTree('/alone/{shard}/t', '{replica}')";
      let provider = new TestProvider({ "clickhouse:url": cluster.nodes[0]?.url ?? "", "clickhouse:lint": "off" });
      const table = (name: string) => ({
        name,
        database: "alone",
        args: { columns: { a: "UInt64" }, engine, orderBy: "a" },
      });
      const { inputs = {}, failures } = await provider.check("table", table("t"));
      assert.deepEqual(failures, []);
      await provider.of("table").create(inputs);
      await here.engine.command("CREATE TABLE alone.o (a UInt64) ENGINE = MergeTree ORDER BY a");
      const why =
        /alone\.t has the engine ReplicatedMergeTree, and this operation is tested on a single server only\. To proceed anyway, set allow: \["unproven"\]/;
      provider = await provider.next();
      const renamed = await provider.check("table", { ...table("n"), olds: inputs });
      assert.match(
        renamed.failures.join("\n"),
        /alone\.t: it has the engine ReplicatedMergeTree.*set allow: \["unproven"\]/,
      );
      const sql = "CREATE MATERIALIZED VIEW alone.v TO alone.o (a UInt64) AS SELECT a FROM alone.t";
      const view = await provider.check("materializedView", {
        name: "v",
        database: "alone",
        args: { sql, backfill: true },
      });
      assert.match(view.failures.join("\n"), why);
      await provider.close();
    });

    const onBoth = async (sql: string): Promise<void> => {
      for (const { engine } of [here, there]) await engine.command(sql);
    };
  });
}

/** The case with replicated tables in a Replicated database. @returns `leftOut` for what this server or ZooKeeper cannot have, and for protocols. */
async function tryCase(here: Bench, there: Bench, one: PlanCase, turn: number): Promise<"alike" | "leftOut"> {
  for (const { engine } of [here, there]) await engine.command("DROP DATABASE IF EXISTS p SYNC");
  for (const { engine } of [here, there])
    await engine.command(`CREATE DATABASE p ENGINE = Replicated('/cases/${turn}', '{shard}', '{replica}')`);
  const made = await create(here, one).catch(() => undefined);
  if (made === undefined) return "leftOut";
  const { from, to } = made;
  const plan = planBetween(from, to, { ...one, isReplicated: true });
  if (plan.steps.some(({ kind }) => kind !== "statement")) return "leftOut";
  assert.ok(!plan.steps.some(({ hazards }) => hazards.some(({ kind }) => kind === "unproven")));
  await here.engine.command(replicated(one.from));
  const kept = from.kind === "table" && to.kind === "table" ? survivors(from, to, one.renamedColumns) : undefined;
  if (from.kind === "table") await here.fill(from);
  if (from.kind === "table") await synced(there.engine, from);
  if (from.kind === "table") for (const end of [here, there]) await end.holdTtl(from);
  const before = kept && from.kind === "table" ? await here.digest(from, kept.before) : undefined;
  await here.apply(plan);
  if (to.kind === "table") await awaitMutations(here.engine, to, () => undefined);
  await synced(there.engine, to);
  for (const end of [here, there]) {
    const live = await end.show(to);
    assert.deepEqual(diffObject(live, to, one), []);
    assert.equal(orderless(live), orderless(to));
    if (kept && to.kind === "table") assert.equal(await end.digest(to, kept.after), before);
  }
  return "alike";
}

async function create(here: Bench, one: PlanCase): Promise<{ from: ObjectSpec; to: ObjectSpec }> {
  for (const statement of one.setup ?? []) await here.engine.command(replicated(statement));
  const to = await here.canonicalize(replicated(one.to));
  return { from: await here.canonicalize(replicated(one.from)), to };
}

async function synced(engine: Connection, object: ObjectSpec): Promise<void> {
  await engine.command("SYSTEM SYNC DATABASE REPLICA p");
  if (object.kind === "table") await engine.command(`SYSTEM SYNC REPLICA ${quotedName(keyOf(object))}`);
}

function replicated(sql: string): string {
  return sql.replace(/\bENGINE = (\w*MergeTree)/g, "ENGINE = Replicated$1");
}
