/** Random chains of tables and views, and a random change of one column along them. */
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
}

const TYPES = ["UInt32", "UInt64", "Int64", "String", "LowCardinality(String)", "Nullable(UInt64)"];

export function randomCase(chance: () => number): Case {
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
  return { what, before, after, styles, parallel: chance() < 0.3 ? 1 : 16 };
}

/** The program. @param old columns as they were, which renamed ones name. */
export function programOf(
  database: string,
  columns: Case["before"],
  { styles, what }: Case,
  old?: Case["before"],
): Resource[] {
  const tables = columns.map((column, index): Resource => {
    const was = old?.[index];
    const isRenamed = what === "rename" && was !== undefined && column !== undefined && was.name !== column.name;
    const subject = column && {
      [column.name]: isRenamed ? { type: column.type, renamedFrom: was.name } : column.type,
    };
    const args = { columns: { id: "UInt64", x: "String", ...subject }, orderBy: "id", allow: ["drops-data"] };
    return { kind: "table", database, name: `t${index}`, args, after: [] };
  });
  const views = styles.map((style, index): Resource => {
    const value = readAs(columns[index], columns[index + 1], style);
    const query = `SELECT id, x${value && `, ${value}`} FROM ${database}.t${index}`;
    const args = { query, to: `${database}.t${index + 1}` };
    return { kind: "materializedView", database, name: `v${index + 1}`, args, after: [`t${index}`, `t${index + 1}`] };
  });
  const last = columns.length - 1;
  const query = `SELECT id, x${columns[last] ? `, ${columns[last].name} AS shown` : ""} FROM ${database}.t${last}`;
  return [...tables, ...views, { kind: "view", database, name: "read", args: { query }, after: [`t${last}`] }];
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
