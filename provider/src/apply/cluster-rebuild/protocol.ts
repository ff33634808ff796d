import { uuidOf } from "../../clickhouse/catalog";
import { dropHelper } from "../../operation/guard";
import { shadowStatement } from "../../operation/helper-definitions";
import type { Protocol, Step } from "../../operation/protocol";
import {
  anyOf,
  fields,
  isAnything,
  isFlag,
  isNumber,
  isText,
  listOf,
  oneOf,
  optional,
  orNull,
  recordOf,
} from "../../operation/shape";
import { qualifiedName } from "../../sql/identifiers";
import { onCluster } from "../../sql/on-cluster";
import type { TableSpec } from "../../sql/spec";
import { type Mapping, mapColumns } from "../rebuild/columns";
import type { RebuildHooks, RebuildResult, RebuildStep } from "../rebuild/options";
import type { Done } from "../rebuild/put-aside";
import { ClusterContext, type ClusterRebuildPlan, copiedRows, type ShardBuilt, type ShardDelta } from "./context";
import { copyBulk } from "./copy";
import type { ClusterChunk } from "./coverage";
import {
  confirmExchange,
  copyRest,
  dropWindow,
  type Exchanging,
  exchangeTables,
  isExchanging,
  WINDOW,
} from "./exchange";
import type { Feeder } from "./feeders";
import { lowerFence, raiseFence } from "./fence";
import { onAll } from "./fleet";
import { openGates } from "./gate";
import { attachDeltas, barrier, dropCopies, letMerge, makeDeltas, retire, verify } from "./settle";

const isBefore = async (context: ClusterContext): Promise<boolean> => !(await isExchanging(context));

const STEPS: readonly Step<ClusterContext>[] = [
  { name: "prepare", line: "new", run: prepare },
  { name: "copy", when: (context) => notFenced(context), run: copyBulk },
  { name: "catch-up", when: isBefore, run: fenceAndCopy },
  { name: "exchange", when: isBefore, run: exchangeTables },
  { name: "exchange", line: "exchanged", run: confirmExchange },
  { name: "barrier", line: "open", run: openGates },
  { name: "barrier", line: "drained", run: barrier },
  { name: "delta", line: "delta", run: makeDeltas },
  { name: "delta", line: "attached", run: attachDeltas },
  { name: "verify", line: "verified", run: verify },
];

const isDelta = fields<ShardDelta>({
  parts: listOf(fields<ShardDelta["parts"][number]>({ partition: isText, hash: isText })),
  ...{ shard: isNumber, copied: listOf(isAnything), rows: isNumber },
});

