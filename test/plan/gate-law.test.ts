import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { askRows } from "../../provider/src/apply/ask-rows";
import { reportFile } from "../../provider/src/cli/report";
import { ServerError } from "../../provider/src/connection/errors";
import { SchemaError } from "../../provider/src/errors";
import { type Plan, renderPlan, showPlan, unasked } from "../../provider/src/plan";
import { planInput } from "../../provider/src/pulumi/plan-input";
import { renderCreate } from "../../provider/src/sql/render";
import type { ObjectSpec, TableSpec } from "../../provider/src/sql/spec";
import { byEffort, report } from "../support/effort";
import type { PlanCase } from "./case";
import { columnClauses } from "./cases/column-clauses";
import { columnNames } from "./cases/column-names";
import { columns } from "./cases/columns";
import { defaults } from "./cases/defaults";
import { elements } from "./cases/elements";
import { retypes } from "./cases/retypes";
import { stale } from "./cases/stale";
import { storage } from "./cases/storage";
import { readBack } from "./retype/types";
import { Bench, planBetween } from "./support";
import { createOf, fill, renamesOf, rowsOf, type Trial, trials } from "./survive/trial";

/** Random changes that are tried beside the cases. */
const RUNS = Number(process.env["GATE_RUNS"] ?? byEffort({ fast: 10, full: 60, soak: 2000 }));

const CASES: readonly PlanCase[] = [
  ...[...columns, ...columnNames, ...defaults, ...columnClauses, ...retypes, ...elements, ...stale, ...storage],
].filter(({ from, to }) => [from, to].every((text) => text.startsWith("CREATE TABLE p.t (")));

/** Losses that come later, or that no reading of the rows shows: by a TTL, by merges, with an element of a tuple, without a way back. */
const NOT_SEEN = /\bpast\b|merge|elements? |cannot be converted back|cannot be compared/;

describe("report --fail-on drops-data", function () {
  this.timeout(Math.max(300_000, RUNS * 3000));
  let bench: Bench;
  let folder: string;

  before(async () => {
    bench = await Bench.open();
    folder = mkdtempSync(join(tmpdir(), "gate-"));
  });

  after(async () => {
    await bench.close();
    rmSync(folder, { recursive: true });
  });

  it("fails on the plans of the cases that lose values of rows, on those alone, and on all whose rows could not be checked", async () => {
    const counts = { lost: 0, kept: 0 };
    for (const one of CASES) await tryCase(one, counts);
    report(counts);
    assert.ok(counts.lost >= 10 && counts.kept >= 60, JSON.stringify(counts));
  });

  it("fails on random plans that lose or change a value, and on those alone", async () => {
    const counts = { lost: 0, kept: 0 };
    await fc.assert(
      fc.asyncProperty(trials, (trial) => tryTrial(trial, counts)),
      { numRuns: RUNS, endOnFailure: true },
    );
    report(counts);
    assert.ok(Math.min(counts.lost, counts.kept) > RUNS / 20, JSON.stringify(counts));
  });

  async function tryCase(one: PlanCase, counts: { lost: number; kept: number }): Promise<void> {
    await bench.reset(one.setup);
    const [to, from] = [await bench.canonicalize(one.to), await bench.canonicalize(one.from)];
    assert.ok(from.kind === "table" && to.kind === "table");
    if (!/MergeTree/.test(from.storage.engine ?? "")) return;
    await bench.engine.command(one.from);
    await bench.fill(from);
    await bench.holdTtl(from);
    const unknown = planBetween(from, to, one);
    const hasProbe = unknown.steps.some(({ hazards }) => hazards.some(({ probe }) => probe !== undefined));
    if (hasProbe) assert.ok(fails(from, to, unasked(unknown)), `${one.name}: not asked`);
    const plan = await ask(unknown);
    if (plan === undefined) return;
    const isGated = fails(from, to, plan);
    if (plan.steps.some(({ kind }) => kind !== "statement")) return;
    const before = await valuesOf(from, to, one, "before");
    await bench.apply(plan);
    const isLost = losesColumn(from, to, one) || before !== (await valuesOf(from, to, one, "after"));
    count(counts, isGated, isLost, plan, one.name);
  }

  async function tryTrial(random: Trial, counts: { lost: number; kept: number }): Promise<void> {
    // Every row is read, those too that merges of another engine would replace.
    const trial: Trial = { ...random, engine: random.engine === "Memory" ? "Memory" : "MergeTree" };
    await bench.reset();
    const shape = (side: "from" | "to") => bench.canonicalize(createOf(trial, side)).catch(() => undefined);
    const [from, to] = [await shape("from"), await shape("to")];
    if (from === undefined || to === undefined) return;
    const old = await fill(bench, trial)
      .then(() => rowsOf(bench, trial, "before"))
      .catch(notReadable);
    if (old === undefined) return;
    const plan = await ask(planBetween(from, to, { renamedColumns: renamesOf(trial) }));
    if (plan === undefined || plan.steps.some(({ kind }) => kind !== "statement")) return;
    const isGated = fails(from, to, plan);
    await bench.apply(plan);
    if (trial.engine !== "Memory") await bench.engine.command("OPTIMIZE TABLE p.t FINAL");
    const now = await rowsOf(bench, trial, "after").catch(noWayBack);
    const isLost = trial.columns.some(({ what }) => what === "dropped") || old.join("\n") !== now.join("\n");
    count(counts, isGated, isLost, plan, JSON.stringify(trial));
  }

  async function ask(plan: Plan): Promise<Plan | undefined> {
    try {
      return await askRows(async () => bench.engine, { database: "p", name: "t" }, plan, { seconds: 60 });
    } catch (error) {
      if (error instanceof SchemaError) return undefined;
      throw error;
    }
  }

  /** Whether the command ends with 1 for a preview of the change. */
  function fails(from: ObjectSpec, to: ObjectSpec, plan: Plan): boolean {
    const file = join(folder, "preview.json");
    const type = "pulumi-nodejs:dynamic/clickhouse:Table";
    const state = (spec: ObjectSpec, more: object = {}) => ({
      type,
      inputs: { database: "p", name: "t", qualifiedName: "p.t", statement: renderCreate(spec), ...more },
    });
    const newState = state(to, planInput(showPlan(plan, { rows: 10, bytes: 1000 })));
    const step = { op: "update", urn: `urn:pulumi:s::p::${type}::t`, oldState: state(from), newState };
    writeFileSync(file, JSON.stringify({ config: {}, steps: [step], diagnostics: [], changeSummary: { update: 1 } }));
    const code = reportFile(file, { failOn: ["drops-data"] }, { out: () => undefined, error: () => undefined });
    assert.ok(code === 0 || code === 1, String(code));
    return code === 1;
  }

  /** The columns of both, read as they were before. */
  async function valuesOf(from: TableSpec, to: TableSpec, { renamedColumns = {} }: PlanCase, when: "before" | "after") {
    const values = successors(from, to, renamedColumns).flatMap(([old, column]) => {
      // What an ALIAS gave is read of the column that is stored in its place.
      if (old.default?.kind === "EPHEMERAL" || isUnstored(column)) return [];
      const { name, type } = column;
      const quoted = `\`${(when === "before" ? old.name : name).replaceAll("`", "\\`")}\``;
      return [`toString(tuple(${readBack(quoted, old.type ?? "", (when === "before" ? old.type : type) ?? "")}))`];
    });
    const rows = await bench.engine
      .query<{ row: string }>(`SELECT concat('', ${values.join(", ")}) AS row FROM p.t`)
      .catch(noWayBack);
    return rows
      .map(({ row }) => row)
      .sort()
      .join("\n");
  }
});

