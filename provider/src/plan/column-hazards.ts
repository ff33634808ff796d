import { isInMemory } from "../clickhouse/engines";
import type { ColumnChange } from "../diff/changes";
import type { ColumnSpec, TableSpec } from "../sql/spec";
import { hazard } from "./hazards";
import type { Hazard } from "./plan";
import { BY_MERGES, deletesMore, pastProbe } from "./ttl";

type Of<Kind extends ColumnChange["kind"]> = Extract<ColumnChange, { kind: Kind }>;

/** Values that a column TTL deletes, and the cost of doing so in existing parts. */
export function ttlHazards(
  { name, from, to }: Of<"column-ttl">,
  { table, materialize }: { readonly table: string; readonly materialize: boolean },
): Hazard[] {
  if (to === undefined) return [];
  const isStricter = deletesMore(from, to);
  const atOnce = isStricter && materialize;
  const message = `values of ${name} in rows of ${table} that are past ${to} become the default, ${atOnce ? "at once" : BY_MERGES}`;
  const rewritten = atOnce
    ? `${name} is rewritten in every part of ${table}`
    : `the columns that the TTL of ${name} reads are rewritten in every part of ${table}, so that parts written before follow it`;
  return [
    ...(isStricter ? [hazard("drops-data", message, { probe: pastProbe(from, to) })] : []),
    hazard("rewrites-parts", rewritten),
  ];
}

/** Who relies on the order of columns. */
export function movedHazard(table: string): Hazard {
  return hazard("breaks-reader", `INSERT INTO ${table} without a column list and SELECT * see another order`);
}

/** What is lost with a column. */
export function dropHazard(column: ColumnSpec, table: string, looksLike: string | undefined): Hazard {
  if (column.default?.kind === "ALIAS" || column.default?.kind === "EPHEMERAL") {
    return hazard("metadata-only", `${column.name} is ${column.default.kind} and stores nothing`);
  }
  const hint =
    looksLike === undefined
      ? ""
      : `. If it becomes ${looksLike}, set renamedFrom: "${column.name}" there, and the values stay`;
  return hazard("drops-data", `the values of ${column.name} (${column.type}) in all rows of ${table} are lost${hint}`);
}

/** What another default means for stored rows. */
export function defaultHazards(
  { from, to }: Of<"column-default">,
  column: ColumnSpec,
  { table, from: { storage } }: { readonly table: string; readonly from: TableSpec },
): Hazard[] {
  if (stores(from) && !stores(to)) {
    const message = `${column.name} of ${table} is no longer stored: its values go as parts are merged`;
    return [hazard("drops-data", message)];
  }
  if (!stores(from) && !stores(to)) {
    return [hazard("metadata-only", `${column.name} is not stored: all rows show the new expression from now on`)];
  }
  if (!stores(from)) {
    if (isInMemory(storage.engine)) return [initialHazard(column, table)];
    return [hazard("keeps-old-rows", `existing rows of ${table} have the default in ${column.name}`)];
  }
  if (from?.kind !== to?.kind && (from?.kind === "MATERIALIZED" || to?.kind === "MATERIALIZED")) {
    const message = `${column.name} of ${table} ${to?.kind === "MATERIALIZED" ? "leaves" : "enters"} SELECT * and INSERT`;
    return [hazard("breaks-reader", message)];
  }
  return [hazard("metadata-only", `rows keep the values of ${column.name} that are stored`)];
}

/** A Memory table computes no default for rows that lack the column. Measured on 24.8, 25.8 and 26.7. */
export function initialHazard({ name, type }: ColumnSpec, table: string): Hazard {
  const message = `rows of the Memory table ${table} that exist read the initial value of ${type} in ${name}, whatever its default`;
  return hazard("keeps-old-rows", message);
}

/** Whether values of such a column are stored in parts. */
export function stores(value: ColumnSpec["default"]): boolean {
  return value?.kind !== "ALIAS" && value?.kind !== "EPHEMERAL";
}
