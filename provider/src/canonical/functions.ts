import { codesOf } from "../clickhouse/error-codes";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { mentionedFunctions } from "../lineage/mentions";
import { quoteIdentifier } from "../sql/identifiers";
import type { SqlFunctionSpec } from "../sql/spec";

/** SQL functions of the server on an embedded engine, which inlines them into the definitions that it stores, as the server does. */
export class EngineFunctions {
  private readonly connect: () => Promise<Connection>;
  private readonly lookUp: (key: string) => Promise<string | undefined>;
  /** Names already looked up: their statement if they are functions, and whether the engine has them. */
  private readonly known = new Map<string, { readonly statement?: string; readonly exists: boolean }>();
  /** Statements of the declared functions, by key. */
  private readonly declared = new Map<string, string>();

  /** @param lookUp returns the CREATE statement for a key without a database; undefined if the server has no such function. */
  constructor(connect: () => Promise<Connection>, lookUp: (key: string) => Promise<string | undefined>) {
    this.connect = connect;
    this.lookUp = lookUp;
  }

  /** Records a declared function, which precedes the server's of its name. */
  declare(key: string, statement: string): void {
    this.declared.set(key, statement);
  }

  /** What the engine has under a key is no longer what was created. */
  forget(key: string): void {
    this.known.delete(key);
  }

  /** Creates those that a statement may name, and those that these name. @returns keys of undeclared ones that it calls. */
  async createCalled(sql: string): Promise<string[]> {
    const called: string[] = [];
    for (const { key, isCalled } of mentionedFunctions(sql)) {
      const declared = this.declared.get(key);
      const known = this.known.get(key);
      if (known === undefined || (declared !== undefined && known.statement !== declared)) {
        // Set first, so that a recursive function ends.
        this.known.set(key, { exists: false, ...(declared !== undefined && { statement: declared }) });
        const statement = declared ?? (await this.lookUp(key));
        if (statement !== undefined) this.known.set(key, { statement, exists: await this.create(statement) });
      }
      if (isCalled && declared === undefined && this.known.get(key)?.exists) called.push(key);
    }
    return called;
  }

  /** To be called when the engine is gone, and the functions with it. */
  clear(): void {
    this.known.clear();
  }

  /** @returns whether it exists now: another version may not support its body. */
  private async create(statement: string): Promise<boolean> {
    await this.createCalled(statement);
    try {
      await (await this.connect()).command(statement.replace(/^CREATE FUNCTION/, "CREATE OR REPLACE FUNCTION"));
      return true;
    } catch (error) {
      if (error instanceof ServerError) return false;
      throw error;
    }
  }
}

/** What a call says about names that neither the parameters nor the engine have. */
const UNKNOWN_NAME = codesOf("UNKNOWN_IDENTIFIER", "UNKNOWN_FUNCTION");

/**
 * The server creates a function whatever its expression names, and each call of it would fail. Types are only known at a call, so any other
 * error proves nothing here.
 *
 * @throws {ServerError} in the engine's words.
 */
export async function refuseUnknownNames(engine: Connection, { name, parameters }: SqlFunctionSpec): Promise<void> {
  const call = `${quoteIdentifier(name)}(${parameters.map(() => "NULL").join(", ")})`;
  try {
    await engine.query(`DESCRIBE (SELECT ${call})`);
  } catch (error) {
    if (error instanceof ServerError && UNKNOWN_NAME.has(error.code)) throw error;
  }
}
