/** Something the user can mend: says where, what was found, what was expected, and the next step. */
export class SchemaError extends Error {
  override readonly name: string = "SchemaError";
  /** Every problem found, one sentence each; `message` joins them. */
  readonly problems: readonly string[];

  constructor(problems: string | readonly string[], options?: ErrorOptions) {
    const list = typeof problems === "string" ? [problems] : problems;
    super(list.join("\n"), options);
    this.problems = list;
  }
}

/** The message of anything that was thrown, with the next step of an error that has one. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { message, nextStep } = error as Error & { readonly nextStep?: string };
  return nextStep === undefined ? message : `${message} ${nextStep}`;
}
