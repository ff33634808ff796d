import { localDictionary } from "../canonical/dictionary";
import { hostOn } from "../canonical/host";
import { holdsRows } from "../clickhouse/engines";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { openScratch } from "../connection/scratch";
import { messageOf, SchemaError } from "../errors";
import { inCreationOrder } from "../lineage/creation-order";
import { sourcesOf, targetsOf } from "../lineage/sources";
import { tablesOfSource } from "../sql/dictionary-source";
import { backtick, qualifiedName, quoteIdentifier, quoteString } from "../sql/identifiers";
import { keyOf, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { MaterializedViewSpec, ObjectSpec } from "../sql/spec";
import { inOrder } from "../util/graph";
import { asksClock, atMoment, type Moment } from "./clock";
import { behindDistributed, jobOf, standInsFor } from "./stand-ins";

/** Settings of the engine's session: what a test means is the same on every machine. */
const SETTINGS = [
  "session_timezone = 'UTC'",
  "date_time_input_format = 'best_effort'",
  // NULL in a column that is not Nullable is a mistake, not a default.
  "input_format_null_as_default = 0",
  "max_partitions_per_insert_block = 0",
  "async_insert = 0",
  "output_format_json_quote_denormals = 1",
  "output_format_json_quote_decimals = 1",
];

/** Engines, besides those of MergeTree's family, whose rows stay until a test begins. */
const EMPTIED = "'Memory', 'Log', 'TinyLog', 'StripeLog', 'Set', 'Join', 'EmbeddedRocksDB', 'KeeperMap'";

/** A column as the engine has it. */
export interface Column {
  readonly name: string;
  readonly type: string;
  /** `DEFAULT`, `MATERIALIZED`, `ALIAS`, `EPHEMERAL`, or nothing. */
  readonly kind: string;
}

/**
 * The objects of a program on an embedded engine, for rows. TTLs are left out, merges run when {@link Bed.merge} is called, and refreshable
 * views when {@link Bed.refresh} is.
 */
export class Bed {
  readonly engine: Connection;
  /** What could not be created as it is declared: the reasons, by key. */
  readonly notes = new Map<string, string>();
  private readonly objects: ReadonlyMap<string, ObjectSpec>;
  private readonly columns = new Map<string, readonly Column[]>();
  private moment: Moment | undefined;
  private isClocked = false;

  private constructor(engine: Connection, objects: readonly ObjectSpec[]) {
    this.engine = engine;
    this.objects = new Map(objects.map((spec) => [keyOf(spec), spec]));
  }

  /**
   * Opens an engine of its own, and creates the objects there.
   *
   * @throws {SchemaError} when the engine refuses one of them, with its words.
   */
  static async open(objects: readonly ObjectSpec[] | Promise<readonly ObjectSpec[]>, moment?: Moment): Promise<Bed> {
    // Opening takes as long as running a program, so both happen at once.
    const [declared, opened] = await Promise.allSettled([objects, openScratch([`SET ${SETTINGS.join(", ")}`])]);
    if (declared.status === "rejected" || opened.status === "rejected") {
      if (opened.status === "fulfilled") await opened.value.close();
      throw declared.status === "rejected" ? declared.reason : (opened as PromiseRejectedResult).reason;
    }
    const bed = new Bed(opened.value, declared.value);
    try {
      await bed.create(moment);
      return bed;
    } catch (error) {
      await bed.close();
      throw error;
    }
  }

  /** Keys of everything that rows can be read from. */
  get names(): string[] {
    return [...this.objects].flatMap(([key, spec]) => ("database" in spec && spec.kind !== "dictionary" ? [key] : []));
  }

  find(key: string): ObjectSpec | undefined {
    return this.objects.get(key);
  }

  all(): ObjectSpec[] {
    return [...this.objects.values()];
  }

  /** Empties every table, and sets the clock that all objects see. */
  async reset(moment?: Moment): Promise<void> {
    if (moment !== this.moment && this.isClocked) {
      for (const database of this.databases())
        await this.engine.command(`DROP DATABASE IF EXISTS ${quoteIdentifier(database)} SYNC`);
      await this.create(moment);
      return;
    }
    this.moment = moment;
    const rows = await this.engine.query<{ database: string; name: string }>(
      `SELECT database, name FROM system.tables WHERE database IN (${this.quotedDatabases()}) AND (engine LIKE '%MergeTree' OR engine IN (${EMPTIED})) AND ifNull(total_rows, 1) > 0`,
    );
    for (const { database, name } of rows)
      await this.engine.command(`TRUNCATE TABLE ${quotedName(objectKey(database, name))} SYNC`);
    await this.holdMerges();
  }

  /** SQL of a test, under the same clock as the objects. */
  atMoment(sql: string): string {
    return this.moment === undefined ? sql : atMoment(sql, this.moment);
  }

  /** The table that takes rows that are inserted into an object; undefined where none can be. */
  inserted(key: string): string | undefined {
    const spec = this.objects.get(key);
    if (spec === undefined) return undefined;
    const behind = behindDistributed(spec, (one) => this.objects.has(one));
    return behind ?? (takesRows(spec) ? key : undefined);
  }

  /** Columns of a table or view. */
  async columnsOf(key: string): Promise<readonly Column[]> {
    const known = this.columns.get(key);
    if (known !== undefined) return known;
    const found = await this.engine.query<Column>(
      `SELECT name, type, default_kind AS kind FROM system.columns WHERE concat(database, '\\0', table) = ${quoteString(key)} ORDER BY position`,
    );
    this.columns.set(key, found);
    return found;
  }

  /** To be called after an insert: tables that pass rows on do it now. */
  async flush(): Promise<void> {
    for (const spec of this.objects.values()) {
      if (spec.kind === "table" && /^Buffer\b/.test(spec.storage.engine ?? ""))
        await this.engine.command(`OPTIMIZE TABLE ${quotedName(keyOf(spec))}`);
      if (spec.kind === "dictionary" && tablesOfSource(spec.source).length > 0)
        await this.engine.command(`SYSTEM RELOAD DICTIONARY ${quotedName(keyOf(spec))}`);
    }
  }

  /** Merges all parts of every table, or of some. */
  async merge(isWanted: (name: string) => boolean = () => true): Promise<void> {
    await this.engine.command("SYSTEM START MERGES");
    const rows = await this.engine.query<{ database: string; name: string }>(
      `SELECT database, name FROM system.tables WHERE database IN (${this.quotedDatabases()}) AND engine LIKE '%MergeTree' AND total_rows > 0 ORDER BY database, name`,
    );
    for (const { database, name } of rows) {
      const table = quotedName(objectKey(database, name));
      if (isWanted(table)) await this.engine.command(`OPTIMIZE TABLE ${table} FINAL`);
    }
    await this.holdMerges();
  }

  /** Refreshable views, each after those whose targets it reads. */
  refreshables(): MaterializedViewSpec[] {
    const found = [...this.objects.values()].filter(
      (spec): spec is MaterializedViewSpec => spec.kind === "materializedView" && spec.refresh !== undefined,
    );
    const keys = new Set(this.objects.keys());
    const writes = new Map(found.map((spec) => [spec.to === undefined ? keyOf(spec) : targetsOf(spec)[0], spec]));
    return inOrder(found, (spec) =>
      [...sourcesOf(spec, keys)].flatMap((key) => (writes.get(key) === spec ? [] : (writes.get(key) ?? []))),
    );
  }

  /** Runs a refreshable view once, as its schedule would. */
  async refresh(view: MaterializedViewSpec, moment = this.moment): Promise<void> {
    const { target, ...job } = jobOf(view);
    const query = moment === undefined ? job.query : atMoment(job.query, moment);
    const outputs = await this.engine.query<{ name: string }>(`DESCRIBE (${query})`);
    const own = new Set((await this.columnsOf(objectKey(target.database, target.name))).map(({ name }) => name));
    // By name, as a view writes; the target takes nothing that it has no column for.
    const names = outputs.flatMap(({ name }) => (own.has(name) ? [backtick(name)] : [])).join(", ");
    const into = `INSERT INTO ${qualifiedName(target)} (${names})`;
    if (job.append) return this.engine.command(`${into} SELECT ${names} FROM (${query})`);
    // Computed before the old rows go: the query may read them.
    await this.engine.command(`CREATE TEMPORARY TABLE _schema_refresh ENGINE = Memory AS ${query}`);
    await this.engine.command(`TRUNCATE TABLE ${qualifiedName(target)}`);
    await this.engine.command(`${into} SELECT ${names} FROM _schema_refresh`);
    await this.engine.command("DROP TABLE _schema_refresh");
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  private databases(): string[] {
    return [...new Set([...this.objects.values()].flatMap((spec) => ("database" in spec ? [spec.database] : [])))];
  }

  private quotedDatabases(): string {
    return this.databases().map(quoteString).join(", ") || "''";
  }

  private async holdMerges(): Promise<void> {
    await this.engine.command("SYSTEM STOP MERGES");
  }

  private async create(moment: Moment | undefined): Promise<void> {
    this.moment = moment;
    this.columns.clear();
    for (const database of this.databases())
      await this.engine.command(`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(database)}`);
    for (const spec of inCreationOrder([...this.objects.values()])) {
      for (const one of standInsFor(spec, (key) => this.objects.has(key))) await this.createOne(keyOf(spec), one);
    }
    await this.holdMerges();
  }

  private async createOne(key: string, spec: ObjectSpec): Promise<void> {
    const plain = renderCreate(spec);
    this.isClocked ||= asksClock(plain);
    const statement = this.atMoment(plain);
    const now = statement === plain ? spec : parseCreate(statement);
    try {
      if ("expression" in now) {
        await this.engine.command(statement.replace(/^CREATE FUNCTION/, "CREATE OR REPLACE FUNCTION"));
      } else if ("attributes" in now) await this.createDictionary(key, statement, now.source);
      else {
        const { reason } = await hostOn(this.engine, now, statement);
        if (reason !== undefined) this.notes.set(key, `stands in its nearest local kind: ${reason}`);
      }
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      throw new SchemaError(
        "engine-refuses",
        `${quotedName(key)}: the embedded engine refuses it: ${messageOf(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  /** Only a table of the program can fill one here. */
  private async createDictionary(key: string, statement: string, source: string): Promise<void> {
    const [table] = tablesOfSource(source);
    if (table === undefined || !this.objects.has(table)) {
      this.notes.set(key, "is empty, because its source is outside of the program");
      await this.engine.command(localDictionary(statement));
      return;
    }
    await this.engine.command(statement);
  }
}

/** Whether rows can be inserted, and stay. */
function takesRows(spec: ObjectSpec): boolean {
  return spec.kind === "table" && !/^(?:Merge|Distributed)\b/.test(spec.storage.engine ?? "");
}

/** Whether merges change which rows a plain SELECT returns. */
export function isMergedLater(spec: ObjectSpec): boolean {
  const engine = spec.kind === "table" || spec.kind === "materializedView" ? (spec.storage?.engine ?? "") : "";
  return (
    holdsRows(engine) &&
    /^(?!MergeTree\b)\w*MergeTree\b/.test(engine) &&
    !/^(?:Replicated|Shared)MergeTree\b/.test(engine)
  );
}
