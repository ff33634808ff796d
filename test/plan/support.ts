import { dropServerDefaults, normalizeShown } from "../../provider/src/canonical/normal-form";
import type { Connection } from "../../provider/src/connection/connection";
import { openConnection } from "../../provider/src/connection/open";
import { openScratch } from "../../provider/src/connection/scratch";
import type { DiffOptions } from "../../provider/src/diff";
import { diffObject, planObject } from "../../provider/src/kinds/object";
import { type Plan, type PlanOptions, renderPlan } from "../../provider/src/plan";
import { backtick } from "../../provider/src/sql/identifiers";
import { keyOf, quotedName } from "../../provider/src/sql/object-key";
import { parseCreate } from "../../provider/src/sql/parse";
import { renderCreate } from "../../provider/src/sql/render";
import type { ColumnSpec, ObjectSpec, TableSpec } from "../../provider/src/sql/spec";

/** Where all objects of these tests live. */
export const DATABASE = "p";

/** An embedded engine on which a plan is tried. */
export class Bench {
  readonly engine: Connection;

  private constructor(engine: Connection) {
    this.engine = engine;
  }

  /** PLAN_URL names a server to take its place. */
  static async open(): Promise<Bench> {
    const url = process.env["PLAN_URL"];
    return new Bench(url === undefined ? await openScratch() : await openConnection({ url }));
  }

  static on(engine: Connection): Bench {
    return new Bench(engine);
  }

  /** An empty database, with what the case's objects read and write. */
  async reset(setup: readonly string[] = []): Promise<void> {
    await this.engine.command(`DROP DATABASE IF EXISTS ${DATABASE} SYNC`);
    await this.engine.command(`DROP DATABASE IF EXISTS ${DATABASE}2 SYNC`);
    await this.engine.command(`CREATE DATABASE ${DATABASE}`);
    for (const statement of setup) await this.engine.command(statement);
  }

  /** What the engine makes of a statement; the object is gone again. */
  async canonicalize(statement: string): Promise<ObjectSpec> {
    const declared = parseCreate(statement);
    await this.engine.command(statement);
    const spec = await this.show(declared);
    if (declared.kind !== "database") await this.engine.command(`DROP TABLE ${quotedName(keyOf(declared))} SYNC`);
    else await this.engine.command(`DROP DATABASE ${declared.name} SYNC`);
    return spec;
  }

  /** The object as it is, in canonical form. */
  async show(declared: ObjectSpec): Promise<ObjectSpec> {
    const what = declared.kind === "database" ? "DATABASE" : "TABLE";
    const [row] = await this.engine.query<{ statement: string }>(`SHOW CREATE ${what} ${quotedName(keyOf(declared))}`);
    return normalizeShown(dropServerDefaults(parseCreate(row?.statement ?? ""), declared));
  }

  /** Two parts of five rows, with values that differ and that any type can be read from. */
  async fill(table: TableSpec): Promise<void> {
    const values = table.columns.flatMap((column) => {
      const value = isInserted(column) ? sampleOf(column.type ?? "") : undefined;
      return value === undefined ? [] : [{ name: backtick(column.name), value }];
    });
    if (values.length === 0) return;
    const columns = values.map(({ name }) => name).join(", ");
    for (const start of [1, 6]) {
      const select = values.map(({ value }) => value).join(", ");
      await this.engine.command(
        `INSERT INTO ${quotedName(keyOf(table))} (${columns}) SELECT ${select} FROM (SELECT number + ${start} AS n FROM numbers(5))`,
      );
    }
  }

  /** A TTL that reaches the rows drops none before it is let: some of a plan's TTLs are over columns that it adds, of 1970. */
  async holdTtl(table: TableSpec): Promise<void> {
    if (table.storage.engine?.includes("MergeTree"))
      await this.engine.command(`SYSTEM STOP TTL MERGES ${quotedName(keyOf(table))}`);
  }

