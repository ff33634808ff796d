import { type RefreshState, refreshState } from "../../clickhouse/catalog";
import { SchemaError } from "../../errors";
import { pause, type Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";
import type { ViewContext } from "./context";

/** Interval for polling a refresh, in milliseconds. */
const POLL = 100;

/** Prevents further refreshes of the old view, and waits until a running one has ended: an interrupted APPEND would be half done. */
export async function pauseRefresh(context: ViewContext): Promise<void> {
  const { journal, names, runner } = context;
  const state = await refreshState(runner, names.view);
  if (state === undefined) return;
  if (!journal.has("paused")) await journal.set("paused", state.status !== "Disabled");
  const name = qualifiedName(names.view);
  if (runner.connection.capabilities.pauseView) await runner.run(`SYSTEM PAUSE VIEW ${name}`);
  else {
    // STOP would interrupt a running refresh.
    await untilIdle(runner, names.view);
    await runner.run(`SYSTEM STOP VIEW ${name}`);
  }
  await untilIdle(runner, names.view);
}

/** Lets the old view refresh again, unless it was already stopped before. */
export async function resumeRefresh({ journal, names, runner }: ViewContext): Promise<void> {
  if (journal.get<boolean>("paused") !== true) return;
  await runner.run(`SYSTEM START VIEW ${qualifiedName(names.view)}`);
}

/** Waits for a view's first rows. @throws {SchemaError} when its refresh fails. */
export async function awaitRefresh(runner: Runner, view: QualifiedName): Promise<void> {
  const state = await untilIdle(runner, view);
  if (state === undefined || state.exception === "") return;
  throw new SchemaError(
    "server-refuses",
    `${qualifiedName(view)}: the first refresh of the new view failed: ${state.exception.split(", Stack trace")[0]}. The old view is as it was. ` +
      "Fix what the query needs, run SYSTEM REFRESH VIEW on it and resume, or abort the operation.",
  );
}

async function untilIdle(runner: Runner, view: QualifiedName): Promise<RefreshState | undefined> {
  for (;;) {
    const state = await refreshState(runner, view);
    if (state === undefined || (state.status !== "Running" && state.status !== "RunningOnAnotherReplica")) return state;
    await pause(POLL);
  }
}
