import type { Connection } from "../../connection/connection";
import { refuseUnguardable, unseenRestrictions } from "../../operation/guard";
import { Problems } from "../../operation/problems";
import { gateRights, journalRights, refuseRights, rightsIn } from "../../operation/rights";
import { Runner } from "../../operation/runner";
import { policyParts, policyTable } from "../../sql/access/row-policy";
import type { Right } from "../../sql/grants";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { findReach, loadTexts, type Reach } from "./dependents";
import { gateTables } from "./gate";
import { createRenaming, qualified, type Renamed, type Renaming } from "./names";
import type { RenameOptions } from "./options";
import { type Carried, policiesOf, policyNote } from "./policies";
import { refuseNames, refuseReach, refuseUnfinished } from "./refusals";

/** Options of a preview. */
export interface RenamePreviewOptions extends Pick<RenameOptions, "object" | "from" | "to" | "allow"> {
  /** Operations that will have ended before the rename begins. */
  readonly ending: ReadonlySet<string>;
}

/** What a rename would do, as things are now. */
export interface RenamePreview {
  /** Whether inserts will be refused for a moment. */
  readonly gated: boolean;
  /** What this user may not see; undefined if nothing. */
  readonly unseen: string | undefined;
  /** What is done with row policies; undefined if there are none. */
  readonly policies: string | undefined;
}

/**
 * Checks everything before anything is changed. Read-only.
 *
 * @throws {SchemaError} when the rename would be refused.
 */
export async function previewRename(
  connection: Connection,
  { object, from, to, allow = [], ending }: RenamePreviewOptions,
): Promise<RenamePreview> {
  const runner = new Runner(connection, "preview", { ending });
  const { carried, guarded, tables } = await examineRename(runner, createRenaming(object, from, to), allow);
  const unseen = await unseenRestrictions(runner, guarded);
  return { gated: tables.length > 0, unseen, policies: policyNote(carried) };
}

/**
 * @returns the tables where inserts must be refused, and the views that another one may be made beside.
 * @throws {SchemaError} when an obstacle is found.
 */
export async function examineRename(
  runner: Runner,
  renaming: Renaming,
  allow: readonly string[],
): Promise<{
  readonly tables: readonly QualifiedName[];
  readonly guarded: readonly QualifiedName[];
  readonly carried: readonly Carried[];
}> {
  const problems = new Problems();
  await refuseNames(runner, problems, renaming, allow);
  const texts = await loadTexts(runner);
  const reach = findReach(texts, renaming);
  // An unfinished operation may itself have created what cannot be re-pointed.
  await refuseUnfinished(runner, renaming, reach);
  await problems.of(() => refuseReach(reach, texts, renaming, allow));
  const tables = (await problems.of(() => gateTables(runner, reach.incremental, renaming, allow))) ?? [];
  const carried = await policiesOf(runner, renaming);
  const rights = [...rightsFor(renaming, reach, tables), ...carried.flatMap(rightsToCarry)];
  await problems.of(() => refuseRights(runner.connection, qualified(renaming.from), "renamed", rights));
  const guarded = replacedBy(reach);
  await problems.of(() => refuseUnguardable(runner, guarded));
  problems.refuse();
  return { tables, guarded, carried };
}

function rightsToCarry({ from, to, isFixed }: Carried): Right[] {
  const level = ({ name }: Carried["from"]): string => policyTable(policyParts(name));
  const drop = { privilege: "DROP ROW POLICY", level: level(from) };
  return [{ privilege: "CREATE ROW POLICY", level: level(to) }, ...(isFixed ? [] : [drop])];
}

/** The views that may be replaced, because no ALTER gives them another target. */
export function replacedBy({ dependents }: Reach): QualifiedName[] {
  return dependents.filter(({ engine }) => engine === "MaterializedView");
}

/** According to 25.8: RENAME, the re-pointing of dependents, and the gate. */
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

/** By engine of the dependent; other tables are altered by various commands, each with a privilege of its own. */
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
