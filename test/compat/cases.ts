import { keyOf, keyParts } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import type { ObjectKind, TableSpec } from "../../provider/src/sql/spec";
import type { PlanCase } from "../plan/case";
import { columnClauses } from "../plan/cases/column-clauses";
import { columns } from "../plan/cases/columns";
import { defaults } from "../plan/cases/defaults";
import { elements } from "../plan/cases/elements";
import { engines } from "../plan/cases/engines";
import { materializedViews } from "../plan/cases/materialized-views";
import { names } from "../plan/cases/names";
import { rebuilds } from "../plan/cases/rebuilds";
import { retypes } from "../plan/cases/retypes";
import { storage } from "../plan/cases/storage";
import { views } from "../plan/cases/views";
import { Bench, survivors } from "../plan/support";
import { Refused, TestProvider } from "../support/provider";
import { startServer } from "../support/server";
import { judge, type Suite } from "./verdict";

const CASES: readonly PlanCase[] = [
  ...columns,
  ...defaults,
  ...columnClauses,
  ...retypes,
  ...elements,
  ...storage,
  ...engines,
  ...rebuilds,
  ...views,
  ...materializedViews,
  ...names,
];
/** Engines whose rows cannot be compared. */
const ROWLESS = /^`?(?:Null|Merge\(|Buffer|URL|Kafka)/;
/** Tried on 26.3 and 26.9: the table is there after the error, and takes no rows. */
const NO_KAFKA = "This package of ClickHouse answers every CREATE of a Kafka table with error 49, Shutdown was called.";
const URN = "urn:pulumi:test::test::pulumi-nodejs:dynamic/clickhouse:any::the one";
type Bag = Record<string, unknown>;

/** Every change of `test/plan/cases` by the provider: declared and made, filled, changed, asked again, refreshed. */
export const planCases: Suite = async (version, tell, words) => {
  const server = await startServer({ version });
  // The embedded engine, started once: each process would start its own, which takes longer than what it is asked.
  const scratch = await startServer();
  process.env["PLAN_URL"] = server.url;
  const bench = await Bench.open();
  const runner = new CaseRunner(server.url, scratch.url, bench);
  try {
    for (const one of CASES) {
      // Renamed columns take a history that one declaration does not have.
      if (one.renamedColumns !== undefined) continue;
      if (words.length > 0 && !words.some((word) => one.name.includes(word))) continue;
      if (/^26\.[39]$/.test(version) && /ENGINE = Kafka\b/.test(one.from)) {
        tell({ name: one.name, result: "left out", problem: NO_KAFKA });
        continue;
      }
      tell(await judge(one.name, (at) => runner.run(one, at)));
    }
  } finally {
    await bench.close();
    await scratch.stop();
    await server.stop();
  }
};

class CaseRunner {
  private readonly config: Record<string, string>;
  private readonly bench: Bench;

  constructor(url: string, scratch: string, bench: Bench) {
    this.config = { "clickhouse:url": url, "clickhouse:scratch": scratch, "clickhouse:lint": "off" };
    this.bench = bench;
  }

  async run(one: PlanCase, at: (step: string) => void): Promise<void> {
    const { kind } = parseCreate(one.from);
    at("setup");
    await this.setUp(one);
    const { inputs, made } = await this.inProcess(async (provider) => {
      at("declare");
      const inputs = await check(provider, one.from, {}, one);
      at("create");
      const made = (await provider.of(kind).create(inputs)).outs as Bag;
      at("refresh after create");
      await assertNoDrift(provider, kind, made);
      return { inputs, made };
    });
    at("fill");
    const rows = await this.fill(inputs, one);
    const { changed, after } = await this.inProcess(async (provider) => {
      at("preview");
      const changed = await check(provider, one.to, inputs, one);
      if (changed["statement"] === made["statement"]) return { changed, after: made };
      at("change");
      return { changed, after: (await provider.of(kind).update("id", made, changed)).outs as Bag };
    });
    await this.inProcess(async (provider) => {
      at("preview again");
      const again = await check(provider, one.to, changed, one);
      assertSame(after["statement"], again["statement"]);
      at("refresh");
      await assertNoDrift(provider, kind, after);
    });
    at("rows");
    const spec = parseCreate(String(changed["statement"]));
    if (rows !== undefined && spec.kind === "table") {
      assertSame(rows.digest, await this.bench.digest(spec, rows.columns));
    }
  }

  private async setUp(one: PlanCase): Promise<void> {
    const { engine } = this.bench;
    for (const database of ["q", "q3"]) await engine.command(`DROP DATABASE IF EXISTS ${database} SYNC`);
    await this.bench.reset(one.setup);
    const from = parseCreate(one.from);
    if (from.kind === "database") await engine.command(`DROP DATABASE IF EXISTS ${from.name} SYNC`);
  }

  /** Rows into a table, and what can be compared of them afterwards. */
  private async fill(inputs: Bag, one: PlanCase): Promise<{ digest: string; columns: string[] } | undefined> {
    const [from, to] = [parseCreate(String(inputs["statement"])), parseCreate(one.to)];
    if (from.kind !== "table" || to.kind !== "table" || ROWLESS.test(from.storage.engine ?? "")) return undefined;
    await this.bench.fill(from);
    // A new TTL may take the rows, which are of 1970, in any merge.
    if (from.storage.ttl !== to.storage.ttl) return undefined;
    const { before, after } = survivors(from as TableSpec, to, one.renamedColumns);
    return { digest: await this.bench.digest(from, before), columns: after };
  }

  /** Each `up` in a process of its own, as the CLI does it. */
  private async inProcess<T>(work: (provider: TestProvider) => Promise<T>): Promise<T> {
    const provider = new TestProvider(this.config);
    try {
      return await work(provider);
    } finally {
      await provider.close();
    }
  }
}

async function check(provider: TestProvider, sql: string, olds: Bag, one: PlanCase): Promise<Bag> {
  const spec = parseCreate(sql);
  const { database, name = database } = keyParts(keyOf(spec));
  const { inputs = {}, failures } = await provider.check(spec.kind, {
    name,
    ...(spec.kind !== "database" && { database }),
    args: {
      sql,
      allow: ["drops-data", "breaks-reader", "unproven"],
      ...(one.materialize === true && spec.kind === "table" && { materialize: true }),
      ...(spec.kind === "table" && { rebuild: "offline" }),
    },
    olds,
    urn: URN,
  });
  if (failures.length > 0) throw new Refused(failures.join("; "));
  return inputs;
}

async function assertNoDrift(provider: TestProvider, kind: ObjectKind, outs: Bag): Promise<void> {
  const { inputs } = await provider.of(kind).read("id", outs);
  if (inputs !== undefined) assertSame(outs["statement"], (inputs as Bag)["statement"]);
}

function assertSame(expected: unknown, found: unknown): void {
  if (expected !== found) throw new Error(`${String(expected)} → ${String(found)}`);
}
