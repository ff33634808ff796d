import { askRows } from "../../../provider/src/apply/ask-rows";
import { SchemaError } from "../../../provider/src/errors";
import type { Plan } from "../../../provider/src/plan";
import type { TableSpec } from "../../../provider/src/sql/spec";
import { type Bench, planBetween } from "../support";
import { inUtc, type Sample } from "./types";

/** What the product says of values: they stay, need permission, or cannot be converted. */
export type Verdict = "same" | "drops-data" | "refused";

/** What is known of one pair of types. */
export interface PairReport {
  readonly from: string;
  readonly to: string;
  readonly how: "metadata-only" | "rewritten" | "asked" | "no conversion";
  /** Where product and engine say different things, in words. */
  readonly wrong: readonly string[];
}

const TABLE = { database: "p", name: "t" };

/** A pair of types, planned by the product and tried on the engine. */
export async function tryPair(bench: Bench, from: Sample, to: Sample): Promise<PairReport> {
  const [before, after] = [specOf(from.type), specOf(to.type)];
  const plan = planBetween(before, after);
  const isAsked = hazardsOf(plan).some(({ probe }) => probe?.kind === "values");
  const isMetadata = hazardsOf(plan).every(({ kind }) => kind !== "rewrites-parts");
  const wrong: string[] = [];
  const pair = { from: from.type, to: to.type };
  const report = (how: PairReport["how"]): PairReport => ({ ...pair, how, wrong });

  await fill(bench, from.type, []);
  if (await isRefusedUnseen(bench, plan)) {
    if (await alters(bench, plan)) wrong.push("refused, and the engine takes it without rows");
    else if ((await typeOf(bench)) !== before.columns[1]?.type)
      wrong.push("refused, and the engine has changed the type");
    return report("no conversion");
  }
  const said = new Map<string, Verdict>();
  const whole = await verdictOf(bench, from.type, from.values, plan);
  for (const value of from.values) {
    const isOne = whole === "same" || from.values.length === 1;
    said.set(value, isOne ? whole : await verdictOf(bench, from.type, [value], plan));
  }
  const of = (verdict: Verdict): string[] => from.values.filter((value) => said.get(value) === verdict);
  wrong.push(...(await unlike(bench, pair, of("same"), plan, isMetadata, "same")));
  wrong.push(...(await unlike(bench, pair, of("drops-data"), plan, isMetadata, "drops-data")));
  for (const value of of("refused")) {
    // Some of these the engine takes; which, it does not say beforehand.
    if (
      /^(?:LowCardinality\(|SimpleAggregateFunction\(\w+, )?Nullable/.test(from.type) &&
      to.type.startsWith("Variant")
    )
      continue;
    await fill(bench, from.type, [value]);
    if ((await alters(bench, plan)) && (await differing(bench, pair)) !== undefined)
      wrong.push(`${value}: refused, and the engine converts it`);
  }
  return report(isAsked ? "asked" : isMetadata ? "metadata-only" : "rewritten");
}

/** Values of which the engine does something else than the verdict. */
async function unlike(
  bench: Bench,
  pair: { from: string; to: string },
  values: readonly string[],
  plan: Plan,
  isMetadata: boolean,
  verdict: Verdict,
): Promise<string[]> {
  if (values.length === 0) return [];
  await fill(bench, pair.from, values);
  if (!(await alters(bench, plan))) return [`${verdict}: ${values.join("; ")}: the mutation fails`];
  const wrong: string[] = [];
  const mutations = await bench.engine.query<{ done: number }>(
    "SELECT is_done AS done FROM system.mutations WHERE database = 'p' AND table = 't'",
  );
  if (mutations.some(({ done }) => Number(done) === 0)) wrong.push(`${verdict}: a mutation is left`);
  if (isMetadata && mutations.length > 0) wrong.push("metadata-only, and the engine rewrites parts");
  if (!isMetadata && mutations.length === 0) wrong.push("rewrites-parts, and the engine rewrites none");
  const others = await differing(bench, pair);
  if (others === undefined) return [...wrong, `${verdict}: ${values.join("; ")}: cannot be read`];
  // What goes with an element of a tuple goes with every row, whatever it was.
  if (verdict === "drops-data" && hazardsOf(plan).some(({ message }) => /^the values of elements? /.test(message)))
    return wrong;
  values.forEach((value, id) => {
    if (others.has(id) !== (verdict === "drops-data"))
      wrong.push(`${value}: ${verdict}, and reads ${others.has(id) ? "as another" : "the same"}`);
  });
  return wrong;
}

/** Ids of rows whose value is another one now; undefined when they cannot be read. */
async function differing(
  bench: Bench,
  { from, to }: { from: string; to: string },
): Promise<ReadonlySet<number> | undefined> {
  const ask = (condition: string, id?: number): Promise<Set<number> | undefined> =>
    bench.engine
      // LIMIT, so that the condition sees no other row.
      .query<{ id: string }>(
        `SELECT id, toString(tuple(v)) AS text FROM (SELECT * FROM p.t${id === undefined ? "" : ` WHERE id = ${id} LIMIT 2`}) WHERE ${condition}`,
      )
      .then(
        (rows) => new Set(rows.map((row) => Number(row.id))),
        () => undefined,
      );
  const read = await ask("true");
  if (read === undefined) return undefined;
  const others = unlikeness(from, to);
  const isNull = (await ask("isNull(v) AND isNull(orig)")) ?? new Set();
  const values = [...read].filter((id) => !isNull.has(id));
  const all = await ask(`(${others}) AND NOT (isNull(v) AND isNull(orig))`);
  if (all !== undefined) return all;
  const found = new Set<number>();
  for (const id of values) {
    // No way back is no likeness.
    const unlike = await ask(others, id);
    if (unlike === undefined || unlike.size > 0) found.add(id);
  }
  return found;
}

/** By the user's CAST, which is not the one that the product asks with. */
function unlikeness(from: string, to: string): string {
  const text = "toString(tuple(v)) != toString(tuple(orig))";
  if (/Enum/.test(from) && /Enum/.test(to)) return text;
  // A Variant of fewer types is made of none of more.
  if (/^Variant/.test(from) && /^Variant/.test(to))
    return `${text} OR toString(variantType(v)) != toString(variantType(orig))`;
  // true is 1, and no other number.
  if (to === "Bool" && /^(?:SimpleAggregateFunction\(\w+, )?(?:U?Int|Float)/.test(from))
    return "orig NOT IN (0, 1) OR CAST(v, 'UInt8') != orig OR toString(orig) = '-0'";
  const read = inUtc(from);
  // Only as a text does a longer FixedString fit a shorter one.
  const value = /FixedString/.test(from) && /^FixedString/.test(to) ? "toString(v)" : "v";
  const [back, old] = [`CAST(${value}, '${quoted(read)}')`, read === from ? "orig" : `CAST(orig, '${quoted(read)}')`];
  // The empty text goes back to NULL, and is none.
  const byText = `toString(tuple(${back})) != toString(tuple(${old})) OR isNull(v) != isNull(orig)`;
  if (/JSON|Dynamic|Variant|AggregateFunction\(/.test(from)) return byText;
  return `${byText} OR isNull(${back}) != isNull(${old}) OR sipHash128(tuple(${back})) != sipHash128(tuple(${old}))`;
}

async function verdictOf(bench: Bench, type: string, values: readonly string[], plan: Plan): Promise<Verdict> {
  await fill(bench, type, values);
  try {
    const { steps } = await askRows(async () => bench.engine, TABLE, plan, { seconds: 60 });
    return steps.some(({ hazards }) => hazards.some(({ kind }) => kind === "drops-data")) ? "drops-data" : "same";
  } catch (error) {
    if (error instanceof SchemaError) return "refused";
    throw error;
  }
}

async function isRefusedUnseen(bench: Bench, plan: Plan): Promise<boolean> {
  return askRows(async () => bench.engine, TABLE, plan, { seconds: 60 }).then(
    () => false,
    (error: unknown) => {
      if (error instanceof SchemaError) return true;
      throw error;
    },
  );
}

/** Whether the statements of the plan run. */
async function alters(bench: Bench, { steps }: Plan): Promise<boolean> {
  for (const step of steps) {
    if (step.kind !== "statement") throw new Error(`a ${step.kind}`);
    const done = await bench.engine.command(`${step.sql} SETTINGS alter_sync = 1, mutations_sync = 1`).then(
      () => true,
      () => false,
    );
    if (!done) return false;
  }
  return true;
}

async function fill(bench: Bench, type: string, values: readonly string[]): Promise<void> {
  await bench.engine.command("DROP TABLE IF EXISTS p.t SYNC");
  await bench.engine.command(createOf(type));
  if (values.length === 0) return;
  const insert = (isWide: 0 | 1): Promise<void> =>
    bench.engine.command(
      `INSERT INTO p.t ${values.map((value, id) => `SELECT toUInt64(${id}) AS id, ${value} AS v, v AS orig, ${isWide} AS wide`).join(" UNION ALL ")}`,
    );
  // The engine rewrites columns of compact and of wide parts in two ways.
  await insert(0);
  await bench.engine.command("ALTER TABLE p.t MODIFY SETTING min_bytes_for_wide_part = 0");
  await insert(1);
}

async function typeOf(bench: Bench): Promise<string | undefined> {
  const spec = await bench.show(specOf("UInt8"));
  return spec.kind === "table" ? spec.columns[1]?.type : undefined;
}

const specs = new Map<string, TableSpec>();

/** Learns how the engine writes the types. @returns those that it has, with the values that it takes. */
export async function learn(bench: Bench, samples: readonly Sample[]): Promise<Sample[]> {
  await bench.reset();
  const known: Sample[] = [];
  for (const sample of samples) {
    const spec = await bench.canonicalize(createOf(sample.type)).catch(() => undefined);
    if (spec?.kind !== "table") continue;
    specs.set(sample.type, spec);
    const values: string[] = [];
    for (const value of sample.values) {
      const taken = await bench.engine.query(`SELECT toString(tuple(${value})) AS text`).catch(() => undefined);
      if (taken !== undefined) values.push(value);
    }
    known.push({ ...sample, values });
  }
  return known;
}

function specOf(type: string): TableSpec {
  const spec = specs.get(type);
  if (spec === undefined) throw new Error(`${type} was not learnt`);
  // What is compared is the one column.
  return {
    ...spec,
    columns: spec.columns.map((column) => (column.name === "orig" ? { ...column, type: "String" } : column)),
  };
}

function createOf(type: string): string {
  return `CREATE TABLE p.t (id UInt64, v ${type}, orig ${type}, wide UInt8) ENGINE = MergeTree PARTITION BY wide ORDER BY id SETTINGS min_bytes_for_wide_part = 1000000`;
}

function hazardsOf({ steps }: Plan) {
  return steps.flatMap(({ hazards }) => hazards);
}

function quoted(type: string): string {
  return type.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
}
