import { keyOf, keyParts } from "../../provider/dist/sql/object-key";
import { parseCreate } from "../../provider/dist/sql/parse";
import type { TableSpec } from "../../provider/dist/sql/spec";
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
const URN = "urn:pulumi:test::test::pulumi-nodejs:dynamic/clickhouse:any::the one";
type Bag = Record<string, unknown>;

/** Every change of `test/plan/cases` by the provider: declared and made, filled, changed, asked again, refreshed. */
export const planCases: Suite = async (version, tell, words) => {
  const server = await startServer({ version });
  process.env["PLAN_URL"] = server.url;
  const bench = await Bench.open();
  const runner = new CaseRunner(server.url, bench);
  try {
    for (const one of CASES) {
      // Renamed columns take a history that one declaration does not have.
      if (one.renamedColumns !== undefined) continue;
      if (words.length > 0 && !words.some((word) => one.name.includes(word))) continue;
      tell(await judge(one.name, (at) => runner.run(one, at)));
    }
  } finally {
    await bench.close();
    await server.stop();
  }
};

class CaseRunner {
  private readonly url: string;
  private readonly bench: Bench;

  constructor(url: string, bench: Bench) {
    this.url = url;
    this.bench = bench;
  }

  async run(one: PlanCase, at: (step: string) => void): Promise<void> {
    const { kind } = parseCreate(one.from);
    at("setup");
    await this.setUp(one);
    at("declare");
    const inputs = await this.with((provider) => check(provider, one.from, {}, one));
    at("create");
    const made = await this.with(async (provider) => {
      const again = await check(provider, one.from, {}, one);
      return (await provider.of(kind).create(again)).outs as Bag;
    });
    at("refresh after create");
    await this.assertNoDrift(kind, made);
    at("fill");
    const rows = await this.fill(inputs, one);
    at("preview");
    const changed = await this.with((provider) => check(provider, one.to, inputs, one));
    at("change");
    const after = await this.with(async (provider) => {
      const again = await check(provider, one.to, inputs, one);
      if (again["statement"] === made["statement"]) return made;
      return (await provider.of(kind).update("id", made, again)).outs as Bag;
    });
    at("preview again");
    const again = await this.with((provider) => check(provider, one.to, changed, one));
    assertSame(after["statement"], again["statement"]);
    at("refresh");
    await this.assertNoDrift(kind, after);
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
    const { before, after } = survivors(from as TableSpec, to, one.renamedColumns);
    return { digest: await this.bench.digest(from, before), columns: after };
  }

  private assertNoDrift(kind: ReturnType<typeof parseCreate>["kind"], outs: Bag): Promise<void> {
    return this.with(async (provider) => {
      const { inputs } = await provider.of(kind).read("id", outs);
      if (inputs !== undefined) assertSame(outs["statement"], (inputs as Bag)["statement"]);
    });
  }

  /** Each step in a process of its own, as the CLI does it. */
  private async with<T>(work: (provider: TestProvider) => Promise<T>): Promise<T> {
    const provider = new TestProvider({ "clickhouse:url": this.url, "clickhouse:lint": "off" });
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

function assertSame(expected: unknown, found: unknown): void {
  if (expected !== found) throw new Error(`${String(expected)} → ${String(found)}`);
}
