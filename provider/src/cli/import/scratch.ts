import { copyFeatureFlags } from "../../canonical/feature-flags";
import { ScratchEngine } from "../../canonical/scratch-engine";
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
  private scratch: ScratchEngine | undefined;

  constructor() {
    this.engine = openScratch();
    // The first user of it reports an error; perhaps nobody uses it.
    this.engine.catch(() => undefined);
  }

  /**
   * The engine with what was found on the server and, on demand, anything else that exists there: two queries for each further
   * database.
   */
  engineFor(server: Connection, found: ServerObjects): ScratchEngine {
    if (this.scratch !== undefined) return this.scratch;
    const selected = new Map(found.managed.map(({ key, live }) => [key, live.statement]));
    const others = new ServerCatalog(async () => server);
    const lookUp = async (key: string) => selected.get(key) ?? readable((await others.peek(key))?.statement);
    this.scratch = new ScratchEngine(
      () => this.prepared(server),
      lookUp,
      undefined,
      () => true,
    );
    return this.scratch;
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