/** Another key, partitioning or engine for a replicated table with rows, on all shards and replicas of a cluster. */
export const CLUSTER_REBUILD: Protocol<ClusterRebuildPlan, RebuildHooks, ClusterContext, RebuildResult> = {
  kind: "cluster-rebuild",
  version: 1,
  end: "done",
  plan: fields<ClusterRebuildPlan>({
    ...{ kind: oneOf("cluster-rebuild"), version: optional(isNumber), from: isText, to: isText, startedAt: isNumber },
    ...{ keepOld: isNumber, renamed: recordOf(isText), allow: listOf(isText), cluster: isText },
    ...{ workers: listOf(isText), uuid: isText, old: recordOf(isText), gate: isNumber },
  }),
  lines: {
    ...{ new: isFlag, passes: isNumber, fenced: orNull(isFlag) },
    columns: fields<Mapping>({ columns: isText, values: isText, oldHash: isText, newHash: isText }),
    "chunk:": orNull(fields<ClusterChunk>({ parts: listOf(isAnything), rows: isNumber, hash: isText })),
    feeders: orNull(listOf(fields<Feeder>({ address: isText, database: isText, name: isText, uuid: isText }))),
    built: listOf(fields<ShardBuilt>({ shard: isNumber, high: recordOf(isNumber), digest: isText })),
    exchanging: fields<Exchanging>({ mark: isText }),
    ...{ exchanged: isFlag, open: isFlag, drained: isFlag, delta: listOf(isDelta), attached: isFlag, unfenced: isFlag },
    verified: fields<{ rows: number }>({ rows: isNumber }),
    done: fields<Done>({ retired: isText, uuid: isText, keepUntil: isNumber, rows: isNumber, gated: anyOf(isFlag) }),
  },
  steps: STEPS,
  open: (runner, journal, plan, hooks) => new ClusterContext(runner, journal, plan, hooks),
  finish: retire,
  result(context) {
    const { journal, names, runner } = context;
    context.enter("done");
    const { rows, keepUntil, gated } = journal.need<Done>("done");
    return { operation: runner.operation, rows, retired: qualifiedName(names.retired), keepUntil, gated };
  },
  async forwardOnly(context) {
    const { journal, runner, table } = context;
    if (!journal.has("done") && !(await isExchanging(context))) return undefined;
    return (
      `${table}: operation ${runner.operation} has exchanged the tables on some host or on all, and clients write to the new one, so it cannot be rolled back. ` +
      "Resume it. To go back, rebuild the table to its old definition afterwards."
    );
  },
  /** Returns to the old table: drops the copy and lets merges run again. The table itself was not changed. */
  async undo(context) {
    const { names } = context;
    await openGates(context);
    await lowerFence(context);
    await dropCopies(context);
    const { hosts } = await context.fleet();
    await onAll(hosts, (host) => host.persist(() => dropHelper(host.runner, names.shadow)));
  },
  async describe({ journal }) {
    const step = stepOf(journal.all);
    const rows = copiedRows(journal);
    return { step, rows, progress: step === "copy" ? `copy, ${rows.toLocaleString("en-US")} rows` : step };
  },
  stuck: letMerge,
};

async function notFenced(context: ClusterContext): Promise<boolean> {
  return !context.journal.get("fenced") && (await isBefore(context));
}

/** Creates the new storage, empty, on all hosts with one UUID, and maps the columns. */
async function prepare(context: ClusterContext): Promise<void> {
  const { journal, names, plan, to } = context;
  const { hosts, shards } = await context.fleet();
  const text = shadowStatement(withWindow(to), names.shadow);
  const sql = onCluster(text, { cluster: undefined, uuid: plan.uuid }) ?? text;
  // Not at once: the first replica of a shard creates what the others join.
  for (const host of hosts) await host.run(sql);
  for (const host of hosts) {
    const uuid = await host.persist(() => uuidOf(host.runner, names.shadow));
    if (uuid !== plan.uuid) throw context.changed(`on ${host.name} something else has the name ${context.shadow}`);
  }
  const [shard] = shards;
  if (shard === undefined) return;
  const { runner } = shard.worker;
  const columns = await shard.worker.persist(() => mapColumns(runner, names.table, names.shadow, plan.renamed));
  await journal.set("columns", columns);
}

/** Attached copies of equal parts are distinct rows: nothing is left out while it is assembled. */
function withWindow(to: TableSpec): TableSpec {
  const others = to.storage.settings.filter(({ name }) => name !== WINDOW);
  return { ...to, storage: { ...to.storage, settings: [...others, { name: WINDOW, value: "0" }] } };
}

/** Holds merges back on all hosts, so that the rest can be told from what is copied, and copies that. */
async function fenceAndCopy(context: ClusterContext): Promise<void> {
  const { hosts } = await context.fleet();
  // Left by a run that was cut off in the moment of the exchange.
  await openGates(context);
  await onAll(hosts, (host) => dropWindow(context, host));
  await raiseFence(context);
  await context.journal.set("fenced", true);
  await copyRest(context);
}

function stepOf(lines: ReadonlyMap<string, unknown>): RebuildStep {
  if (lines.has("verified")) return "retire";
  if (lines.has("attached")) return "verify";
  if (lines.has("drained")) return "delta";
  if (lines.has("exchanged")) return "barrier";
  if (lines.has("exchanging")) return "exchange";
  return lines.get("fenced") ? "catch-up" : lines.has("new") ? "copy" : "prepare";
}
