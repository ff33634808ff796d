import { copyFeatureFlags } from "../../canonical/feature-flags";
import { World } from "../../canonical/world";
import type { Connection } from "../../connection/connection";
import { ServerError } from "../../connection/errors";
import { openScratch } from "../../connection/scratch";
import type { ServerObjects, UnmanagedObject } from "../../introspect/server";
import { ServerCatalog } from "../../introspect/server-catalog";
import { SqlParseError } from "../../sql/errors";
import { quoteIdentifier } from "../../sql/identifiers";
import { keyParts } from "../../sql/object-key";
import { parseCreate } from "../../sql/parse";
import { renderCreate } from "../../sql/render";

/** The embedded engine of an import: it starts at once, so that it is ready when the server has been read. */
export class ImportScratch {
  private readonly engine: Promise<Connection>;
  private world: World | undefined;

  constructor() {
    this.engine = openScratch();
    // Reported by whoever uses it first; perhaps nobody does.
    this.engine.catch(() => undefined);
  }

  /**
   * A world with what was found on the server and, on demand, anything else that exists there: two queries for each further
   * database.
   */
  worldOf(server: Connection, found: ServerObjects): World {
    if (this.world !== undefined) return this.world;
    const selected = new Map(found.managed.map(({ key, live }) => [key, live.statement]));
    const others = new ServerCatalog(async () => server);
    const lend = async (key: string) => selected.get(key) ?? readable((await others.peek(key))?.statement);
    this.world = new World(
      () => this.prepared(server, found.unmanaged),
      lend,
      undefined,
      () => true,
    );
    return this.world;
  }

  async close(): Promise<void> {
    const engine = await this.engine.catch(() => undefined);
    await engine?.close();
  }

  /** With the dictionaries and functions of the server, as far as the engine accepts them; it loads no dictionary. */
  private async prepared(server: Connection, unmanaged: readonly UnmanagedObject[]): Promise<Connection> {
    const engine = await this.engine;
    await copyFeatureFlags(engine, server);
    for (const { key, kind, statement } of unmanaged) {
      if (kind !== "dictionary" && kind !== "function") continue;
      const { database } = keyParts(key);
      const statements = database === "" ? [] : [`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(database)}`];
      for (const one of [...statements, statement]) {
        await engine.command(one).catch((error: unknown) => {
          if (!(error instanceof ServerError)) throw error;
        });
      }
    }
    return engine;
  }
}

/** The statement of an object that this package manages; a dictionary has none. */
function readable(statement: string | undefined): string | undefined {
  try {
    return statement === undefined ? undefined : renderCreate(parseCreate(statement));
  } catch (error) {
    if (error instanceof SqlParseError) return undefined;
    throw error;
  }
}
