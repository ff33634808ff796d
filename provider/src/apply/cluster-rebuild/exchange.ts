import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { uuidOf } from "../../clickhouse/catalog";
import { lookUp } from "../../cluster/queue";
import type { ClusterMembers } from "../../connection/connection";
import { ConnectionError, ServerError } from "../../connection/errors";
import { messageOf } from "../../errors";
import { Postponed } from "../../operation/errors";
import { pause } from "../../operation/runner";
import { backtick } from "../../sql/identifiers";
import { buildAll, builtNow } from "./build";
import type { ClusterContext, ShardBuilt } from "./context";
import { catchUp } from "./copy";
import { guardHeadroom } from "./fence";
import { ALONE, type Fleet, type Host, onAll, within } from "./fleet";
import { allAnswer, closeGates, insertsOn, isRetried, type Moment, momentOf, openGates } from "./gate";
import { refuseChanges } from "./refusals";

/** How long a moment is looked for in which the exchange is possible, in milliseconds. */
const LIMIT = 600_000;
/** Longest pause between two attempts, in milliseconds. */
const LONGEST_PAUSE = 10_000;
/** How long a host may take to exchange before the run ends; the next one goes on, in milliseconds. */
const CONFIRM_LIMIT = 600_000;

/** An exchange that may have reached the queue of ON CLUSTER: journal line `exchanging`. */
export interface Exchanging {
  /** By which the queue knows the statement. */
  readonly mark: string;
}

/** Copies what is left of all shards, and assembles the new table. */
export async function copyRest(context: ClusterContext): Promise<void> {
  const { shards } = await context.fleet();
  for (const shard of shards) {
    await shard.worker.sync(context.table);
    await catchUp(context, shard);
  }
  await buildAll(context);
}

/**
 * The exchange: until then, readers and writers see no change. Whatever goes wrong before it, inserts go on, and it is tried again.
 *
 * @throws {Postponed} when there is no moment for it in ten minutes.
 */
export async function exchangeTables(context: ClusterContext): Promise<void> {
  const fleet = await context.fleet();
  let why: unknown;
  for (let wait = 200, limit = Date.now() + LIMIT; ; wait = Math.min(LONGEST_PAUSE, wait * 2)) {
    if (await allAnswer(fleet)) {
      await guardHeadroom(context);
      // Little is left for the moment in which nobody writes.
      await copyRest(context);
      await refuseChanges(context);
      try {
        if (await attempt(context, fleet)) return;
        why = undefined;
      } catch (error) {
        if (!isRetried(error)) throw error;
        why = error;
      }
    }
    if (Date.now() > limit) throw await noMoment(context, fleet, why);
    await pause(wait);
  }
}

async function noMoment(context: ClusterContext, { hosts }: Fleet, why: unknown): Promise<Postponed> {
  const running = await onAll(hosts, (host) =>
    within(2000, insertsOn(host)).then(
      (ids) => ids.map((id) => `${host.name}: ${id}`),
      () => [`${host.name} does not answer`],
    ),
  );
  const last = why === undefined ? "" : ` The last attempt ended with: ${messageOf(why)}`;
  return new Postponed(
    `${context.table}: in ${LIMIT / 60_000} minutes there was no moment in which all hosts could exchange the tables: every host has to answer, and running inserts ` +
      `have to end within ${context.plan.gate / 2000} s. In the way now: ${running.flat().join(", ") || "nothing"}.${last} Everything is copied, and the copy is kept. Run again.`,
  );
}

/** @returns false when it took too long: inserts are accepted again. */
async function attempt(context: ClusterContext, fleet: Fleet): Promise<boolean> {
  context.gateIs(true);
  let sent = false;
  try {
    const moment = await momentOf(context, fleet);
    sent = (await closeGates(context, fleet, moment)) && (await exchangeBehind(context, fleet, moment));
    return sent;
  } finally {
    if (!sent) await openGates(context);
  }
}

/** Copies the last rows while none can arrive: both tables then hold the same rows, and no insert is running. */
async function exchangeBehind(context: ClusterContext, { hosts }: Fleet, moment: Moment): Promise<boolean> {
  const left = (): number => moment.late - Date.now();
  await within(left(), copyRest(context));
  const built = await within(left(), builtNow(context));
  await within(left(), context.journal.set("built", built satisfies ShardBuilt[]));
  await within(
    left(),
    onAll(hosts, (host) => restoreWindow(context, host)),
  );
  const mark = `pulumi-clickhouse-schema ${context.runner.operation} ${randomUUID()}`;
  await within(left(), context.journal.set("exchanging", { mark } satisfies Exchanging));
  await within(left(), context.journal.assertOwner());
  if (left() <= 0) return false;
  return sendExchange(context, mark);
}

