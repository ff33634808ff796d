import { Command, InvalidArgumentError, Option } from "commander";
import { readTable } from "../clickhouse/catalog";
import { isReplicated } from "../clickhouse/engines";
import type { Connection } from "../connection/connection";
import { codeOf } from "../connection/errors";
import { messageOf, type Problem, SchemaError } from "../errors";
import { secondsBetweenLines } from "../operation/pace";
import { qualifiedName } from "../sql/identifiers";
import {
  loadSubjects,
  type Subject,
  type TargetReport,
  type Verified,
  type VerifyOptions,
  verifySubject,
} from "../verify";
import { tellReading } from "../verify/progress";
import { repairTarget } from "../verify/repair";
import { type RepairNote, renderReports, renderVerdict } from "../verify/text";
import type { Output } from "./canonicalize";
import { connectPlaced, type PlaceOptions, withCluster } from "./connect";
import { type OfShard, oneOfEachShard, shardsAsJson, titleOf } from "./each-shard";
import { EXIT } from "./exit";
import { tellFailure } from "./failure";
import { readCount, readMemory } from "./values";

/** Options of {@link verifyViews}. */
export interface VerifyCommandOptions extends PlaceOptions {
  readonly database?: readonly string[];
  /** Milliseconds since 1970. */
  readonly from?: number;
  readonly to?: number;
  readonly sample?: number;
  readonly tolerance?: number;
  /** Bytes. */
  readonly maxMemory?: number;
  readonly maxThreads?: number;
  /** Target rows per statement. */
  readonly chunk?: number;
  readonly repair?: boolean;
  readonly allow?: readonly string[];
  readonly json?: boolean;
  readonly all?: boolean;
}

/** `clickhouse-schema verify [view...]`. */
export function verifyCommand(output: Output): Command {
  return withCluster(new Command("verify"))
    .description(
      "compare what materialized views have written with their SELECTs over the whole sources, bucket by bucket; reads only, and clients may insert",
    )
    .argument("[view...]", "database.name of views or of their targets (default: all)")
    .option("--database <name...>", "only the views of these databases")
    .option("--from <time>", "start time, e.g. 2026-03-01 or 2026-03-01T12:00:00Z; UTC", readTime)
    .option("--to <time>", "end time, exclusive; UTC", readTime)
    .option("--sample <buckets>", "compare this many buckets of each target, chosen at random", readCount)
    .option("--tolerance <share>", "tolerance for sums of floats, which are added in another order", readShare, 1e-9)
    .option(
      "--max-memory <size>",
      "memory limit per statement, e.g. 4GiB; beyond it, data spills to the server's disk (default: 4GiB)",
      readMemory,
    )
    .option("--max-threads <count>", "threads per statement (default: the server's)", readCount)
    .option("--chunk <rows>", "target rows compared per statement (default: 5 million)", readCount)
    .option("--repair", "compute the buckets that differ again and replace their partitions, while clients insert")
    .addOption(new Option("--allow <what...>", "with --repair: repair replicated targets too").choices(["unproven"]))
    .option("--json", "print JSON")
    .option("--all", "list every bucket that differs, not the first ten of each target")
    .addHelpText(
      "after",
      "\nExit code: 0 all equal, 1 differences (left after --repair), or a target that is unproven, 2 failed.\n" +
        "Unproven: what is right depends on when parts of a source merge, e.g. for a count over a ReplacingMergeTree.\n" +
        "Not compared: what has no single right value (any, anyLast), targets fed from Kafka, Null or Buffer tables, rows whose TTL is over.",
    )
    .action(async (names: string[], options: VerifyCommandOptions) => {
      process.exitCode = await verifyViews(names, options, output);
    });
}

/**
 * Verifies, repairs if asked, and prints.
 *
 * @returns the exit code, of {@link EXIT}: `found` when targets differ, or are not proven to be equal.
 */
export async function verifyViews(
  names: readonly string[],
  options: VerifyCommandOptions,
  output: Output,
): Promise<number> {
  let connection: Connection | undefined;
  try {
    connection = await connectPlaced(options);
    const isCluster = connection.cluster !== undefined;
    if (isCluster && options.repair) throw new SchemaError("cluster-unsupported", NO_REPAIR);
    const found: { of: OfShard; run: Run }[] = [];
    for (const of of await oneOfEachShard(connection)) {
      found.push({ of, run: await run(of.connection, names, options, output, isCluster) });
      if (!options.json) output.out(textOf(of, found.at(-1)?.run, options));
    }
    if (options.json) {
      const results = found.map(({ of, run: one }) => ({ of, result: jsonOf(one, options) }));
      output.out(`${JSON.stringify(shardsAsJson(results), null, 2)}\n`);
    }
    if (found.some(({ run: { errors } }) => errors.length > 0)) return EXIT.failed;
    const isOff = ({ verdict }: TargetReport): boolean => verdict === "different" || verdict === "unproven";
    return found.some(({ run: { reports } }) => reports.some(isOff)) ? EXIT.found : EXIT.fine;
  } catch (error) {
    return tellFailure(error, options.json, output);
  } finally {
    await connection?.close();
  }
}

const NO_REPAIR =
  "--repair: partitions are replaced on one host of a shard, which was not tried on a cluster. Find out with `verify` which shard differs, and repair on one of its " +
  "hosts: --url with its address, and CLICKHOUSE_CLUSTER not set";

function textOf(of: OfShard, run: Run | undefined, options: VerifyCommandOptions): string {
  if (run === undefined) return "";
  return `${titleOf(of)}${renderReports(run.reports, run.repairs, options.all)}\n${renderVerdict(run.reports)}`;
}

