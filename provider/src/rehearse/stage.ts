import { randomUUID } from "node:crypto";
import { localDictionary } from "../canonical/dictionary";
import { hostOn } from "../canonical/host";
import { isStored, standIns } from "../canonical/stand-in";
import { atLeast, release } from "../clickhouse/version";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { openScratch } from "../connection/scratch";
import { messageOf } from "../errors";
import { inCreationOrder } from "../lineage/creation-order";
import { sourcesOf } from "../lineage/sources";
import { LENIENT } from "../operation/helper-definitions";
import { tablesOfSource } from "../sql/dictionary-source";
import { backtick, qualifiedName, quoteIdentifier, quoteString } from "../sql/identifiers";
import { keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { DictionarySpec, MaterializedViewSpec, ObjectSpec, TableSpec } from "../sql/spec";
import { atMoment } from "../testing/clock";
import { behindDistributed } from "../testing/stand-ins";
import type { Sample } from "./read-sample";
import { saidBy, withoutRows } from "./said";
import { chunksOf, structureOf } from "./sampling";
import type { Relation, Scene, Shortfall, StageColumn } from "./scene";

/** Settings of the engine's session: statements end when their mutations do, and what is computed twice is equal. */
const SETTINGS = [
  "mutations_sync = 2",
  "alter_sync = 2",
  "max_threads = 1",
  "max_query_size = 0",
  "insert_allow_materialized_columns = 1",
  "max_partitions_per_insert_block = 0",
  "async_insert = 0",
  "output_format_json_quote_denormals = 1",
  "output_format_json_quote_decimals = 1",
  "allow_suspicious_low_cardinality_types = 1",
];

/** Longest text of rows in one INSERT, in hexadecimal digits. */
const LONGEST_INSERT = 8 * 1024 ** 2;

const USERS = "database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA')";

/** The objects of a server that a preview concerns, on an embedded engine of their own, with a sample of its rows. */
export class Stage {
  readonly engine: Connection;
  /** What stands for something else, and what that changes. */
  readonly standIns: Shortfall[] = [];
  /** What could not be created, or has no rows although the server's has. */
  readonly missing: Shortfall[] = [];
  private readonly scene: Scene;
  private readonly moved = new Map<string, string>();

  private constructor(engine: Connection, scene: Scene) {
    this.engine = engine;
    this.scene = scene;
  }

  /** Opens an engine, creates the objects there, and fills each before anything reads it, so that no view is run by it. */
  static async open(scene: Scene): Promise<Stage> {
    const zone = `session_timezone = ${quoteString(scene.timezone)}`;
    const engine = await openScratch([`SET ${[...SETTINGS, zone].join(", ")}`, "SYSTEM STOP VIEWS"]);
    const stage = new Stage(engine, scene);
    try {
      await scene.prepare(engine);
      await stage.create();
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** Where an object of the server is by now. */
  keyNow(key: string): string {
    return this.moved.get(key) ?? key;
  }

  /** An object has another name. */
  move(from: string, to: string): void {
    this.moved.set(from, to);
  }

  isStandIn(key: string): boolean {
    return this.standIns.some((one) => one.key === key);
  }

  /**
   * Creates an object as the engine can host it.
   *
   * @throws {ServerError} with the engine's words.
   */
  async host(spec: ObjectSpec): Promise<void> {
    try {
      await this.hostAsGiven(spec);
    } catch (error) {
      const isOlder = !atLeast(this.scene.version, release(this.engine.version));
      const isStricter = isOlder && error instanceof ServerError && error.message.includes(LENIENT);
      if (!isStricter) throw error;
      await this.hostLeniently(spec, error);
    }
  }

  private async hostAsGiven(spec: ObjectSpec): Promise<void> {
    if ("database" in spec)
      await this.engine.command(`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(spec.database)}`);
    const plain = renderCreate(spec);
    const statement = atMoment(plain, this.scene.moment);
    const now = statement === plain ? spec : parseCreate(statement);
    if ("expression" in now) {
      await this.engine.command(statement.replace(/^CREATE FUNCTION/, "CREATE OR REPLACE FUNCTION"));
      return;
    }
    if ("attributes" in now) return this.hostDictionary(now);
    if (!("database" in now)) {
      await this.engine.command(`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(now.name)}`);
      return;
    }
    const key = keyOf(now);
    const behind = behindDistributed(now, (one) => this.scene.objects.has(one));
    if (behind !== undefined && now.kind === "table") {
      await this.engine.command(renderCreate(distributedLocally(now, behind)));
      return;
    }
    const { reason, standIn } = await hostOn(this.engine, now, statement);
    const isLocalTwin = standIn?.kind === "table" && /MergeTree\b/.test(standIn.storage.engine ?? "");
    if (reason !== undefined && !isLocalTwin)
      this.standIns.push({ key, reason: `stands in its nearest local kind, without rows: ${reason}` });
  }

  /**
   * Inserts a sample into a table.
   *
   * @param names the columns that are given.
   * @throws {ServerError} with the engine's words.
   */
  async insert(key: string, sample: Sample, names: readonly string[]): Promise<void> {
    if (sample.rows.length === 0 || names.length === 0) return;
    const list = names.map(backtick).join(", ");
    for (const chunk of chunksOf(sample.rows, LONGEST_INSERT))
      await this.engine.command(
        `INSERT INTO ${quotedName(key)} (${list}) SELECT ${list} FROM ${rowsOf(sample, chunk)}`,
      );
  }

  async has(key: string): Promise<boolean> {
    const { database, name = "" } = keyParts(key);
    const [row] = await this.engine.query(
      "SELECT 1 FROM system.tables WHERE database = {database:String} AND name = {name:String}",
      { database, name },
    );
    return row !== undefined;
  }

  /** Columns of a table or view. */
  columnsOf(key: string): Promise<StageColumn[]> {
    const { database, name = "" } = keyParts(key);
    return this.engine.query<StageColumn>(
      "SELECT name, type, default_kind AS kind FROM system.columns WHERE database = {database:String} AND table = {name:String} ORDER BY position",
      { database, name },
    );
  }

  /** What can be read, as it is by now. */
  async relations(): Promise<Relation[]> {
    const rows = await this.engine.query<{ database: string; name: string; engine: string; statement: string }>(
      `SELECT database, name, engine, create_table_query AS statement FROM system.tables WHERE ${USERS} AND NOT startsWith(name, '.inner') ORDER BY database, name`,
    );
    return rows.map(({ database, engine, name, statement }) => ({ key: objectKey(database, name), engine, statement }));
  }

  /** Removes all rows. */
  async empty(): Promise<void> {
    for (const { key } of await this.tablesWithRows())
      await this.engine.command(`TRUNCATE TABLE ${quotedName(key)} SYNC`);
  }

  /** Merges all parts of every table, so that what is read does not depend on when merges ran. Parts that cannot be read stay. */
  async settle(): Promise<void> {
    for (const { key, engine } of await this.tablesWithRows()) {
      if (!engine.endsWith("MergeTree")) continue;
      await this.engine.command(`OPTIMIZE TABLE ${quotedName(key)} FINAL`).catch((error: unknown) => {
        if (!(error instanceof ServerError)) throw error;
      });
    }
  }

  /** After a mutation that failed: it would be tried again and again, as on the server. */
  async endMutations(): Promise<void> {
    await this.engine.command("KILL MUTATION WHERE NOT is_done SYNC");
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  private async tablesWithRows(): Promise<{ key: string; engine: string }[]> {
    const rows = await this.engine.query<{ database: string; name: string; engine: string }>(
      `SELECT database, name, engine FROM system.tables WHERE ${USERS} AND (engine LIKE '%MergeTree' OR engine IN ('Memory', 'Log', 'TinyLog', 'StripeLog')) AND total_rows > 0`,
    );
    return rows.map(({ database, engine, name }) => ({ key: objectKey(database, name), engine }));
  }

  private async create(): Promise<void> {
    const failed = new Set<string>();
    const keys = new Set(this.scene.objects.keys());
    for (const spec of inCreationOrder([...this.scene.objects.values()])) {
      const key = keyOf(spec);
      const lost = "database" in spec ? [...sourcesOf(spec, keys)].find((source) => failed.has(source)) : undefined;
      try {
        await this.hostExisting(spec);
      } catch (error) {
        if (!(error instanceof ServerError)) throw error;
        failed.add(key);
        const because = lost === undefined ? messageOf(error) : `it reads ${quotedName(lost)}`;
        this.missing.push({ key, reason: `the embedded engine cannot create it: ${because}` });
        continue;
      }
      await this.fill(key);
    }
  }

  /** What exists on a server may be refused by CREATE today, but not by ATTACH, as when a server starts. */
  private async hostExisting(spec: ObjectSpec): Promise<void> {
    try {
      await this.hostAsGiven(spec);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      await this.hostLeniently(spec, error);
    }
  }

  private async hostLeniently(spec: ObjectSpec, refusal: ServerError): Promise<void> {
    const [local] = isStored(spec) ? standIns(spec) : [];
    if (local === undefined) throw refusal;
    if (local.kind === "table") await this.attach(local);
    else await this.hostAsGiven(withSetting(local, LENIENT));
  }

  private attach(spec: TableSpec): Promise<void> {
    const head = `TABLE ${qualifiedName(spec)}`;
    const rest = renderCreate(spec).slice(`CREATE ${head}`.length);
    return this.engine.command(`ATTACH ${head} UUID '${randomUUID()}'${rest}`);
  }

  private async fill(key: string): Promise<void> {
    const sample = this.scene.samples.get(key);
    if (sample === undefined) return;
    try {
      await this.insert(
        key,
        sample,
        sample.columns.map(({ name }) => name),
      );
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      this.missing.push({
        key,
        reason: `it does not take the rows of the sample: ${withoutRows(saidBy(error)).message}`,
      });
    }
  }

  /** One that reads another system is empty here. */
  private async hostDictionary(spec: DictionarySpec): Promise<void> {
    const [table] = tablesOfSource(spec.source);
    const key = keyOf(spec);
    if (table === undefined || !this.scene.objects.has(table)) {
      this.standIns.push({ key, reason: "is empty here: its source is not among the tables that are sampled" });
      await this.engine.command(localDictionary(renderCreate(spec)));
      return;
    }
    const { database, name = "" } = keyParts(table);
    const source = `CLICKHOUSE(DB ${quoteString(database)} TABLE ${quoteString(name)})`;
    await this.engine.command(renderCreate({ ...spec, source }));
  }
}

/** A table of rows, in place of a table in FROM. */
function rowsOf({ columns }: Sample, hex: string): string {
  return `format(RowBinary, ${quoteString(structureOf(columns))}, unhex('${hex}'))`;
}

function withSetting(spec: MaterializedViewSpec, name: string): MaterializedViewSpec {
  const { storage } = spec;
  return storage === undefined
    ? spec
    : { ...spec, storage: { ...storage, settings: [...storage.settings, { name, value: "1" }] } };
}

/** A Distributed table as its one shard: it takes the same changes of columns. */
function distributedLocally(spec: TableSpec, behind: string): TableSpec {
  const { database, name = "" } = keyParts(behind);
  const pattern = `^${name.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")}$`;
  return { ...spec, storage: { engine: `Merge(${quoteString(database)}, ${quoteString(pattern)})`, settings: [] } };
}