  /** Count and hash of the rows, one entry a column. */
  async digest(table: TableSpec, columns: readonly string[]): Promise<string> {
    const hashes = columns.map((name) => `sum(cityHash64(toString(${backtick(name)})))`);
    const [row] = await this.engine.query<{ digest: unknown }>(
      `SELECT toString(tuple(count(), ${hashes.join(", ") || "0"})) AS digest FROM ${quotedName(keyOf(table))}`,
    );
    return String(row?.digest);
  }

  /** Runs the statements of a plan. */
  async apply({ steps }: Plan): Promise<void> {
    for (const step of steps) {
      if (step.kind !== "statement" && step.kind !== "rename")
        throw new Error(`${step.kind} has a protocol of its own`);
      await this.engine.command(step.sql).catch((error: Error) => {
        throw new Error(`${error.message}\n${renderPlan({ steps })}`, { cause: error });
      });
    }
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}

/** Diff and plan in one. */
export function planBetween(from: ObjectSpec, to: ObjectSpec, options: DiffOptions & PlanOptions = {}): Plan {
  return planObject(from, to, diffObject(from, to, options), options);
}

/** The text without an order where order means nothing: settings, indexes, constraints, projections, statistics. */
export function orderless(spec: ObjectSpec): string {
  if (spec.kind !== "table") return renderCreate(spec);
  const byName = <T extends { name: string }>(items: readonly T[]): T[] =>
    [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
  const { orderBy, primaryKey } = spec.storage;
  const { primaryKey: _, ...storage } = spec.storage;
  return renderCreate({
    ...spec,
    columns: spec.columns.map(sortColumn),
    indexes: byName(spec.indexes),
    constraints: byName(spec.constraints),
    projections: byName(spec.projections),
    // `PRIMARY KEY a ORDER BY a` says no more than `ORDER BY a`, and the engine prints what was written.
    storage: {
      ...storage,
      ...(primaryKey !== undefined && primaryKey !== orderBy && { primaryKey }),
      settings: byName(spec.storage.settings),
    },
  });
}

/** Columns that are stored before and after, of one type, under the names before and after. */
export function survivors(
  from: TableSpec,
  to: TableSpec,
  renamed: Readonly<Record<string, string>> = {},
): { before: string[]; after: string[] } {
  const old = new Map(from.columns.map((column) => [column.name, column]));
  const pairs = to.columns.flatMap((column) => {
    const source = renamed[column.name] ?? column.name;
    const before = old.get(source);
    const lives = before !== undefined && before.type === column.type && isStored(before) && isStored(column);
    return lives ? [[source, column.name] as const] : [];
  });
  return { before: pairs.map(([name]) => name), after: pairs.map(([, name]) => name) };
}

function sortColumn(column: ColumnSpec): ColumnSpec {
  const { statistics, settings } = column;
  const isEphemeral = column.default?.kind === "EPHEMERAL";
  const isBare = isEphemeral && column.default?.expression?.startsWith("defaultValueOfTypeName(");
  return {
    ...column,
    // ALTER writes out what a bare EPHEMERAL of CREATE stands for.
    ...(isBare && { default: { kind: "EPHEMERAL" as const } }),
    ...(statistics !== undefined && { statistics: statistics.split(", ").sort().join(", ") }),
    ...(settings && { settings: [...settings].sort((a, b) => (a.name < b.name ? -1 : 1)) }),
  };
}

function isStored({ default: value }: ColumnSpec): boolean {
  return value?.kind !== "ALIAS" && value?.kind !== "EPHEMERAL";
}

function isInserted({ default: value }: ColumnSpec): boolean {
  return value === undefined || value.kind === "DEFAULT";
}

function sampleOf(type: string): string | undefined {
  const inner = type.replace(/^LowCardinality\((.*)\)$/, "$1").replace(/^Nullable\((.*)\)$/, "$1");
  if (/^(?:U?Int|Float|Decimal|SimpleAggregateFunction)/.test(inner)) return "n";
  if (inner === "String" || inner.startsWith("FixedString")) return "toString(n)";
  // Far ahead, so that no TTL deletes while a test runs.
  if (inner.startsWith("Date")) return "toDateTime('2100-01-01 00:00:00') + n * 3600";
  return inner.startsWith("Array(") ? "[n]" : undefined;
}
