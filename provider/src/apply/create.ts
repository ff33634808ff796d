import { setTimeout as sleep } from "node:timers/promises";
import { digest } from "../canonical/fingerprint";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import {
  isCollectionExists,
  isDatabaseExists,
  isEntityExists,
  isFunctionExists,
  isMissingName,
  isTableExists,
} from "../connection/server-message";
import { SchemaError } from "../errors";
import type { LiveObject } from "../introspect/live-object";
import type { ServerCatalog } from "../introspect/server-catalog";
import { kindOf } from "../kinds";
import { runnable } from "../kinds/object";
import { accessKindOf, quotedName } from "../sql/object-key";
import { parseCreate, parseHeader } from "../sql/parse";
import { textDiff } from "../sql/text-diff";
import { insisting } from "./insist";
import { runFilled } from "./statement";

/** Decides whether a live object matches the declaration, however it is spelled. */
export type Same = (statement: string, live: LiveObject) => Promise<boolean>;

/** The result of a create. */
export interface Created {
  /** It already existed and matched the declaration, so nothing was run. */
  readonly adopted: boolean;
  /** Digest of the server's own text, by which a refresh detects that nothing has changed. */
  readonly observed: string;
  /** The object as it is now; absent where it was not looked at last. */
  readonly live?: LiveObject;
}

/** How to run a CREATE. */
export interface CreateOptions {
  readonly same: Same;
  /** The statement to send, with secrets in the place of their placeholders. Default: as it is. */
  readonly withSecrets?: (sql: string) => string;
}

/**
 * Runs one CREATE. An existing object is adopted if it matches the declaration; an interrupted create is thus completed by the next run.
 *
 * @throws {SchemaError} when the name belongs to a different object; nothing is changed then.
 */
export async function applyCreate(
  connection: Connection,
  live: ServerCatalog,
  key: string,
  label: string,
  statement: string,
  { same, withSecrets = (sql) => sql }: CreateOptions,
): Promise<Created> {
  const shown = inWordsOf(connection, statement);
  const sql = withSecrets(shown);
  // What is sent to a cluster is no error where the name is taken.
  const existing = connection.cluster === undefined ? undefined : await live.findNow(key);
  if (existing !== undefined) {
    if (sql === shown && (await same(statement, existing)))
      return { adopted: true, observed: digest(existing.statement), live: existing };
    throw new SchemaError("object-differs", differs(label, statement, existing));
  }
  const existed = accessKindOf(key) !== undefined && (await live.findNow(key)) !== undefined;
  try {
    await insisting(shown, () => (sql === shown ? connection.command(sql) : runFilled(connection, shown, sql)));
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    // The server rejects types and codecs that this user may not use before it reports that the object exists.
    const found = await live.findNow(key).catch((hidden: unknown) => {
      throw isTaken(error) ? hidden : error;
    });
    if (found === undefined) throw error;
    if (!existed && isMissingName(error)) {
      await dropHalf(connection, live, found);
      throw error;
    }
    if (sql === shown && (await same(statement, found))) return { adopted: true, observed: digest(found.statement) };
    if (!isTaken(error)) throw error;
    throw new SchemaError("object-differs", differs(label, statement, found), { cause: error });
  }
  const found = await foundSoon(live, key);
  if (found === undefined) {
    throw new SchemaError(
      "objects-hidden",
      `${label}: was created, but the server does not show it. Does the user lack SHOW TABLES on it?`,
    );
  }
  return { adopted: false, observed: digest(found.statement), live: found };
}

/** Behind a load balancer another replica may answer, which has what Keeper holds a moment later. */
async function foundSoon(live: ServerCatalog, key: string): Promise<LiveObject | undefined> {
  for (const pause of accessKindOf(key) === undefined ? [] : LAGS) {
    const found = await live.findNow(key);
    if (found !== undefined) return found;
    await sleep(pause);
  }
  return live.findNow(key);
}

/** In milliseconds; the slowest that was seen took 63. */
const LAGS = [20, 50, 100, 200, 400] as const;

/** A CREATE USER that fails at its last clause leaves a user without it: one with fewer restrictions. */
async function dropHalf(connection: Connection, live: ServerCatalog, { key }: LiveObject): Promise<void> {
  const kind = accessKindOf(key);
  if (kind === undefined) return;
  await connection.command(`DROP ${kindOf(kind).dropWord} IF EXISTS ${quotedName(key)}`);
  live.forget(key);
}

function isTaken(error: ServerError): boolean {
  return (
    isTableExists(error) ||
    isDatabaseExists(error) ||
    isFunctionExists(error) ||
    isCollectionExists(error) ||
    isEntityExists(error)
  );
}

/** The statement in a form that an older server can parse. */
function inWordsOf({ capabilities }: Connection, statement: string): string {
  const isCanonical = capabilities.commentBeforeQuery && kindOf(parseHeader(statement).kind).runnable === undefined;
  return isCanonical ? statement : runnable(parseCreate(statement), capabilities);
}

/** The message for an object that exists and does not match the declaration. */
export function differs(label: string, statement: string, live: LiveObject): string {
  return [
    `${label}: exists on the server and differs from the declaration; it was not touched.`,
    'Change the declaration to match it, set adopt: "converge" to have the object changed, or rename or drop it; then run again.',
    textDiff(live.statement, statement, "server", "declared"),
  ].join("\n");
}
