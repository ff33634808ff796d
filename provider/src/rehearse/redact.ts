import type { Rehearsal } from "./result";
import { type Said, withoutRows } from "./said";

/** A rehearsal without any value of a row: no examples, no rows, and no words of the engine that may quote one. */
export function withoutValues(rehearsal: Rehearsal): Rehearsal {
  const plain = <T extends { readonly error?: Said }>({ error, ...rest }: T) => ({
    ...rest,
    ...(error !== undefined && { error: withoutRows(error) }),
  });
  return {
    ...rehearsal,
    statements: rehearsal.statements.map(plain),
    values: rehearsal.values.map(({ example: _, ...fit }) => plain(fit)),
    inserts: rehearsal.inserts.map(({ after, before, ...rest }) => ({
      ...rest,
      ...(before !== undefined && { before: withoutRows(before) }),
      ...(after !== undefined && { after: withoutRows(after) }),
    })),
    readers: rehearsal.readers.map(({ difference: _, ...reader }) => plain(reader)),
  };
}
