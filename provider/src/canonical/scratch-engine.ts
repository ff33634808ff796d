import type { Connection } from "../connection/connection";
import { ConnectionError } from "../connection/errors";
import { mentionedNames } from "../lineage/mentions";
import { isGrants } from "../sql/access/grant";
import { policyParts } from "../sql/access/row-policy";
import type { RowPolicySpec } from "../sql/access/spec";
import { Definition } from "../sql/definition";
import { isAccess, keyOf, objectKey, quotedName } from "../sql/object-key";
import { renderLambda } from "../sql/render/sql-function";
import type { DatabaseSpec, DictionarySpec, ObjectSpec, SqlFunctionSpec } from "../sql/spec";
import { Serial } from "../util/serial";
import { canonicalAccess, readsItself } from "./access";
import type { Canonical } from "./canonical";
import { localDictionary, restoreDictionary, withHiddenSource } from "./dictionary";
import { EngineObjects, type LookUp } from "./engine-objects";
import { isFromQuery, withColumnsOf } from "./from-query";
import { refuseUnknownNames } from "./functions";
import type { Hosted } from "./host";
import { withDeclaredSecurity } from "./hostable";
import { localStatement } from "./local-statement";
import { dropServerDefaults, normalizeShown } from "./normal-form";
import { externalDependency, sourcesOf } from "./outside";
import { restoreOutside } from "./restore";
import { withoutSecrets } from "./secrets";
import { refuseOtherOrder } from "./set-order";
import { isStored } from "./stand-in";
import { isUnsupportedLocally } from "./unsupported-locally";

/** Answers where there is no embedded engine. */
type WithoutEngine = (spec: ObjectSpec, missing: ConnectionError) => Promise<Canonical>;

/**
 * The declared objects on an embedded engine: each is created there after its sources, so that it is checked against the tables as
 * declared, and read back in the engine's own words.
 */
export class ScratchEngine {
  private readonly objects: EngineObjects;
  private readonly withoutEngine: WithoutEngine | undefined;
  private readonly turns = new Serial();

  /**
   * @param withoutEngine answers in its place if it cannot be opened.
   * @param asksServer whether `lookUp` queries a server; if not, the log tables of servers are assumed to exist.
   */
  constructor(
    open: () => Promise<Connection>,
    lookUp: LookUp,
    withoutEngine?: WithoutEngine,
    asksServer: () => boolean = () => false,
  ) {
    this.objects = new EngineObjects(open, lookUp, asksServer);
    this.withoutEngine = withoutEngine;
  }

  /** Records a definition; it is only run when a reader of the object is canonicalised. */
  declare(key: string, definition: Definition): void {
    this.objects.declare(key, definition);
  }

