import { uuidOf } from "../../clickhouse/catalog";
import type { Connection } from "../../connection/connection";
import { abort, start } from "../../operation/engine";
import { allowInserts } from "../../operation/gate";
import { guardRows, refuseFiltered } from "../../operation/guard";
import { listUnfinished } from "../../operation/list";
import { newOperation } from "../../operation/names";
import type { Protocol } from "../../operation/protocol";
import { fields, isName, isNumber, oneOf, optional } from "../../operation/shape";
import { qualifiedName } from "../../sql/identifiers";
import { objectKey } from "../../sql/object-key";
import type { QualifiedName } from "../../sql/spec";
import { loadSubjects } from "../subjects";
import { type Verified, verifySubject } from "../verify";
import { NOTHING_REPAIRED, RepairContext, type RepairHooks, type RepairPlan } from "./context";
import type { RepairOptions, RepairResult } from "./options";
import { refuse, repairAll } from "./repair";
import { dropStage } from "./stage";

/** Partitions that differ from their sources, computed again. */
export const REPAIR: Protocol<RepairPlan, RepairHooks, RepairContext, RepairResult> = {
  kind: "repair",
  version: 1,
  end: "done",
  plan: fields<RepairPlan>({
    ...{ kind: oneOf("repair"), version: optional(isNumber), from: isName, to: isName, startedAt: isNumber },
  }),
  lines: { done: fields<{ rows: number; repaired: number }>({ rows: isNumber, repaired: isNumber }) },
  steps: [
    {
      name: "repair",
      run: async (context) => {
        context.outcome = await repairAll(context);
      },
    },
  ],
  open: (runner, journal, plan, hooks) => new RepairContext(runner, journal, plan, hooks),
  async finish({ outcome, runner, stage }) {
    await dropStage(runner, stage);
    return { rows: 0, repaired: outcome.repaired };
  },
  result: ({ outcome, runner }) => ({ operation: runner.operation, ...outcome }),
  forwardOnly: async () => undefined,
  /**
   * The target needs nothing: each of its partitions is the old one or the new one, and whatever the repair did not reach still differs, for
   * the next repair to fix.
   */
  async undo({ journal, runner, stage }) {
    const closed: QualifiedName[] = [];
    for (const table of journal.get<QualifiedName[]>("gate") ?? []) {
      if ((await uuidOf(runner, table)) !== undefined) closed.push(table);
    }
    await allowInserts(runner, closed);
    await dropStage(runner, stage);
  },
  describe: async () => ({ step: "repair", progress: "replacing partitions that differ from their sources" }),
  /** Repairs the target again: what the operation did not reach still differs. */
  async restart(connection, { operation }, plan, hooks) {
    const [subject] = await loadSubjects(connection, { names: [qualifiedName(plan.to)] });
    if (subject === undefined) return { operation, ...NOTHING_REPAIRED };
    const { maxMemory } = hooks;
    const verified = await verifySubject(connection, subject, maxMemory === undefined ? {} : { maxMemory });
    return repairTarget(connection, verified, hooks);
  },
};

/**
 * Recomputes the differing buckets from the sources and replaces them partition by partition, while inserts continue: a partition is right
 * if nothing reached the sources' partitions between the start of its computation and its replacement. If that does not succeed, inserts
 * are refused for less than four seconds. A second run changes nothing; an interrupted one starts over.
 *
 * Costs, for each partition, a copy of it and a grouping of the sources' rows for its buckets. Replacing a partition runs no views: targets
 * that are fed by this one have to be verified afterwards.
 *
 * @param verified the result of `verifySubject`.
 * @throws {SchemaError} when it is refused, before anything is changed.
 */
export async function repairTarget(
  connection: Connection,
  verified: Verified,
  options: RepairOptions = {},
): Promise<RepairResult> {
  const operation = options.operation ?? newOperation();
  const { comparison, report, subject } = verified;
  if (comparison === undefined || report.differences.length === 0) return { operation, ...NOTHING_REPAIRED };
  const { database, name } = subject.target;
  for (const one of await listUnfinished([REPAIR], connection, database)) {
    if (one.kind === REPAIR.kind && one.keys[1] === objectKey(database, name)) await abort(REPAIR, connection, one);
  }
  return start(REPAIR, connection, {
    ...{ database, operation, label: report.target, hooks: { ...options, verified } },
    isWanted: () => false,
    plan: async (runner, openJournal): Promise<RepairPlan> => {
      await refuse(runner, verified, options);
      const read = [subject.target, ...subject.feeds.flatMap(({ source }) => source ?? [])];
      await refuseFiltered(runner, read);
      await guardRows(runner, await openJournal(), read);
      return { kind: "repair", from: subject.target, to: subject.target, startedAt: await runner.now() };
    },
  });
}
