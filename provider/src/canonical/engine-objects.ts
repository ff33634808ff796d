import type { Connection } from "../connection/connection";
import { mentionedNames } from "../lineage/mentions";
import { Definition } from "../sql/definition";
import { quoteIdentifier } from "../sql/identifiers";
import { keyParts, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import { isDictionary, localDictionary } from "./dictionary";
import { EngineFunctions } from "./functions";
import { type Hosted, hostOn } from "./host";
import { sourcesOf } from "./outside";
import { bareTable } from "./stand-in";
import { ensureSystemTable } from "./system-table";

/** Marks a table that was created with only its columns, in place of its statement. */
const COLUMNS_ONLY = " ";

/** Returns the statement of an undeclared object: from the server. An SQL function's key has no database. */
export type LookUp = (key: string) => Promise<string | undefined>;

/** What exists on an embedded engine: objects are created there, after what they read, when something needs them. */
export class EngineObjects {
  readonly functions: EngineFunctions;
  private readonly open: () => Promise<Connection>;
  private readonly lookUp: LookUp;
  private readonly asksServer: () => boolean;
  private engine: Promise<Connection> | undefined;
  private readonly declared = new Map<string, Definition>();
  /** By key, with the statement that created it. */
  private readonly existing = new Map<string, string>();

  /** @param asksServer whether `lookUp` queries a server; if not, the log tables of servers are assumed to exist. */
  constructor(open: () => Promise<Connection>, lookUp: LookUp, asksServer: () => boolean) {
    this.open = open;
    this.lookUp = lookUp;
    this.asksServer = asksServer;
    this.functions = new EngineFunctions(() => this.connect(), lookUp);
  }

  connect(): Promise<Connection> {
    this.engine ??= this.open();
    return this.engine;
  }

  /** Version of the engine, if it has been opened; undefined otherwise. */
  async version(): Promise<string | undefined> {
    const engine = await this.engine?.catch(() => undefined);
    return engine?.version;
  }

  async close(): Promise<void> {
    const engine = await this.engine?.catch(() => undefined);
    this.engine = undefined;
    this.existing.clear();
    this.functions.clear();
    await engine?.close();
  }

  /** Records a definition; it is only run when something that reads the object needs it. */
  declare(key: string, definition: Definition): void {
    if (keyParts(key).database === "") this.functions.declare(key, definition.text);
    else this.declared.set(key, definition);
  }

  /** What is declared in a database. */
  declaredIn(database: string): string[] {
    return [...this.declared.keys()].filter((key) => {
      const parts = keyParts(key);
      return parts.database === database && parts.name !== undefined;
    });
  }

  /** Prepares the engine for the statement of `key`: its database and sources exist, and it does not. @returns undeclared sources. */
  async prepare(key: string, sources: Iterable<string>): Promise<string[]> {
    await this.remove(key);
    await this.ensureDatabase(keyParts(key).database);
    const fromServer: string[] = [];
    for (const source of sources) {
      if (source !== key) await this.ensure(source, fromServer, new Set([key]));
    }
    return fromServer;
  }

  /** Creates what a query names, as tables with only their columns where that suffices. */
  async prepareBare(query: string): Promise<void> {
    await this.functions.createCalled(query);
    for (const source of mentionedNames(query)) await this.ensure(source, [], new Set(), true);
  }

  /** Runs the CREATE, or that of the nearest local kind. */
  async host(key: string, definition: Definition): Promise<Hosted> {
    const hosted = await hostOn(await this.connect(), definition.spec, definition.text);
    this.existing.set(key, definition.text);
    return hosted;
  }

  /** What {@link host} created turned out to be this. */
  is(key: string, { text }: Definition): void {
    this.existing.set(key, text);
  }

  async show(key: string): Promise<ObjectSpec> {
    const engine = await this.connect();
    const { database, name } = keyParts(key);
    const what = name === undefined ? "DATABASE" : "TABLE";
    const [row] = await engine.query<{ statement: string }>(`SHOW CREATE ${what} ${quotedName(key)}`);
    if (row === undefined) throw new Error(`SHOW CREATE ${what} of ${database} returned no row`);
    return Definition.read(row.statement).spec;
  }

  /** A statement in the formatter's spelling. @param how of what servers show on one line: the other formatter. */
  async format(sql: string, how: "formatQuery" | "formatQuerySingleLine" = "formatQuery"): Promise<ObjectSpec> {
    const engine = await this.connect();
    const [row] = await engine.query<{ text: string }>(`SELECT ${how}({sql:String}) AS text`, { sql });
    return Definition.read(row?.text ?? sql).spec;
  }

  private async ensureDatabase(database: string): Promise<void> {
    if (this.existing.has(database)) return;
    const engine = await this.connect();
    await engine.command(`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(database)}`);
    this.existing.set(database, "");
  }

  /** Creates a source, and first its own sources. Declared ones win; others come from the server; unknown ones stay missing. */
  private async ensure(key: string, fromServer: string[], path: Set<string>, columnsOnly = false): Promise<void> {
    const engine = await this.connect();
    const { database, name } = keyParts(key);
    if (name !== undefined && database === "system")
      return ensureSystemTable(engine, name, () => this.lookUp(key), this.asksServer);
    if (name === undefined || path.has(key) || isSystem(database)) return;
    const declared = this.declared.get(key);
    const existing = this.existing.get(key);
    if (
      existing !== undefined &&
      (existing === COLUMNS_ONLY ? columnsOnly : declared === undefined || existing === declared.text)
    )
      return;
    const definition = declared ?? (await this.lent(key));
    if (definition === undefined) return;
    await this.ensureDatabase(database);
    const deeper = new Set(path).add(key);
    const { text } = definition;
    // Whatever is in a dictionary, the engine reads it without its source.
    const spec = isDictionary(text) ? undefined : definition.spec;
    for (const source of sourcesOf(spec, text)) await this.ensure(source, fromServer, deeper, columnsOnly);
    await this.remove(key);
    const columns = columnsOnly && spec !== undefined ? bareTable(spec) : undefined;
    if (columns !== undefined) await engine.command(Definition.of(columns).text);
    else if (spec !== undefined) await this.host(key, definition);
    else await engine.command(localDictionary(text));
    this.existing.set(key, columns === undefined ? text : COLUMNS_ONLY);
    if (declared === undefined) fromServer.push(key);
  }

  private async lent(key: string): Promise<Definition | undefined> {
    const statement = await this.lookUp(key);
    return statement === undefined ? undefined : Definition.read(statement);
  }

  private async remove(key: string): Promise<void> {
    if (!this.existing.has(key)) return;
    const engine = await this.connect();
    const what = isDictionary(this.existing.get(key) ?? "") ? "DICTIONARY" : "TABLE";
    await engine.command(
      `DROP ${what} IF EXISTS ${quotedName(key)} SYNC SETTINGS check_table_dependencies = 0, check_referential_table_dependencies = 0`,
    );
    this.existing.delete(key);
  }
}

function isSystem(database: string): boolean {
  return ["system", "information_schema", "INFORMATION_SCHEMA"].includes(database);
}
