import type { Connection } from "../../connection/connection";
import { ServerError } from "../../connection/errors";
import { messageOf, SchemaError } from "../../errors";
import { Postponed } from "../../operation/errors";
import { dropBeside } from "../../operation/exchange-view";
import { awaitInserts, blockInserts } from "../../operation/gate";
import { proceed } from "../../operation/good-order";
import { guardRows } from "../../operation/guard";
import { blockInsertsUntilReleased, releaseInserts } from "../../operation/hold";
import { Journal, readJournals } from "../../operation/journal";
import { pause, Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { type Context, FINISHED, followDatabase, isRenamed, journalDatabase, openContext, type Plan } from "./context";
import { type Dependent, findReach, loadTexts, type Reach } from "./dependents";
import { gateTables } from "./gate";
import { checkOperation, createRenaming, nameAfter, qualified, type Renaming, renameStatement } from "./names";
import { abortRename } from "./operations";
import type { RenameHooks, RenameOptions, RenameResult } from "./options";
import { examineRename, replacedBy } from "./preview";
import { startRefreshes, stopRefreshes } from "./refreshing";
import { identityOf, refuseReach } from "./refusals";
import { repoint } from "./repoint";

/** How long to keep looking for a moment in which no insert is running, in milliseconds. */
const GATE_LIMIT = 600_000;
/** Longest pause between two gates, in milliseconds. */
const GATE_PAUSE = 10_000;

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
  checkOperation(operation);
  const renaming = createRenaming(object, from, to);
  const runner = new Runner(connection, operation, options);
  const database = await journalDatabase(connection, operation, renaming);
  if ((await identityOf(runner, { database })) === undefined) {
    throw new SchemaError(
      "object-missing",
      `${qualified(from)}: database ${database} does not exist, so there is nothing to rename.`,
    );
  }
  const plan = (await readJournals(connection, database)).get(operation)?.get("plan") as Plan | undefined;
  if (plan === undefined) await begin(runner, database, renaming, options.allow ?? []);
  else if (plan.kind !== "rename" || qualified(plan.from) !== qualified(from) || qualified(plan.to) !== qualified(to)) {
    throw new SchemaError(
      "operation-exists",
      `${qualified(from)}: operation ${operation} exists and does something else. Resume or abort it, or take another name.`,
    );
  }
  return resumeRename(connection, { database, operation }, options);
}

/** Resumes an interrupted rename, on this machine or any other. */
export async function resumeRename(
  connection: Connection,
  operation: { readonly database: string; readonly operation: string },
  hooks: RenameHooks = {},
): Promise<RenameResult> {
  const context = await openContext(connection, operation, hooks);
  const { journal, plan, runner } = context;
  const undo = async (): Promise<void> => {
    // The journal moves with its database.
    const side = (await isRenamed(runner, plan)) ? plan.to : plan.from;
    const database = "name" in plan.from ? operation.database : side.database;
    await abortRename(connection, { database, operation: runner.operation });
  };
  const opened = (): void => hooks.onGate?.(false);
  await proceed({ runner, journal, ends: FINISHED, undo, brief: true, opened }, async () => {
    if (!(await isRenamed(runner, plan))) await exchangeNames(context);
    if (!("name" in plan.from)) await followDatabase(context, plan.to.database);
    await finish(context);
  });
  return context.journal.need(FINISHED);
}

async function begin(runner: Runner, database: string, renaming: Renaming, allow: readonly string[]): Promise<void> {
  await examineRename(runner, renaming, allow);
  const { object, from, to } = renaming;
  const uuid = (await identityOf(runner, from)) ?? "";
  const plan: Plan = { kind: "rename", object, from, to, allow, uuid, startedAt: await runner.now() };
  await (await Journal.open(runner, database)).set("plan", plan);
}

async function reachOf(runner: Runner, renaming: Renaming, allow: readonly string[]): Promise<Reach> {
  const texts = await loadTexts(runner);
  const reach = findReach(texts, renaming);
  refuseReach(reach, texts, renaming, allow);
  return reach;
}

