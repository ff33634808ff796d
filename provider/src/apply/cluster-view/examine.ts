import { takesConstraints } from "../../clickhouse/engines";
import type { Connection } from "../../connection/connection";
import { SchemaError } from "../../errors";
import { rightsToCreate } from "../../kinds/object";
import { start } from "../../operation/engine";
import { HOW_TO_ALLOW } from "../../operation/errors";
import { isRestricted } from "../../operation/guard";
import { insertGraphAround } from "../../operation/insert-graph";
import { JOURNAL_TABLE } from "../../operation/journal";
import { Problems } from "../../operation/problems";
import { refuseOwnJournals } from "../../operation/replicated-journal";
import { gateRights, journalRights, refuseRights, rightsIn } from "../../operation/rights";
import type { Runner } from "../../operation/runner";
import type { ViewStep } from "../../plan/plan";
import { qualifiedName } from "../../sql/identifiers";
import { renderCreate } from "../../sql/render";
import type { MaterializedViewSpec, QualifiedName } from "../../sql/spec";
import { type Fleet, type Host, openFleet } from "../cluster-rebuild/fleet";
import { membersOf, refuseSilentHosts } from "../cluster-rebuild/rebuild";
import { refuseFeeding, refuseVersions } from "../cluster-rebuild/refusals";
import type { ViewStepOptions, ViewStepResult } from "../views/options";
import { type Foresight, preflight, refuseUnfinished } from "../views/refusals";
import type { ClusterViewPlan } from "./context";
import { CLUSTER_VIEW } from "./protocol";

type Wanted = Pick<ViewStep, "from" | "to">;

/**
 * Gives an incremental view another target on all hosts of a cluster, while clients write on any host and through Distributed tables: each row
 * goes to the old target or to the new one. Inserts into its source are refused meanwhile (error 469), about a second; if the runner dies, until
 * the operation is resumed. Called again with the same operation, it resumes.
 *
 * @throws {SchemaError} when it is refused, before anything is changed; or when a problem is found later, with what to do.
 */
export async function replaceViewOnCluster(
  connection: Connection,
  step: Wanted,
  options: ViewStepOptions,
): Promise<ViewStepResult> {
  const [from, to] = [renderCreate(step.from), renderCreate(step.to)];
  return start(CLUSTER_VIEW, connection, {
    ...{ database: step.to.database, operation: options.operation, hooks: options, label: qualifiedName(step.to) },
    isWanted: (plan) => plan.from === from && plan.to === to,
    async plan(runner): Promise<ClusterViewPlan> {
      const source = await examineOnCluster(runner, step, options.allow ?? [], { preview: false });
      const { database, name } = source;
      return { kind: "cluster-view", from, to, source: { database, name }, startedAt: await runner.now() };
    },
  });
}

/**
 * Checks everything before anything is changed, for a run and for its preview. Read-only.
 *
 * @returns the table whose inserts are refused.
 * @throws {SchemaError} when an obstacle is found.
 */
export async function examineOnCluster(
  runner: Runner,
  { from, to }: Wanted,
  allow: readonly string[],
  foresight: Foresight,
): Promise<QualifiedName> {
  refuseOthers(from, to);
  refuseUnproven(to, allow);
  await refuseUnfinished(runner, from, to);
  const fleet = await openFleet(runner.connection, runner.operation, {});
  await refuseSilentHosts(fleet);
  const problems = new Problems();
  await preflight(runner, problems, { from, to }, allow, foresight);
  const source = await sourceOf(runner, to);
  await examineHosts(problems, fleet, source, to, allow);
  await problems.of(() => refuseRights(runner.connection, qualifiedName(to), "changed", rightsFor(to, source)));
  await problems.of(() =>
    refuseOwnJournals(runner, membersOf(runner.connection), { database: to.database, name: JOURNAL_TABLE }),
  );
  problems.refuse();
  return source;
}

/** @throws {SchemaError} for a change that was never run on a cluster. */
function refuseOthers(from: MaterializedViewSpec, to: MaterializedViewSpec): void {
  if (from.to !== undefined && to.to !== undefined && from.refresh === undefined && to.refresh === undefined) return;
  throw new SchemaError(
    "cluster-unsupported",
    `${qualifiedName(to)}: on a cluster, only an incremental view with a target gets another one. Declare a new view beside it, and remove the old one in the same program, with the ` +
      "writers stopped in between",
  );
}

function refuseUnproven(to: MaterializedViewSpec, allow: readonly string[]): void {
  if (allow.includes("unproven")) return;
  throw new SchemaError(
    "unproven",
    `${qualifiedName(to)}: on a cluster, another target for a view was not run with hosts killed meanwhile. Declare a new view beside it, and remove the old one in the same program, with ` +
      `the writers stopped in between. ${HOW_TO_ALLOW}`,
  );
}

/** The one table whose inserts the view sees. */
async function sourceOf(runner: Runner, view: MaterializedViewSpec): Promise<QualifiedName> {
  const tables = (await insertGraphAround(runner, view)).feeders.slice(0, -1);
  const [source, ...more] = tables;
  if (source !== undefined && more.length === 0 && takesConstraints(source.engine) && /^Replicated/.test(source.engine))
    return source;
  const found = tables.map(({ engine, ...name }) => `${qualifiedName(name)} (${engine})`).join(", ");
  throw new SchemaError(
    "cluster-unsupported",
    `${qualifiedName(view)}: rows come to it from ${found === "" ? "no table" : found}; on a cluster this was run for one replicated table that clients write to. Declare a ` +
      "new view beside it, and remove the old one in the same program, with the writers stopped in between",
  );
}

async function examineHosts(
  problems: Problems,
  fleet: Fleet,
  source: QualifiedName,
  view: MaterializedViewSpec,
  allow: readonly string[],
): Promise<void> {
  await problems.of(() => refuseVersions(fleet, source, allow));
  for (const host of fleet.hosts) {
    await problems.of(() => refuseFeeding(host, source));
    await problems.of(() => refuseGuarded(host, view));
  }
}

async function refuseGuarded({ name, runner }: Host, view: MaterializedViewSpec): Promise<void> {
  if (!(await isRestricted(runner, view))) return;
  throw new SchemaError(
    "rows-hidden",
    `${qualifiedName(view)}: some users may see only part of it on ${name} (row policies, or rights by column), and the view beside it would show them all. On a cluster these are ` +
      "not covered yet: take the policies away for the time of the change",
  );
}

function rightsFor(to: MaterializedViewSpec, source: QualifiedName) {
  const own = ["CREATE TABLE", "DROP TABLE", "CREATE VIEW", "DROP VIEW", "SELECT", "INSERT"];
  return [
    ...journalRights(to.database),
    ...rightsIn(to.database, own),
    ...rightsIn(source.database, ["CREATE TABLE", "DROP TABLE", "SYSTEM FLUSH DISTRIBUTED"]),
    ...rightsToCreate(to),
    ...gateRights([source]),
  ];
}
