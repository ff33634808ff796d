import type { ObjectSpec } from "../sql/spec";
import { type Change, type DiffOptions, type ObjectName, pair } from "./changes";
import { diffDatabase } from "./database";
import { diffMaterializedView } from "./materialized-view";
import { diffTable } from "./table";
import { diffView } from "./view";

export type * from "./changes";

/**
 * The differences between two canonical specs of one object; empty if there are none.
 *
 * Order is ignored where it has no meaning and the engine cannot restore it: for settings, indexes, projections,
 * constraints and statistics.
 *
 * @throws {Error} when the two are not of the same kind: then they are different objects.
 */
export function diffObject(from: ObjectSpec, to: ObjectSpec, options: DiffOptions = {}): Change[] {
  const changes: Change[] = [];
  const names = [nameOf(from), nameOf(to)] as const;
  if (names[0].database !== names[1].database || names[0].name !== names[1].name) {
    changes.push(Object.freeze({ kind: "renamed" as const, from: names[0], to: names[1] }));
  }
  changes.push(...diffKind(from, to, options));
  if ((from.comment ?? "") !== (to.comment ?? "")) {
    const comments = pair(from.comment || undefined, to.comment || undefined);
    changes.push(Object.freeze({ kind: "comment" as const, ...comments }));
  }
  return changes;
}

function diffKind(from: ObjectSpec, to: ObjectSpec, options: DiffOptions): Change[] {
  if (from.kind === "database" && to.kind === "database") return diffDatabase(from, to);
  if (from.kind === "table" && to.kind === "table") return diffTable(from, to, options);
  if (from.kind === "view" && to.kind === "view") return diffView(from, to);
  if (from.kind === "materializedView" && to.kind === "materializedView") return diffMaterializedView(from, to);
  throw new Error(`Cannot compare a ${from.kind} with a ${to.kind}: they are different objects`);
}

function nameOf(spec: ObjectSpec): ObjectName {
  return spec.kind === "database" ? { database: spec.name } : { database: spec.database, name: spec.name };
}
