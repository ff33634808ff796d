import type { ColumnChange } from "../diff/changes";
import { namesIn, renameIn } from "../diff/text";
import type { TableSpec } from "../sql/spec";

/** Which columns the default of each column reads. */
type Reads = Map<string, ReadonlySet<string>>;

/**
 * The ALTER in which each column gets its new default: 0 or absent for the first. The engine looks for cycles among old and new defaults
 * together, so replacing `b DEFAULT a` by `a DEFAULT b` takes two ALTERs. And it computes a default from the types that columns had before
 * the ALTER, so one that reads a column of another type comes after it.
 */
export function orderDefaults(
  from: TableSpec,
  to: TableSpec,
  changes: readonly ColumnChange[],
): ReadonlyMap<string, number> {
  const rounds = new Map<string, number>();
  const changed = new Set(changes.flatMap((change) => (change.kind === "column-default" ? [change.name] : [])));
  if (changed.size === 0) return rounds;
  const retyped = new Set(changes.flatMap((change) => (change.kind === "column-retyped" ? [change.name] : [])));
  const wanted = readsOf(to);
  const current = beforeReads(from, changes);
  for (const { name } of to.columns) if (!current.has(name)) current.set(name, wanted.get(name) ?? new Set());
  let pending = [...changed].filter((name) => (wanted.get(name)?.size ?? 0) > 0);
  const gone = [...changed].filter((name) => !pending.includes(name));
  for (let round = 0; pending.length > 0; round += 1) {
    const ready = round === 0 ? pending.filter((name) => !readsAny(wanted.get(name), retyped)) : pending;
    const chosen = choose(ready, current, wanted);
    // If no order works, now or once the removed defaults are gone, the engine is left to report it.
    const isStuck = chosen.length === 0 && ready.length === pending.length && (round > 0 || gone.length === 0);
    const now = isStuck ? pending : chosen;
    for (const name of now) {
      current.set(name, wanted.get(name) ?? new Set());
      if (round > 0) rounds.set(name, round);
    }
    if (round === 0) for (const name of gone) current.set(name, new Set());
    pending = pending.filter((name) => !now.includes(name));
  }
  return rounds;
}

function readsAny(reads: ReadonlySet<string> | undefined, names: ReadonlySet<string>): boolean {
  return [...(reads ?? [])].some((name) => names.has(name));
}

/** As many as possible that form no cycle with the current defaults or each other. */
function choose(pending: readonly string[], current: Reads, wanted: Reads): string[] {
  const together: Reads = new Map(current);
  return pending.filter((name) => {
    const reads = new Set([...(together.get(name) ?? []), ...(wanted.get(name) ?? [])]);
    if (reaches(reads, name, together)) return false;
    together.set(name, reads);
    return true;
  });
}

function reaches(start: ReadonlySet<string>, goal: string, reads: Reads): boolean {
  const seen = new Set(start);
  // The loop also visits the names that it adds.
  for (const name of seen) {
    if (name === goal) return true;
    for (const next of reads.get(name) ?? []) seen.add(next);
  }
  return false;
}

function beforeReads(from: TableSpec, changes: readonly ColumnChange[]): Reads {
  const renames = new Map(
    changes.flatMap((change) => (change.kind === "column-renamed" ? [[change.from, change.to] as const] : [])),
  );
  const columns = from.columns.map((column) => {
    const name = renames.get(column.name) ?? column.name;
    const expression = column.default?.expression;
    return { ...column, name, expression: expression === undefined ? undefined : renameIn(expression, renames) };
  });
  const names = new Set(columns.map(({ name }) => name));
  return new Map(columns.map(({ name, expression }) => [name, onlyColumns(namesIn(expression), names)]));
}

function readsOf({ columns }: TableSpec): Reads {
  const names = new Set(columns.map(({ name }) => name));
  return new Map(columns.map((column) => [column.name, onlyColumns(namesIn(column.default?.expression), names)]));
}

function onlyColumns(words: ReadonlySet<string>, columns: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...words].filter((word) => columns.has(word)));
}
