import { abilityOf, isInMemory } from "../clickhouse/engines";
import type { ColumnChange } from "../diff/changes";
import { renameIn } from "../diff/text";
import { parseType } from "../sql/query/types";
import type { ColumnSpec, TableSpec } from "../sql/spec";
import type { Command } from "./alter";
import { stores } from "./column-hazards";
import { typeDefault } from "./column-text";
import { columnsIn } from "./effects";
import { engineColumns } from "./engine-columns";
import { hazard } from "./hazards";
import type { AbsentProbe, Hazard } from "./plan";
import { nullable, plain } from "./type-shape";

/**
 * Columns that are younger than some parts have no values there: every read computes them from the current default. Measured on 24.8,
 * 26.7 and 26.9: another default, another type (even `UInt8` to `Nullable(UInt8)`: 0 becomes NULL) or another column under the default
 * changes what those rows read, and neither the ALTER nor its mutation stores the old values. Merges do.
 *
 * @returns by new name, the query on the rows of such parts.
 */
export function absentProbes(
  from: TableSpec,
  to: TableSpec,
  changes: readonly ColumnChange[],
): ReadonlyMap<string, AbsentProbe> {
  if (abilityOf(from.storage.engine) !== "all" && !isInMemory(from.storage.engine)) return new Map();
  const younger = new Younger(from, to, changes);
  return new Map(
    to.columns.flatMap((column) => {
      const probe = younger.probe(column);
      return probe === undefined ? [] : [[column.name, probe] as const];
    }),
  );
}

/** Attached to the first hazard about the cost of the column's change. */
export function withProbe(commands: readonly Command[], name: string, probe: AbsentProbe | undefined): Command[] {
  if (probe === undefined) return [...commands];
  let isAsked = false;
  const asked = commands.map((command) => {
    const at = isAsked ? -1 : (command.hazards ?? []).findIndex((one) => one.probe === undefined);
    if (at < 0) return command;
    isAsked = true;
    return { ...command, hazards: (command.hazards ?? []).map((one, i) => (i === at ? { ...one, probe } : one)) };
  });
  const [first, ...rest] = asked;
  if (isAsked || first === undefined) return asked;
  return [{ ...first, hazards: [...(first.hazards ?? []), absentHazard(name, probe)] }, ...rest];
}

/** For a column that does not change itself. */
export function absentHazard(name: string, probe: AbsentProbe): Hazard {
  const message = `whether rows in parts older than ${name}, for which it is computed, read the same value afterwards is checked before anything runs`;
  return hazard("may-fail", message, { probe });
}

class Younger {
  private readonly from: TableSpec;
  private readonly to: TableSpec;
  private readonly old: ReadonlyMap<string, ColumnSpec>;
  private readonly columns: ReadonlyMap<string, ColumnSpec>;
  private readonly retyped: ReadonlySet<string>;
  private readonly redefined: ReadonlySet<string>;
  private readonly known = new Map<string, boolean>();

  constructor(from: TableSpec, to: TableSpec, changes: readonly ColumnChange[]) {
    this.from = from;
    this.to = to;
    const oldNames = new Map(
      changes.flatMap((change) => (change.kind === "column-renamed" ? [[change.to, change.from] as const] : [])),
    );
    const byName = new Map(from.columns.map((column) => [column.name, column]));
    this.columns = new Map(to.columns.map((column) => [column.name, column]));
    const added = new Set(changes.flatMap((change) => (change.kind === "column-added" ? [change.column.name] : [])));
    this.old = new Map(
      to.columns.flatMap(({ name }) => {
        const old = byName.get(oldNames.get(name) ?? name);
        return old === undefined || added.has(name) ? [] : [[name, old] as const];
      }),
    );
    const named = (kind: "column-retyped" | "column-default"): ReadonlySet<string> =>
      new Set(changes.flatMap((change) => (change.kind === kind ? [change.name] : [])));
    this.retyped = named("column-retyped");
    this.redefined = named("column-default");
  }

  probe(column: ColumnSpec): AbsentProbe | undefined {
    const old = this.old.get(column.name);
    if (old === undefined || !stores(column.default) || old.default?.kind === "EPHEMERAL") return undefined;
    if (isInMemory(this.from.storage.engine)) return ofMemory(column, old);
    if (!this.changes(column, old)) return undefined;
    const [from, to] = [old.type ?? "", column.type ?? ""];
    return { kind: "absent", column: old.name, from, to, ...this.value(column, old), keep: this.keep(old) };
  }

  private changes(column: ColumnSpec, old: ColumnSpec): boolean {
    const { name } = column;
    if (this.redefined.has(name) && !isSameValue(old, column)) return true;
    if (column.default?.expression !== undefined) return this.retyped.has(name) || this.isMoved(name);
    return this.retyped.has(name) && !keepsDefault(old.type ?? "", column.type ?? "");
  }

  /** Whether the default of a column reads something that changes, directly or indirectly. */
  private isMoved(name: string): boolean {
    const known = this.known.get(name);
    if (known !== undefined) return known;
    // The engine refuses cyclic defaults, but ambiguous names could make a cycle here.
    this.known.set(name, false);
    const moved = this.readBy(name).some(
      (read) => this.retyped.has(read) || this.redefined.has(read) || this.isMoved(read),
    );
    this.known.set(name, moved);
    return moved;
  }

