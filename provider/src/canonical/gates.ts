import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { quoteString } from "../sql/identifiers";

/**
 * Makes the scratch engine allow what a server allows its user (suspicious codecs, deprecated syntax, experimental types and the like),
 * and read `Nested` as the server would. Costs one query on the server, and one statement on the engine for each such setting that was
 * changed there.
 *
 * @param engine with one session, for which the settings hold.
 */
export async function allowAs(engine: Connection, server: Connection): Promise<void> {
  const settings = await server.query<{ name: string; value: string }>(
    "SELECT name, value FROM system.settings WHERE changed AND match(name, '^(allow|enable)_|^flatten_nested$')",
  );
  for (const { name, value } of settings) {
    await engine.command(`SET ${name} = ${quoteString(value)}`).catch((error: unknown) => {
      // Another version may not know it.
      if (!(error instanceof ServerError)) throw error;
    });
  }
}
