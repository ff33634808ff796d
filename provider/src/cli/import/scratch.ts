import { copyFeatureFlags } from "../../canonical/feature-flags";
import { World } from "../../canonical/world";
import type { Connection } from "../../connection/connection";
import { openScratch } from "../../connection/scratch";
import type { ServerObjects } from "../../introspect/server";
import { ServerCatalog } from "../../introspect/server-catalog";
import { SqlParseError } from "../../sql/errors";
import { parseCreate } from "../../sql/parse";
import { renderCreate } from "../../sql/render";

/** The embedded engine of an import: it starts at once, so that it is ready when the server has been read. */
export class ImportScratch {
  private readonly engine: Promise<Connection>;
  private world: World | undefined;

  constructor() {
    this.engine = openScratch();
    // The first user of it reports an error; perhaps nobody uses it.
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
      () => this.prepared(server),
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

  /** Allows what the server allows. */
  private async prepared(server: Connection): Promise<Connection> {
    const engine = await this.engine;
    await copyFeatureFlags(engine, server);
    return engine;
  }
}

/** The statement of an object that this package manages; others have none. */
function readable(statement: string | undefined): string | undefined {
  try {
    return statement === undefined ? undefined : renderCreate(parseCreate(statement));
  } catch (error) {
    if (error instanceof SqlParseError) return undefined;
    throw error;
  }
}