  private isRetyped({ name, type = "", default: value }: ColumnSpec, old: ColumnSpec): boolean {
    if (this.retyped.has(name)) return value !== undefined || !keepsDefault(old.type ?? "", type);
    return this.readBy(name).some((read) => this.retyped.has(read));
  }

  private readBy(name: string): string[] {
    const expression = this.columns.get(name)?.default?.expression;
    if (expression === undefined) return [];
    return [...columnsIn(expression)].filter((read) => read !== name && this.columns.has(read));
  }

  /** What such rows read afterwards, as an expression over the current columns; nothing if it cannot be expressed. */
  private value(column: ColumnSpec, old: ColumnSpec): Pick<AbsentProbe, "value" | "reads"> {
    const expression = column.default?.expression;
    // Its old default goes before the rest, and a merge in between would store the initial value of the old type.
    const hasDefault = old.default?.expression !== undefined && this.redefined.has(column.name);
    if (hasDefault && this.isRetyped(column, old)) return {};
    if (expression === undefined) return { value: typeValue(column, old) };
    const names = new Map<string, string>();
    const reads: { name: string; column: string; type: string }[] = [];
    for (const read of this.readBy(column.name)) {
      const before = this.old.get(read);
      const isKnown = before !== undefined && before.default?.kind !== "EPHEMERAL";
      if (!isKnown || this.redefined.has(read) || this.isMoved(read)) return {};
      if (before.name !== read) names.set(read, before.name);
      if (!this.retyped.has(read)) continue;
      const name = `__probe_read_${reads.length}`;
      names.set(read, name);
      reads.push({ name, column: before.name, type: this.columns.get(read)?.type ?? "" });
    }
    if ([...names.keys()].some((name) => name.includes("."))) return {};
    return { value: renameIn(expression, names), ...(reads.length > 0 && { reads }) };
  }

  /** How the values can be stored first. */
  private keep(old: ColumnSpec): AbsentProbe["keep"] {
    if (old.default?.kind === "ALIAS") return "store";
    const { orderBy, partitionBy, primaryKey, sampleBy, engine } = this.from.storage;
    const fixed = new Set([
      ...columnsIn([orderBy, partitionBy, primaryKey, sampleBy].join(" ")),
      ...engineColumns(engine),
    ]);
    const isMerged = old.default?.kind === "MATERIALIZED" || fixed.has(old.name) || this.refusesUpdates();
    return isMerged ? "merge" : "update";
  }

  /** An UPDATE fails on every table in which a MATERIALIZED column reads an ALIAS. Measured on 26.7. */
  private refusesUpdates(): boolean {
    const { columns } = this.from;
    const aliases = new Set(columns.flatMap((one) => (one.default?.kind === "ALIAS" ? [one.name] : [])));
    return columns.some(
      (one) =>
        one.default?.kind === "MATERIALIZED" &&
        [...columnsIn(one.default.expression ?? "")].some((name) => aliases.has(name)),
    );
  }
}

/** Everything else a Memory table stores before the change. */
function ofMemory(column: ColumnSpec, old: ColumnSpec): AbsentProbe | undefined {
  if (old.default?.kind !== "ALIAS") return undefined;
  const [from, to] = [old.type ?? "", column.type ?? ""];
  const value = typeValue(column, old);
  return { kind: "absent", column: old.name, from, to, value, keep: "afterwards", alias: old.default.expression ?? "" };
}

/** DEFAULT that becomes MATERIALIZED, or vice versa, gives the same value. */
function isSameValue(old: ColumnSpec, column: ColumnSpec): boolean {
  return old.default?.expression === column.default?.expression;
}

function typeValue(column: ColumnSpec, old: ColumnSpec): string {
  const { name, args } = parseType(column.type ?? "");
  // A column of Nested: its arrays have the length of those in the columns beside it.
  const isNested = name === "Array" && column.name.includes(".") && (old.type ?? "").startsWith("Array(");
  if (!isNested) return typeDefault(column);
  return `arrayMap(x -> ${typeDefault({ ...column, type: args[0] ?? "" })}, \`${old.name}\`)`;
}

/** Types with the same initial value: 0, the empty string, 1970. For others, the rows are queried. */
const FAMILIES = [/^(?:U?Int\d+|Float\d+|BFloat16|Decimal|Bool)$/, /^String$/, /^DateTime(?:64)?$/];

/** Whether the initial value of the old type converts to that of the new type. */
function keepsDefault(from: string, to: string): boolean {
  const [inner, outer] = [nullable(from), nullable(to)];
  // Both start as NULL; or NULLs are removed, and counted separately.
  if (inner !== undefined) return true;
  if (outer !== undefined) return false;
  const [old, wanted] = [parseType(plain(from)), parseType(plain(to))];
  if (old.name === wanted.name && (old.name === "Array" || old.name === "Map")) return true;
  return FAMILIES.some((family) => family.test(old.name) && family.test(wanted.name));
}
