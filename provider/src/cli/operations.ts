import { abortOperation, resumeOperation, type Unfinished, unfinishedOperations } from "../apply/operations";
import { type RetiredTable, retiredTables } from "../apply/rebuild";
import type { Connection } from "../connection/connection";
import { messageOf, SchemaError } from "../errors";
import { JOURNAL_TABLE } from "../operation/journal";
import { renderSize } from "../plan";
import { quotedName } from "../sql/object-key";
import type { Output } from "./canonicalize";
import { type ConnectOptions, connect } from "./connect";
import { EXIT } from "./exit";

/** What `clickhouse-schema operations` is to do. Without `resume` and `abort` it only shows. */
export interface OperationsOptions extends ConnectOptions {
  readonly resume?: string;
  readonly abort?: string;
}

/**
 * Shows what earlier runs did not finish and the old tables they keep; finishes one operation, or gives it up.
 *
 * @returns the exit code, of {@link EXIT}.
 */
export async function operations(options: OperationsOptions, output: Output): Promise<number> {
  let connection: Connection | undefined;
  try {
    connection = await connect(options);
    const databases = await journaled(connection);
    const wanted = options.resume ?? options.abort;
    if (wanted === undefined) await show(connection, databases, output);
    else await end(connection, databases, wanted, options.abort !== undefined, output);
    return EXIT.fine;
  } catch (error) {
    output.error(`${messageOf(error)}\n`);
    return EXIT.failed;
  } finally {
    await connection?.close();
  }
}

async function journaled(connection: Connection): Promise<string[]> {
  const rows = await connection.query<{ database: string }>(
    "SELECT database FROM system.tables WHERE name = {name:String} ORDER BY database",
    { name: JOURNAL_TABLE },
  );
  return rows.map(({ database }) => database);
}

async function show(connection: Connection, databases: readonly string[], output: Output): Promise<void> {
  const unfinished: Unfinished[] = [];
  const retired: RetiredTable[] = [];
  for (const database of databases) {
    unfinished.push(...(await unfinishedOperations(connection, database)));
    retired.push(...(await retiredTables(connection, database)));
  }
  if (unfinished.length === 0) output.out("No unfinished operation.\n");
  for (const one of unfinished) {
    const what = `${one.operation}  ${one.kind} of ${quotedName(one.keys[0])}, since ${isoTime(one.startedAt)}`;
    output.out(`${what}\n  ${one.progress}; ${waysOut(one)}\n`);
  }
  for (const { name, of, keepUntil, isDue, rows, bytes } of retired) {
    const until = isDue ? "its time is over: the next `pulumi up` drops it" : `kept until ${isoTime(keepUntil * 1000)}`;
    output.out(`${name}  ${quotedName(of)} as it was, ${renderSize({ rows, bytes })}; ${until}\n`);
  }
}

function waysOut({ operation, aborting, canAbort }: Unfinished): string {
  const abort = `--abort ${operation}`;
  if (aborting) return `being given up: ${abort}`;
  return `--resume ${operation}${canAbort ? `, or ${abort} to go back` : "; there is no way back"}`;
}

async function end(
  connection: Connection,
  databases: readonly string[],
  wanted: string,
  abort: boolean,
  output: Output,
): Promise<void> {
  for (const database of databases) {
    const one = (await unfinishedOperations(connection, database)).find(({ operation }) => operation === wanted);
    if (one === undefined) continue;
    if (abort) await abortOperation(connection, one);
    else await resumeOperation(connection, one, (message) => output.error(`${message}\n`));
    output.out(`${abort ? "Gave up" : "Finished"} ${one.kind} ${wanted} of ${quotedName(one.keys[0])}.\n`);
    return;
  }
  throw new SchemaError(`No unfinished operation is called ${wanted}. Without an option, this command lists them.`);
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");
}
