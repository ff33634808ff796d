import { mentionedNames } from "../canonical/mentions";
import { withoutBrackets } from "../canonical/normal-form";
import { sourcesOf, targetsOf } from "../graph/sources";
import { qualifiedName, quoteIdentifier } from "../sql/identifiers";
import { keyOf, objectKey } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectKind, ObjectSpec } from "../sql/spec";
import { argumentsOf } from "./arguments";
import { declare, plainSql, tryArguments } from "./declared";
import { linkNames, linkSecrets } from "./links";
import { type Order, orderOf } from "./order";
import { secretNames } from "./secrets";
import { evaluate, leavesOf, mapSqlIn, Reference, type Secret, Sql, type ValueMap } from "./value";

/** A resource of the program. */
export interface Resource {
  readonly key: string;
  /** As the server shows it. */
  readonly live: ObjectSpec;
  /** What the program's arguments declare. */
  readonly declared: ObjectSpec;
  /** The arguments without names, with other resources in place. */
  readonly args: ValueMap;
  /** Why it is declared in plain SQL, if it is: what arguments cannot say. */
  readonly plain?: string;
  /** Its secrets, in the order of its text. */
  readonly secrets: readonly Secret[];
  /** Keys of resources that are neither in its arguments nor its database, and must stand before it. */
  readonly dependsOn: readonly string[];
  /** Keys of resources that it mentions and that mention it, so that no order serves both. */
  readonly circular: readonly string[];
}

/** A resource in its file. */
export interface PlacedResource extends Resource {
  /** Name within the stack; unique among resources of its kind. */
  readonly resourceName: string;
  readonly identifier: string;
  /** File without its ending. */
  readonly file: string;
}

/** Class of a resource by the kind of its object. */
export const CLASSES: Record<ObjectKind, string> = {
  database: "Database",
  table: "Table",
  view: "View",
  materializedView: "MaterializedView",
};

/** The resources in the order of their dependencies, which is kept with them. */
export interface Resources {
  readonly list: readonly Resource[];
  readonly order: Order;
}

interface Draft {
  readonly key: string;
  readonly live: ObjectSpec;
  readonly args: ValueMap;
  readonly declared: ObjectSpec;
  readonly plain?: string;
}

/**
 * Makes resources of objects.
 *
 * @param listed views whose columns are written, by key.
 */
export function resourcesOf(objects: readonly ObjectSpec[], listed: ReadonlySet<string>): Resources {
  const drafts = new Map(objects.map((live) => [keyOf(live), draftOf(live, listed.has(keyOf(live)))]));
  const keys = [...drafts.values()].sort(compareDrafts).map(({ key }) => key);
  const known: ReadonlySet<string> = new Set(keys);
  const needs = new Map(keys.map((key) => [key, needsOf(drafts.get(key), known)]));
  const wishes = new Map(keys.map((key) => [key, wishesOf(drafts.get(key), known)]));
  const order = orderOf(keys, needs, wishes);
  const names = secretNames();
  const list = order.keys.flatMap((key) => {
    const draft = drafts.get(key);
    return draft === undefined ? [] : [resourceOf(draft, order, names)];
  });
  return { list, order };
}

function draftOf(live: ObjectSpec, listed: boolean): Draft {
  const key = keyOf(live);
  const args = argumentsOf(withoutBrackets(live), listed);
  const tried = tryArguments(live, evaluate(args) as Record<string, unknown>);
  if ("declared" in tried) return { key, live, args, declared: tried.declared };
  const sql = plainSql(live);
  return { key, live, args: { sql: new Sql([sql]) }, declared: declare(live, { sql }), plain: tried.loss };
}

const RANKS = { database: 0, table: 1, view: 2, materializedView: 2 } as const;

/** Databases, tables, views; each by name. */
function compareDrafts(a: Draft, b: Draft): number {
  return RANKS[a.live.kind] - RANKS[b.live.kind] || (a.key < b.key ? -1 : 1);
}

/** What `check` demands to come first: the database, and every object whose name the statement has. */
function needsOf(draft: Draft | undefined, known: ReadonlySet<string>): Set<string> {
  if (draft === undefined || draft.live.kind === "database") return new Set();
  const mentioned = mentionedNames(renderCreate(draft.declared));
  const needs = [objectKey(draft.live.database), ...mentioned].filter((key) => known.has(key) && key !== draft.key);
  return new Set(needs);
}

/** What had better come first: what a Distributed or Buffer table stands for. */
function wishesOf(draft: Draft | undefined, known: ReadonlySet<string>): Set<string> {
  if (draft === undefined || draft.live.kind === "database") return new Set();
  const wishes = [...sourcesOf(draft.live, known), ...targetsOf(draft.live)];
  return new Set(wishes.filter((key) => known.has(key) && key !== draft.key));
}

function resourceOf(draft: Draft, order: Order, names: (of: ObjectSpec) => Secret): Resource {
  const { key, live } = draft;
  const needs = order.needs.get(key) ?? new Set<string>();
  const secrets: Secret[] = [];
  const take = (): Secret => {
    const secret = names(live);
    secrets.push(secret);
    return secret;
  };
  const linked = mapSqlIn(draft.args, (sql) =>
    linkSecrets(
      linkNames(sql, (name) => needs.has(name)),
      take,
    ),
  );
  const args = { ...linked, ...targetOf(live, needs), ...headOf(draft, linked, needs) };
  const database = live.kind === "database" ? undefined : objectKey(live.database);
  const inPlace = new Set(leavesOf(args).flatMap(referencesIn));
  const circular = order.dropped.flatMap(([from, to]) => (from === key ? [to] : []));
  const dependsOn = [...needs].filter((need) => need !== database && !inPlace.has(need)).sort();
  return { ...draft, args, secrets, dependsOn, circular };
}

/** A target is passed as its resource, not as text. */
function targetOf(live: ObjectSpec, needs: ReadonlySet<string>): ValueMap {
  const to = live.kind === "materializedView" ? live.to : undefined;
  const key = to && objectKey(to.database, to.name);
  return key !== undefined && needs.has(key) ? { to: new Reference(key) } : {};
}

/** Plain SQL gets its database by the resource. */
function headOf({ live, plain }: Draft, args: ValueMap, needs: ReadonlySet<string>): ValueMap {
  const { sql } = args;
  if (plain === undefined || live.kind === "database" || !(sql instanceof Sql)) return {};
  const key = objectKey(live.database);
  const [first, ...rest] = sql.parts;
  const at = typeof first === "string" ? first.indexOf(` ${qualifiedName(live)}`) + 1 : 0;
  if (!needs.has(key) || typeof first !== "string" || at === 0) return {};
  const tail = first.slice(at + quoteIdentifier(live.database).length);
  return { sql: new Sql([first.slice(0, at), new Reference(key), tail, ...rest]) };
}

function referencesIn(leaf: Sql | Reference): string[] {
  if (leaf instanceof Reference) return [leaf.key];
  return leaf.parts.flatMap((part) => (part instanceof Reference ? [part.key] : []));
}
