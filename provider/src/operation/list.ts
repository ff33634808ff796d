import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { SqlParseError } from "../sql/errors";
import { keyOf, objectKey } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { Journal, readJournals } from "./journal";
import { basePlanOf, isOver, type JournalLines, whyUnreadable } from "./lines";
import type { AnyProtocol, BasePlan, Description, OperationRef } from "./protocol";
import { Runner } from "./runner";

/** An interrupted operation of many statements, as recorded in the database. */
export interface Unfinished extends Description, OperationRef {
  readonly kind: string;
  readonly keys: readonly [string, string];
  readonly progress: string;
  /** When it began, in milliseconds since 1970, by the server's clock; 0 if that cannot be read. */
  readonly startedAt: number;
  /** Whether it can still be aborted. */
  readonly canAbort: boolean;
  /** An abort was begun: only that can be resumed. */
  readonly aborting: boolean;
  /** False for what another version started and this one cannot read: `progress` says why. It is neither resumed nor aborted. */
  readonly isReadable: boolean;
}

/** The interrupted operations in a database, oldest first; one query if there is none, or no journal. */
export async function listUnfinished(
  protocols: readonly AnyProtocol[],
  connection: Connection,
  database: string,
): Promise<Unfinished[]> {
  const found: Unfinished[] = [];
  for (const [operation, lines] of await readJournals(connection, database)) {
    if (!isOver(lines)) found.push(await describe(protocols, connection, { database, operation }, lines));
  }
  return found.sort((a, b) => a.startedAt - b.startedAt);
}

async function describe(
  protocols: readonly AnyProtocol[],
  connection: Connection,
  ref: OperationRef,
  lines: JournalLines,
): Promise<Unfinished> {
  const plan = basePlanOf(lines);
  const protocol = protocols.find(({ kind }) => kind === plan?.kind);
  const state = {
    ...ref,
    kind: plan?.kind ?? "operation",
    keys: [keyOfSide(plan?.from, ref), keyOfSide(plan?.to, ref)] as const,
    startedAt: plan?.startedAt ?? 0,
    ...(typeof plan?.from === "string" && { from: plan.from }),
    ...(typeof plan?.to === "string" && { to: plan.to }),
  };
  const unreadable = whyUnreadable(protocol, ref.operation, lines);
  if (protocol === undefined || plan === undefined || unreadable !== undefined) {
    const progress = unreadable ?? "";
    return { ...state, step: "", progress, canAbort: false, aborting: false, isReadable: false };
  }
  const runner = new Runner(connection, ref.operation);
  const context = protocol.open(runner, Journal.read(runner, ref.database, lines), plan, {});
  const description = await protocol.describe(context);
  // If somebody has changed something in the meantime, resuming reports it; the list itself must not fail.
  const canAbort = await protocol.forwardOnly(context).then(
    (why) => why === undefined,
    (error: unknown) => {
      if (error instanceof SchemaError) return false;
      throw error;
    },
  );
  const progress = description.progress ?? description.step;
  return { ...state, ...description, progress, canAbort, aborting: lines.has("aborting"), isReadable: true };
}

/** Key of what a plan works on; of its database if that cannot be read. */
function keyOfSide(side: BasePlan["from"] | undefined, { database }: OperationRef): string {
  if (side === undefined) return objectKey(database);
  if (typeof side !== "string") return objectKey(side.database, side.name);
  try {
    return keyOf(parseCreate(side));
  } catch (error) {
    if (error instanceof SqlParseError) return objectKey(database);
    throw error;
  }
}
