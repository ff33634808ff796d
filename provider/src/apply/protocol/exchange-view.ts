import { qualifiedName } from "../../sql/identifiers";
import type { MaterializedViewSpec, QualifiedName } from "../../sql/spec";
import type { Gate } from "./gate";
import { hold, release } from "./hold";
import { uuidOf } from "./parts";
import type { Runner } from "./runner";

/** A raised gate, and the tables it closes. */
export interface Closed {
  readonly gate: Gate;
  readonly tables: readonly QualifiedName[];
}

/** Where the new view is made before the names are exchanged; afterwards the old one has the name, until it is dropped. */
export function besideName({ database, name }: QualifiedName, operation: string): QualifiedName {
  return { database, name: `${name}__new_${operation}` };
}

/**
 * Gives a view with a target another definition on a server that has no `CREATE OR REPLACE MATERIALIZED VIEW`: the new view is made
 * beside the old one, the two are exchanged, the old one is dropped. Both are fed in between, so nothing may be inserted until the last
 * of it is done, also when the runner dies: inserts are held. What can fail for good, CREATE, comes first, and is taken back.
 *
 * @param closed what to hold; unless the caller holds it already.
 * @returns false when the gate opened before the hold was there: nothing was changed.
 */
export async function exchangeView(runner: Runner, to: MaterializedViewSpec, closed?: Closed): Promise<boolean> {
  if (closed !== undefined && !(await hold(runner, closed.tables, closed.gate))) {
    await release(runner, closed.tables);
    return false;
  }
  const beside = besideName(to, runner.operation);
  const old = await uuidOf(runner, to);
  try {
    await dropBeside(runner, to);
    if (old === undefined) await runner.create(to);
    else {
      await runner.create({ ...to, ...beside });
      await runner.run(`EXCHANGE TABLES ${qualifiedName(to)} AND ${qualifiedName(beside)}`);
    }
  } catch (error) {
    // As well as it goes: where the connection is what failed, a resumed operation does the same.
    if (closed !== undefined) await takeBack(runner, to, old, closed).catch(() => undefined);
    throw error;
  }
  await dropBeside(runner, to);
  if (closed !== undefined) await release(runner, closed.tables);
  return true;
}

/** Drops what stands under the helper's name: the new view before the exchange, the old one after it. Inserts must be refused. */
export async function dropBeside(runner: Runner, view: QualifiedName): Promise<void> {
  const beside = besideName(view, runner.operation);
  if ((await uuidOf(runner, beside)) !== undefined) await runner.run(`DROP VIEW ${qualifiedName(beside)} SYNC`);
}

async function takeBack(runner: Runner, view: QualifiedName, old: string | undefined, { tables }: Closed) {
  if (old === undefined || (await uuidOf(runner, view)) !== old) return;
  await dropBeside(runner, view);
  await release(runner, tables);
}
