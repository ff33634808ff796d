import fc from "fast-check";
import { readBack, SAMPLES, type Sample } from "../retype/types";
import type { Bench } from "../support";

/** What becomes of a column. */
interface Fate {
  readonly what: "stays" | "retyped" | "dropped" | "renamed" | "renamed and retyped" | "default";
  readonly to: number;
}

/** What is stored of a column beside itself. */
type Structure = "index" | "projection" | "grouped projection" | "key";

/**
 * What happened to the table before, between its two inserts: its last column came (`young`), had another type (`retyped`), or a column was
 * dropped whose name comes again (`dropped`). None of this is shown by its definition.
 */
interface History {
  readonly what: "none" | "young" | "retyped" | "dropped";
  /** Sample that the column was of. */
  readonly type: number;
}

/** A table and a change of it. */
export interface Trial {
  readonly engine: "MergeTree" | "ReplacingMergeTree" | "AggregatingMergeTree" | "Memory";
  readonly history: History;
  readonly columns: readonly (Fate & { readonly from: number })[];
  /** Ids of the rows; those that come twice lie in two parts. */
  readonly ids: readonly number[];
  readonly added: boolean;
  readonly compact: boolean;
  /** Over the first column, before and after. */
  readonly structures: readonly Structure[];
  readonly partitioned: boolean;
  /** Clauses of the table before and after, and of the column `x`; without them neither it nor `d` is there. */
  readonly ttl?: { readonly from: Ttl; readonly to: Ttl };
}

export interface Ttl {
  readonly table: TtlRule;
  readonly x: TtlRule;
}

/** `soon` comes while the test waits, the others do not. */
export type TtlRule = "none" | "soon" | "soon for some" | "later" | "much later";

const index = fc.nat(SAMPLES.length - 1);

/** Near types more often than any two: most pairs have no conversion. */
const target = fc.oneof({ arbitrary: index, weight: 1 }, { arbitrary: fc.integer({ min: -6, max: 6 }), weight: 3 });

const column = (...fates: readonly Fate["what"][]) =>
  fc.record({ from: index, what: fc.constantFrom(...fates), near: target }).map(({ from, what, near }) => {
    const to = near < 7 ? from + near : near;
    return { from, what, to: Math.min(SAMPLES.length - 1, Math.max(0, to)) };
  });

const parts = {
  ids: fc.array(fc.nat(5), { minLength: 1, maxLength: 8 }),
  added: fc.boolean(),
  compact: fc.boolean(),
  structures: fc.oneof(
    fc.constant([]),
    fc.subarray<Structure>(["index", "projection", "grouped projection"]),
    fc.constant<Structure[]>(["key"]),
  ),
  partitioned: fc.boolean(),
  history: fc.record({ what: fc.constantFrom<History["what"]>("none", "young", "retyped", "dropped"), type: index }),
};

const ENGINES = (process.env["SURVIVE_ENGINES"]?.split(",") ?? [
  ...["MergeTree", "ReplacingMergeTree", "AggregatingMergeTree", "Memory", "Memory"],
]) as Trial["engine"][];

export const trials: fc.Arbitrary<Trial> = fc
  .record({
    engine: fc.constantFrom(...ENGINES),
    columns: fc.array(
      column("stays", "retyped", "retyped", "retyped", "renamed", "renamed and retyped", "default", "dropped"),
      { minLength: 1, maxLength: 3 },
    ),
    ...parts,
  })
  // It has none of them, and would always be rebuilt.
  .map((trial) => (trial.engine === "Memory" ? { ...trial, structures: [], partitioned: false } : trial));

const rules: readonly (readonly [from: TtlRule, to: TtlRule])[] = [
  ...([
    ["none", "none"],
    ["soon", "none"],
    ["soon", "soon"],
    ["soon", "later"],
    ["soon", "much later"],
  ] as const),
  ...([
    ["soon for some", "later"],
    ["later", "much later"],
    ["later", "none"],
    ["much later", "much later"],
  ] as const),
  ...([
    ["soon", "soon for some"],
    ["soon for some", "soon for some"],
    ["none", "soon"],
  ] as const),
];

/** Trials whose rows a TTL deletes while the test waits. Which row of a key a merge keeps has tests of its own. */
export const ttlTrials: fc.Arbitrary<Trial> = fc.record({
  engine: fc.constant("MergeTree" as const),
  columns: fc.array(column("stays", "stays", "renamed", "default", "retyped"), { minLength: 1, maxLength: 1 }),
  ...parts,
  ttl: fc
    .record({ table: fc.constantFrom(...rules), x: fc.constantFrom(...rules) })
    .map(({ table, x }) => ({ from: { table: table[0], x: x[0] }, to: { table: table[1], x: x[1] } })),
  history: fc.constant({ what: "none" as const, type: 0 }),
});

