import { localDictionary } from "../../canonical/dictionary";
import { dropServerDefaults, normalizeShown } from "../../canonical/normal-form";
import { externalDependency, localKind } from "../../canonical/outside";
import type { ScratchEngine } from "../../canonical/scratch-engine";
import { isStored, restore } from "../../canonical/stand-in";
import { codesOf } from "../../clickhouse/error-codes";
import { ConnectionError, ServerError } from "../../connection/errors";
import { isSyntaxError } from "../../connection/server-message";
import { kindOf } from "../../kinds";
import type { OutputColumn } from "../../lint";
import { Definition } from "../../sql/definition";
import { SqlParseError } from "../../sql/errors";
import { quoteIdentifier } from "../../sql/identifiers";
import { keyOf, keyParts, objectKey, quotedName } from "../../sql/object-key";
import { parseCreate } from "../../sql/parse";
import { renderCreate } from "../../sql/render";
import type { ObjectSpec, ViewSpec } from "../../sql/spec";
import { type Head, readHead, scopeOf } from "./create-header";
import { isHarmless, isKnown, readChange, withoutFormat } from "./other-statements";
import { type Outcome, qualifiedSpec, quietSpec } from "./outcome";
import type { Statement } from "./source";

/** Does what it can; false to be called again when more objects exist. */
type Work = () => Promise<boolean>;

/** Queries are tried as views under this name. */
const QUERY = "_query";
/** The dictionary or function already exists. */
const EXISTS = codesOf("TABLE_ALREADY_EXISTS", "FUNCTION_ALREADY_EXISTS");

/** Statements on the embedded engine, in whatever order. Only definitions run there; it never holds a row. */
export class LintSession {
  readonly outcomes: Outcome[] = [];
  /** Why there is no engine. */
  offline: string | undefined;
  private readonly scratch: ScratchEngine;
  private readonly types = new Map<string, readonly OutputColumn[]>();
  private readonly existing = new Map<string, Outcome>();
  /** Names in statements that are not tracked (RENAME …), in lower case. */
  private readonly unsure = new Set<string>();
  private database: string | undefined;

  constructor(scratch: ScratchEngine) {
    this.scratch = scratch;
  }

  /** Runs what can be run, repeatedly while that makes more of it possible. */
  async run(statements: readonly Statement[]): Promise<void> {
    let pending = statements.flatMap((statement) => this.workOf(statement) ?? []);
    for (let before = -1; pending.length !== before; ) {
      before = pending.length;
      const left: Work[] = [];
      for (const work of pending) if (!(await this.attempt(work))) left.push(work);
      pending = left;
    }
  }

  /** The object of a key: the one that exists in the end, else the one that was dropped or refused. */
  find(key: string): ObjectSpec | undefined {
    return this.isUnsure(key) ? undefined : this.outcomeOf(key)?.spec;
  }

  /** Whether another object may have got this name, by a statement that is not tracked. */
  isUnsure(key: string): boolean {
    return this.unsure.has(keyParts(key).name?.toLowerCase() ?? "");
  }

  /** The final outcome for a key. */
  outcomeOf(key: string): Outcome | undefined {
    const isIt = ({ head }: Outcome): boolean => head !== undefined && objectKey(head.database, head.name) === key;
    return this.existing.get(key) ?? this.outcomes.filter(isIt).at(-1);
  }

  /** Types of a query's outputs, if the engine knew them. */
  typesOf(query: string): readonly OutputColumn[] | undefined {
    return this.types.get(query);
  }

  private workOf(statement: Statement): Work | undefined {
    const { verb, sql, database } = statement;
    if (["SELECT", "WITH", "FROM", "("].includes(verb)) return this.register({ statement }, (it) => this.tryQuery(it));
    // In prose, much is only sketched.
    if (!isKnown(verb) && !statement.source.isMarkdown) return this.register({ statement }, () => this.explain(sql));
    const head = ["CREATE", "ATTACH", "REPLACE"].includes(verb) ? readHead(sql, database) : undefined;
    if (head === undefined) return this.otherWork(statement);
    return this.register({ statement, head }, (outcome) => this.tryCreate(outcome, head));
  }