function count(counts: { lost: number; kept: number }, isGated: boolean, isLost: boolean, plan: Plan, told: string) {
  const text = `${told}\n${renderPlan(plan)}`;
  const words = plan.steps.flatMap((step) => step.hazards).filter(({ kind }) => kind === "drops-data");
  if (isLost) assert.ok(isGated, `a value is lost, and the command ends with 0: ${text}`);
  const isSeen = !words.some(({ message }) => NOT_SEEN.test(message));
  if (isGated && isSeen) assert.ok(isLost, `nothing is lost, and the command ends with 1: ${text}`);
  counts[isLost ? "lost" : "kept"] += 1;
}

/** An earlier change, of a test's own making, can have left what nobody can read. */
function notReadable(error: unknown): undefined {
  if (error instanceof ServerError) return undefined;
  throw error;
}

/** What cannot be turned back is not the same. */
function noWayBack(error: unknown): [] {
  if (error instanceof ServerError) return [];
  throw error;
}

function losesColumn(from: TableSpec, to: TableSpec, { renamedColumns = {} }: PlanCase): boolean {
  const pairs = successors(from, to, renamedColumns);
  const kept = new Set(pairs.flatMap(([old, column]) => (isUnstored(column) ? [] : [old.name])));
  return from.columns.some((column) => !isUnstored(column) && !kept.has(column.name));
}

/** Columns before, each with what it is afterwards. */
function successors(from: TableSpec, to: TableSpec, renamed: Readonly<Record<string, string>>) {
  const old = new Map(from.columns.map((column) => [column.name, column]));
  // A rename that was done before is none.
  const sources = new Map(Object.entries(renamed).filter(([, source]) => old.has(source)));
  const left = new Set(sources.values());
  return to.columns.flatMap((column) => {
    const source = sources.get(column.name) ?? (left.has(column.name) ? undefined : column.name);
    const before = source === undefined ? undefined : old.get(source);
    return before === undefined ? [] : [[before, column] as const];
  });
}

function isUnstored({ default: value }: TableSpec["columns"][number]): boolean {
  return value?.kind === "ALIAS" || value?.kind === "EPHEMERAL";
}
