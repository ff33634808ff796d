import type { Connection } from "../connection/connection";
import { keyOf } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { readJournals } from "./protocol/journal";
import type { RunnerHooks } from "./protocol/runner";
import { abortRebuild, resumable, resumeRebuild } from "./rebuild";

/** Something that takes many statements and was cut off, as the database remembers it. */
export interface Unfinished {
  readonly kind: "rebuild";
  readonly operation: string;
  readonly database: string;
  /** Key of the object it changes. */
  readonly key: string;
  /** Canonical CREATE text of the object before and after. */
  readonly from: string;
  readonly to: string;
  /** How far it is, for people. */
  readonly progress: string;
  /** When it began, in milliseconds since 1970, by the server's clock. */
  readonly startedAt: number;
  /** Whether the way back is open. */
  readonly canAbort: boolean;
  /** An abort was begun: only that can be gone on with. */
  readonly aborting: boolean;
}

/** What was cut off in a database, oldest first. Two queries, one where there is no journal. */
export async function unfinishedOperations(connection: Connection, database: string): Promise<Unfinished[]> {
  const journals = await readJournals(connection, database);
  if (journals.size === 0) return [];
  const rebuilds = (await resumable(connection, database)).flatMap((one): Unfinished[] => {
    const plan = journals.get(one.operation)?.get("plan") as { from: string; to: string } | undefined;
    if (plan === undefined) return [];
    const count = (n: number): string => n.toLocaleString("en-US");
    const progress = one.step === "copy" ? `copy, ${count(one.rows)} of ${count(one.total)} rows` : one.step;
    const { operation, startedAt, canAbort, aborting } = one;
    const { from, to } = plan;
    const key = keyOf(parseCreate(to));
    return [{ kind: "rebuild", operation, database, key, from, to, progress, startedAt, canAbort, aborting }];
  });
  return rebuilds.sort((a, b) => a.startedAt - b.startedAt);
}

/** Finishes what was cut off. @param tell told how far it is. */
export async function resumeOperation(
  connection: Connection,
  one: Unfinished,
  tell: (message: string) => void,
  hooks: RunnerHooks = {},
): Promise<void> {
  await resumeRebuild(connection, one, {
    ...hooks,
    onProgress: ({ step, rows, total }) => tell(`rebuild: ${step}, ${rows} of ${total} rows`),
  });
}

/** Goes back to what was before. @throws {SchemaError} when the only way is forward. */
export async function abortOperation(connection: Connection, one: Unfinished, hooks: RunnerHooks = {}): Promise<void> {
  await abortRebuild(connection, one, hooks);
}
