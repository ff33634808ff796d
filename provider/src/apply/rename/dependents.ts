import { mentionedNames } from "../../lineage/mentions";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import { objectKey } from "../../sql/object-key";
import { parseCreate } from "../../sql/parse";
import type { QualifiedName } from "../../sql/spec";
import { inOrder as sorted } from "../../util/graph";
import { nameAfter, type Renaming, renamedTo } from "./names";
import { rewrite } from "./rewrite";

/** An object, as the server prints it. */
export interface LiveText extends QualifiedName {
  readonly engine: string;
  /** CREATE statement on one line. */
  readonly statement: string;
}

/** An object whose definition names the renamed object. */
export interface Dependent extends QualifiedName {
  readonly engine: string;
  /** CREATE statement before. */
  readonly from: string;
  /** CREATE statement after it is re-pointed: the same with the names replaced. */
  readonly to: string;
}

/** Everything affected by a renaming. */
export interface Reach {
  /** In the order in which they can be re-pointed: an object before those that read it. */
  readonly dependents: readonly Dependent[];
  /**
   * Incremental views that fail, or receive no rows, while the names do not match: the dependents, the moved objects, and the readers of
   * either.
   */
  readonly incremental: readonly QualifiedName[];
  /** Refreshable views among them. */
  readonly refreshable: readonly QualifiedName[];
  /** Why it is impossible: dependents with mentions that cannot be re-pointed. */
  readonly refused: readonly string[];
}

/** Every object with a definition, except the server's own. */
export function loadTexts(runner: Runner): Promise<LiveText[]> {
  return runner.rows<LiveText>(
    "SELECT database, name, engine, create_table_query AS statement FROM system.tables WHERE NOT is_temporary " +
      "AND create_table_query != '' AND database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA') ORDER BY database, name",
  );
}

/** Finds everything that names the renamed object, in all databases of the server. */
export function findReach(texts: readonly LiveText[], renaming: Renaming): Reach {
  const refused: string[] = [];
  const dependents: Dependent[] = [];
  for (const { database, name, engine, statement } of texts) {
    if (!mayMention(statement, renaming)) continue;
    const { text, refused: why } = rewrite(statement, renaming);
    if (why.length > 0) refused.push(`${qualifiedName({ database, name })}: ${why.join("; ")}`);
    if (text === rewrite(statement, renaming, "header").text) continue;
    dependents.push({ database, name, engine, from: statement, to: text });
  }
  const touched = closure(texts, dependents, renaming).filter(({ engine }) => engine === "MaterializedView");
  const isRefreshable = ({ statement }: LiveText): boolean => refreshOf(statement) !== undefined;
  return {
    dependents: inOrder(dependents, renaming),
    incremental: touched.filter((view) => !isRefreshable(view)).map(plainName),
    refreshable: touched.filter(isRefreshable).map(plainName),
    refused,
  };
}

/** The schedule of a refreshable view. */
export function refreshOf(statement: string): string | undefined {
  const spec = parseCreate(statement);
  return spec.kind === "materializedView" ? spec.refresh : undefined;
}

/** Moved objects, dependents, and the views that read either of them, through any number of views. */
function closure(texts: readonly LiveText[], dependents: readonly Dependent[], renaming: Renaming): LiveText[] {
  const touched = new Set(dependents.map(({ database, name }) => objectKey(database, name)));
  const found: LiveText[] = [];
  const views = texts.filter(({ engine }) => engine === "View" || engine === "MaterializedView");
  const mentions = new Map(views.map((view) => [view, mentionedNames(view.statement)]));
  for (const view of views) if (renamedTo(renaming, view)) touched.add(objectKey(view.database, view.name));
  for (let grown = true; grown; ) {
    grown = false;
    for (const [view, names] of mentions) {
      const own = objectKey(view.database, view.name);
      if (!touched.has(own) && ![...names].some((name) => touched.has(name))) continue;
      mentions.delete(view);
      touched.add(own);
      found.push(view);
      grown = true;
    }
  }
  return found;
}

/** An object comes before those that read it. */
function inOrder(dependents: readonly Dependent[], renaming: Renaming): Dependent[] {
  const byName = new Map(dependents.map((dependent) => [keyAfter(renaming, dependent), dependent]));
  return sorted(dependents, ({ to }) => [...mentionedNames(to)].flatMap((key) => byName.get(key) ?? []));
}

function keyAfter(renaming: Renaming, name: QualifiedName): string {
  const after = nameAfter(renaming, name);
  return objectKey(after.database, after.name);
}

/** A cheap filter, so that only few statements are parsed. A pattern of Merge may match a name without containing it. */
function mayMention(statement: string, { from }: Renaming): boolean {
  const shown = (name: string): boolean => /[^\p{L}\p{N}_]/u.test(name) || statement.includes(name);
  const byPattern = /\bmerge\s*\(/i.test(statement);
  return byPattern || (shown(from.database) && (!("name" in from) || shown(from.name)));
}

function plainName({ database, name }: QualifiedName): QualifiedName {
  return { database, name };
}
