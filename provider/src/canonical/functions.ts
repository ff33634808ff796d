import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { mentionedFunctions } from "./mentions";

/** SQL functions of the server on a scratch engine, which writes what they say into what it keeps, as the server does. */
export class BorrowedFunctions {
  private readonly connect: () => Promise<Connection>;
  private readonly lend: (key: string) => Promise<string | undefined>;
  /** Names that were looked for, with whether they are functions of the server's. */
  private readonly known = new Map<string, boolean>();

  /** @param lend gives the CREATE statement for a key without a database; undefined for what is no function of the server's. */
  constructor(connect: () => Promise<Connection>, lend: (key: string) => Promise<string | undefined>) {
    this.connect = connect;
    this.lend = lend;
  }

  /** Creates those that a statement may name, and those that they name. @returns keys of the ones that it calls. */
  async borrow(sql: string): Promise<string[]> {
    const called: string[] = [];
    for (const { key, isCalled } of mentionedFunctions(sql)) {
      if (!this.known.has(key)) {
        // First, so that what names itself ends.
        this.known.set(key, false);
        const statement = await this.lend(key);
        if (statement !== undefined) this.known.set(key, await this.create(statement));
      }
      if (isCalled && this.known.get(key)) called.push(key);
    }
    return called;
  }

  /** The engine is gone, and they with it. */
  clear(): void {
    this.known.clear();
  }

  /** @returns whether it is there now: another version may not know what it says. */
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
