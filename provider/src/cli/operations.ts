import { Command, Option } from "commander";
import { abortOperation, resumeOperation, type Unfinished, unfinishedOperations } from "../apply/operations";
import { type RetiredTable, retiredTables } from "../apply/rebuild";
import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { databasesWithJournal } from "../operation/journal";
import { renderSize } from "../plan";
import { quotedName } from "../sql/object-key";
import type { Output } from "./canonicalize";
import { connectPlaced, type PlaceOptions, withCluster } from "./connect";
import { EXIT } from "./exit";
import { tellFailure } from "./failure";

/** What `clickhouse-schema operations` should do. Without `resume` or `abort` it only lists. */
export interface OperationsOptions extends PlaceOptions {
  readonly resume?: string;
  readonly abort?: string;
  readonly json?: boolean;
}

/** `clickhouse-schema operations`. */
export function operationsCommand(output: Output): Command {
  return withCluster(new Command("operations"))
    .description(
      "show what earlier runs did not finish (rebuilds, renames, changes of views, backfills, repairs) and the old tables they keep",
    )
    .addOption(new Option("--resume <operation>", "finish it").conflicts("abort"))
    .option("--abort <operation>", "abort it and restore the previous state, while that is possible")
    .option("--json", "print JSON; with --resume or --abort, what is left afterwards")
    .action(async (options: OperationsOptions) => {
      process.exitCode = await operations(options, output);
    });
}

/**
 * Shows what earlier runs did not finish and the old tables they keep; finishes or aborts one operation.
 *
 * @returns the exit code, of {@link EXIT}.
 */
export async function operations(options: OperationsOptions, output: Output): Promise<number> {
  let connection: Connection | undefined;
  try {
    connection = await connectPlaced(options);
    const databases = await databasesWithJournal(connection);
    const wanted = options.resume ?? options.abort;
    if (wanted !== undefined) {
      const done = await end(connection, databases, wanted, options.abort !== undefined, output);
      if (options.json !== true) output.out(`${done}\n`);
    }
    if (options.json === true) output.out(jsonOf(await look(connection, databases)));
    else if (wanted === undefined) show(await look(connection, databases), output);
    return EXIT.fine;
  } catch (error) {
    return tellFailure(error, options.json, output);
  } finally {
    await connection?.close();
  }
}

/** What is on the server, in all databases. */
interface Left {
  readonly unfinished: readonly Unfinished[];
  readonly retired: readonly RetiredTable[];
}

async function look(connection: Connection, databases: readonly string[]): Promise<Left> {
  const unfinished: Unfinished[] = [];
  const retired: RetiredTable[] = [];
  for (const database of databases) {
    unfinished.push(...(await unfinishedOperations(connection, database)));
    retired.push(...(await retiredTables(connection, database)));
  }
  return { unfinished, retired };
}

/** Names as in `database.name`, times ISO 8601. Statements are left out: they may be long. */
function jsonOf({ unfinished, retired }: Left): string {
  const operations = unfinished.map(({ operation, kind, database, keys, progress, startedAt, canAbort, aborting }) => ({
    ...{ operation, kind, database, object: quotedName(keys[0]), becomes: quotedName(keys[1]), progress },
    ...{ startedAt: isoTime(startedAt), canAbort, aborting },
  }));
  const kept = retired.map(({ operation, name, of, rows, bytes, keepUntil, isDue }) => ({
    ...{ operation, table: name, of: quotedName(of), rows, bytes, keepUntil: isoTime(keepUntil * 1000), isDue },
  }));
  return `${JSON.stringify({ operations, kept }, undefined, 2)}\n`;
}

function show({ unfinished, retired }: Left, output: Output): void {
  if (unfinished.length === 0) output.out("No unfinished operation.\n");
  for (const one of unfinished) {
    const what = `${one.operation}  ${one.kind} of ${quotedName(one.keys[0])}, since ${isoTime(one.startedAt)}`;
    output.out(`${what}\n  ${one.progress}; ${waysOut(one)}\n`);
  }
  for (const { name, of, keepUntil, isDue, rows, bytes } of retired) {
    const until = isDue ? "expired: the next `pulumi up` drops it" : `kept until ${isoTime(keepUntil * 1000)}`;
    output.out(`${name}  ${quotedName(of)} as it was, ${renderSize({ rows, bytes })}; ${until}\n`);
  }
}

function waysOut({ operation, aborting, canAbort, isReadable }: Unfinished): string {
  if (!isReadable) return "not by this version";
  const abort = `--abort ${operation}`;
  if (aborting) return `being aborted: ${abort}`;
  return `--resume ${operation}${canAbort ? `, or ${abort} to go back` : "; it cannot be rolled back"}`;
}

async function end(
  connection: Connection,
  databases: readonly string[],
  wanted: string,
  abort: boolean,
  output: Output,
): Promise<string> {
  for (const database of databases) {
    const one = (await unfinishedOperations(connection, database)).find(({ operation }) => operation === wanted);
    if (one === undefined) continue;
    if (abort) await abortOperation(connection, one);
    else await resumeOperation(connection, one, (message) => output.error(`${message}\n`));
    return `${abort ? "Aborted" : "Finished"} ${one.kind} ${wanted} of ${quotedName(one.keys[0])}.`;
  }
  throw new SchemaError(
    "operation-unknown",
    `No unfinished operation is called ${wanted}. Without an option, this command lists them.`,
  );
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