  private register(outcome: Outcome, run: (outcome: Outcome) => Promise<void>): Work {
    this.outcomes.push(outcome);
    return async () => {
      delete outcome.refusal;
      try {
        await run(outcome);
        return true;
      } catch (error) {
        if (!(error instanceof ServerError || error instanceof SqlParseError)) throw error;
        outcome.refusal = await this.inOwnText(outcome.statement, error);
        return error instanceof SqlParseError;
      }
    };
  }

  /** ALTER and DROP are applied to existing objects, SET if it permits types; everything else is ignored. */
  private otherWork(statement: Statement): Work | undefined {
    if (statement.verb === "SET" && isHarmless(statement.sql)) return () => this.settle(() => this.ask(statement));
    const change = readChange(statement);
    if (change?.kind === "unsure") for (const name of change.names) this.unsure.add(name.toLowerCase());
    if (change?.kind === "drop") return () => this.drop(change.key);
    if (change?.kind !== "alter") return undefined;
    return async () => {
      const found = this.existing.get(change.key);
      if (found === undefined) return false;
      return this.settle(async () => {
        await this.ask(statement, change.plain);
        await this.reread(found, change.key);
      });
    };
  }

  private async drop(key: string): Promise<boolean> {
    const isHosted = this.existing.get(key)?.isHosted;
    this.existing.delete(key);
    if (isHosted) {
      await this.settle(() =>
        this.scratch.ask(`DROP TABLE IF EXISTS ${quotedName(key)} SYNC SETTINGS check_table_dependencies = 0`),
      );
    }
    return true;
  }

