/** Random chains of tables and views, and a random change of one column along them. */
import { defineRollup, renderFill, renderRead, renderTarget } from "../../provider/src/rollup";
import { count, max } from "../../provider/src/rollup/measures";
import type { Resource } from "./stack";

/** The column that changes, in one table; none where the table lacks it. */
export interface Column {
  readonly name: string;
  readonly type: string;
}

/** How a view reads the column: as it is, by a function that takes its type alone, converted or not. */
export interface Style {
  readonly typed: boolean;
  readonly cast: boolean;
}

export interface Case {
  readonly what: "add" | "drop" | "rename" | "retype";
  readonly before: readonly (Column | undefined)[];
  readonly after: readonly (Column | undefined)[];
  /** Of the view that fills each table but the first. */
  readonly styles: readonly Style[];
  /** Resources at the same time. */
  readonly parallel: number;
  /** What passes rows on to each table. */
  readonly through: readonly ("Buffer" | "Distributed" | undefined)[];
  /** A Rollup over the last table. */
  readonly rolls: boolean;
  /** Of the tables. */
  readonly engine: "MergeTree" | "ReplicatedMergeTree";
}

/** What else chains are made of, beside tables of MergeTree and views. */
export interface Parts {
  readonly buffers?: boolean;
  readonly rollups?: boolean;
  /** A cluster of one host that has ZooKeeper: also Distributed and Replicated tables. */
  readonly cluster?: string;
}

const TYPES = ["UInt32", "UInt64", "Int64", "String", "LowCardinality(String)", "Nullable(UInt64)"];

export function randomCase(chance: () => number, { buffers = false, cluster, rollups = false }: Parts = {}): Case {
  const pick = <T>(values: readonly T[]): T => values[Math.floor(chance() * values.length)] as T;
  const length = 2 + Math.floor(chance() * 4);
  const what = pick(["add", "drop", "rename", "retype"] as const);
  const type = pick(TYPES);
  const stages = Array.from({ length }, (): Column => ({ name: "y", type: chance() < 0.8 ? type : pick(TYPES) }));
  const from = chance() < 0.6 ? 0 : Math.floor(chance() * length);
  const to = chance() < 0.6 ? length - 1 : from + Math.floor(chance() * (length - from));
  const wanted = pick(TYPES.filter((one) => one !== type));
  const change = (one: Column): Column | undefined => {
    if (what === "rename") return { ...one, name: "z" };
    return what === "retype" ? { ...one, type: wanted } : undefined;
  };
  const changed = stages.map((one, index) => (index >= from && index <= to ? change(one) : one));
  const [before, after] = what === "add" ? [changed, stages] : [stages, changed];
  const styles = stages.slice(1).map(() => ({ typed: chance() < 0.6, cast: chance() < 0.5 }));
  const parallel = chance() < 0.3 ? 1 : 16;
  const kinds = [...(buffers ? (["Buffer"] as const) : []), ...(cluster ? (["Distributed"] as const) : [])];
  // What passes rows on is renamed and retyped in runs of its own.
  const passes = kinds.length > 0 && (what === "add" || what === "drop");
  const through = stages.map(() => (passes && chance() < 0.3 ? pick(kinds) : undefined));
  const rolls = rollups && chance() < 0.3;
  const engine = cluster !== undefined && chance() < 0.4 ? "ReplicatedMergeTree" : "MergeTree";
  return { what, before, after, styles, parallel, through, rolls, engine };
}

/** Where rows for a table are inserted. */
export function entryOf({ through }: Case, index: number): string {
  return through[index] === undefined ? `t${index}` : `p${index}`;
}

