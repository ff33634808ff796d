import { randomUUID } from "node:crypto";
import { databasesWith, type Server } from "../clickhouse/catalog";
import type { Connection } from "../connection/connection";
import { isUnknownDatabase, isUnknownTable } from "../connection/server-message";
import { SchemaError } from "../errors";
import { qualifiedName, quoteString } from "../sql/identifiers";
import { Postponed } from "./errors";
import { createReplicated, readReplicated, type StoredLine, writeReplicated } from "./replicated-journal";
import type { Runner } from "./runner";

/** Name of the table, in every database with operations, that records their progress. */
export const JOURNAL_TABLE = "_schema_ops";
const COLUMNS = "(op String, key String, value String, ver UInt64)";
const KEY = "ORDER BY (op, key)";

/**
 * What an operation has done, stored in the database it works on, so that any runner can resume it. The rule for its users: write the line
 * after the work, and redo the work if the line is missing. On a cluster the table is replicated to all hosts.
 */
export class Journal {
  private readonly runner: Runner;
  private readonly owner = randomUUID();
  private readonly lines = new Map<string, unknown>();
  private home: string;
  private version = 0n;
  private isOpen = true;

  private constructor(runner: Runner, database: string) {
    this.runner = runner;
    this.home = database;
  }

  /** The lines as they were read, for a description of the operation: nothing can be written. */
  static read(runner: Runner, database: string, lines: ReadonlyMap<string, unknown>): Journal {
    const journal = new Journal(runner, database);
    journal.isOpen = false;
    for (const [key, value] of lines) journal.lines.set(key, value);
    return journal;
  }

  /** The database that has it. */
  get database(): string {
    return this.home;
  }

  private get table(): string {
    return qualifiedName({ database: this.home, name: JOURNAL_TABLE });
  }

  /** All lines, by key. */
  get all(): ReadonlyMap<string, unknown> {
    return this.lines;
  }

  /** Goes on in a database to which the table has moved. */
  moveTo(database: string): void {
    this.home = database;
  }

  /** Opens the journal of the runner's operation, and creates its table if there is none. */
  static async open(runner: Runner, database: string): Promise<Journal> {
    const journal = new Journal(runner, database);
    const { cluster } = runner.connection;
    if (cluster !== undefined) {
      await createReplicated(runner, cluster, { database, name: JOURNAL_TABLE }, COLUMNS, KEY);
    } else {
      await runner.run(
        `CREATE TABLE IF NOT EXISTS ${journal.table} ${COLUMNS} ENGINE = ReplacingMergeTree(ver) ${KEY}`,
      );
    }
    await journal.load();
    return journal;
  }

  /** The value of a line; undefined when it was not written. */
  get<Value>(key: string): Value | undefined {
    return this.lines.get(key) as Value | undefined;
  }

  /** A line that must exist. */
  need<Value>(key: string): Value {
    const value = this.get<Value>(key);
    if (value === undefined)
      throw new SchemaError("internal", `Operation ${this.runner.operation}: its journal has no entry "${key}"`);
    return value;
  }

  /** Whether a line was written. */
  has(key: string): boolean {
    return this.lines.has(key);
  }

  /** Lines whose keys begin with a prefix, in no particular order. */
  entries<Value>(prefix: string): [string, Value][] {
    return [...this.lines].filter(([key]) => key.startsWith(prefix)) as [string, Value][];
  }

  /** Writes a line. */
  async set(key: string, value: unknown): Promise<void> {
    if (!this.isOpen)
      throw new SchemaError("internal", `Operation ${this.runner.operation}: its journal was only read`);
    const text = JSON.stringify(value);
    // Incremented rather than taken from the clock, which may be set back.
    this.version += 1n;
    await this.write({ op: this.runner.operation, key, value: text, ver: this.version });
    this.lines.set(key, JSON.parse(text));
  }

  /** Makes this runner the one that may continue; see {@link Journal.assertOwner}. */
  async take(): Promise<void> {
    await this.set("runner", this.owner);
  }

  /** @throws {SchemaError} when another runner has taken over the operation. */
  async assertOwner(): Promise<void> {
    const sql = `SELECT argMax(value, ver) AS newest FROM ${this.table} WHERE op = ${quoteString(this.runner.operation)} AND key = 'runner'`;
    const [row] = await readLines<{ newest: string }>(this.runner, sql);
    if (row?.newest !== JSON.stringify(this.owner)) {
      throw new Postponed(
        `Operation ${this.runner.operation}: another process has taken it over; this one stops.`,
        {},
        "operation-taken-over",
      );
    }
  }

  private write(line: StoredLine): Promise<void> {
    if (this.runner.connection.cluster !== undefined) return writeReplicated(this.runner, this.table, line);
    const text = [line.op, line.key, line.value].map(quoteString).join(", ");
    return this.runner.run(`INSERT INTO ${this.table} (op, key, value, ver) SELECT ${text}, toUInt64(${line.ver})`);
  }

  private async load(): Promise<void> {
    const rows = await readLines<{ key: string; newest: string; latest: string }>(
      this.runner,
      `SELECT key, argMax(value, ver) AS newest, toString(max(ver)) AS latest FROM ${this.table} WHERE op = ${quoteString(this.runner.operation)} GROUP BY key`,
    );
    for (const { key, newest, latest } of rows) {
      this.lines.set(key, parsed(newest));
      if (BigInt(latest) > this.version) this.version = BigInt(latest);
    }
    this.runner.guardedBy = this.get<string>("guard");
  }
}

/** The newest lines of all operations in a database, by operation and key; empty if it has no journal. */
export async function readJournals(
  connection: Connection,
  database: string,
): Promise<Map<string, Map<string, unknown>>> {
  const table = qualifiedName({ database, name: JOURNAL_TABLE });
  const found = new Map<string, Map<string, unknown>>();
  const rows = await readLines<{ op: string; key: string; newest: string }>(
    { connection, operation: "" },
    `SELECT op, key, argMax(value, ver) AS newest FROM ${table} GROUP BY op, key ORDER BY op, key`,
  ).catch((error: unknown) => {
    if (isUnknownTable(error) || isUnknownDatabase(error)) return [];
    throw error;
  });
  for (const { op, key, newest } of rows) {
    const lines = found.get(op) ?? new Map<string, unknown>();
    lines.set(key, parsed(newest));
    found.set(op, lines);
  }
  return found;
}

/** Rows of the journal: on a cluster, all that any runner has written, on whichever host. */
function readLines<Row extends object>(reader: Pick<Runner, "connection" | "operation">, sql: string): Promise<Row[]> {
  return reader.connection.cluster === undefined ? reader.connection.query<Row>(sql) : readReplicated<Row>(reader, sql);
}

/** The value of a line. What is no JSON stays as it is, for whoever checks its shape. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return new Unparsed(text);
  }
}

class Unparsed {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The databases in which operations have run. */
export function databasesWithJournal(server: Server): Promise<string[]> {
  return databasesWith(server, JOURNAL_TABLE);
}
