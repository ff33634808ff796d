import type { ColumnChange } from "../diff/changes";
import { backtick, quoteString } from "../sql/identifiers";
import { parseType } from "../sql/query/types";
import type { ColumnSpec } from "../sql/spec";
import { hazard } from "./hazards";
import type { Hazard } from "./plan";
import { classifyRetype } from "./retype";

type Retyped = Extract<ColumnChange, { kind: "column-retyped" }>;

/** Whether NULLs need another value: the engine wants a DEFAULT with such a type. */
export function leavesNull({ from, to }: Retyped): boolean {
  return classifyRetype(from, to).losesNulls;
}

/** What another type does to the stored values. */
export function retypeHazards({ name, from, to }: Retyped, column: ColumnSpec, table: string): Hazard[] {
  const { metadataOnly, values, losesNulls, relabels } = classifyRetype(from, to);
  const isStored = column.default?.kind !== "ALIAS" && column.default?.kind !== "EPHEMERAL";
  if (!isStored) return [];
  const hazards = [
    metadataOnly
      ? hazard("metadata-only", `stored values of ${name} are read as ${to}, no part is rewritten`)
      : hazard("rewrites-parts", `${name} is rewritten from ${from} to ${to} in every part of ${table}`),
  ];
  if (relabels.length > 0) {
    hazards.push(hazard("breaks-reader", `stored values of ${name} change their meaning: ${relabels.join(", ")}`));
  }
  if (losesNulls) hazards.push(nullHazard(name, column, table));
  if (values === "narrows") hazards.push(narrowHazard(name, from, to, table));
  if (values === "parses") hazards.push(failHazard(name, to, table));
  return hazards;
}

function nullHazard(name: string, column: ColumnSpec, table: string): Hazard {
  const value = column.default?.kind === "DEFAULT" ? column.default.expression : `the default of ${column.type}`;
  const check = `SELECT count() FROM ${table} WHERE isNull(${backtick(name)})`;
  return hazard("drops-data", `NULL in ${name} becomes ${value} (how many: ${check})`, check);
}

function narrowHazard(name: string, from: string, to: string, table: string): Hazard {
  const check = canCast(to) ? castCheck(name, to, table) : undefined;
  const how = check === undefined ? "" : ` (how many: ${check})`;
  const message = `values of ${name} that do not fit from ${from} into ${to} become others without an error${how}`;
  return hazard("drops-data", message, check);
}

function failHazard(name: string, to: string, table: string): Hazard {
  // The conversion itself, thrown away: what fails here would fail there.
  const column = backtick(name);
  const check = `SELECT sum(length(toString(CAST(${column}, ${quoteString(to)})))) FROM ${table} WHERE isNotNull(${column})`;
  const message =
    `the first value of ${name} that is no ${to} stops the mutation, and then ${table} cannot be read: the type has changed, ` +
    `the parts have not. This must run without an error before: ${check}`;
  return hazard("may-fail", message, check);
}

/** Counts what the accurate cast refuses, where the plain one takes something else. */
function castCheck(name: string, to: string, table: string): string {
  const column = backtick(name);
  return `SELECT count() FROM ${table} WHERE isNotNull(${column}) AND isNull(accurateCastOrNull(${column}, ${quoteString(to)}))`;
}

function canCast(type: string): boolean {
  return /^(?:U?Int\d+|Float\d+|Decimal)$/.test(parseType(type).name);
}
