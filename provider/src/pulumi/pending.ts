import { abortOperation, resumeOperation, type Unfinished, unfinishedOperations } from "../apply/operations";
import { JOURNAL_TABLE } from "../apply/protocol/journal";
import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live";
import { keyParts, objectKey, quotedName } from "../sql/object-key";
import type { Context } from "./context";
import type { Look } from "./standing";

/** An operation on an object that an earlier run did not finish, and what becomes of it. */
export interface Pending {
  readonly one: Unfinished;
  /** It is finished when it leads to what is declared, or when there is no way back; else it is given up. */
  readonly action: "resume" | "abort";
  /** Statement of the object after that. */
  readonly from: string;
}

/** What was cut off on the object, if anything. Costs nothing where no operation ever ran in the database. */
export async function pendingOn(
  context: Context,
  look: Look,
  live: LiveObject | undefined,
  declared: string,
): Promise<Pending | undefined> {
  const { database, name } = keyParts(live?.key ?? "");
  if (live === undefined || name === undefined) return undefined;
  if ((await look(objectKey(database, JOURNAL_TABLE))).live === undefined) return undefined;
  const found = await unfinishedOperations(await context.connection(), database);
  const one = found.find(({ key }) => key === live.key);
  if (one === undefined) return undefined;
  const isWanted = one.to === declared && !one.aborting;
  return isWanted || !one.canAbort ? { one, action: "resume", from: one.to } : { one, action: "abort", from: one.from };
}

/** For the plan. */
export function describePending({ one, action }: Pending): string {
  const what = `${one.kind} ${one.operation} of ${quotedName(one.key)} (${one.progress})`;
  return action === "resume"
    ? `-- goes on with ${what}, which was cut off`
    : `-- gives up ${what}, which was cut off, and goes back to the table as it was before`;
}

/** Finishes what was cut off, or gives it up. */
export async function endPending(
  connection: Connection,
  { one, action }: Pending,
  tell: (message: string) => void,
): Promise<void> {
  tell(`${action === "resume" ? "goes on with" : "gives up"} ${one.kind} ${one.operation}`);
  if (action === "abort") return abortOperation(connection, one);
  if (one.aborting) {
    throw new SchemaError(
      `${quotedName(one.key)}: ${one.kind} ${one.operation} was being aborted and can no longer be; look at it with \`clickhouse-schema operations\``,
    );
  }
  return resumeOperation(connection, one, tell);
}
