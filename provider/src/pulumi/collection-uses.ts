import { SchemaError } from "../errors";
import { usersOfCollection } from "../introspect/collections";
import { keyOf, keyParts, quotedName } from "../sql/object-key";
import type { Context } from "./context";
import type { Change, Planned } from "./planning";

/** Most names that a line lists. */
const MOST = 20;

/**
 * What a changed named collection means for the rest of the server, as comment lines for the plan: who keeps the values of before for now.
 *
 * @throws {SchemaError} when it gets another name while something uses it: the server would not start again, or not list a database.
 */
export async function lookAtCollection(
  context: Context,
  { live, plan }: Planned,
  { to, urn }: Change,
): Promise<string[]> {
  if (!("entries" in to) || live === undefined || plan.steps.length === 0) return [];
  const connection = await context.connection();
  if (!connection.capabilities.masksCollections) {
    await context.warnOnce(
      urn,
      `ClickHouse ${connection.version} writes statements on named collections, with their values, into system.query_log and its log files. Restrict who can read these`,
    );
  }
  const isRenamed = live.key !== keyOf(to);
  const users = await usersOfCollection(connection, keyParts(live.key).name ?? "").catch((error: unknown) => {
    // Without a rename it is only information.
    if (isRenamed || !(error instanceof SchemaError)) throw error;
    return [];
  });
  if (users.length === 0) return [];
  const names = users.slice(0, MOST).map(({ label }) => label);
  const list = names.join(", ") + (users.length > MOST ? ` and ${users.length - MOST} more` : "");
  if (!isRenamed)
    return [`-- keep the values of before until they are attached again or the server starts again: ${list}`];
  throw new SchemaError(
    "drop-still-used",
    `${quotedName(live.key)}: is not renamed to ${quotedName(keyOf(to))}, because ${list} uses it by its name, and a server older than 26 would not start again ` +
      "without it, or not list that database. Declare a second collection of the new name, change these to use it, and then remove the first",
  );
}
