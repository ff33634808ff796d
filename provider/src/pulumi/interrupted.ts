import { abortOperation, resumeOperation, type Unfinished, unfinishedOperations } from "../apply/operations";
import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { JOURNAL_TABLE } from "../operation/journal";
import { Definition } from "../sql/definition";
import { keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";
import type { CurrentState, Look } from "./current-state";

/** An operation on an object that an earlier run did not finish, and what to do with it. */
export interface InterruptedOperation {
  readonly operation: Unfinished;
  /** It is resumed if it leads to the declaration or cannot be rolled back, otherwise aborted. */
  readonly action: "resume" | "abort";
  /** What the object is afterwards. */
  readonly from: Definition;
}

/**
 * The interrupted operation on the object, if any. Costs nothing if no operation ever ran in the database.
 *
 * @param current the existing object.
 * @param to the declared object.
 * @throws {SchemaError} when another version of this package started it, and this one cannot read it.
 */
export async function findInterrupted(
  context: Context,
  look: Look,
  { live, spec }: CurrentState,
  to: ObjectSpec,
): Promise<InterruptedOperation | undefined> {
  if (live === undefined) return undefined;
  const { database } = keyParts(live.key);
  if ((await look(objectKey(database, JOURNAL_TABLE))).live === undefined) return undefined;
  const found = await unfinishedOperations(await context.connection(), database);
  const one = found.find(({ keys }) => keys.includes(live.key));
  if (one === undefined) return undefined;
  if (!one.isReadable) throw new SchemaError("operation-unreadable", `${quotedName(live.key)}: ${one.progress}`);
  const isWanted = one.kind === "rename" ? one.keys[1] === keyOf(to) : one.to === renderCreate(to);
  const action = (isWanted && !one.aborting) || !one.canAbort ? "resume" : "abort";
  const key = one.keys[action === "resume" ? 1 : 0];
  const statement = action === "resume" ? one.to : one.from;
  const from = statement === undefined ? Definition.of(named(spec, key)) : Definition.read(statement);
  return { operation: one, action, from };
}

function named(spec: ObjectSpec, key: string): ObjectSpec {
  const { database, name = database } = keyParts(key);
  return "database" in spec ? { ...spec, database, name } : { ...spec, name };
}

/** For the plan. */
export function describeInterrupted({ operation, action }: InterruptedOperation): string {
  const what = `${operation.kind} ${operation.operation} of ${quotedName(operation.keys[0])} (${operation.progress})`;
  return action === "resume"
    ? `-- resumes ${what}, which was interrupted`
    : `-- aborts ${what}, which was interrupted, and restores the previous state`;
}

/** Resumes or aborts the interrupted operation. */
export async function resumeOrAbort(
  connection: Connection,
  { operation, action }: InterruptedOperation,
  tell: (message: string) => void,
): Promise<void> {
  tell(`${action === "resume" ? "resumes" : "aborts"} ${operation.kind} ${operation.operation}`);
  if (action === "abort") return abortOperation(connection, operation);
  if (operation.aborting) {
    throw new SchemaError(
      "operation-forward-only",
      `${quotedName(operation.keys[0])}: ${operation.kind} ${operation.operation} is partly aborted, which cannot be completed any more; inspect it with \`clickhouse-schema operations\``,
    );
  }
  return resumeOperation(connection, operation, tell);
}
