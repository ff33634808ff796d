import { ServerError } from "../../connection/errors";
import { messageOf, SchemaError } from "../../errors";
import { dropBeside } from "../../operation/exchange-view";
import { awaitInserts, blockInserts } from "../../operation/gate";
import { guardRows } from "../../operation/guard";
import { blockInsertsUntilReleased, releaseInserts } from "../../operation/hold";
import { untilQuiet } from "../../operation/inserts-blocked";
import type { Journal } from "../../operation/journal";
import type { Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import { isRenamed, type RenameContext } from "./context";
import { type Dependent, findReach, loadTexts, type Reach } from "./dependents";
import { gateTables } from "./gate";
import { nameAfter, qualified, type Renaming } from "./names";
import { carryPolicies, dropLeftPolicies } from "./policies";
import { replacedBy } from "./preview";
import { startRefreshes, stopRefreshes } from "./refreshing";
import { identityOf, refuseReach } from "./refusals";
import { repoint } from "./repoint";

async function reachOf(runner: Runner, renaming: Renaming, allow: readonly string[]): Promise<Reach> {
  const texts = await loadTexts(runner);
  const reach = findReach(texts, renaming);
  refuseReach(reach, texts, renaming, allow);
  return reach;
}

/** Everything up to the rename. If it fails, nothing has changed and inserts continue. */
export async function exchangeNames(context: RenameContext): Promise<void> {
  const { journal, runner } = context;
  try {
    // A dead runner may have left inserts refused.
    await releaseInserts(runner, journal.get<QualifiedName[]>("gate") ?? []);
    const label = qualified(context.renaming.from);
    await untilQuiet(runner, { label, why: { needs: "its rename", meanwhile: "nothing was changed" } }, () =>
      tryRename(context),
    );
  } catch (error) {
    if (!(await isRenamed(runner, context.plan).catch(() => true))) {
      // Best effort: the connection itself may have failed, and a resumed operation does the same.
      await releaseInserts(runner, journal.get<QualifiedName[]>("gate") ?? []).catch(() => undefined);
      await startRefreshes(runner, journal, (view) => view).catch(() => undefined);
      context.gateIs(false);
    }
    throw error;
  }
}

/** @returns false when running inserts did not end while the gate was closed; writers then continue. */
async function tryRename(context: RenameContext): Promise<boolean> {
  const { journal, plan, renaming, runner } = context;
  // Queried on every attempt: views come and go.
  const reach = await reachOf(runner, renaming, plan.allow);
  const tables = await gateTables(runner, reach.incremental, renaming, plan.allow);
  await setChanged(journal, "dependents", reach.dependents);
  await setChanged(journal, "gate", tables);
  await guardRows(runner, journal, replacedBy(reach));
  await stopRefreshes(runner, journal, reach.refreshable);
  if (tables.length > 0) {
    context.gateIs(true);
    const gate = await blockInserts(runner, tables);
    if (!(await awaitInserts(runner, gate)) || !(await blockInsertsUntilReleased(runner, tables, gate))) {
      await releaseInserts(runner, tables);
      context.gateIs(false);
      return false;
    }
  }
  await carryPolicies(runner, journal, renaming);
  await journal.assertOwner();
  await context.rename(renaming);
  return true;
}

/** Gives everything that names the object its new name. */
export async function repointAll(context: RenameContext): Promise<void> {
  const { journal, renaming, runner } = context;
  const repointed = new Set<string>();
  const all = async (dependents: readonly Dependent[]): Promise<void> => {
    for (const dependent of dependents) {
      const name = nameAfter(renaming, dependent);
      await repointNamed(context, name, dependent.to);
      repointed.add(qualifiedName(name));
    }
  };
  await all(journal.need<Dependent[]>("dependents"));
  // Created by somebody else just before the rename.
  if ((await identityOf(runner, renaming.from)) === undefined) {
    await all(findReach(await loadTexts(runner), renaming).dependents);
  }
  await journal.set("repointed", [...repointed]);
}

/** Lets inserts and refreshes through again. */
export async function openAll(context: RenameContext): Promise<void> {
  const { journal, renaming, runner } = context;
  const gate = journal.get<QualifiedName[]>("gate") ?? [];
  await releaseInserts(
    runner,
    gate.map((table) => nameAfter(renaming, table)),
  );
  if (gate.length > 0) context.gateIs(false);
  await startRefreshes(runner, journal, (view) => nameAfter(renaming, view));
  for (const { engine, ...dependent } of journal.need<Dependent[]>("dependents")) {
    if (engine === "MaterializedView") await dropBeside(runner, nameAfter(renaming, dependent));
  }
  // Somebody may have used the old name again.
  if ((await identityOf(runner, renaming.from)) === undefined) await dropLeftPolicies(runner, journal, renaming);
}

async function repointNamed(
  { journal, renaming, runner }: RenameContext,
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
