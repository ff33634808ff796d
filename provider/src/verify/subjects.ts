import { innerTable } from "../clickhouse/names";
import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { definitionOf } from "../introspect/live-definition";
import type { LiveObject } from "../introspect/live-object";
import { ServerCatalog } from "../introspect/server-catalog";
import { triggerOf } from "../lineage/trigger";
import { isWorkingTable } from "../operation/names";
import { SqlParseError } from "../sql/errors";
import { qualifiedName } from "../sql/identifiers";
import { keyParts, objectKey } from "../sql/object-key";
import type { MaterializedViewSpec, ObjectSpec, QualifiedName, TableSpec } from "../sql/spec";
import { inOrder as sortedByNeed } from "../util/graph";
import type { Feed, SourceTable, Subject } from "./subject";

/** Which targets to select; see `VerifyOptions`. */
export interface Choice {
  readonly databases?: readonly string[];
  readonly names?: readonly string[];
}

/**
 * Finds the targets of materialized views on a server, each with all of its views, in the order in which rows flow: a target that feeds
 * another comes before it. Costs one query, and one more for each database that is read or written.
 *
 * @throws {SchemaError} when a name is neither a view nor a target.
 */
export async function loadSubjects(connection: Connection, choice: Choice = {}): Promise<Subject[]> {
  const live = new ServerCatalog(async () => connection);
  const found = new Map<string, { target: QualifiedName; shown: QualifiedName; feeds: Feed[] }>();
  for (const object of await live.materializedViews()) {
    const view = parsed(object);
    if (view?.kind !== "materializedView" || isWorkingTable(view.name)) continue;
    const target = targetOf(view, object);
    const key = objectKey(target.database, target.name);
    const entry = found.get(key) ?? { target, shown: view.to ?? name(view), feeds: [] };
    entry.feeds.push({ view, source: await sourceOf(live, view) });
    found.set(key, entry);
  }
  const subjects: Subject[] = [];
  for (const [key, { feeds, ...rest }] of found) {
    const table = parsed(await live.find(key));
    feeds.sort((a, b) => (qualifiedName(a.view) < qualifiedName(b.view) ? -1 : 1));
    subjects.push({ ...rest, feeds, spec: table?.kind === "table" ? table : undefined });
  }
  return chosen(inOrder(subjects), choice);
}

function name({ database, name: own }: QualifiedName): QualifiedName {
  return { database, name: own };
}

function targetOf(view: MaterializedViewSpec, { uuid }: LiveObject): QualifiedName {
  return view.to ?? innerTable(view.database, uuid);
}

/** The table whose inserts a view sees. For a view that reads another view: the table which that one writes to. */
async function sourceOf(live: ServerCatalog, view: MaterializedViewSpec): Promise<SourceTable | undefined> {
  let at = triggerOf(view.query);
  let through: QualifiedName | undefined;
  for (let hops = 0; at !== undefined && hops < 20; hops++) {
    const key = objectKey(at.database, at.name);
    const object = await live.find(key);
    const spec = parsed(object);
    if (object === undefined) return undefined;
    if (spec?.kind === "materializedView") {
      through ??= name(spec);
      at = targetOf(spec, object);
      continue;
    }
    const { database, name: own = "" } = keyParts(key);
    const table = spec?.kind === "table" ? spec : undefined;
    return { database, name: own, engine: object.engine, spec: table, ...(through !== undefined && { through }) };
  }
  return undefined;
}

function parsed(object: LiveObject | undefined): ObjectSpec | undefined {
  if (object === undefined) return undefined;
  try {
    return definitionOf(object).spec;
  } catch (error) {
    // Dictionaries and the like: nothing to compare.
    if (error instanceof SqlParseError) return undefined;
    throw error;
  }
}

function inOrder(subjects: readonly Subject[]): Subject[] {
  const byKey = new Map(subjects.map((subject) => [objectKey(subject.target.database, subject.target.name), subject]));
  const sorted = [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, subject]) => subject);
  return sortedByNeed(sorted, ({ feeds }) =>
    feeds.flatMap(({ source }) => (source && byKey.get(objectKey(source.database, source.name))) ?? []),
  );
}

function chosen(subjects: readonly Subject[], { databases, names = [] }: Choice): Subject[] {
  const named = (subject: Subject): string[] =>
    [subject.target, subject.shown, ...subject.feeds.map(({ view }) => view)].flatMap((one) => [
      `${one.database}.${one.name}`,
      qualifiedName(one),
    ]);
  const unknown = names.filter((wanted) => !subjects.some((subject) => named(subject).includes(wanted)));
  if (unknown.length > 0) {
    const known = subjects.flatMap(({ feeds }) => feeds.map(({ view }) => qualifiedName(view)));
    throw new SchemaError(
      "object-missing",
      unknown.map(
        (wanted) =>
          `${wanted}: is no materialized view, and no target of one; write database.view. Found ${known.join(", ") || "none"}.`,
      ),
    );
  }
  return subjects.filter((subject) => {
    const inDatabase =
      databases === undefined ||
      databases.includes(subject.target.database) ||
      subject.feeds.some(({ view }) => databases.includes(view.database));
    return inDatabase && (names.length === 0 || names.some((wanted) => named(subject).includes(wanted)));
  });
}

/** The target's table. @throws {SchemaError} when it is not a table; called only for targets that {@link Doubts} accepted. */
export function tableOf({ spec, shown }: Subject): TableSpec {
  if (spec !== undefined) return spec;
  throw new SchemaError("object-missing", `${qualifiedName(shown)}: is no table.`);
}
