import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { start } from "../../operation/engine";
import { Runner } from "../../operation/runner";
import { journalDatabase, type RenamePlan } from "./context";
import { createRenaming, qualified, type Renaming } from "./names";
import type { RenameOptions, RenameResult } from "./options";
import { examineRename } from "./preview";
import { RENAME } from "./protocol";
import { identityOf } from "./refusals";

/**
 * Renames a table, view or database, or moves a table or view to another database, and updates everything that refers to the old name:
 * views, dictionaries, defaults, constraints. No row is lost or duplicated in the table or in a view's target: if incremental views are
 * affected, inserts are refused from before the rename until the last view is re-pointed, about half a second, or, if the runner dies in
 * between, until it is resumed. Called again with the same operation, it resumes.
 *
 * A refused insert has stored nothing, and clients should retry: error 469; 60 while the target of a view is missing under its old name;
 * 741 when a name changed between two look-ups. From then on, the old name itself gives error 60, or 81 for a database.
 *
 * Grants are bound to names on the server and do not move.
 *
 * @throws {SchemaError} when it is refused, before anything is changed; or when a problem is found later, with what to do.
 */
export async function renameObject(connection: Connection, options: RenameOptions): Promise<RenameResult> {
  const { object, from, to, operation } = options;
  const renaming = createRenaming(object, from, to);
  const runner = new Runner(connection, operation, options);
  const database = await journalDatabase(connection, operation, renaming);
  if ((await identityOf(runner, { database })) === undefined) {
    throw new SchemaError(
      "object-missing",
      `${qualified(from)}: database ${database} does not exist, so there is nothing to rename.`,
    );
  }
  return start(RENAME, connection, {
    ...{ database, operation, hooks: options, label: qualified(from) },
    isWanted: (plan) => qualified(plan.from) === qualified(from) && qualified(plan.to) === qualified(to),
    plan: (one) => planRename(one, renaming, options.allow ?? []),
  });
}

async function planRename(runner: Runner, renaming: Renaming, allow: readonly string[]): Promise<RenamePlan> {
  await examineRename(runner, renaming, allow);
  const { object, from, to } = renaming;
  const uuid = (await identityOf(runner, from)) ?? "";
  return { kind: "rename", object, from, to, allow, uuid, startedAt: await runner.now() };
}
