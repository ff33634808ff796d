import { type Problem, SchemaError } from "../errors";

/** Checks that all run, so that the user can fix everything after one run. A preview shows what they find; a run is refused for it. */
export class Problems {
  readonly found: Problem[] = [];

  /** Runs a check. @returns its result; undefined if it has found something. */
  async of<Value>(check: () => Value | Promise<Value>): Promise<Value | undefined> {
    try {
      return await check();
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error;
      this.found.push(...error.problems);
      return undefined;
    }
  }

  /** @throws {SchemaError} with everything that was found; nothing was changed. */
  refuse(): void {
    const [first] = this.found;
    if (first !== undefined) throw new SchemaError(first.code, this.found);
  }
}
