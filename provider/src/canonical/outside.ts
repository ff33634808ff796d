import { opensOthers } from "../clickhouse/engines";
import { mentionedNames } from "../lineage/mentions";
import { isGrants } from "../sql/access/grant";
import { tablesOfSource } from "../sql/dictionary-source";
import { isQuery } from "../sql/fragments";
import { quoteIdentifier, quoteString } from "../sql/identifiers";
import { isAccess } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type {
  ColumnSpec,
  MaterializedViewSpec,
  ObjectSpec,
  OwnedSpec,
  StorageSpec,
  TableSpec,
  ViewSpec,
} from "../sql/spec";
import { localQuery, outsideFunction, withoutCalls } from "./outside-calls";
import { isStored, type Stored, standIns } from "./stand-in";
import { withVirtualColumns } from "./virtual-columns";

/** With a directory, it opens files that are not this table's. */
const FOREIGN_FILES = /^EmbeddedRocksDB\s*\([^,)]*,/;
/** They need Keeper. */
const CLUSTERED = /^(?:Replicated|Shared)\w*MergeTree\b/;
const LOCAL_DATABASES = /^(?:Atomic|Ordinary|Memory|Lazy|Replicated|Shared|Dictionary)\b/;

/** An object that a standalone engine can host. */
export type LocalEquivalent = Stored | ViewSpec | MaterializedViewSpec;

/**
 * Why a spec is not created as written: what it would access, or that it needs a cluster. Undefined for an object that a standalone
 * engine can host.
 */
export function externalDependency(spec: ObjectSpec): string | undefined {
  if (isAccess(spec) || "entries" in spec || isGrants(spec) || "expression" in spec || "attributes" in spec)
    return undefined;
  if (!("database" in spec)) {
    return spec.engine === undefined || LOCAL_DATABASES.test(spec.engine) ? undefined : reaches(spec.engine);
  }
  const called = calledBy(spec);
  if (called !== undefined) return reaches(called);
  return "storage" in spec && spec.storage ? outsideStorage(spec.storage) : undefined;
}

/** The nearest object that stays within the engine; undefined if there is none, or its columns are only known outside. */
export function localKind(spec: ObjectSpec): Stored | undefined {
  return localKinds(spec).find(isStored);
}

/**
 * Objects with the same columns that stay within the engine, nearest first. A missing source proves nothing: it may be outside.
 * None if the columns are only known outside.
 */
export function localKinds(spec: ObjectSpec): LocalEquivalent[] {
  if (!("database" in spec) || "attributes" in spec) return [];
  const local: readonly LocalEquivalent[] = "query" in spec ? localView(spec) : localTable(spec);
  return local.flatMap((one): readonly LocalEquivalent[] =>
    isStored(one) ? standIns(one).map(withVirtualColumns(spec)) : [one],
  );
}

/** Error message: an object that {@link externalDependency} must declare its columns, because they are not queried. */
export function columnsUnknown(reason: string): string {
  return (
    `its columns are not declared, and only what it reads from knows them: ${reason}. Declare them: list the columns, or ` +
    "give the table function its structure, as in url('https://…', 'CSV', 'a UInt64, b String')"
  );
}

/** `disk = disk(type = s3, …)` writes to the disk, as a test. */
export function isInlineDisk({ name, value }: { name: string; value: string }): boolean {
  return name === "disk" && value.includes("(");
}

function localTable(spec: TableSpec): TableSpec[] {
  const { as, ...rest } = spec;
  if (as === undefined) return spec.columns.length > 0 || !opensOthers(spec.storage.engine) ? [spec] : [];
  const called = outsideFunction(as.text);
  if (called === undefined) return [spec];
  if (spec.columns.length > 0) return [rest];
  const query = localQuery(isQuery(as.text) ? as.text : `SELECT * FROM ${as.text}`);
  const storage = spec.storage.engine === undefined ? { ...spec.storage, engine: "Memory" } : spec.storage;
  return query === undefined ? [] : [{ ...rest, storage, as: { text: query, empty: true } }];
}

function localView(spec: ViewSpec | MaterializedViewSpec): LocalEquivalent[] {
  if (outsideFunction(spec.query) === undefined) return [spec];
  const query = localQuery(spec.query);
  const found: LocalEquivalent[] = query === undefined ? [] : [{ ...spec, query }];
  if (spec.columns.length > 0) {
    const structure = spec.columns.map(({ name, type }: ColumnSpec) => `${quoteIdentifier(name)} ${type ?? "String"}`);
    found.push({ ...spec, query: `SELECT * FROM \`null\`(${quoteString(structure.join(", "))})` });
  }
  return found;
}

/** Keys of tables that only a table function for another server names: it proves nothing if they are missing here. */
export function externalSources(spec: ObjectSpec): string[] {
  if (!("database" in spec) || calledBy(spec) === undefined) return [];
  const query = queryOf(spec) ?? "";
  const here = mentionedNames(withoutCalls(query));
  return [...mentionedNames(localQuery(query) ?? "")].filter((name) => !here.has(name));
}

/** Keys of what must exist before a statement, or its local kind, can run; `spec` is undefined for a dictionary. */
export function sourcesOf(spec: ObjectSpec | undefined, statement: string): Set<string> {
  const found = mentionedNames(statement);
  if (spec !== undefined && "attributes" in spec) for (const key of tablesOfSource(spec.source)) found.add(key);
  if (spec === undefined || !("database" in spec) || calledBy(spec) === undefined) return found;
  // remote('host', 'database', 'table')
  for (const kind of localKinds(spec)) for (const name of mentionedNames(renderCreate(kind))) found.add(name);
  return found;
}

function calledBy(spec: OwnedSpec): string | undefined {
  const query = queryOf(spec);
  return query === undefined ? undefined : outsideFunction(query);
}

function queryOf(spec: OwnedSpec): string | undefined {
  if ("attributes" in spec) return undefined;
  return "query" in spec ? spec.query : spec.as?.text;
}

function outsideStorage({ engine = "", settings }: StorageSpec): string | undefined {
  if (opensOthers(engine) || FOREIGN_FILES.test(engine)) return reaches(engine);
  if (CLUSTERED.test(engine)) return `${nameOf(engine)} needs a cluster`;
  const disk = settings.find(isInlineDisk);
  return disk && reaches(`${disk.name} = ${disk.value}`);
}

function reaches(what: string): string {
  return `${nameOf(what)} accesses something outside of the engine, which a check never does`;
}

function nameOf(call: string): string {
  return /^\s*(\w+)/.exec(call)?.[1] ?? call;
}