/** New names of columns → old ones. */
export function renamesOf({ columns }: Trial): Record<string, string> {
  return Object.fromEntries(columns.flatMap(({ what }, i) => (what.startsWith("renamed") ? [[`r${i}`, `c${i}`]] : [])));
}

export function createOf(trial: Trial, side: "from" | "to", name = "t"): string {
  const { engine, columns, added, compact, structures, partitioned, ttl } = trial;
  const list = columns.flatMap((column, i) => columnOf(column, i, side));
  const more = side === "to" && added ? ["n UInt8 DEFAULT id + 1"] : [];
  const rules = ttl?.[side];
  const timed = rules === undefined ? [] : ["d DateTime('UTC')", `x String${clause(rules.x)}`];
  const first = nameOf(trial, 0, side);
  const over = first === undefined ? [] : structures;
  const elements = over.flatMap((structure) => elementOf(structure, first ?? ""));
  if (engine === "Memory")
    return `CREATE TABLE p.${name} (${["id UInt64", ...list, ...more].join(", ")}) ENGINE = Memory`;
  const settings = [
    ...(compact ? [] : ["min_bytes_for_wide_part = 0", "min_rows_for_wide_part = 0"]),
    ...(engine === "MergeTree" ? [] : ["deduplicate_merge_projection_mode = 'rebuild'"]),
    ...(rules === undefined ? [] : ["merge_with_ttl_timeout = 0"]),
  ];
  return [
    `CREATE TABLE p.${name} (${["id UInt64", ...list, ...more, ...timed, ...elements].join(", ")}) ENGINE = ${engine}`,
    partitioned ? "PARTITION BY id % 2" : "",
    `ORDER BY ${over.includes("key") ? `(id, ${first})` : "id"}`,
    rules === undefined ? "" : clause(rules.table),
    settings.length === 0 ? "" : `SETTINGS ${settings.join(", ")}, allow_nullable_key = 1`,
  ].join(" ");
}

function columnOf({ what, from, to }: Trial["columns"][number], i: number, side: "from" | "to"): string[] {
  const { type } = sampleOf(from);
  if (side === "from") return [`c${i} ${type}`];
  const other = sampleOf(to).type;
  switch (what) {
    case "stays":
      return [`c${i} ${type}`];
    case "retyped":
      return [`c${i} ${other}`];
    case "renamed":
      return [`r${i} ${type}`];
    case "renamed and retyped":
      return [`r${i} ${other}`];
    case "default":
      return [`c${i} ${type} DEFAULT defaultValueOfTypeName('${quoted(type)}')`];
    case "dropped":
      return [];
    default:
      throw new Error(what satisfies never);
  }
}

function elementOf(structure: Structure, column: string): string[] {
  switch (structure) {
    case "index":
      return [`INDEX i toString(${column}) TYPE bloom_filter GRANULARITY 1`];
    case "projection":
      return [`PROJECTION o (SELECT id, ${column} ORDER BY ${column})`];
    case "grouped projection":
      return [`PROJECTION g (SELECT ${column}, count() GROUP BY ${column})`];
    case "key":
      return [];
    default:
      throw new Error(structure satisfies never);
  }
}

function clause(rule: TtlRule): string {
  switch (rule) {
    case "none":
      return "";
    case "soon":
      return " TTL d + INTERVAL 1 SECOND";
    case "soon for some":
      // No column takes a condition.
      return " TTL d + toIntervalSecond(if(id < 3, 1, 1000000))";
    case "later":
      return " TTL d + INTERVAL 10 DAY";
    case "much later":
      return " TTL d + INTERVAL 90 DAY";
    default:
      throw new Error(rule satisfies never);
  }
}

function nameOf({ columns }: Trial, i: number, side: "from" | "to"): string | undefined {
  const { what } = columns[i] ?? {};
  if (what === undefined || (side === "to" && what === "dropped")) return undefined;
  return side === "to" && what.startsWith("renamed") ? `r${i}` : `c${i}`;
}

/**
 * Creates the table with its rows and its history.
 *
 * @param soon when the TTL comes, in seconds since 1970, for rows with an even number.
 * @throws {ServerError} when the engine does not take the history, or the values of it.
 */
