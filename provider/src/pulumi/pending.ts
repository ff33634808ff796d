import { abortOperation, resumeOperation, type Unfinished, unfinishedOperations } from "../apply/operations";
import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { JOURNAL_TABLE } from "../operation/journal";
import { keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";
import type { Look, Standing } from "./standing";

/** An operation on an object that an earlier run did not finish, and what to do with it. */
export interface Pending {
  readonly one: Unfinished;
  /** It is resumed if it leads to the declaration or cannot be rolled back, otherwise aborted. */
  readonly action: "resume" | "abort";
  /** The object's statement afterwards. */
  readonly from: string;
}

/**
 * The interrupted operation on the object, if any. Costs nothing if no operation ever ran in the database.
 *
 * @param standing the existing object.
 * @param to the declared object.
 */
export async function pendingOn(
  context: Context,
  look: Look,
  { live, spec }: Standing,
  to: ObjectSpec,
): Promise<Pending | undefined> {
  if (live === undefined) return undefined;
  const { database } = keyParts(live.key);
  if ((await look(objectKey(database, JOURNAL_TABLE))).live === undefined) return undefined;
  const found = await unfinishedOperations(await context.connection(), database);
  const one = found.find(({ keys }) => keys.includes(live.key));
  if (one === undefined) return undefined;
  const isWanted = one.kind === "rename" ? one.keys[1] === keyOf(to) : one.to === renderCreate(to);
  const action = (isWanted && !one.aborting) || !one.canAbort ? "resume" : "abort";
  const key = one.keys[action === "resume" ? 1 : 0];
  const statement = action === "resume" ? one.to : one.from;
  return { one, action, from: statement ?? renderCreate(named(spec, key)) };
}

function named(spec: ObjectSpec, key: string): ObjectSpec {
  const { database, name = database } = keyParts(key);
  return spec.kind === "database" ? { ...spec, name } : { ...spec, database, name };
}

/** For the plan. */
export function describePending({ one, action }: Pending): string {
  const what = `${one.kind} ${one.operation} of ${quotedName(one.keys[0])} (${one.progress})`;
  return action === "resume"
    ? `-- goes on with ${what}, which was cut off`
    : `-- gives up ${what}, which was cut off, and goes back to what was before`;
}

/** Resumes or aborts the interrupted operation. */
export async function endPending(
  connection: Connection,
  { one, action }: Pending,
  tell: (message: string) => void,
): Promise<void> {
  tell(`${action === "resume" ? "goes on with" : "gives up"} ${one.kind} ${one.operation}`);
  if (action === "abort") return abortOperation(connection, one);
  if (one.aborting) {
    throw new SchemaError(
      `${quotedName(one.keys[0])}: ${one.kind} ${one.operation} was being aborted and can no longer be; look at it with \`clickhouse-schema operations\``,
    );
  }
  return resumeOperation(connection, one, tell);
}
