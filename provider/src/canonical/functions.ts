import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { mentionedFunctions } from "./mentions";

/** SQL functions of the server on an embedded engine, which inlines them into the definitions that it stores, as the server does. */
export class BorrowedFunctions {
  private readonly connect: () => Promise<Connection>;
  private readonly lend: (key: string) => Promise<string | undefined>;
  /** Names already looked up, and whether they are functions of the server. */
  private readonly known = new Map<string, boolean>();

  /** @param lend returns the CREATE statement for a key without a database; undefined if the server has no such function. */
  constructor(connect: () => Promise<Connection>, lend: (key: string) => Promise<string | undefined>) {
    this.connect = connect;
    this.lend = lend;
  }

  /** Creates those that a statement may name, and those that these name. @returns keys of the ones that it calls. */
  async borrow(sql: string): Promise<string[]> {
    const called: string[] = [];
    for (const { key, isCalled } of mentionedFunctions(sql)) {
      if (!this.known.has(key)) {
        // Set first, so that a recursive function ends.
        this.known.set(key, false);
        const statement = await this.lend(key);
        if (statement !== undefined) this.known.set(key, await this.create(statement));
      }
      if (isCalled && this.known.get(key)) called.push(key);
    }
    return called;
  }

  /** To be called when the engine is gone, and the functions with it. */
  clear(): void {
    this.known.clear();
  }

  /** @returns whether it exists now: another version may not support its body. */
  private async create(statement: string): Promise<boolean> {
    await this.borrow(statement);
    try {
      await (await this.connect()).command(statement);
      return true;
    } catch (error) {
      if (error instanceof ServerError) return false;
      throw error;
    }
  }
}