/** What clients insert after the exchange is compared with what they inserted before, as declared: the copy was not. */
function restoreWindow({ shadow, to }: ClusterContext, { runner }: Host): Promise<void> {
  const own = to.storage.settings.find(({ name }) => name === WINDOW);
  const change = own === undefined ? `RESET SETTING ${WINDOW}` : `MODIFY SETTING ${WINDOW} = ${own.value}`;
  return runner.run(`ALTER TABLE ${shadow} ${change}`, ALONE);
}

/** Attached copies of equal parts are distinct rows. */
export function dropWindow({ shadow }: ClusterContext, host: Host): Promise<void> {
  return host.run(`ALTER TABLE ${shadow} MODIFY SETTING ${WINDOW} = 0`);
}

/** Setting of how many blocks are remembered, to leave out equal ones. */
export const WINDOW = "replicated_deduplication_window";

/**
 * Through the queue: if the runner dies now, all hosts exchange all the same. Who does not answer soon is looked at later.
 *
 * @returns false when it did not reach the queue.
 */
async function sendExchange(context: ClusterContext, mark: string): Promise<boolean> {
  const { plan, runner, shadow, table } = context;
  const sql = `EXCHANGE TABLES ${table} AND ${shadow} ON CLUSTER ${backtick(plan.cluster)}`;
  try {
    await runner.runHere(sql, {
      distributed_ddl_task_timeout: 3,
      distributed_ddl_output_mode: "null_status_on_timeout",
      log_comment: mark,
    });
    return true;
  } catch (error) {
    if (!(error instanceof ServerError || error instanceof ConnectionError)) throw error;
    return isExchanging(context);
  }
}

/** Whether the exchange has begun, or will: some host has the new table under the name, or has it to do. */
export async function isExchanging(context: ClusterContext): Promise<boolean> {
  const { journal, plan } = context;
  if (journal.has("exchanged")) return true;
  const sent = journal.get<Exchanging>("exchanging");
  if (sent === undefined) return false;
  const { hosts } = await context.fleet();
  const uuids = await onAll(hosts, (host) => host.persist(() => uuidOf(host.runner, context.names.table)));
  if (uuids.includes(plan.uuid)) return true;
  const queued = await inQueue(context, sent);
  return queued.some(({ state }) => state === "waiting");
}

function inQueue({ runner }: ClusterContext, { mark }: Exchanging): ReturnType<typeof lookUp> {
  const { cluster, here = runner.connection } = runner.connection;
  return lookUp(here, cluster as ClusterMembers, mark);
}

/**
 * Waits until every host has exchanged the tables. A host that was down does it when it is back, and may take inserts before: they are in the old
 * storage, and found later. The queue runs an entry at least once: a host that died behind the exchange may have done it twice, and does it
 * once more, alone.
 */
export async function confirmExchange(context: ClusterContext): Promise<void> {
  const { hosts } = await context.fleet();
  const limit = Date.now() + CONFIRM_LIMIT;
  await onAll(hosts, (host) => confirmOn(context, host, limit));
}

async function confirmOn(context: ClusterContext, host: Host, limit: number): Promise<void> {
  const { names, plan, shadow, table } = context;
  const sent = context.journal.need<Exchanging>("exchanging");
  for (let turn = 0; ; turn += 1) {
    const uuid = await host.persist(() => uuidOf(host.runner, names.table));
    if (uuid === plan.uuid) return;
    if (uuid !== plan.old[host.host.address])
      throw context.changed(`on ${host.name} it is neither the old table nor the new one`);
    // Read rarely: it costs as much as there is in it.
    const queued = turn % 10 === 9 ? await inQueue(context, sent).catch(() => undefined) : undefined;
    const own = queued?.find((one) => one.host.address === host.host.address);
    if (queued !== undefined && own?.state !== "waiting" && (await uuidOf(host.runner, names.table)) === uuid) {
      await host.runner.run(`EXCHANGE TABLES ${table} AND ${shadow}`);
      continue;
    }
    if (Date.now() > limit) {
      throw new Postponed(
        `${table}: ${host.name} has not exchanged the tables yet, and the other hosts have; it does when it comes to the statement in the queue of ON CLUSTER ` +
          "(system.distributed_ddl_queue). Inserts are accepted everywhere, none is lost, and the next run continues.",
      );
    }
    await sleep(turn < 10 ? 30 : 200);
  }
}
