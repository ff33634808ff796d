import { normalizeShown } from "../canonical/normal-form";
import { evaluate, Sql, type ValueMap } from "../code/value";
import { KINDS } from "../kinds";
import { codeOf } from "../kinds/object";
import { mentionedFunctions, mentionedNames } from "../lineage/mentions";
import { sourcesOf, targetsOf } from "../lineage/sources";
import { isGrants } from "../sql/access/grant";
import { granteesIn, referencesOf } from "../sql/access/references";
import { tablesOfSource } from "../sql/dictionary-source";
import { isAccess, keyOf, objectKey } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import { declare, plainSql, tryArguments } from "./declared";

/** An object with arguments for it. */
export interface Draft {
  readonly key: string;
  readonly live: ObjectSpec;
  readonly args: ValueMap;
  readonly declared: ObjectSpec;
  /** The statement of what is declared, and what it may name, by key. */
  readonly rendered: string;
  readonly mentions: ReadonlySet<string>;
  /** Why it is declared in plain SQL, if it is: what arguments cannot express. */
  readonly plain?: string;
  readonly within?: RollupMember;
}

/** The rollup that makes an object, by the key of its first target, and where it is in the rollup's resource. */
export interface RollupMember {
  readonly rollup: string;
  /** E.g. `levels[1].target`. */
  readonly path: string;
  /** What its resource's name has after the rollup's name. */
  readonly suffix: string;
}

/** Input for the resources: every object with the arguments for it, by key. */
export type Drafts = ReadonlyMap<string, Draft>;

/** Tries arguments on every object. This is where most of the time goes. */
export function draftsOf(objects: readonly ObjectSpec[]): Drafts {
  return new Map(objects.map((live) => [keyOf(live), draftOf(live, false)]));
}

/** @param listed whether the columns of a view are written. */
export function draftOf(live: ObjectSpec, listed: boolean): Draft {
  const args = codeOf(normalizeShown(live), listed);
  const tried = tryArguments(live, evaluate(args) as Record<string, unknown>);
  if ("declared" in tried) return drafted(live, tried.declared, args);
  const sql = plainSql(live);
  return { ...drafted(live, declare(live, { sql }), { sql: new Sql([sql]) }), plain: tried.loss };
}

export function drafted(live: ObjectSpec, declared: ObjectSpec, args: ValueMap): Draft {
  const rendered = renderCreate(declared);
  return { key: keyOf(live), live, args, declared, rendered, mentions: mentionsIn(declared, rendered) };
}

/** Possible objects, and possible functions. */
function mentionsIn(declared: ObjectSpec, rendered: string): ReadonlySet<string> {
  if (isAccess(declared) && declared.kind !== "rowPolicy") return new Set(referencesOf(declared));
  const people = isAccess(declared) ? referencesOf(declared) : [];
  if (isGrants(declared)) return new Set(granteesIn(declared));
  const source = "attributes" in declared ? tablesOfSource(declared.source) : [];
  return new Set([
    ...people,
    ...source,
    ...mentionedNames(rendered),
    ...mentionedFunctions(rendered).map(({ key }) => key),
  ]);
}

/** Databases and functions, tables, views; each by name. */
export function compareDrafts(a: Draft, b: Draft): number {
  return KINDS[a.live.kind].rank - KINDS[b.live.kind].rank || (a.key < b.key ? -1 : 1);
}

/** What `check` requires to come first: the database, and every object that the statement names. */
export function dependencies(draft: Draft | undefined, known: ReadonlySet<string>): Set<string> {
  if (draft === undefined) return new Set();
  const { live } = draft;
  const needs = [...("database" in live ? [objectKey(live.database)] : []), ...draft.mentions].filter(
    (key) => known.has(key) && key !== draft.key,
  );
  return new Set(needs);
}

/** What should preferably come first: the table behind a Distributed or Buffer table. */
export function softDependencies(draft: Draft | undefined, known: ReadonlySet<string>): Set<string> {
  if (draft === undefined || !("database" in draft.live)) return new Set();
  const wishes = [...sourcesOf(draft.live, known), ...targetsOf(draft.live)];
  return new Set(wishes.filter((key) => known.has(key) && key !== draft.key));
}
