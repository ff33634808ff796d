import { kindOf } from "../kinds";
import { sourcesOf, targetsOf } from "../lineage/sources";
import { objectKey } from "../sql/object-key";
import { renderLambda } from "../sql/render/sql-function";
import type { MaterializedViewSpec, ObjectKind, ObjectSpec } from "../sql/spec";

/** What a node represents. `outside` is read or written, but not declared here. */
export type NodeKind = ObjectKind | "outside";

/** An object in the graph. */
export interface LineageNode {
  /** See `sql/object-key.ts`. */
  readonly key: string;
  /** Empty for a function. */
  readonly database: string;
  readonly name: string;
  readonly kind: NodeKind;
  /** Engine of a table, schedule of a refreshable view, inner engine: a few words. */
  readonly detail?: string;
}

/**
 * When data takes this edge: `insert` into the source runs the view, `refresh` runs it on a schedule, `query` reads it when somebody
 * queries it, `write` leads from a view into its target.
 */
export type EdgeKind = "insert" | "refresh" | "query" | "write";

/** One edge along which data flows, from the node of one key to that of another. */
export interface LineageEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: EdgeKind;
}

/** Who reads and who writes what. Databases are not nodes: they group nodes. Sorted, so that the same schema gives the same text. */
export interface Lineage {
  readonly nodes: readonly LineageNode[];
  readonly edges: readonly LineageEdge[];
}

/** An object of which only the name is known: its statement is secret, not known yet, or could not be read. */
export interface OpaqueObject {
  readonly kind: ObjectKind;
  readonly database: string;
  readonly name: string;
  /** Why it is opaque, in a few words. */
  readonly opaque: string;
}

/**
 * The lineage of objects. What they mention but nothing declares becomes an `outside` node; the server's own tables
 * (`system`, `information_schema`) are left out. Costs one pass over the tokens of each query.
 */
export function lineageOf(objects: readonly (ObjectSpec | OpaqueObject)[]): Lineage {
  const nodes = new Map<string, LineageNode>();
  for (const object of objects) {
    const node = nodeOf(object);
    if (node !== undefined) nodes.set(node.key, node);
  }
  const declared: ReadonlySet<string> = new Set(nodes.keys());
  const edges = new Map<string, LineageEdge>();
  const connect = (from: string, to: string, kind: EdgeKind): void => {
    if (from === to) return;
    for (const key of [from, to]) if (!nodes.has(key)) nodes.set(key, outside(key));
    edges.set(`${from}\0\0${to}\0\0${kind === "write"}`, { from, to, kind });
  };
  for (const object of objects) {
    if ("opaque" in object || !("database" in object)) continue;
    const key = objectKey(object.database, object.name);
    for (const source of sourcesOf(object, declared)) connect(source, key, readKind(object));
    for (const target of targetsOf(object)) connect(key, target, "write");
  }
  return {
    nodes: [...nodes.values()].sort((a, b) => compare(a.key, b.key)),
    edges: [...edges.values()].sort((a, b) => compare(a.from, b.from) || compare(a.to, b.to)),
  };
}

/** Order by code units: the same on every machine. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function nodeOf(object: ObjectSpec | OpaqueObject): LineageNode | undefined {
  if (kindOf(object.kind).drawn === undefined) return undefined;
  const { name, kind } = object;
  const database = "database" in object ? object.database : "";
  const detail = "opaque" in object ? object.opaque : detailOf(object);
  return { key: objectKey(database, name), database, name, kind, ...(detail !== undefined && { detail }) };
}

function detailOf(spec: ObjectSpec): string | undefined {
  if ("expression" in spec) return renderLambda(spec);
  if (!("database" in spec)) return undefined;
  if ("attributes" in spec) return spec.layout.replace(/\([\s\S]*$/, "").toLowerCase();
  if (spec.kind === "view") return undefined;
  if (spec.kind === "table") return shortEngine(spec.storage.engine);
  return [spec.refresh === undefined ? undefined : `refresh ${spec.refresh}`, innerOf(spec)].filter(Boolean).join(", ");
}

function innerOf(view: MaterializedViewSpec): string | undefined {
  return view.to === undefined ? `inner ${shortEngine(view.storage?.engine)}` : undefined;
}

function shortEngine(engine: string | undefined): string {
  return engine?.replace(/\s*\([\s\S]*$/, "").replaceAll("`", "") ?? "MergeTree";
}

function readKind(spec: ObjectSpec): EdgeKind {
  if (spec.kind !== "materializedView") return "query";
  return spec.refresh === undefined ? "insert" : "refresh";
}

function outside(key: string): LineageNode {
  const [database = "", name = ""] = key.split("\0");
  return { key, database, name, kind: "outside" };
}
