import { refreshState, uuidOf } from "../../clickhouse/catalog";
import { SchemaError } from "../../errors";
import type { Journal } from "../../operation/journal";
import { pause, type Runner } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import type { QualifiedName } from "../../sql/spec";

/** How long a running refresh is awaited, in milliseconds. */
const REFRESH_LIMIT = 600_000;

/** State in which the views were found: journal line `refreshing`. */
interface Refreshing {
  /** Stopped by the operation, to be started again afterwards. */
  readonly stopped: readonly QualifiedName[];
  /** Already stopped by somebody else; a replaced view would run again. */
  readonly disabled: readonly QualifiedName[];
}

const NONE: Refreshing = { stopped: [], disabled: [] };

/**
 * Keeps refreshable views from running while names change, because a refresh exchanges its target. A running refresh is awaited, because a
 * cancelled one may have written part of its rows.
 */
export async function stopRefreshes(runner: Runner, journal: Journal, views: readonly QualifiedName[]): Promise<void> {
  const { stopped, disabled } = journal.get<Refreshing>("refreshing") ?? NONE;
  const known = new Set([...stopped, ...disabled].map(qualifiedName));
  const now = { stopped: [...stopped], disabled: [...disabled] };
  for (const view of views.filter((one) => !known.has(qualifiedName(one)))) {
    const status = (await refreshState(runner, view))?.status;
    if (status !== undefined) (status === "Disabled" ? now.disabled : now.stopped).push(view);
  }
  if (now.stopped.length + now.disabled.length > known.size) await journal.set("refreshing", now);
  const limit = Date.now() + REFRESH_LIMIT;
  for (const view of now.stopped) {
    while ((await refreshState(runner, view))?.status === "Running") {
      if (Date.now() > limit) {
        throw new SchemaError(
          "refresh-in-the-way",
          `${qualifiedName(view)}: has been refreshing for more than ${REFRESH_LIMIT / 60_000} minutes, and the rename has to wait for it. ` +
            `Nothing was renamed. SYSTEM CANCEL VIEW ${qualifiedName(view)}, or run again later.`,
        );
      }
      await pause(100);
    }
    await runner.run(`SYSTEM STOP VIEW ${qualifiedName(view)}`);
  }
}

/** Restarts the views that {@link stopRefreshes} has stopped, and no others. */
export async function startRefreshes(
  runner: Runner,
  journal: Journal,
  nameNow: (view: QualifiedName) => QualifiedName,
): Promise<void> {
  const { stopped, disabled } = journal.get<Refreshing>("refreshing") ?? NONE;
  for (const [views, verb] of [
    [stopped, "START"],
    [disabled, "STOP"],
  ] as const) {
    for (const view of views.map(nameNow)) {
      if ((await uuidOf(runner, view)) !== undefined) await runner.run(`SYSTEM ${verb} VIEW ${qualifiedName(view)}`);
    }
  }
}