  /**
   * Creates `spec` on the engine, after its sources, and returns the engine's statement.
   *
   * @throws {ServerError} with the engine's words when it refuses.
   */
  canonicalize(spec: ObjectSpec): Promise<Canonical> {
    return this.turns.run(async () => {
      const { withoutEngine } = this;
      const missing = await this.objects.connect().then(
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
      await this.objects.functions.createCalled(sql);
      return (await this.objects.connect()).query<Row>(localStatement(sql), params);
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
      await this.objects.prepareBare(query);
      return this.describe(query);
    });
  }

  /** Version of the engine, if it has been opened; undefined otherwise. */
  version(): Promise<string | undefined> {
    return this.objects.version();
  }

  close(): Promise<void> {
    return this.objects.close();
  }

  private async describe(query: string): Promise<{ name: string; type: string }[]> {
    return (await this.objects.connect()).query(`DESCRIBE (${localStatement(query)})`);
  }

  private async canonicalizeNow(given: ObjectSpec): Promise<Canonical> {
    // Grants are in their normal form, which only a server with users can tell.
    if ("entries" in given || isGrants(given)) {
      const definition = Definition.of(given);
      return { definition, shown: definition, fromServer: [] };
    }
    if (given.kind === "rowPolicy") return this.canonicalizePolicy(given);
    if (isAccess(given)) return canonicalAccess(await this.objects.connect(), given);
    if ("expression" in given) return this.canonicalizeFunction(given);
    if ("attributes" in given) return this.canonicalizeDictionary(given);
    if (!("database" in given)) return this.canonicalizeDatabase(given);
    const { objects } = this;
    const key = keyOf(given);
    const written = Definition.of(given);
    const functions = await objects.functions.createCalled(written.text);
    const fromServer = [...functions, ...(await objects.prepare(key, sourcesOf(given, written.text)))];
    const declared = isFromQuery(given)
      ? Definition.of(withColumnsOf(given, await this.describe(given.as.text)))
      : written;
    const hosted = await objects.host(key, declared);
    const shown = normalizeShown(withDeclaredSecurity(await objects.show(key), declared.spec));
    refuseOtherOrder(declared.spec, shown);
    const made = await this.complete(declared, hosted, shown);
    objects.is(key, made.definition);
    return { ...made, fromServer, ...(hosted.reason !== undefined && { standIn: hosted.reason }) };
  }

  /** Its text is the formatter's. It is created under its own name, so that the engine refuses one that it has built in. */
  private async canonicalizeFunction(spec: SqlFunctionSpec): Promise<Canonical> {
    const { functions } = this.objects;
    const key = keyOf(spec);
    const fromServer = (await functions.createCalled(renderLambda(spec))).filter((one) => one !== key);
    const definition = Definition.of(normalizeShown(await this.objects.format(Definition.of(spec).text)));
    functions.forget(key);
    const engine = await this.objects.connect();
    await engine.command(definition.text.replace(/^CREATE /, "CREATE OR REPLACE "));
    await refuseUnknownNames(engine, spec);
    return { definition, shown: definition, fromServer };
  }

  /**
   * As the formatter spells it. No policy is made: its condition is tried on what it filters, with all of the database that is declared if that
   * is a database, because a policy whose condition cannot be evaluated makes every SELECT fail.
   */
  private async canonicalizePolicy(spec: RowPolicySpec): Promise<Canonical> {
    const { objects } = this;
    const definition = Definition.of(
      normalizeShown(await objects.format(Definition.of(spec).text, "formatQuerySingleLine")),
    );
    const { using } = definition.spec as RowPolicySpec;
    const { database, table } = policyParts(spec.name);
    if (table !== undefined && mentionedNames(using ?? "").has(objectKey(database, table)))
      throw readsItself(spec.name);
    const tables = table === undefined ? objects.declaredIn(database) : [objectKey(database, table)];
    for (const key of using === undefined ? [] : tables) {
      const query = `SELECT 1 FROM ${quotedName(key)} WHERE (${using})`;
      await objects.prepareBare(query);
      await this.describe(query);
    }
    return { definition, shown: definition, fromServer: [] };
  }

  /** With an empty source, which is then written as the formatter spells it; nothing is read from the real one. */
  private async canonicalizeDictionary(spec: DictionarySpec): Promise<Canonical> {
    const { objects } = this;
    const key = keyOf(spec);
    const { text } = Definition.of(spec);
    const fromServer = await objects.prepare(key, sourcesOf(spec, text));
    await (await objects.connect()).command(localDictionary(text));
    const shown = await objects.show(key);
    const definition = Definition.of(restoreDictionary(await objects.format(text), shown));
    objects.is(key, definition);
    return { definition, shown: Definition.of(withHiddenSource(definition.spec)), fromServer };
  }

  /** Under a separate name: the database of that name may contain objects that are declared in it. */
  private async canonicalizeDatabase(spec: DatabaseSpec): Promise<Canonical> {
    const engine = await this.objects.connect();
    const trial = "_canonical";
    const outside = externalDependency(spec);
    if (outside !== undefined) return this.writtenDatabase(spec, outside);
    try {
      await engine.command(Definition.of({ ...spec, name: trial }).text);
    } catch (error) {
      if (!isUnsupportedLocally(error)) throw error;
      return this.writtenDatabase(spec, error.message);
    }
    const shown = dropServerDefaults(await this.objects.show(objectKey(trial)), spec);
    await engine.command(`DROP DATABASE ${trial} SYNC`);
    const definition = Definition.of({ ...shown, name: spec.name } as DatabaseSpec);
    return { definition, shown: definition, fromServer: [] };
  }

  /** As written, in the formatter's spelling. */
  private async writtenDatabase(spec: DatabaseSpec, reason: string): Promise<Canonical> {
    const written = dropServerDefaults(await this.objects.format(Definition.of(spec).text), spec);
    const shown = await withoutSecrets(await this.objects.connect(), written);
    return { definition: Definition.of(written), shown: Definition.of(shown), fromServer: [], standIn: reason };
  }

  /** Restores what the engine could not host or does not show. */
  private async complete(declared: Definition, hosted: Hosted, spec: ObjectSpec): Promise<Completed> {
    const shown = Definition.of(spec);
    const hidesSecret = shown.text.includes("[HIDDEN]") && isStored(spec);
    if (hosted.standIn === undefined && !hidesSecret) return { definition: shown, shown };
    const written = await this.objects.format(declared.text);
    if (hosted.standIn !== undefined) {
      const restored = restoreOutside(written, hosted.standIn, spec);
      const definition = Definition.of(restored);
      if (!hosted.isOutside) return { definition, shown: definition };
      return { definition, shown: Definition.of(await withoutSecrets(await this.objects.connect(), restored)) };
    }
    if (!isStored(written) || !isStored(spec)) return { definition: shown, shown };
    const storage = { ...spec.storage, ...written.storage, settings: spec.storage?.settings ?? [] };
    return { definition: Definition.of({ ...spec, storage }), shown };
  }
}

type Completed = Pick<Canonical, "definition" | "shown">;
