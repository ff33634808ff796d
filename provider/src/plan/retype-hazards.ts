import { isInMemory } from "../clickhouse/engines";
import type { ColumnChange } from "../diff/changes";
import { enumValues } from "../sql/query/types";
import type { ColumnSpec } from "../sql/spec";
import { stores } from "./column-hazards";
import { typeDefault } from "./column-text";
import type { ColumnContext } from "./columns";
import { hazard } from "./hazards";
import { mergedAs } from "./merged-as";
import type { Hazard, HazardKind, NullProbe } from "./plan";
import { classifyRetype } from "./retype";

type Retyped = Extract<ColumnChange, { kind: "column-retyped" }>;

/** Whether NULLs need another value: the engine requires a DEFAULT with such a type. */
export function leavesNull({ from, to }: Retyped): boolean {
  return classifyRetype(from, to).wantsDefault;
}

/**
 * What another type does to the stored values. If that depends on the values, the hazard's probe queries them.
 *
 * @param nullBecomes what the engine replaces NULL by.
 */
export function retypeHazards(
  { name, from, to }: Retyped,
  column: ColumnSpec,
  nullBecomes: string,
  context: ColumnContext,
): Hazard[] {
  if (!stores(column.default)) return [];
  const { table, oldNames } = context;
  const { metadataOnly, isSafe, wantsDefault, losesNulls, removed } = classifyRetype(from, to);
  const old = oldNames.get(name) ?? name;
  const kind: HazardKind = metadataOnly ? "metadata-only" : "rewrites-parts";
  const cost = metadataOnly
    ? `stored values of ${name} are read as ${to}, no part is rewritten`
    : `${name} is rewritten from ${from} to ${to} in every part of ${table}`;
  const hazards = [hazard(kind, cost)];
  if (removed.length > 0) {
    const what = `${removed.length === 1 ? "element" : "elements"} ${removed.join(", ")} of ${name}`;
    hazards.push(hazard("drops-data", `the values of ${what} in all rows of ${table} are lost`));
  }
  if (losesNulls) {
    const isUnreadable = !wantsDefault && lacksZero(to);
    const probe = {
      kind: "nulls" as const,
      column: old,
      to,
      ...(!wantsDefault && { hasOwnNull: true }),
      ...(isInMemory(context.from.storage.engine) && { inMemory: true }),
      ...(isUnreadable && { refuses: "nulls" as const }),
    };
    const value = wantsDefault ? nullBecomes : defaultOf(column);
    hazards.push(hazard("drops-data", `NULL in ${name} becomes ${value}`, { probe }));
  }
  if (/^Variant\b/.test(from) && /^Dynamic\b/.test(to)) {
    // The mutation leaves unreadable wide parts. Measured on 26.3 and 26.7; not so on 25.8 and 26.9.
    hazards.push(refusal(name, { kind: "nulls", column: old, to, refuses: "rows", versions: ["26.1", "26.9"] }));
  }
  if (wantsDefault && /^Variant\b/.test(to)) {
    // The mutation uses the default, and fails on some rows or gives another value for NULL. Measured on 26.7.
    hazards.push(refusal(name, { kind: "nulls", column: old, to, refuses: "rows" }));
  }
  if (!isSafe) {
    const probe = { kind: "values" as const, column: old, from, to, otherwise: kind };
    const message = `whether every value of ${name} is the same as ${to} is checked before anything runs`;
    hazards.push(hazard("may-fail", message, { probe }));
  }
  return [...hazards, ...mergeHazards(name, context)];
}

function refusal(name: string, probe: NullProbe): Hazard {
  const message = `whether there are rows, whose ${name} does not become ${probe.to}, is checked before anything runs`;
  return hazard("may-fail", message, { probe });
}

/** An Enum in which the server cannot read what it replaces NULL by. Measured on 24.8 and 26.7. */
function lacksZero(type: string): boolean {
  const values = enumValues(type);
  return values !== undefined && ![...values.values()].includes("0");
}

/** The value of a column without a declared default, for people. */
export function defaultOf(column: ColumnSpec): string {
  return `the default of ${column.type}, ${typeDefault(column)}`;
}

/** Separate rows, which another function joins from now on. */
function mergeHazards(name: string, { from, to, table, oldNames }: ColumnContext): Hazard[] {
  const [before, after] = [mergedAs(from, oldNames.get(name) ?? name), mergedAs(to, name)];
  if (before === after || before === undefined) return [];
  const message =
    `rows of ${table} that are not merged yet are merged by ${after ?? "nothing"} in ${name} from now on, no longer by ${before}: ` +
    `what ${before} would have made of them is lost. OPTIMIZE TABLE ${table} FINAL merges them before`;
  const key = from.storage.orderBy ?? "";
  return [hazard("drops-data", message, { probe: { kind: "unmerged", key: key === "tuple()" ? "" : key } })];
}
