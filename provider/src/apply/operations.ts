import type { Connection } from "../connection/connection";
import { SchemaError } from "../errors";
import { abort, resume } from "../operation/engine";
import { listUnfinished, type Unfinished } from "../operation/list";
import type { AnyProtocol, OperationHooks } from "../operation/protocol";
import { REPAIR } from "../verify/repair";
import { BACKFILL } from "./backfill";
import { CLUSTER_REBUILD } from "./cluster-rebuild/protocol";
import { CLUSTER_VIEW } from "./cluster-view/protocol";
import { tellBackfill, tellRebuild } from "./progress";
import { REBUILD } from "./rebuild";
import { RENAME } from "./rename";
import { VIEW } from "./views";

export type { Unfinished };

/** All kinds of operations; a new one needs a line here. */
const PROTOCOLS: readonly AnyProtocol[] = [REBUILD, CLUSTER_REBUILD, VIEW, CLUSTER_VIEW, RENAME, BACKFILL, REPAIR];

/** The interrupted operations in a database, oldest first; one query if it has no journal. */
export function unfinishedOperations(connection: Connection, database: string): Promise<Unfinished[]> {
  return listUnfinished(PROTOCOLS, connection, database);
}

/** Completes an interrupted operation. @param tell receives its progress. */
export async function resumeOperation(
  connection: Connection,
  one: Unfinished,
  tell: (message: string) => void,
  hooks: OperationHooks = {},
): Promise<void> {
  const told = { [REBUILD.kind]: tellRebuild, [CLUSTER_REBUILD.kind]: tellRebuild, [BACKFILL.kind]: tellBackfill }[
    one.kind
  ];
  await resume(protocolOf(one), connection, one, { ...hooks, ...(told && { onProgress: told(tell) }) });
}

/** Restores the earlier state. @throws {SchemaError} when the operation can only be resumed. */
export async function abortOperation(
  connection: Connection,
  one: Unfinished,
  hooks: OperationHooks = {},
): Promise<void> {
  await abort(protocolOf(one), connection, one, hooks);
}

/** @throws {SchemaError} when this version has no such kind. */
function protocolOf({ kind, progress }: Unfinished): AnyProtocol {
  const protocol = PROTOCOLS.find((one) => one.kind === kind);
  if (protocol === undefined) throw new SchemaError("operation-unreadable", progress);
  return protocol;
}
