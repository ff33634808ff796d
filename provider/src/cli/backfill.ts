import { Command, InvalidArgumentError, Option } from "commander";
import {
  type BackfillPreview,
  backfillViews,
  liveStatements,
  previewBackfill,
  type RefillOptions,
} from "../apply/backfill";
import { tellBackfill } from "../apply/progress";
import type { Connection } from "../connection/connection";
import { secondsBetweenLines } from "../operation/pace";
import { renderSize } from "../plan";
import { unquoteIdentifier } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import type { QualifiedName } from "../sql/spec";
import type { Output } from "./canonicalize";
import { type ConnectOptions, connectAlone, withConnection } from "./connect";
import { EXIT } from "./exit";
import { tellFailure } from "./failure";
import { readCount, readMemory } from "./values";

/** Options of {@link backfill}. */
export interface BackfillCommandOptions
  extends ConnectOptions,
    Pick<RefillOptions, "from" | "timeColumn" | "chunk" | "maxMemory" | "maxThreads" | "allow"> {
  /** All views of one target. */
  readonly view: readonly QualifiedName[];
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** `clickhouse-schema backfill`. */
export function backfillCommand(output: Output): Command {
  return withConnection(new Command("backfill"))
    .description(
      "recompute a materialized view's target from all rows of its source, including those from before the view; each row counts once, even while clients insert. " +
        "Data in the target that is gone from the source is never discarded",
    )
    .addOption(
      new Option("--view <database.view...>", "the view; if several write to one target, all of them")
        .argParser(readView)
        .makeOptionMandatory(),
    )
    .option("--from <time>", "only buckets since this time (ISO 8601, UTC); older ones stay as they are")
    .option("--time-column <name>", "column of the target that --from is about (default: the only one of its keys)")
    .option("--chunk <rows>", "rows read per statement (default: 4 million, or a 250th of the source)", readCount)
    .option("--max-memory <size>", "memory limit per statement, e.g. 4GiB (default: 4GiB)", readMemory)
    .option("--max-threads <count>", "threads per statement (default: the server's)", readCount)
    .addOption(new Option("--allow <what...>", "proceed where the operation is untested").choices(["unproven"]))
    .option("--dry-run", "print chunks, rows, bytes and disk space, and change nothing")
    .option("--json", "print JSON; progress still goes to standard error")
    .action(async (options: BackfillCommandOptions) => {
      process.exitCode = await backfill(options, output);
    });
}

/**
 * Fills the target of existing views, or reports what that would cost.
 *
 * @returns the exit code, of {@link EXIT}: `found` when a dry run finds that it would be refused.
 */
export async function backfill(options: BackfillCommandOptions, output: Output): Promise<number> {
  const {
    dryRun,
    json,
    view: views,
    url: _,
    user: _user,
    stack: _stack,
    cwd: _cwd,
    timeout: _timeout,
    ...limits
  } = options;
  let connection: Connection | undefined;
  try {
    connection = await connectAlone(options, "backfill");
    if (dryRun === true) {
      const statements = await liveStatements(connection, views);
      const preview = await previewBackfill(connection, { mode: "refill", statements, options: limits });
      if (json !== true) return show(preview, output);
      output.out(jsonOf({ dryRun: true, ...preview }));
      return preview.refusals.length === 0 ? EXIT.fine : EXIT.found;
    }
    const result = await backfillViews(connection, views, {
      ...limits,
      onProgress: tellBackfill(
        (line) => output.error(`${line}\n`),
        secondsBetweenLines(process.env, process.stderr.isTTY),
      ),
      onGate: (closed) => output.error(closed ? "inserts are refused for a moment\n" : "inserts continue\n"),
    });
    if (json === true) {
      const { keepUntil, ...done } = result;
      output.out(jsonOf({ dryRun: false, ...done, ...(keepUntil && { keepUntil: isoTime(keepUntil) }) }));
      return EXIT.fine;
    }
    const count = (rows: number): string => rows.toLocaleString("en-US");
    output.out(`Computed from ${count(result.rows)} rows: ${count(result.written)} rows. `);
    output.out(`The old target is ${result.retired}, kept until ${isoTime(result.keepUntil ?? 0)}.\n`);
    return EXIT.fine;
  } catch (error) {
    return tellFailure(error, json, output);
  } finally {
    await connection?.close();
  }
}

function jsonOf(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

function show({ free, gated, needed, refusals, sources }: BackfillPreview, output: Output): number {
  for (const { bytes, chunks, rows, source, view } of sources) {
    output.out(
      `${view}: reads ${source}, ${renderSize({ rows, bytes })}, in ${chunks} chunk${chunks === 1 ? "" : "s"}\n`,
    );
  }
  if (sources.length > 0) {
    const there = free === undefined ? "free space is unknown" : `${renderSize({ bytes: free })} free`;
    output.out(`Disk: up to ${renderSize({ bytes: needed })} needed (estimated from a few rows), ${there}\n`);
    if (gated) output.out("Inserts are refused twice, for at most 4 s at a time (error 469: try again)\n");
  }
  for (const refusal of refusals) output.error(`Would be refused: ${refusal.message}\n`);
  if (refusals.length === 0) output.out("Nothing was changed. Run without --dry-run to start.\n");
  return refusals.length === 0 ? EXIT.fine : EXIT.found;
}

function readView(text: string, before: readonly QualifiedName[] = []): QualifiedName[] {
  const [database, dot, name, ...rest] = lex(text);
  if (database === undefined || dot?.text !== "." || name === undefined || rest.length > 0) {
    throw new InvalidArgumentError("expected database.view.");
  }
  return [...before, { database: unquoteIdentifier(database.text), name: unquoteIdentifier(name.text) }];
}

function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(/\.\d+Z$/, "Z");
}
