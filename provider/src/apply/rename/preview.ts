import type { Connection } from "../../connection/connection";
import { gateRights, journalRights, refuseRights, rightsIn } from "../../operation/rights";
import { Runner } from "../../operation/runner";
import type { Right } from "../../sql/grants";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { findReach, loadTexts, type Reach } from "./dependents";
import { gateTables } from "./gate";
import { createRenaming, type Renamed, type Renaming, written } from "./names";
import type { RenameOptions } from "./options";
import { refuseNames, refuseReach, refuseUnfinished } from "./refusals";

/** How to look. */
export interface RenamePreviewOptions extends Pick<RenameOptions, "object" | "from" | "to" | "allow"> {
  /** Operations that will have ended by then. */
  readonly ending: ReadonlySet<string>;
}

/** What a rename would be, as things are now. */
export interface RenamePreview {
  /** Whether inserts will be refused for a moment. */
  readonly gated: boolean;
}

/**
 * Looks at everything before anything is changed; only reads.
 *
 * @throws {SchemaError} when the rename would be refused.
 */
export async function previewRename(
  connection: Connection,
  { object, from, to, allow = [], ending }: RenamePreviewOptions,
): Promise<RenamePreview> {
  const runner = new Runner(connection, "preview", { ending });
  const tables = await examineRename(runner, createRenaming(object, from, to), allow);
  return { gated: tables.length > 0 };
}

/** @returns the tables at which inserts have to be refused. @throws {SchemaError} when something stands in the way. */
export async function examineRename(
  runner: Runner,
  renaming: Renaming,
  allow: readonly string[],
): Promise<QualifiedName[]> {
  await refuseNames(runner, renaming, allow);
  const texts = await loadTexts(runner);
  const reach = findReach(texts, renaming);
  // First, for what another operation has made meanwhile may be what cannot be re-pointed.
  await refuseUnfinished(runner, renaming, reach);
  refuseReach(reach, texts, renaming, allow);
  const tables = await gateTables(runner, reach.incremental, renaming, allow);
  await refuseRights(runner.connection, written(renaming.from), "renamed", rightsFor(renaming, reach, tables));
  return tables;
}

/** As 25.8 asks for them: RENAME, the re-pointing of what names it, and the gate. */
function rightsFor({ from, to }: Renaming, reach: Reach, gated: readonly QualifiedName[]): Right[] {
  return [
    ...journalRights(from.database),
    ...("name" in from
      ? [...rightsOn(from, ["SELECT", "DROP TABLE"]), ...rightsOn(to, ["CREATE TABLE", "INSERT"])]
      : [
          ...rightsIn(from.database, ["SELECT", "DROP DATABASE"]),
          ...rightsIn(to.database, ["CREATE DATABASE", "INSERT"]),
        ]),
    ...gateRights(gated),
    ...reach.dependents.flatMap((dependent) => rightsOn(dependent, REPOINTING[dependent.engine] ?? [])),
    ...reach.refreshable.flatMap((view) => rightsOn(view, ["SYSTEM VIEWS"])),
  ];
}

/** By engine of what is re-pointed; tables are altered by this or that command, each with a right of its own. */
const REPOINTING: Readonly<Record<string, readonly string[]>> = {
  View: ["CREATE VIEW", "DROP VIEW"],
  MaterializedView: ["ALTER VIEW MODIFY QUERY", "CREATE VIEW", "DROP VIEW"],
  Dictionary: ["CREATE DICTIONARY", "DROP DICTIONARY"],
  Merge: ["CREATE TABLE", "DROP TABLE"],
};

function rightsOn(name: Renamed, privileges: readonly string[]): Right[] {
  if (!("name" in name)) return rightsIn(name.database, privileges);
  return privileges.map((privilege) => ({ privilege, level: qualifiedName(name) }));
}
