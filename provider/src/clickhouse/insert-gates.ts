/** Prefix of the constraint that refuses inserts for a moment. What clients read in error 469: what is happening, and that a retry works. */
export const GATE_PREFIX = "retry_schema_change_in_progress_";

/** How long an opened gate still counts as closed, in milliseconds: clocks differ, and its runner may be about to drop it. */
const LATE = 60_000;

const GATE = new RegExp(
  `,\\s*CONSTRAINT \`?${GATE_PREFIX}\\w+\`? CHECK now64\\(3\\) > fromUnixTimestamp64Milli\\(toInt64\\((\\d+)\\)\\)`,
  "g",
);

/**
 * The statement of a table without the gates of operations that run at this moment, on this table or on what it feeds: they are no change of
 * it. What a dead runner has left stays, so that a plan drops it.
 *
 * @param now in milliseconds.
 */
export function withoutClosedGates(statement: string, now = Date.now()): string {
  if (!statement.includes(GATE_PREFIX)) return statement;
  return statement.replace(GATE, (gate, opens: string) => (Number(opens) > now - LATE ? "" : gate));
}