  /** Without an engine, statements are taken as written. */
  private async attempt(work: Work): Promise<boolean> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ConnectionError) || this.offline !== undefined) throw error;
      this.offline = error.message;
      return work();
    }
  }

  private async settle(run: () => Promise<unknown>): Promise<boolean> {
    if (this.offline !== undefined) return true;
    try {
      await run();
      return true;
    } catch (error) {
      if (error instanceof ServerError) return false;
      throw error;
    }
  }

  private async tryCreate(outcome: Outcome, head: Head): Promise<void> {
    const { statement } = outcome;
    if (head.kind === "dictionary" || scopeOf(head.kind) === "server") return this.createOther(outcome, head);
    const declared = await this.parse(statement, head.plain);
    const written = qualifiedSpec(declared, statement.database);
    outcome.spec ??= written;
    const { spec, hosted } = await this.host(outcome, quietSpec(declared), written);
    if (!kindOf(spec.kind).isOnScratch) return;
    outcome.spec = spec;
    outcome.isHosted = hosted !== undefined;
    this.place(outcome, spec, hosted);
  }

  private async createOther({ statement }: Outcome, { kind, plain }: Head): Promise<void> {
    if (this.offline !== undefined) return;
    try {
      await this.ask(statement, kind === "dictionary" ? localDictionary(plain) : plain);
    } catch (error) {
      if (!(error instanceof ServerError) || !EXISTS.has(error.code)) throw error;
    }
  }

  private async tryQuery(outcome: Outcome): Promise<void> {
    const { sql, database } = outcome.statement;
    const declared: ViewSpec = { kind: "view", database, name: QUERY, columns: [], query: withoutFormat(sql) };
    const written = qualifiedSpec(declared, database);
    outcome.spec ??= written;
    outcome.spec = (await this.host(outcome, declared, written)).spec;
  }

  /**
   * @param declared what is created.
   * @param written what is linted if the engine is not used.
   * @returns `hosted` is what exists on the engine, if anything does.
   */
  private async host(
    outcome: Outcome,
    declared: ObjectSpec,
    written: ObjectSpec,
  ): Promise<{ spec: ObjectSpec; hosted?: Definition }> {
    if (this.offline !== undefined) return { spec: written };
    const outside = externalDependency(declared);
    const local = outside === undefined ? declared : localKind(declared);
    if (outside !== undefined) outcome.standIn = outside;
    if (local === undefined) return { spec: written };
    await this.use(outcome.statement.database);
    const { definition, standIn } = await this.scratch.canonicalize(local);
    if (standIn !== undefined) outcome.standIn = standIn;
    const made = definition.spec;
    await this.describe(made);
    const isRestored = outside !== undefined && isStored(made) && isStored(written) && isStored(local);
    const spec = isRestored ? restore(written, local, made) : made;
    const isPopulated = spec.kind === "materializedView" && written.kind === "materializedView" && written.populate;
    return { spec: isPopulated ? { ...spec, populate: true } : spec, hosted: definition };
  }

  /** Remembers what exists now, and notices a second definition of it. */
  private place(outcome: Outcome, spec: ObjectSpec, hosted: Definition | undefined): void {
    const key = keyOf(spec);
    const before = this.existing.get(key);
    if (before?.spec !== undefined && !outcome.head?.replaces) {
      if (renderCreate(before.spec) === renderCreate(spec)) outcome.isSuperseded = true;
      else if (!this.isUnsure(key)) outcome.twin = before.statement;
      return;
    }
    // Dropped and recreated, or replaced: only the last one counts.
    for (const earlier of this.outcomes) {
      if (earlier === outcome) break;
      if (earlier.spec && earlier.head && keyOf(earlier.spec) === key) earlier.isSuperseded = true;
    }
    this.existing.set(key, outcome);
    // An object with a stand-in must remain one: the engine creates what is declared when something reads it.
    if (hosted !== undefined) this.scratch.declare(key, hosted);
  }

  private async reread(outcome: Outcome, key: string): Promise<void> {
    const { spec } = outcome;
    const [row] = await this.scratch.ask<{ statement: string }>(`SHOW CREATE TABLE ${quotedName(key)}`);
    if (spec === undefined || row === undefined) return;
    const shown = normalizeShown(dropServerDefaults(parseCreate(row.statement), spec));
    this.scratch.declare(key, Definition.of(shown));
    const isStandIn = outcome.standIn !== undefined && spec.kind === "table" && shown.kind === "table";
    outcome.spec = isStandIn ? { ...spec, columns: shown.columns } : shown;
    await this.describe(outcome.spec);
  }

  private async describe(spec: ObjectSpec): Promise<void> {
    if (!("query" in spec)) return;
    const rows = await this.scratch.ask<OutputColumn>(`DESCRIBE (${spec.query})`).catch((error: unknown) => {
      if (error instanceof ServerError) return [];
      throw error;
    });
    if (rows.length > 0) this.types.set(spec.query, rows);
  }

  /** A syntax error with its position in the author's text: the engine was given a rewritten one. */
  private async inOwnText(
    { sql }: Statement,
    error: ServerError | SqlParseError,
  ): Promise<ServerError | SqlParseError> {
    if (!isSyntaxError(error) || error.sql.startsWith(EXPLAIN)) return error;
    return this.scratch.ask(`${EXPLAIN}${sql}`).then(
      () => error,
      (own: unknown) => (own instanceof ServerError ? own : error),
    );
  }

  /** If this package's own parser cannot read it, the engine's decides. */
  private async parse(statement: Statement, plain: string): Promise<ObjectSpec> {
    try {
      return parseCreate(plain);
    } catch (error) {
      if (error instanceof SqlParseError) await this.explain(statement.sql);
      throw error;
    }
  }

  /** @throws {ServerError} for what the engine cannot read. */
  private async explain(sql: string): Promise<void> {
    if (this.offline === undefined) await this.scratch.ask(`${EXPLAIN}${sql}`);
  }

  private async ask(statement: Statement, sql = statement.sql): Promise<void> {
    await this.use(statement.database);
    await this.scratch.ask(sql);
  }

  private async use(database: string): Promise<void> {
    if (this.database === database) return;
    await this.scratch.ask(`CREATE DATABASE IF NOT EXISTS ${quoteIdentifier(database)}`);
    await this.scratch.ask(`USE ${quoteIdentifier(database)}`);
    this.database = database;
  }
}

/** The text that positions in the engine's answer refer to. */
export const EXPLAIN = "EXPLAIN AST ";
