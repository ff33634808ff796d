import { codeOf } from "../connection/errors";
import { messageOf, SchemaError } from "../errors";
import { quotedName } from "../sql/object-key";

/** How long the first removals of a destroy wait for the others of their wave, in milliseconds. */
const GATHER = 100;

/** Removals that Pulumi requests concurrently: all of them pass, or none. */
export class Wave {
  private current: { readonly checks: Map<string, Promise<unknown>>; readonly gathered: Promise<void> } | undefined;

  /** Waits for the checks of the whole wave. @throws {SchemaError} its own refusal, or another's. */
  async pass(key: string, check: () => Promise<void>): Promise<void> {
    this.current ??= { checks: new Map(), gathered: this.gather() };
    const { checks, gathered } = this.current;
    const own = check();
    checks.set(
      key,
      own.then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    await gathered;
    const outcomes = await Promise.all([...checks].map(async ([other, outcome]) => [other, await outcome] as const));
    await own;
    const refused = outcomes.filter(([, error]) => error !== undefined);
    const [first] = refused;
    if (first === undefined) return;
    const [other, error] = first;
    // A failed check fails every removal of the wave.
    if (!(error instanceof SchemaError)) throw new SchemaError(codeOf(error), messageOf(error));
    throw new SchemaError(
      "drop-still-used",
      `${quotedName(key)}: not dropped, because ${quotedName(other)} is not either; a removal that is refused changes nothing`,
    );
  }

  private async gather(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, GATHER));
    this.current = undefined;
  }
}
