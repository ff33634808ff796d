import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { Journal, readJournals } from "../../operation/journal";
import { Runner } from "../../operation/runner";
import type { ObjectKind } from "../../sql/spec";
import { createRenaming, qualified, type Renamed, type Renaming } from "./names";
import type { RenameHooks } from "./options";
import { identityOf } from "./refusals";

/** The plan of an operation: the first line of its journal. */
export interface Plan {
  readonly kind: "rename";
  readonly object: ObjectKind;
  readonly from: Renamed;
  readonly to: Renamed;
  readonly allow: readonly string[];
  /** UUID of the object to rename. */
  readonly uuid: string;
  readonly startedAt: number;
}

/** Journal line of a finished rename: its result. Not `done`, because that means that an old table was kept. */
export const FINISHED = "finished";

/** State shared by the steps of a rename. */
export interface Context {
  readonly runner: Runner;
  /** Replaced by another one after its own database is renamed. */
  journal: Journal;
  readonly plan: Plan;
  readonly renaming: Renaming;
  readonly hooks: RenameHooks;
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

/** Opens an operation that was begun. */
export async function openContext(
  connection: Connection,
  { database, operation }: { readonly database: string; readonly operation: string },
  hooks: RenameHooks,
): Promise<Context> {
  const runner = new Runner(connection, operation, hooks);
  const known = (await readJournals(connection, database)).get(operation)?.get("plan") as Plan | undefined;
  if (known?.kind !== "rename") {
    throw new SchemaError(
      "operation-unknown",
      `Operation ${operation} is not known as a rename in database ${database}. A database that was renamed took its journal along: ` +
        "give its name of now.",
    );
  }
  const journal = await Journal.open(runner, database);
  const plan = journal.need<Plan>("plan");
  return { runner, journal, plan, renaming: createRenaming(plan.object, plan.from, plan.to), hooks };
}

/** Opens the journal again after it has moved with its database. */
export async function followDatabase(context: Context, database: string): Promise<void> {
  context.journal = await Journal.open(context.runner, database);
  await context.journal.take();
}

/** Whether the object has its new name: the server shows it, not the journal. */
export async function isRenamed(
  runner: Runner,
  { from, to, uuid }: Pick<Plan, "from" | "to" | "uuid">,
): Promise<boolean> {
  const [old, now] = [await identityOf(runner, from), await identityOf(runner, to)];
  if (old === undefined && now !== undefined) return true;
  if (old !== undefined && now === undefined) return false;
  if (old !== now && now === uuid) return true;
  if (old !== now && old === uuid) return false;
  const what = old === undefined ? "neither exists" : "both exist and neither is what was to be renamed";
  throw new SchemaError(
    "changed-meanwhile",
    `${qualified(from)} → ${qualified(to)}: ${what}; somebody dropped or renamed it during operation ${runner.operation}. ` +
      "Give it one of the two names again and run again.",
  );
}