export async function fill(bench: Bench, trial: Trial, name = "t", soon = 0): Promise<void> {
  const command = (sql: string): Promise<void> => bench.engine.command(sql);
  const merges = (verb: string) => (trial.engine === "Memory" ? undefined : command(`SYSTEM ${verb} MERGES p.${name}`));
  const { born, becomes } = earlierOf(trial);
  await command(createOf(born, "from", name));
  await merges("STOP");
  const isDropped = becomes?.startsWith("DROP") ?? false;
  if (isDropped) await command(`ALTER TABLE p.${name} ADD COLUMN n String`);
  const [first, second] = [trial.ids.filter(isFirst), trial.ids.filter((id, row, ids) => !isFirst(id, row, ids))];
  await insert(first, born, isDropped ? ["'x'"] : []);
  if (becomes !== undefined) await command(`ALTER TABLE p.${name} ${becomes}`);
  if (second.length > 0) await insert(second, trial, []);
  await merges("START");

  function insert(ids: readonly number[], { columns }: Trial, more: readonly string[]): Promise<void> {
    const rows = ids.map((id, row) => {
      const values = columns.map(({ from }, i) => {
        const { values } = sampleOf(from);
        // Two that are both called NULL cannot be of two types.
        return `${values[(row + id) % values.length] ?? "NULL"} AS v${i}`;
      });
      const time =
        trial.ttl === undefined ? [] : [`toDateTime(${isSoon(id) ? soon : soon + 86_400}, 'UTC')`, `'x${row}'`];
      return `SELECT ${[`toUInt64(${id})`, ...values, ...time, ...more].join(", ")}`;
    });
    return command(`INSERT INTO p.${name} ${rows.join(" UNION ALL ")}`);
  }
}

/** The second time an id comes in another part. */
function isFirst(id: number, row: number, ids: readonly number[]): boolean {
  return ids.indexOf(id) === row;
}

/** The table as it was created, and the command that made it what it is before the change. */
function earlierOf(trial: Trial): { born: Trial; becomes?: string } {
  const { added, columns, engine, history, structures } = trial;
  const at = columns.length - 1;
  const [column, name] = [columns[at], `c${at}`];
  if (column === undefined || (at === 0 && structures.length > 0)) return { born: trial };
  const type = sampleOf(column.from).type;
  switch (history.what) {
    case "none":
      return { born: trial };
    case "young":
      return { born: { ...trial, columns: columns.slice(0, at) }, becomes: `ADD COLUMN ${name} ${type}` };
    case "retyped": {
      // Elsewhere a mutation converts the values.
      if (engine !== "Memory") return { born: trial };
      const earlier = { ...column, from: history.type };
      return {
        born: { ...trial, columns: [...columns.slice(0, at), earlier] },
        becomes: `MODIFY COLUMN ${name} ${type}`,
      };
    }
    case "dropped":
      return added && engine === "Memory" ? { born: trial, becomes: "DROP COLUMN n" } : { born: trial };
    default:
      throw new Error(history.what satisfies never);
  }
}

/** Whether the time of the row comes while the test waits. */
function isSoon(id: number): boolean {
  return id % 2 === 0;
}

/** Every row, as text through the columns that live on and the types that they had, `id` and `x` in front. */
export async function rowsOf(bench: Bench, trial: Trial, when: "before" | "after", name = "t"): Promise<string[]> {
  const values = trial.columns.flatMap(({ what, from, to }, i) => {
    if (what === "dropped") return [];
    const column = nameOf(trial, i, when === "after" ? "to" : "from") ?? "";
    const [old, wanted] = [sampleOf(from).type, sampleOf(to).type];
    const isRetyped = when === "after" && what.endsWith("retyped");
    return [`toString(tuple(${readBack(column, old, isRetyped ? wanted : old)}))`];
  });
  const final = /^(?:Merge|Memory)/.test(trial.engine) ? "" : " FINAL";
  const rows = await bench.engine.query<{ row: string }>(
    `SELECT concat(${["toString(id)", trial.ttl === undefined ? "''" : "x", ...values].join(", ' ', ")}) AS row FROM p.${name}${final} ORDER BY row`,
  );
  return rows.map(({ row }) => row);
}

/** The rows that are there when the time has come, by what the TTLs say afterwards. */
export function rowsLeft(rows: readonly string[], { table, x }: Ttl): string[] {
  const isPast = (rule: TtlRule, id: number): boolean =>
    isSoon(id) && (rule === "soon" || (rule === "soon for some" && id < 3));
  return rows
    .filter((row) => !isPast(table, Number(row.split(" ")[0])))
    .map((row) => (isPast(x, Number(row.split(" ")[0])) ? row.replace(/ x\d+/, " ") : row))
    .sort();
}

function sampleOf(at: number): Sample {
  const sample = SAMPLES[at];
  if (sample === undefined) throw new Error(`no sample ${at}`);
  return sample;
}

function quoted(type: string): string {
  return type.replaceAll("\\", "\\\\").replaceAll("'", "\\'");
}
