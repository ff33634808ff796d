import type { ColumnSpec } from "../sql/spec";
import { type ColumnChange, pair, position } from "./changes";
import { renameIn, sameList, sameSettings } from "./text";

/** The renamed columns, as a map and as changes. */
export interface Renames {
  /** Old name → new name. */
  readonly forward: ReadonlyMap<string, string>;
  readonly changes: readonly ColumnChange[];
}

/** The declared renames that still have to be done. */
export function diffNames(
  from: readonly ColumnSpec[],
  to: readonly ColumnSpec[],
  declared: Readonly<Record<string, string>>,
  keyNames: ReadonlySet<string>,
): Renames {
  const before = new Set(from.map(({ name }) => name));
  const after = new Set(to.map(({ name }) => name));
  const forward = new Map<string, string>();
  for (const [newName, oldName] of Object.entries(declared)) {
    // Both names exist before and after: an earlier run did it.
    const isDone = before.has(newName) && after.has(oldName);
    if (before.has(oldName) && after.has(newName) && newName !== oldName && !isDone) forward.set(oldName, newName);
  }
  const changes = [...forward].map(([oldName, newName]) =>
    Object.freeze({ kind: "column-renamed" as const, from: oldName, to: newName, inKey: keyNames.has(oldName) }),
  );
  return { forward, changes };
}

/** All other differences between two column lists. */
export function diffColumns(
  from: readonly ColumnSpec[],
  to: readonly ColumnSpec[],
  renames: ReadonlyMap<string, string>,
  keyNames: ReadonlySet<string>,
): ColumnChange[] {
  const overwritten = new Set(renames.values());
  const before = new Map<string, ColumnSpec>();
  const dropped: ColumnSpec[] = [];
  const wanted = new Set(to.map(({ name }) => name));
  for (const column of from) {
    const newName = renames.get(column.name);
    if (newName !== undefined) before.set(newName, renameColumn(column, newName, renames));
    else if (overwritten.has(column.name) || !wanted.has(column.name)) dropped.push(column);
    else before.set(column.name, renameColumn(column, column.name, renames));
  }
  const added = to.filter(({ name }) => !before.has(name));
  const stable = longestOrdered(from, to, renames, before);
  const changes: ColumnChange[] = dropped.map((column) => describeDrop(column, added, keyNames));
  to.forEach((column, index) => {
    const after = position(to[index - 1]?.name);
    const old = before.get(column.name);
    if (old === undefined) {
      changes.push({ kind: "column-added", column, ...after });
      return;
    }
    changes.push(...diffColumn(old, column, keyNames));
    if (!stable.has(column.name)) changes.push({ kind: "column-moved", name: column.name, ...after });
  });
  return changes.map((change) => Object.freeze(change));
}

/** The differences between two columns of the same name. */
export function diffColumn(from: ColumnSpec, to: ColumnSpec, keyNames: ReadonlySet<string>): ColumnChange[] {
  const { name } = to;
  const changes: ColumnChange[] = [];
  if (from.type !== to.type) {
    const inKey = keyNames.has(name);
    changes.push({ kind: "column-retyped", name, from: from.type ?? "", to: to.type ?? "", inKey });
  }
  if (from.default?.kind !== to.default?.kind || expressionOf(from) !== expressionOf(to)) {
    changes.push({ kind: "column-default", name, ...pair(from.default, to.default) });
  }
  if (from.codec !== to.codec) changes.push({ kind: "column-codec", name, ...pair(from.codec, to.codec) });
  if (from.ttl !== to.ttl) changes.push({ kind: "column-ttl", name, ...pair(from.ttl, to.ttl) });
  if (!sameSettings(from.settings, to.settings)) {
    changes.push({ kind: "column-settings", name, from: from.settings ?? [], to: to.settings ?? [] });
  }
  if (!sameList(from.statistics, to.statistics)) {
    changes.push({ kind: "column-statistics", name, ...pair(from.statistics, to.statistics) });
  }
  return [...changes, ...diffColumnComment(from, to)];
}

/** ALTER writes out the expression that a bare EPHEMERAL means in CREATE. */
function expressionOf({ default: value }: ColumnSpec): string | undefined {
  const isBare = value?.kind === "EPHEMERAL" && /^defaultValueOfTypeName\('.*'\)$/.test(value.expression ?? "");
  return isBare ? undefined : value?.expression;
}

/** The only attribute of a column that views themselves have. */
export function diffColumnComment(from: ColumnSpec, to: ColumnSpec): ColumnChange[] {
  if ((from.comment ?? "") === (to.comment ?? "")) return [];
  return [{ kind: "column-comment", name: to.name, ...pair(from.comment || undefined, to.comment || undefined) }];
}

/** A column after its table's columns were renamed. */
function renameColumn(column: ColumnSpec, name: string, renames: ReadonlyMap<string, string>): ColumnSpec {
  if (renames.size === 0) return column;
  const { ttl } = column;
  const expression = column.default?.expression;
  return {
    ...column,
    name,
    ...(column.default &&
      expression !== undefined && { default: { ...column.default, expression: renameIn(expression, renames) } }),
    ...(ttl !== undefined && { ttl: renameIn(ttl, renames) }),
  };
}

function describeDrop(column: ColumnSpec, added: readonly ColumnSpec[], keyNames: ReadonlySet<string>): ColumnChange {
  const alike = added.filter(({ type }) => type === column.type);
  const near = alike.find((candidate) => isNear(candidate.name, column.name)) ?? alike[0];
  return {
    kind: "column-dropped",
    column,
    inKey: keyNames.has(column.name),
    ...(near && { looksLike: near.name }),
  };
}

/** Whether one name contains the other, ignoring case and underscores. */
function isNear(a: string, b: string): boolean {
  const [x, y] = [a, b].map((name) => name.toLowerCase().replaceAll("_", "")) as [string, string];
  return x.includes(y) || y.includes(x);
}

/** The columns that can stay where they are: as many as possible whose order is already right. */
function longestOrdered(
  from: readonly ColumnSpec[],
  to: readonly ColumnSpec[],
  renames: ReadonlyMap<string, string>,
  survivors: ReadonlyMap<string, ColumnSpec>,
): ReadonlySet<string> {
  const overwritten = new Set(renames.values());
  const rank = new Map<string, number>();
  from.forEach(({ name }, index) => {
    const newName = renames.get(name) ?? (overwritten.has(name) ? undefined : name);
    if (newName !== undefined && survivors.has(newName)) rank.set(newName, index);
  });
  // Patience sorting: `tails[n]` ends the best increasing run of n + 1 columns.
  const tails: { name: string; rank: number; before: Tail | undefined }[] = [];
  for (const { name } of to) {
    const value = rank.get(name);
    if (value === undefined) continue;
    let slot = 0;
    while (slot < tails.length && (tails[slot]?.rank ?? value) < value) slot += 1;
    tails[slot] = { name, rank: value, before: slot > 0 ? tails[slot - 1] : undefined };
  }
  const kept = new Set<string>();
  for (let tail: Tail | undefined = tails.at(-1); tail; tail = tail.before) kept.add(tail.name);
  return kept;
}

interface Tail {
  readonly name: string;
  readonly before: Tail | undefined;
}
