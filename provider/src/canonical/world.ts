import type { Connection } from "../connection/connection";
import { ConnectionError } from "../connection/errors";
import { mentionedNames } from "../lineage/mentions";
import { quoteIdentifier } from "../sql/identifiers";
import { isAccess, keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import { renderLambda } from "../sql/render/sql-function";
import type { DatabaseSpec, DictionarySpec, ObjectSpec, SqlFunctionSpec } from "../sql/spec";
import { Serial } from "../util/serial";
import { canonicalAccess } from "./access";
import type { Canonical } from "./canonical";
import { isDictionary, localDictionary, restoreDictionary, withHiddenSource } from "./dictionary";
import { isFromQuery, withColumnsOf } from "./from-query";
import { BorrowedFunctions, refuseUnknownNames } from "./functions";
import { type Hosted, hostOn } from "./host";
import { withDeclaredSecurity } from "./hostable";
import { localStatement } from "./local-statement";
import { dropServerDefaults, normalizeShown } from "./normal-form";
import { externalDependency, sourcesOf } from "./outside";
import { restoreOutside } from "./restore";
import { withoutSecrets } from "./secrets";
import { refuseOtherOrder } from "./set-order";
import { bareTable, isStored } from "./stand-in";
import { ensureSystemTable } from "./system-table";
import { isUnsupportedLocally } from "./unsupported-locally";

/** Marks a table that was created with only its columns, in place of its statement. */
const BARE = " ";

/** Returns the definition of an undeclared object: from the server. An SQL function's key has no database. */
export type Lender = (key: string) => Promise<string | undefined>;

/**
 * The declared objects on an embedded engine: each is created there after its sources, so that it is checked against the tables as
 * declared, and read back in the engine's own words.
 */
export class World {
  private readonly open: () => Promise<Connection>;
  private readonly lend: Lender;
  private readonly withoutEngine: ((spec: ObjectSpec, missing: ConnectionError) => Promise<Canonical>) | undefined;
  private readonly asksServer: () => boolean;
  private engine: Promise<Connection> | undefined;
  /** Statements of the declared objects, by key. */
  private readonly declared = new Map<string, string>();
  /** What exists on the engine now, by key, with the statement that created it. */
  private readonly standing = new Map<string, string>();
  private readonly functions: BorrowedFunctions;
  private readonly turns = new Serial();

  /**
   * @param withoutEngine answers in its place if it cannot be opened.
   * @param asksServer whether `lend` queries a server; if not, the log tables of servers are assumed to exist.
   */
  constructor(
    open: () => Promise<Connection>,
    lend: Lender,
    withoutEngine?: (spec: ObjectSpec, missing: ConnectionError) => Promise<Canonical>,
    asksServer: () => boolean = () => false,
  ) {
    this.asksServer = asksServer;
    this.open = open;
    this.withoutEngine = withoutEngine;
    this.lend = lend;
    this.functions = new BorrowedFunctions(() => this.connect(), lend);
  }

  /** Records a statement; it is only run when a reader of the object is canonicalised. */
  declare(key: string, statement: string): void {
    if (keyParts(key).database === "") this.functions.declare(key, statement);
    else this.declared.set(key, statement);
  }

  /**
   * Creates `spec` on the engine, after its sources, and returns the engine's statement.
   *
   * @throws {ServerError} with the engine's words when it refuses.
   */
  canonicalize(spec: ObjectSpec): Promise<Canonical> {
    return this.turns.run(async () => {
      const { withoutEngine } = this;
      const missing = await this.connect().then(
        () => undefined,
        (error: unknown) => error,
      );
      if (withoutEngine === undefined || !(missing instanceof ConnectionError)) return this.canonicalizeNow(spec);
      return withoutEngine(spec, missing);
    });
  }

  /**
   * Runs any statement, for questions that need the engine but no object. Table functions that read from outside are replaced by local
   * ones.
   *
   * @throws {ServerError} with the engine's words, or if the columns of one are not known.
   */
  ask<Row extends object>(sql: string, params?: Record<string, string>): Promise<Row[]> {
    return this.turns.run(async () => {
      await this.functions.borrow(sql);
      return (await this.connect()).query<Row>(localStatement(sql), params);
    });
  }

  /**
   * The columns that a query returns, over the sources as declared: cheaper than a view of it, because the tables are created with only
   * their columns.
   *
   * @throws {ServerError} as {@link ask}, and for a query that needs more of a table (FINAL, SAMPLE).
   */
  resultOf(query: string): Promise<{ readonly name: string; readonly type: string }[]> {
    return this.turns.run(async () => {
      const engine = await this.connect();
      await this.functions.borrow(query);
      for (const source of mentionedNames(query)) await this.ensure(engine, source, [], new Set(), true);
      return this.describe(query);
    });
  }

  /** Version of the engine, if it has been opened; undefined otherwise. */
  async version(): Promise<string | undefined> {
    const engine = await this.engine?.catch(() => undefined);
    return engine?.version;
  }

  async close(): Promise<void> {
    const engine = await this.engine?.catch(() => undefined);
    this.engine = undefined;
    this.standing.clear();
    this.functions.clear();
    await engine?.close();
  }

  private async describe(query: string): Promise<{ name: string; type: string }[]> {
    return (await this.connect()).query(`DESCRIBE (${localStatement(query)})`);
  }

  private connect(): Promise<Connection> {
    this.engine ??= this.open();
    return this.engine;
  }

  private async canonicalizeNow(given: ObjectSpec): Promise<Canonical> {
    if ("entries" in given) return { statement: renderCreate(given), shown: renderCreate(given), borrowed: [] };
    if (isAccess(given)) return canonicalAccess(await this.connect(), given);
    if ("expression" in given) return this.canonicalizeFunction(given);
    if ("attributes" in given) return this.canonicalizeDictionary(given);
    if (!("database" in given)) return this.canonicalizeDatabase(given);
    const key = keyOf(given);
    const written = renderCreate(given);
    const functions = await this.functions.borrow(written);
    const borrowed = [...functions, ...(await this.prepare(key, sourcesOf(given, written)))];
    const spec = isFromQuery(given) ? withColumnsOf(given, await this.describe(given.as.text)) : given;
    const rendered = renderCreate(spec);
    const hosted = await this.host(key, spec, rendered);
    const shown = normalizeShown(withDeclaredSecurity(parseCreate(await this.show(key)), spec));
    refuseOtherOrder(spec, shown);
    const { statement, comparable } = await this.complete(rendered, hosted, shown);
    this.standing.set(key, statement);
    return {
      statement,
      shown: comparable,
      borrowed,
      ...(hosted.reason !== undefined && { standIn: hosted.reason }),
    };
  }

  /** Its text is the formatter's. It is created under its own name, so that the engine refuses one that it has built in. */
  private async canonicalizeFunction(spec: SqlFunctionSpec): Promise<Canonical> {
    const key = keyOf(spec);
    const written = renderCreate(spec);
    const borrowed = (await this.functions.borrow(renderLambda(spec))).filter((one) => one !== key);
    const statement = renderCreate(normalizeShown(parseCreate(await this.format(written))));
    this.functions.forget(key);
    const engine = await this.connect();
    await engine.command(statement.replace(/^CREATE /, "CREATE OR REPLACE "));
    await refuseUnknownNames(engine, spec);
    return { statement, shown: statement, borrowed };
  }

  /** With an empty source, which is then written as the formatter spells it; nothing is read from the real one. */
  private async canonicalizeDictionary(spec: DictionarySpec): Promise<Canonical> {
    const key = keyOf(spec);
    const written = renderCreate(spec);
    const borrowed = await this.prepare(key, sourcesOf(spec, written));
    const engine = await this.connect();
    await engine.command(localDictionary(written));
    const shown = parseCreate(await this.show(key));
    const declared = parseCreate(await this.format(written));
    const statement = renderCreate(restoreDictionary(declared, shown));
    this.standing.set(key, statement);
    return { statement, shown: renderCreate(withHiddenSource(parseCreate(statement))), borrowed };
  }

  /** Under a separate name: the database of that name may contain objects that are declared in it. */
  private async canonicalizeDatabase(spec: DatabaseSpec): Promise<Canonical> {
    const engine = await this.connect();
    const trial = "_canonical";
    const rendered = renderCreate(spec);
    const outside = externalDependency(spec);
    if (outside !== undefined) return this.writtenDatabase(spec, rendered, outside);
    try {
      await engine.command(renderCreate({ ...spec, name: trial }));
    } catch (error) {
      if (!isUnsupportedLocally(error)) throw error;
      return this.writtenDatabase(spec, rendered, error.message);
    }
    const shown = dropServerDefaults(parseCreate(await this.show(objectKey(trial))), spec);
    await engine.command(`DROP DATABASE ${trial} SYNC`);
    const statement = renderCreate({ ...shown, name: spec.name } as DatabaseSpec);
    return { statement, shown: statement, borrowed: [] };
  }

  /** As written, in the formatter's spelling. */
  private async writtenDatabase(spec: DatabaseSpec, rendered: string, reason: string): Promise<Canonical> {
    const written = dropServerDefaults(parseCreate(await this.format(rendered)), spec);
    const shown = await withoutSecrets(await this.connect(), written);
    return { statement: renderCreate(written), shown: renderCreate(shown), borrowed: [], standIn: reason };
  }

  /** Prepares the engine for the statement of `key`: its database and sources exist, and it does not. */
  private async prepare(key: string, sources: Iterable<string>): Promise<string[]> {
    const engine = await this.connect();
    await this.remove(key);
    await this.ensureDatabase(keyParts(key).database);
    const borrowed: string[] = [];
    for (const source of sources) {
      if (source !== key) await this.ensure(engine, source, borrowed, new Set([key]));
    }
    return borrowed;
  }

  private async ensureDatabase(database: string): Promise<void> {
    if (this.standing.has(database)) return;
    const engine = await this.connect();
    await engine.command(`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(database)}`);
    this.standing.set(database, "");
  }

  /** Creates a source, and first its own sources. Declared ones win; others come from the server; unknown ones stay missing. */
  private async ensure(
    engine: Connection,
    key: string,
    borrowed: string[],
    path: Set<string>,
    bare = false,
  ): Promise<void> {
    const { database, name } = keyParts(key);
    if (name !== undefined && database === "system")
      return ensureSystemTable(engine, name, () => this.lend(key), this.asksServer);
    if (name === undefined || path.has(key) || isSystem(database)) return;
    const declared = this.declared.get(key);
    const standing = this.standing.get(key);
    if (standing !== undefined && (standing === BARE ? bare : declared === undefined || standing === declared)) return;
    const statement = declared ?? (await this.lend(key));
    if (statement === undefined) return;
    await this.ensureDatabase(database);
    const deeper = new Set(path).add(key);
    const spec = isDictionary(statement) ? undefined : parseCreate(statement);
    for (const source of sourcesOf(spec, statement)) await this.ensure(engine, source, borrowed, deeper, bare);
    await this.remove(key);
    const columns = bare && spec !== undefined ? bareTable(spec) : undefined;
    if (columns !== undefined) await engine.command(renderCreate(columns));
    else if (spec !== undefined) await this.host(key, spec, statement);
    else await engine.command(localDictionary(statement));
    this.standing.set(key, columns === undefined ? statement : BARE);
    if (declared === undefined) borrowed.push(key);
  }

  /** Runs the CREATE, or that of the nearest local kind. */
  private async host(key: string, spec: ObjectSpec, statement: string): Promise<Hosted> {
    const hosted = await hostOn(await this.connect(), spec, statement);
    this.standing.set(key, statement);
    return hosted;
  }

  private async show(key: string): Promise<string> {
    const engine = await this.connect();
    const { database, name } = keyParts(key);
    const what = name === undefined ? "DATABASE" : "TABLE";
    const [row] = await engine.query<{ statement: string }>(`SHOW CREATE ${what} ${quotedName(key)}`);
    if (row === undefined) throw new Error(`SHOW CREATE ${what} of ${database} gave no row`);
    return row.statement;
  }

  /** Restores what the engine could not host or does not show. */
  private async complete(rendered: string, hosted: Hosted, shown: ObjectSpec): Promise<Completed> {
    const text = renderCreate(shown);
    const hidesSecret = text.includes("[HIDDEN]") && isStored(shown);
    if (hosted.standIn === undefined && !hidesSecret) return { statement: text, comparable: text };
    const written = parseCreate(await this.format(rendered));
    if (hosted.standIn !== undefined) {
      const restored = restoreOutside(written, hosted.standIn, shown);
      const statement = renderCreate(restored);
      if (!hosted.isOutside) return { statement, comparable: statement };
      return { statement, comparable: renderCreate(await withoutSecrets(await this.connect(), restored)) };
    }
    if (!isStored(written) || !isStored(shown)) return { statement: text, comparable: text };
    const storage = { ...shown.storage, ...written.storage, settings: shown.storage?.settings ?? [] };
    return { statement: renderCreate({ ...shown, storage }), comparable: text };
  }

  private async format(sql: string): Promise<string> {
    const engine = await this.connect();
    const [row] = await engine.query<{ text: string }>("SELECT formatQuery({sql:String}) AS text", { sql });
    return row?.text ?? sql;
  }

  private async remove(key: string): Promise<void> {
    if (!this.standing.has(key)) return;
    const engine = await this.connect();
    const what = isDictionary(this.standing.get(key) ?? "") ? "DICTIONARY" : "TABLE";
    await engine.command(
      `DROP ${what} IF EXISTS ${quotedName(key)} SYNC SETTINGS check_table_dependencies = 0, check_referential_table_dependencies = 0`,
    );
    this.standing.delete(key);
  }
}

interface Completed {
  readonly statement: string;
  readonly comparable: string;
}

function isSystem(database: string): boolean {
  return ["system", "information_schema", "INFORMATION_SCHEMA"].includes(database);
}