/** The program. @param old columns as they were, which renamed ones name. */
export function programOf(database: string, columns: Case["before"], one: Case, old?: Case["before"]): Resource[] {
  const { engine, styles, through, what } = one;
  const tables = columns.flatMap((column, index): Resource[] => {
    const was = old?.[index];
    const isRenamed = what === "rename" && was !== undefined && column !== undefined && was.name !== column.name;
    // Where it comes to the source or leaves it, clients do not write it, and views convert what it has then.
    const unwritten = index === 0 && column && (what === "add" || what === "drop");
    const more = {
      ...(isRenamed && { renamedFrom: was.name }),
      ...(unwritten && { default: `CAST(id, '${column.type}')` }),
    };
    const subject = column && { [column.name]: { type: column.type, ...more } };
    const name = `t${index}`;
    const own = { columns: { id: "UInt64", x: "String", ...subject }, allow: ["drops-data"] };
    const stored = engine === "MergeTree" ? {} : { engine: `ReplicatedMergeTree('/${database}/${name}', 'one')` };
    const table: Resource = {
      kind: "table",
      database,
      name,
      args: { ...own, orderBy: "id", ...stored },
      after: [],
    };
    const passes = through[index];
    if (passes === undefined) return [table];
    const passing =
      passes === "Buffer"
        ? `Buffer('${database}', '${name}', 1, 0.1, 0.2, 10, 100, 10000, 100000)`
        : `Distributed('tests', '${database}', '${name}')`;
    return [table, { kind: "table", database, name: `p${index}`, args: { ...own, engine: passing }, after: [name] }];
  });
  const views = styles.map((style, index): Resource => {
    const value = readAs(columns[index], columns[index + 1], style);
    const query = `SELECT id, x${value && `, ${value}`} FROM ${database}.t${index}`;
    const to = entryOf(one, index + 1);
    return {
      kind: "materializedView",
      database,
      name: `v${index + 1}`,
      args: { query, to: `${database}.${to}` },
      after: [`t${index}`, to],
    };
  });
  const last = columns.length - 1;
  const query = `SELECT id, x${columns[last] ? `, ${columns[last].name} AS shown` : ""} FROM ${database}.t${last}`;
  const read: Resource = { kind: "view", database, name: "read", args: { query }, after: [`t${last}`] };
  return [...tables, ...views, read, ...(one.rolls ? rollupOver(database, `t${last}`, columns[last], what) : [])];
}

/** What a Rollup declares. No state is converted to another type. */
function rollupOver(database: string, source: string, column: Column | undefined, what: Case["what"]): Resource[] {
  const measures = { rows: count(), ...(column && { top: max(what === "retype" ? "id" : column.name) }) };
  const bucket = { name: "hour", every: "hour", time: "toDateTime(0)" };
  const rollup = defineRollup({ keys: ["id"], bucket, measures });
  const feed = { rollup, source: { name: `${database}.${source}` } };
  const { columnsFrom, orderBy } = renderTarget([feed]);
  const args = { engine: "AggregatingMergeTree", columnsFrom, orderBy, allow: ["drops-data"] };
  const common = { database, after: [source] };
  return [
    { ...common, kind: "table", name: "r", args },
    {
      ...common,
      kind: "materializedView",
      name: "r_mv",
      args: { query: renderFill(feed), to: `${database}.r` },
      after: [source, "r"],
    },
    { ...common, kind: "view", name: "r_read", args: { query: renderRead(rollup, `${database}.r`) }, after: ["r"] },
  ];
}

function readAs(source: Column | undefined, target: Column | undefined, { cast, typed }: Style): string {
  if (target === undefined) return "";
  if (source === undefined) return `CAST('0', '${target.type}') AS ${target.name}`;
  const call = /String/.test(source.type) ? `lower(${source.name})` : `bitOr(${source.name}, 0)`;
  const value = typed ? call : source.name;
  return `${cast ? `CAST(${value}, '${target.type}')` : value} AS ${target.name}`;
}

/** Tables that have the value which is written, before and after. */
export function carried({ before, after }: Case): number[] {
  const carries = (columns: Case["before"], index: number): boolean =>
    columns.slice(0, index + 1).every((one) => one !== undefined);
  return before.flatMap((_, index) => (carries(before, index) && carries(after, index) ? [index] : []));
}
