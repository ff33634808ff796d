/** A server of one database that knows a journal, and things that are put and taken. For the laws of the operation engine. */
import assert from "node:assert/strict";
import type { Connection } from "../../provider/src/connection/connection";
import { ServerError } from "../../provider/src/connection/errors";
import { unquoteString } from "../../provider/src/sql/identifiers";
import { lex } from "../../provider/src/sql/lexer";

/** Thrown where a runner dies. */
export class Death extends Error {}

/** What befalls the runner on one connection. */
export interface Fate {
  /** Dies at its `statement`-th statement, counted from 0: before the server has run it, or when it was run and nobody heard the answer. */
  readonly death?: { readonly statement: number; readonly isRun: boolean };
  /** The server refuses, for good, each statement that this is true of. */
  readonly refuses?: (sql: string) => boolean;
  /** Called before each statement. */
  readonly before?: (sql: string, index: number) => Promise<void>;
}

interface Line {
  readonly value: string;
  readonly version: number;
}

export class FakeServer {
  /** What was put and not taken, in that order. */
  readonly things: string[] = [];
  /** Journal by operation and key; undefined before its table is created. */
  journal: Map<string, Map<string, Line>> | undefined;
  /** Called with each thing that is put. */
  onPut: (thing: string) => void = () => undefined;

  /** Every statement that was run, without its mark. */
  readonly ran: string[] = [];

  lines(operation: string): ReadonlyMap<string, Line> {
    return this.journal?.get(operation) ?? new Map();
  }

  /** Writes a journal line as another version would. */
  write(operation: string, key: string, value: unknown): void {
    const lines = this.journal?.get(operation);
    const version = Math.max(0, ...[...(lines?.values() ?? [])].map((line) => line.version)) + 1;
    lines?.set(key, { value: JSON.stringify(value) ?? "", version });
  }

  copy(): FakeServer {
    const copy = new FakeServer();
    copy.things.push(...this.things);
    copy.journal = this.journal && new Map([...this.journal].map(([operation, lines]) => [operation, new Map(lines)]));
    return copy;
  }

  connect(fate: Fate = {}): Connection {
    let count = 0;
    let isDead = false;
    const command = async (marked: string): Promise<void> => {
      if (isDead) throw new Death();
      const sql = marked.replace(/^\/\* schema-op \w+ \*\/ /, "");
      const index = count++;
      await fate.before?.(sql, index);
      const { death } = fate;
      const dies = death?.statement === index;
      isDead ||= dies;
      if (dies && !death.isRun) throw new Death(sql);
      if (fate.refuses?.(sql)) throw new ServerError(`No such right (injected into: ${sql})`, 497, sql);
      this.run(sql);
      if (dies) throw new Death(sql);
    };
    const query = async <Row extends object>(sql: string): Promise<Row[]> => {
      if (isDead) throw new Death();
      return this.answer(sql) as Row[];
    };
    const capabilities = {} as Connection["capabilities"];
    const none = async (): Promise<void> => undefined;
    return { url: "fake", version: "26.7.1.1", capabilities, command, query, insert: none, close: none };
  }

  private run(sql: string): void {
    this.ran.push(sql);
    const [verb = "", thing = ""] = sql.split(" ");
    if (verb === "PUT") {
      this.onPut(thing);
      if (!this.things.includes(thing)) this.things.push(thing);
    } else if (verb === "TAKE") {
      const at = this.things.indexOf(thing);
      if (at >= 0) this.things.splice(at, 1);
    } else if (sql.startsWith("CREATE TABLE IF NOT EXISTS d._schema_ops")) this.journal ??= new Map();
    else if (sql.startsWith("INSERT INTO d._schema_ops")) this.insert(sql);
    else throw new Error(`The fake server does not know: ${sql}`);
  }

  private insert(sql: string): void {
    const [operation = "", key = "", value = ""] = lex(sql)
      .filter(({ kind }) => kind === "string")
      .map(({ text }) => unquoteString(text));
    const version = Number(/toUInt64\((\d+)\)/.exec(sql)?.[1]);
    const lines = this.journal?.get(operation) ?? new Map<string, Line>();
    // As argMax(value, ver) reads it.
    if (version >= (lines.get(key)?.version ?? 0)) lines.set(key, { value, version });
    assert.ok(this.journal, "a line is written to a journal that was not created");
    this.journal.set(operation, lines);
  }

  private answer(sql: string): object[] {
    if (sql === "THINGS") return [{ things: this.things.join(" ") }];
    if (/FROM system\.(?:processes|tables) /.test(sql)) return [];
    if (!sql.includes("FROM d._schema_ops")) throw new Error(`The fake server does not know: ${sql}`);
    if (this.journal === undefined) throw new ServerError("no journal", 60, sql);
    const operation = /op = '(\w+)'/.exec(sql)?.[1];
    const rows = [...this.journal]
      .filter(([op]) => operation === undefined || op === operation)
      .flatMap(([op, lines]) =>
        [...lines].map(([key, { value, version }]) => ({ op, key, newest: value, latest: String(version) })),
      );
    if (sql.includes("key = 'runner'")) return [{ newest: rows.find(({ key }) => key === "runner")?.newest ?? "" }];
    return rows;
  }
}
