import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { Context } from "../../operation/context";
import { type Journal, readJournals } from "../../operation/journal";
import type { BasePlan } from "../../operation/protocol";
import type { Runner } from "../../operation/runner";
import type { ObjectKind } from "../../sql/spec";
import { createRenaming, qualified, type Renamed, type Renaming, renameStatement } from "./names";
import type { RenameHooks } from "./options";
import { identityOf } from "./refusals";

/** The plan of an operation: the first line of its journal. */
export interface RenamePlan extends BasePlan {
  readonly kind: "rename";
  readonly object: ObjectKind;
  readonly from: Renamed;
  readonly to: Renamed;
  readonly allow: readonly string[];
  /** UUID of the object to rename. */
  readonly uuid: string;
}

/** State shared by the steps of a rename. */
export class RenameContext extends Context<RenamePlan, RenameHooks> {
  readonly renaming: Renaming;

  constructor(runner: Runner, journal: Journal, plan: RenamePlan, hooks: RenameHooks) {
    super(runner, journal, plan, hooks);
    this.renaming = createRenaming(plan.object, plan.from, plan.to);
  }

  /** Runs the RENAME, or that back; the journal moves with its database. */
  async rename(renaming: Renaming): Promise<void> {
    await this.runner.run(renameStatement(renaming));
    if (!("name" in renaming.to)) this.journal.moveTo(renaming.to.database);
  }
}

/**
 * The journal is in the database of the old name. If that database is renamed, the journal moves with it, and is found under either name.
 */
export async function journalDatabase(
  connection: Connection,
  operation: string,
  { from, to }: Renaming,
): Promise<string> {
  if ("name" in from) return from.database;
  const there = (await readJournals(connection, to.database)).get(operation);
  return there?.has("plan") ? to.database : from.database;
}

/** Whether the object has its new name: the server shows it, not the journal. */
export async function isRenamed(
  runner: Runner,
  { from, to, uuid }: Pick<RenamePlan, "from" | "to" | "uuid">,
): Promise<boolean> {
  const [old, now] = [await identityOf(runner, from), await identityOf(runner, to)];
  if (old === undefined && now !== undefined) return true;
  if (old !== undefined && now === undefined) return false;
  if (old !== now && now === uuid) return true;
  if (old !== now && old === uuid) return false;
  const what = old === undefined ? "neither exists" : "both exist and neither is the object to be renamed";
  throw new SchemaError(
    "changed-meanwhile",
    `${qualified(from)} → ${qualified(to)}: ${what}; somebody dropped or renamed it during operation ${runner.operation}. ` +
      "Give it one of the two names and run again.",
  );
}