function jsonOf({ errors, repairs, reports }: Run, { repair }: VerifyCommandOptions): object {
  const repaired = repair ? { repairs: Object.fromEntries(repairs) } : {};
  return { targets: reports, ...repaired, ...(errors.length > 0 && { errors }) };
}

/** On a replica, what others have inserted into a source may be there before it is in the target. */
async function catchUp(connection: Connection, { feeds, target }: Subject): Promise<void> {
  const sources = feeds.flatMap(({ source }) => source ?? []);
  for (const { database, name } of [...sources, target]) {
    const table = { database, name };
    if (!isReplicated((await readTable(connection, table))?.engine)) continue;
    await connection.command(`SYSTEM SYNC REPLICA ${qualifiedName(table)} LIGHTWEIGHT`);
  }
}

interface Run {
  readonly reports: readonly TargetReport[];
  readonly repairs: ReadonlyMap<string, RepairNote>;
  /** Repairs that were refused as a whole, and targets that could not be read. */
  readonly errors: readonly (Problem & { readonly target: string })[];
}

async function run(
  connection: Connection,
  names: readonly string[],
  options: VerifyCommandOptions,
  output: Output,
  isCluster: boolean,
): Promise<Run> {
  const chosen = optionsOf(names, options, output);
  const reports: TargetReport[] = [];
  const repairs = new Map<string, RepairNote>();
  const repaired = new Set<string>();
  const errors: (Problem & { target: string })[] = [];
  // In the order in which rows flow: a repair triggers no views, so what a target feeds is compared after the target was repaired.
  for (const subject of await loadSubjects(connection, chosen)) {
    try {
      if (isCluster) await catchUp(connection, subject);
      const verified = await verifySubject(connection, subject, chosen);
      const wanted = options.repair && verified.report.verdict === "different";
      if (!wanted) {
        reports.push(verified.report);
        continue;
      }
      const result = await repairTarget(connection, verified, repairOptions(options));
      repairs.set(verified.report.target, result);
      for (const one of [subject.shown, subject.target]) repaired.add(qualifiedName(one));
      reports.push(await after(connection, verified, chosen));
    } catch (error) {
      if (!(error instanceof SchemaError)) output.error(`${qualifiedName(subject.shown)}: `);
      output.error(`${messageOf(error)}\n`);
      errors.push({ target: qualifiedName(subject.shown), code: codeOf(error), message: messageOf(error) });
    }
  }
  if (repaired.size > 0) await tellDownstream(connection, repaired, reports, output);
  return { reports, repairs, errors };
}

/** The report of a repaired target: what was compared before, and what still differs. */
async function after(connection: Connection, verified: Verified, options: VerifyOptions): Promise<TargetReport> {
  const { report, subject } = verified;
  const again = (await verifySubject(connection, subject, options, verified)).report;
  return {
    ...report,
    verdict: again.verdict,
    differences: again.differences,
    equal: report.compared - again.differences.length - report.busy - again.busy,
    busy: report.busy + again.busy,
    seconds: report.seconds + again.seconds,
  };
}

async function tellDownstream(
  connection: Connection,
  repaired: ReadonlySet<string>,
  reports: readonly TargetReport[],
  output: Output,
): Promise<void> {
  const done = new Set(reports.map(({ target }) => target));
  const isFed = ({ feeds, shown }: Subject): boolean =>
    !done.has(qualifiedName(shown)) &&
    feeds.some(({ source }) => source !== undefined && repaired.has(qualifiedName(source)));
  const fed = (await loadSubjects(connection)).filter(isFed).map(({ shown }) => qualifiedName(shown));
  if (fed.length === 0) return;
  output.error(
    `A repair triggers no views. Fed by what was repaired, and not compared here: ${fed.join(", ")}; verify these too.\n`,
  );
}

function repairOptions({ allow, maxMemory, maxThreads, tolerance }: VerifyCommandOptions) {
  return {
    ...(allow !== undefined && { allow }),
    ...(maxMemory !== undefined && { maxMemory }),
    ...(maxThreads !== undefined && { maxThreads }),
    ...(tolerance !== undefined && { tolerance }),
  };
}

function optionsOf(names: readonly string[], options: VerifyCommandOptions, output: Output): VerifyOptions {
  const { chunk, database, from, maxMemory, maxThreads, sample, to, tolerance } = options;
  return {
    ...(names.length > 0 && { names }),
    ...(database !== undefined && { databases: database }),
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(sample !== undefined && { sample }),
    ...(tolerance !== undefined && { tolerance }),
    ...(maxMemory !== undefined && { maxMemory }),
    ...(maxThreads !== undefined && { maxThreads }),
    ...(chunk !== undefined && { windowRows: chunk }),
    onProgress: tellReading(
      (line) => output.error(`${line}\n`),
      secondsBetweenLines(process.env, process.stderr.isTTY),
    ),
  };
}

function readTime(text: string): number {
  // Without a zone a date with a time would be taken as local time.
  const withZone = /[T ]\d/.test(text) && !/(?:Z|[+-]\d\d:?\d\d)$/i.test(text) ? `${text.replace(" ", "T")}Z` : text;
  const time = Date.parse(withZone);
  if (!Number.isNaN(time)) return time;
  throw new InvalidArgumentError(`expected a time like 2026-03-01 or 2026-03-01T12:00:00Z; found "${text}".`);
}

function readShare(text: string): number {
  const number = Number(text);
  if (text !== "" && number >= 0 && number < 1) return number;
  throw new InvalidArgumentError(`expected a number from 0 to below 1, e.g. 1e-9; found "${text}".`);
}