/** Everything up to the rename. If it fails, nothing has changed and inserts continue. */
async function exchangeNames(context: Context): Promise<void> {
  const { journal, runner } = context;
  const limit = Date.now() + GATE_LIMIT;
  try {
    // A dead runner may have left inserts refused.
    await releaseInserts(runner, journal.get<QualifiedName[]>("gate") ?? []);
    for (let wait = 100; !(await tryRename(context)); wait = Math.min(GATE_PAUSE, wait * 2)) {
      if (Date.now() > limit) throw stillWriting(context);
      await pause(wait);
    }
  } catch (error) {
    if (!(await isRenamed(runner, context.plan).catch(() => true))) {
      // Best effort: the connection itself may have failed, and a resumed operation does the same.
      await releaseInserts(runner, journal.get<QualifiedName[]>("gate") ?? []).catch(() => undefined);
      await startRefreshes(runner, journal, (view) => view).catch(() => undefined);
      context.hooks.onGate?.(false);
    }
    throw error;
  }
}

/** @returns false when running inserts did not end while the gate was closed; writers then continue. */
async function tryRename({ hooks, journal, plan, renaming, runner }: Context): Promise<boolean> {
  // Queried on every attempt: views come and go.
  const reach = await reachOf(runner, renaming, plan.allow);
  const tables = await gateTables(runner, reach.incremental, renaming, plan.allow);
  await setChanged(journal, "dependents", reach.dependents);
  await setChanged(journal, "gate", tables);
  await guardRows(runner, journal, replacedBy(reach));
  await stopRefreshes(runner, journal, reach.refreshable);
  if (tables.length > 0) {
    hooks.onGate?.(true);
    const gate = await blockInserts(runner, tables);
    if (!(await awaitInserts(runner, gate)) || !(await blockInsertsUntilReleased(runner, tables, gate))) {
      await releaseInserts(runner, tables);
      hooks.onGate?.(false);
      return false;
    }
  }
  await journal.assertOwner();
  await runner.run(renameStatement(renaming));
  return true;
}

async function finish(context: Context): Promise<RenameResult> {
  const { hooks, journal, renaming, runner } = context;
  const planned = journal.need<Dependent[]>("dependents");
  const repointed = new Set<string>();
  const all = async (dependents: readonly Dependent[]): Promise<void> => {
    for (const dependent of dependents) {
      const name = nameAfter(renaming, dependent);
      await repointNamed(context, name, dependent.to);
      repointed.add(qualifiedName(name));
    }
  };
  const gate = journal.get<QualifiedName[]>("gate") ?? [];
  if (!journal.has("open")) {
    await all(planned);
    // Created by somebody else just before the rename.
    if ((await identityOf(runner, renaming.from)) === undefined) {
      await all(findReach(await loadTexts(runner), renaming).dependents);
    }
    await journal.set("repointed", [...repointed]);
    await journal.set("open", true);
  }
  await releaseInserts(
    runner,
    gate.map((table) => nameAfter(renaming, table)),
  );
  if (gate.length > 0) hooks.onGate?.(false);
  await startRefreshes(runner, journal, (view) => nameAfter(renaming, view));
  for (const { engine, ...dependent } of planned) {
    if (engine === "MaterializedView") await dropBeside(runner, nameAfter(renaming, dependent));
  }
  const { operation } = runner;
  const result: RenameResult = { operation, repointed: journal.need<string[]>("repointed"), gated: gate.length > 0 };
  await journal.set(FINISHED, result);
  return result;
}

async function repointNamed(
  { journal, renaming, runner }: Context,
  name: QualifiedName,
  wanted: string,
): Promise<void> {
  await journal.assertOwner();
  try {
    await repoint(runner, journal, name, wanted);
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    throw new SchemaError(
      "reader-not-updatable",
      `${qualifiedName(name)}: could not be re-pointed from ${qualified(renaming.from)} to ${qualified(renaming.to)}: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

async function setChanged(journal: Journal, key: string, value: unknown): Promise<void> {
  if (JSON.stringify(journal.get(key)) !== JSON.stringify(value)) await journal.set(key, value);
}

function stillWriting({ renaming }: Context): Postponed {
  return new Postponed(
    `${qualified(renaming.from)}: not renamed, because in ${GATE_LIMIT / 60_000} minutes there was no moment without an INSERT that runs longer than 2 s. ` +
      "Nothing was changed. Run again when fewer are running.",
  );
}
