import { passesOn } from "../lineage/sources";
import { qualifiedName } from "../sql/identifiers";
import { quotedName } from "../sql/object-key";
import type { ColumnSpec, MaterializedViewSpec, ObjectSpec, QualifiedName, StorageSpec } from "../sql/spec";

/** A refresh of a view as one insert. */
export interface RefreshJob {
  /** The table that is written. */
  readonly target: QualifiedName;
  readonly query: string;
  /** Rows are added; otherwise they replace those that are there. */
  readonly append: boolean;
}

/**
 * What stands for a declared object while rows are tested: without TTLs, which would remove rows that a test gives by today's clock, and
 * with a refreshable view as the table that it fills, so that nothing runs on a schedule, and a Distributed table as its one shard.
 */
export function standInsFor(spec: ObjectSpec, isDeclared: (key: string) => boolean): ObjectSpec[] {
  if (spec.kind === "database") return [];
  const behind = behindDistributed(spec, isDeclared);
  if (behind !== undefined && spec.kind === "table") {
    const { database, name } = spec;
    return [{ kind: "view", database, name, columns: [], query: `SELECT * FROM ${quotedName(behind)}` }];
  }
  if (spec.kind === "table")
    return [{ ...spec, columns: spec.columns.map(withoutTtl), storage: storageWithoutTtl(spec.storage) }];
  if (spec.kind !== "materializedView") return [spec];
  if (spec.refresh !== undefined) return [refreshed(spec)];
  return [
    {
      ...spec,
      columns: spec.columns.map(withoutTtl),
      ...(spec.storage !== undefined && { storage: storageWithoutTtl(spec.storage) }),
    },
  ];
}

/** The table that a Distributed table reads and writes, of this program; undefined for any other object. */
export function behindDistributed(spec: ObjectSpec, isDeclared: (key: string) => boolean): string | undefined {
  if (spec.kind !== "table" || !/^Distributed\b/.test(spec.storage.engine ?? "")) return undefined;
  return passesOn(spec).find(isDeclared);
}

/** Reading a view that writes `TO` a table reads that table. */
function refreshed(view: MaterializedViewSpec): ObjectSpec {
  const { comment: _, columns, database, indexes, constraints, name, projections, query, storage, to } = view;
  if (to !== undefined)
    return { kind: "view", database, name, columns: [], query: `SELECT * FROM ${qualifiedName(to)}` };
  const rows = storage === undefined ? { settings: [] } : storageWithoutTtl(storage);
  const as = columns.length === 0 ? { as: { text: query, empty: true } } : {};
  const plain = columns.map(withoutTtl);
  return { kind: "table", database, name, columns: plain, indexes, constraints, projections, storage: rows, ...as };
}

/** How to refresh a view. */
export function jobOf(view: MaterializedViewSpec): RefreshJob {
  const { database, name, query, refresh = "", to = { database, name } } = view;
  return { target: to, query, append: /\bAPPEND\b/i.test(refresh) };
}

function withoutTtl({ ttl: _, ...column }: ColumnSpec): ColumnSpec {
  return column;
}

function storageWithoutTtl({ ttl: _, ...storage }: StorageSpec): StorageSpec {
  // Settings about TTLs are refused by nobody, and mean nothing without one.
  return storage;
}
