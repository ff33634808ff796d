import { messageOf } from "../../errors";
import { Postponed } from "../../operation/errors";
import { dropBeside, exchangeView } from "../../operation/exchange-view";
import { liveView, requireSubscribed } from "../../operation/replace-view";
import { pause } from "../../operation/runner";
import { qualifiedName } from "../../sql/identifiers";
import type { MaterializedViewSpec } from "../../sql/spec";
import { type Fleet, type Host, onAll } from "../cluster-rebuild/fleet";
import { allAnswer, closeGates, heldMoment, isRetried, openGates } from "../cluster-rebuild/gate";
import { refuseFeeding } from "../cluster-rebuild/refusals";
import type { ClusterViewContext } from "./context";

/** How long running inserts are waited for while others are refused, in milliseconds. */
const PATIENCE = 4000;
/** How long a moment is looked for in which no insert runs, in milliseconds. */
const LIMIT = 600_000;
/** Longest pause between two attempts, in milliseconds. */
const LONGEST_PAUSE = 10_000;

/** Whether a host has the new view. */
async function hasNew({ to }: ClusterViewContext, host: Host): Promise<boolean> {
  const live = await host.persist(() => liveView(host.runner, to));
  return live !== undefined && targetOf(live.spec) === targetOf(to);
}

function targetOf({ to }: MaterializedViewSpec): string {
  return to === undefined ? "" : qualifiedName(to);
}

/** Whether some host has the new view. */
export async function isBegun(context: ClusterViewContext): Promise<boolean> {
  const { hosts } = await context.fleet();
  return (await onAll(hosts, (host) => hasNew(context, host))).some(Boolean);
}

/**
 * What a run that was cut off may have left: two views on a host, which are both fed once inserts are accepted. So one of them goes first: the
 * old one where the names are exchanged, the new one elsewhere.
 */
export async function tidyUp(context: ClusterViewContext): Promise<void> {
  const { hosts } = await context.fleet();
  await onAll(hosts, (host) => host.persist(() => dropBeside(host.runner, context.to)));
  await openGates(context);
}

/**
 * Replaces the view on every host while no host takes inserts into its source: each row goes to the old target or to the new one. A host that is
 * late keeps the old view, and its inserts the old target, until the next attempt.
 *
 * @throws {Postponed} when there is no such moment in ten minutes.
 */
export async function replaceEverywhere(context: ClusterViewContext): Promise<void> {
  const fleet = await context.fleet();
  await tidyUp(context);
  let why: unknown;
  for (let wait = 200, limit = Date.now() + LIMIT; ; wait = Math.min(LONGEST_PAUSE, wait * 2)) {
    if (await allAnswer(fleet)) {
      await onAll(fleet.hosts, (host) => host.persist(() => refuseFeeding(host, context.fed)));
      try {
        if (await attempt(context, fleet)) return;
        why = undefined;
      } catch (error) {
        if (!isRetried(error)) throw error;
        why = error;
      }
    }
    if (Date.now() > limit) throw noMoment(context, why);
    await pause(wait);
  }
}

function noMoment({ to }: ClusterViewContext, why: unknown): Postponed {
  const last = why === undefined ? "" : ` The last attempt ended with: ${messageOf(why)}`;
  return new Postponed(
    `${qualifiedName(to)}: in ${LIMIT / 60_000} minutes there was no moment in which it could be replaced on all hosts: every host has to answer, and running inserts ` +
      `have to end within ${PATIENCE / 1000} s.${last} Inserts are accepted, and the next run continues.`,
  );
}

/** @returns false when running inserts took too long: inserts are accepted again. */
async function attempt(context: ClusterViewContext, fleet: Fleet): Promise<boolean> {
  context.gateIs(true);
  let isClosed = false;
  try {
    isClosed = await closeGates(context, fleet, heldMoment(context, PATIENCE));
    if (isClosed) await context.journal.assertOwner();
  } finally {
    if (!isClosed) await openGates(context);
  }
  if (!isClosed) return false;
  // From here on a host may have both views: inserts are accepted when none has.
  await onAll(fleet.hosts, (host) => replaceOn(context, host));
  await openGates(context);
  return true;
}

async function replaceOn(context: ClusterViewContext, host: Host): Promise<void> {
  const { to } = context;
  try {
    if (await hasNew(context, host)) await host.persist(() => dropBeside(host.runner, to));
    else await host.persist(() => exchangeOn(context, host));
    await host.persist(() => requireSubscribed(host.runner, to));
  } catch (error) {
    if (!(error instanceof Postponed)) throw error;
    throw new Postponed(
      `${qualifiedName(to)}: ${host.name} has died or lost Keeper while the view was replaced there, and is not back. Inserts into ${qualifiedName(context.fed)} ` +
        "are refused until it is, and the next run has continued: with both views on it, rows would go to both targets.",
      { cause: error },
    );
  }
}

/** An answer may have been lost after the names were exchanged. */
async function exchangeOn({ to }: ClusterViewContext, { runner }: Host): Promise<void> {
  const live = await liveView(runner, to);
  if (live !== undefined && targetOf(live.spec) === targetOf(to)) return dropBeside(runner, to);
  await exchangeView(runner, to);
}
