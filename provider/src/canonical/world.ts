import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { isUnknownDatabase, isUnknownSetting, isUnknownTable } from "../connection/server-message";
import { didYouMean } from "../declare/fields";
import { quoteIdentifier } from "../sql/identifiers";
import { keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { DatabaseSpec, ObjectSpec } from "../sql/spec";
import { mentionedNames } from "./mentions";
import { withoutAdditions, withoutBrackets } from "./normal-form";
import { isStored, restore, type Stored, standIns } from "./stand-in";

/** Codes that mean "not on this machine" rather than "wrong". */
const NOT_HERE = new Set([
  56, // UNKNOWN_STORAGE
  115, // UNKNOWN_SETTING, e.g. one of a managed service
  139, // NO_ELEMENTS_IN_CONFIG, e.g. no <zookeeper>
  225, // NO_ZOOKEEPER
  228, // NO_MACRO
  478, // UNKNOWN_POLICY
  479, // UNKNOWN_DISK
  701, // CLUSTER_DOESNT_EXIST
  999, // KEEPER_EXCEPTION
]);

/** What the engine made of one object. */
export interface Canonical {
  /** The engine's own text, which can be run as it is. */
  readonly statement: string;
  /** As the engine shows it: `statement` with secrets hidden. What a live text is compared with. */
  readonly shown: string;
  /** Objects it reads that were taken from the server because nothing declared them. */
  readonly borrowed: readonly string[];
  /** The engine had to host something simpler in its place; the message says why. */
  readonly standIn?: string;
}

/** Where an object's definition can be had that no one has declared: the server. */
export type Lender = (key: string) => Promise<string | undefined>;

/**
 * The declared world on a scratch engine: every object is created there after what it reads, so that it is judged against the
 * tables as declared, and read back in the engine's own words.
 */
export class World {
  private readonly open: () => Promise<Connection>;
  private readonly lend: Lender;
  private engine: Promise<Connection> | undefined;
  /** Statements of what is declared, by key. */
  private readonly declared = new Map<string, string>();
  /** What stands on the engine now, by key, with the statement that made it. */
  private readonly standing = new Map<string, string>();
  private last: Promise<unknown> = Promise.resolve();

  constructor(open: () => Promise<Connection>, lend: Lender) {
    this.open = open;
    this.lend = lend;
  }

  /** Remembers a statement; it is run only when something that reads it is canonicalised. */
  declare(key: string, statement: string): void {
    this.declared.set(key, statement);
  }

  /**
   * Creates `spec` on the engine, after what it reads, and gives back the engine's text.
   *
   * @throws {ServerError} with the engine's words when it refuses.
   */
  canonicalize(spec: ObjectSpec): Promise<Canonical> {
    return this.inTurn(() => this.canonicalizeNow(spec));
  }

  /** One statement of any kind, for questions that need the engine but no object. */
  ask<Row extends object>(sql: string, params?: Record<string, string>): Promise<Row[]> {
    return this.inTurn(async () => (await this.connect()).query<Row>(sql, params));
  }

  async close(): Promise<void> {
    const engine = await this.engine?.catch(() => undefined);
    this.engine = undefined;
    this.standing.clear();
    await engine?.close();
  }

  private connect(): Promise<Connection> {
    this.engine ??= this.open();
    return this.engine;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.last.then(work, work);
    this.last = turn.catch(() => undefined);
    return turn;
  }

  private async canonicalizeNow(spec: ObjectSpec): Promise<Canonical> {
    if (spec.kind === "database") return this.canonicalizeDatabase(spec);
    const key = keyOf(spec);
    const rendered = renderCreate(spec);
    const borrowed = await this.prepare(key, rendered);
    const hosted = await this.host(key, spec, rendered);
    const shown = withoutBrackets(withoutAdditions(parseCreate(await this.show(key)), spec));
    const { statement, comparable } = await this.complete(spec, rendered, hosted, shown);
    this.standing.set(key, statement);
    return {
      statement,
      shown: comparable,
      borrowed,
      ...(hosted.reason !== undefined && { standIn: hosted.reason }),
    };
  }

  /** Under a name of its own: the database of that name may hold what is declared inside of it. */
  private async canonicalizeDatabase(spec: DatabaseSpec): Promise<Canonical> {
    const engine = await this.connect();
    const trial = "_canonical";
    const rendered = renderCreate(spec);
    try {
      await engine.command(renderCreate({ ...spec, name: trial }));
    } catch (error) {
      if (!isNotHere(error)) throw error;
      const written = await this.format(rendered);
      return { statement: written, shown: written, borrowed: [], standIn: error.message };
    }
    const shown = withoutAdditions(parseCreate(await this.show(objectKey(trial))), spec);
    await engine.command(`DROP DATABASE ${trial} SYNC`);
    const statement = renderCreate({ ...shown, name: spec.name } as DatabaseSpec);
    return { statement, shown: statement, borrowed: [] };
  }

  /** Puts the engine into the state in which the statement of `key` can run: database there, sources there, itself not. */
  private async prepare(key: string, rendered: string): Promise<string[]> {
    const engine = await this.connect();
    await this.remove(key);
    await this.ensureDatabase(keyParts(key).database);
    const borrowed: string[] = [];
    for (const source of mentionedNames(rendered)) {
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

  /** Creates a source, and first what it reads. Declared ones win; the server lends the others; what nobody has stays away. */
  private async ensure(engine: Connection, key: string, borrowed: string[], path: Set<string>): Promise<void> {
    const { database, name } = keyParts(key);
    if (name === undefined || path.has(key) || isSystem(database)) return;
    const declared = this.declared.get(key);
    if (this.standing.has(key) && (declared === undefined || this.standing.get(key) === declared)) return;
    const statement = declared ?? (await this.lend(key));
    if (statement === undefined) return;
    await this.ensureDatabase(database);
    const deeper = new Set(path).add(key);
    for (const source of mentionedNames(statement)) await this.ensure(engine, source, borrowed, deeper);
    await this.remove(key);
    await this.host(key, parseCreate(statement), statement);
    if (declared === undefined) borrowed.push(key);
  }

  /** Runs the CREATE; what this machine cannot host is replaced by its nearest local kind. */
  private async host(key: string, spec: ObjectSpec, statement: string): Promise<Hosted> {
    const engine = await this.connect();
    try {
      await engine.command(hostable(spec, statement));
      this.standing.set(key, statement);
      return {};
    } catch (error) {
      if (!isNotHere(error) || !isStored(spec)) throw error;
      await this.refuseSlip(error);
      for (const standIn of standIns(spec)) {
        try {
          await engine.command(renderCreate(standIn));
          this.standing.set(key, statement);
          return { standIn, reason: error.message };
        } catch (again) {
          if (!(again instanceof ServerError)) throw again;
        }
      }
      throw error;
    }
  }

  /** A setting that this engine does not know may be another version's or service's, unless it nearly is one that it does know. */
  private async refuseSlip(error: ServerError): Promise<void> {
    const setting = isUnknownSetting(error) ? /Unknown setting '(\w+)'/.exec(error.message)?.[1] : undefined;
    if (setting === undefined) return;
    const known = await (await this.connect()).query<{ name: string }>("SELECT name FROM system.merge_tree_settings");
    const hint = didYouMean(
      setting,
      known.map(({ name }) => name),
    );
    if (hint !== "") throw new ServerError(`${error.message}${hint}`, error.code, error.sql, { cause: error });
  }

  private async show(key: string): Promise<string> {
    const engine = await this.connect();
    const { database, name } = keyParts(key);
    const what = name === undefined ? "DATABASE" : "TABLE";
    const [row] = await engine.query<{ statement: string }>(`SHOW CREATE ${what} ${quotedName(key)}`);
    if (row === undefined) throw new Error(`SHOW CREATE ${what} of ${database} gave no row`);
    return row.statement;
  }

  /** Puts back what the engine could not host or does not show. */
  private async complete(spec: ObjectSpec, rendered: string, hosted: Hosted, shown: ObjectSpec): Promise<Completed> {
    const text = renderCreate(shown);
    const hidesSecret = text.includes("[HIDDEN]") && isStored(shown);
    if (hosted.standIn === undefined && !hidesSecret) return { statement: text, comparable: text };
    if (!isStored(shown) || !isStored(spec)) return { statement: text, comparable: text };
    const written = parseCreate(await this.format(rendered));
    if (!isStored(written)) return { statement: text, comparable: text };
    if (hosted.standIn !== undefined) {
      const restored = renderCreate(restore(written, hosted.standIn, shown));
      return { statement: restored, comparable: restored };
    }
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
    await engine.command(
      `DROP TABLE IF EXISTS ${quotedName(key)} SYNC SETTINGS check_table_dependencies = 0, check_referential_table_dependencies = 0`,
    );
    this.standing.delete(key);
  }
}

interface Hosted {
  readonly standIn?: Stored;
  readonly reason?: string;
}

interface Completed {
  readonly statement: string;
  readonly comparable: string;
}

/** Whether the engine missed an object that the statement names. */
export function isMissingSource(error: unknown): error is ServerError {
  return error instanceof ServerError && (isUnknownTable(error) || isUnknownDatabase(error));
}

/** A near miss of a name that this engine does know is a slip of the pen, not another server's engine or setting. */
function isNotHere(error: unknown): error is ServerError {
  return error instanceof ServerError && NOT_HERE.has(error.code) && !error.message.includes("Maybe you meant");
}

function hostable(spec: ObjectSpec, statement: string): string {
  // A refreshable view must not run here.
  if (spec.kind === "materializedView" && spec.refresh !== undefined) return renderCreate({ ...spec, empty: true });
  return statement;
}

function isSystem(database: string): boolean {
  return ["system", "information_schema", "INFORMATION_SCHEMA"].includes(database);
}
