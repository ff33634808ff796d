import type { ValueMap } from "../code/value";
import type { Raw } from "../declare/fields";
import { type Change, type DiffOptions, type ObjectName, pair } from "../diff/changes";
import type { Plan, PlanOptions, Statement, Step } from "../plan/plan";
import { planRename } from "../plan/rename";
import { rightsToRefuseInserts } from "../plan/rights";
import type { Right } from "../sql/grants";
import { keyOf, keyParts } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { Words } from "../sql/render/clauses";
import type { ObjectKind, ObjectSpec, QualifiedName, SpecOf } from "../sql/spec";
import { kindOf } from "./index";

/**
 * The differences between two canonical specs of one object; empty if there are none.
 *
 * Order is ignored where it has no meaning and the engine cannot restore it: for settings, indexes, projections,
 * constraints and statistics.
 *
 * @throws {Error} when the two are not of the same kind: then they are different objects.
 */
export function diffObject(from: ObjectSpec, to: ObjectSpec, options: DiffOptions = {}): Change[] {
  refuseOtherKind(from, to);
  const changes: Change[] = [];
  const names = [nameOf(from), nameOf(to)] as const;
  if (names[0].database !== names[1].database || names[0].name !== names[1].name) {
    changes.push(Object.freeze({ kind: "renamed" as const, from: names[0], to: names[1] }));
  }
  changes.push(...kindOf(to.kind).diff(from, to, options));
  const [before, after] = [commentOf(from), commentOf(to)];
  if (before !== after) changes.push(Object.freeze({ kind: "comment" as const, ...pair(before, after) }));
  return changes;
}

/**
 * The steps that turn `from` into `to`, starting with a rename.
 *
 * @param changes what `diffObject(from, to)` found.
 */
export function planObject(
  from: ObjectSpec,
  to: ObjectSpec,
  changes: readonly Change[],
  options: PlanOptions = {},
): Plan {
  refuseOtherKind(from, to);
  const { plan, rename = planRename } = kindOf(to.kind);
  const rest = changes.filter(({ kind }) => kind !== "renamed");
  const renames = changes.flatMap((change) =>
    change.kind === "renamed" ? rename(to, change.from, change.to, rest.length === 0) : [],
  );
  const steps: Step[] = rest.length === 0 ? [] : plan(from, to, rest, options);
  return { steps: [...renames, ...steps] };
}

/** What arguments declare. @throws {SchemaError} naming every wrong argument. */
export function declareObject<K extends ObjectKind>(kind: K, name: QualifiedName, args: Raw): SpecOf<K> {
  return kindOf(kind).declare(name, args);
}

/**
 * The structured arguments that express a spec: the inverse of {@link declareObject}. What they cannot express is left out, so that
 * declaring them again shows it.
 *
 * @param listed whether the columns of a view are written even if they may be those of its query.
 * @returns arguments without `name` and `database`.
 */
export function codeOf(spec: ObjectSpec, listed = false): ValueMap {
  return kindOf(spec.kind).code(spec, listed);
}

/** Privileges that the server requires for the CREATE statement of an object, without those on what its query reads. */
export function rightsToCreate(spec: ObjectSpec): Right[] {
  return kindOf(spec.kind).rightsToCreate(spec);
}

/** Privileges that the server requires for a statement of a plan. @param object what it changes. */
export function rightsToRun({ gated, sql }: Statement, object: ObjectSpec): Right[] {
  const own = kindOf(object.kind).rightsToRun(sql, object);
  return gated && "database" in object ? [...own, ...rightsToRefuseInserts(object)] : own;
}

function refuseOtherKind(from: ObjectSpec, to: ObjectSpec): void {
  if (from.kind === to.kind) return;
  throw new Error(`Cannot compare a ${from.kind} with a ${to.kind}: they are different objects`);
}

function commentOf(spec: ObjectSpec): string | undefined {
  return ("comment" in spec && spec.comment) || undefined;
}

function nameOf(spec: ObjectSpec): ObjectName {
  return keyParts(keyOf(spec));
}

/** The CREATE statement as it is sent, with placeholders for secrets. @param words of the server that runs it. */
export function runnable(spec: ObjectSpec, words: Words): string {
  return kindOf(spec.kind).runnable?.(spec) ?? renderCreate(spec, words);
}
