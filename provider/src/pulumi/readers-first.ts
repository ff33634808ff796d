import { applyPlan } from "../apply/apply-plan";
import { newOperation } from "../apply/rebuild";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { isUnknownColumn } from "../connection/server-message";
import { sameObject } from "../drift/compare";
import { SchemaError } from "../errors";
import type { LiveObject } from "../introspect/server-catalog";
import { mentionedNames } from "../lineage/mentions";
import { NEED_ALLOW, type Plan, type ShownStep } from "../plan";
import { Definition } from "../sql/definition";
import { quoteIdentifier } from "../sql/identifiers";
import { keyOf, keyParts, quotedName } from "../sql/object-key";
import { parseCreate } from "../sql/parse";
import type { Context } from "./context";
import { isDistributed } from "./distributed";
import { type Change, type Planned, planChange } from "./planning";
import { type Concerned, readsColumn } from "./reader-changes";
import { declarationsIn, type Told, toldDeclaration } from "./told";

/** A reader on the server that would fail, or return less than before. */
export interface Broken {
  readonly reader: LiveObject;
  readonly columns: readonly Concerned[];
  /** The engine's words. */
  readonly reason: string | undefined;
  /** It is a materialized view that writes these columns, which would reach none of the table's. */
  readonly writes?: boolean;
  /** What to do instead; no permission helps. */
  readonly instead?: string;
}

/** A reader that this run changes too, and that is changed before the columns which it reads are dropped. */
export interface First {
  readonly key: string;
  /** As it is on the server. */
  readonly from: string;
  /** Whether another resource of this run has changed it by now. */
  readonly isDone: (live: LiveObject) => Promise<boolean>;
  /** Whether an error means that it already refuses inserts, so that nothing can go wrong with them. */
  readonly isHarmless?: (error: unknown) => boolean;
  readonly plan: Plan;
  readonly shown: readonly ShownStep[];
}

/** What the program declares, by key. */
type Declared = ReadonlyMap<string, ReturnType<typeof toldDeclaration>>;

/** Finds the readers that a change would break. */
export type FindBroken = (context: Context, planned: Planned, change: Change) => Promise<Broken[]>;

/**
 * Those of some broken readers that the program declares without what goes: they are changed first, their own readers before them, so that
 * no insert and no query fails in between.
 *
 * @returns what is to be changed first, in order, and the readers that stay broken.
 */
export async function readersFirst(
  context: Context,
  planned: Planned,
  broken: readonly Broken[],
  find: FindBroken,
): Promise<{ readonly first: readonly First[]; readonly left: readonly Broken[] }> {
  const canBeFirst = ({ columns, writes }: Broken): boolean =>
    writes || columns.every(({ what }) => what === "dropped");
  if (!broken.some(canBeFirst)) return { first: [], left: broken };
  const told = new Map(
    declarationsIn(await context.askProgram()).flatMap((one) => {
      const declaration = readable(one);
      return declaration === undefined ? [] : [[keyOf(declaration.spec), declaration] as const];
    }),
  );
  const first: First[] = [];
  const left: Broken[] = [];
  for (const one of broken) {
    const work = one.writes ? writesBoth(context, one, told) : firstOf(context, planned, one, told, find);
    const found = canBeFirst(one) ? await work : undefined;
    if (found === undefined) left.push(one);
    else first.push(...found.filter(({ key }) => !first.some((other) => other.key === key)));
  }
  return { first, left };
}

/** @returns undefined unless it can be changed beforehand, in place and without further permission. */
async function firstOf(
  context: Context,
  { changes }: Planned,
  { reader }: Broken,
  told: Declared,
  find: FindBroken,
): Promise<readonly First[] | undefined> {
  const declared = await declaredReader(context, reader, told);
  if (declared === undefined) return undefined;
  const { options, to } = declared;
  // What this change adds or renames is not there yet.
  const later = changes.flatMap((change) =>
    change.kind === "column-added" ? [change.column.name] : change.kind === "column-renamed" ? [change.to] : [],
  );
  if ("query" in to ? later.some((name) => readsColumn(to.query, name)) : !isDistributed(reader)) return undefined;
  const { database, name = "" } = keyParts(reader.key);
  const stored = { database, name, qualifiedName: quotedName(reader.key), statement: reader.statement };
  const change: Change = { urn: undefined, sensitive: false, stored, to, options };
  const planned = await planChange(context, context.lookFor(undefined), change);
  const { plan, live, pending, shown } = planned;
  const allowed = new Set([...options.allow, ...context.config.allow]);
  const isSimple = plan.steps.every(
    ({ kind, hazards }) =>
      kind === "statement" && hazards.every((one) => !NEED_ALLOW.has(one.kind) || allowed.has(one.kind)),
  );
  const onlyDrops = "query" in to || planned.changes.every(({ kind }) => kind === "column-dropped");
  if (live === undefined || pending !== undefined || !isSimple || !onlyDrops) return undefined;
  // Another resource of this run has changed it by now.
  if (plan.steps.length === 0) return [];
  const own = await find(context, planned, change);
  const before = await readersFirst(context, planned, own, find);
  if (before.left.length > 0) return undefined;
  const isDone = (now: LiveObject): Promise<boolean> => sameObject(context, Definition.of(to), now);
  const why = `-- first ${quotedName(reader.key)}, which this run changes too and which reads what goes:`;
  const said = shown.map((step, index) => (index === 0 ? { ...step, sql: `${why}\n${step.sql}` } : step));
  return [...before.first, { key: reader.key, from: live.statement, isDone, plan, shown: said }];
}

/**
 * A view whose target's column is renamed writes it under both names until its own row: what a view writes to no column is dropped without
 * an error, and the column gets its default.
 *
 * @returns undefined where the program does not declare the view with the new name.
 */
async function writesBoth(
  context: Context,
  { columns, reader }: Broken,
  told: Declared,
): Promise<readonly First[] | undefined> {
  const declared = await declaredReader(context, reader, told);
  const before = parseCreate(reader.statement);
  if (declared === undefined || !("query" in before) || !("columns" in declared.to)) return undefined;
  const names = new Set(declared.to.columns.map(({ name }) => name));
  if (!columns.every(({ becomes }) => becomes !== undefined && names.has(becomes))) return undefined;
  const has = (statement: string): boolean => {
    const now = parseCreate(statement);
    const own = new Set("columns" in now ? now.columns.map(({ name }) => name) : []);
    return columns.every(({ becomes }) => becomes !== undefined && own.has(becomes));
  };
  if (has(reader.statement)) return [];
  const both = columns.map(({ name, becomes = "" }) => `${quoteIdentifier(name)} AS ${quoteIdentifier(becomes)}`);
  const sql = `ALTER TABLE ${quotedName(reader.key)} MODIFY QUERY SELECT *, ${both.join(", ")} FROM (${before.query})`;
  return [
    {
      key: reader.key,
      from: reader.statement,
      isDone: async (now) => has(now.statement),
      isHarmless: (error) => error instanceof ServerError && isUnknownColumn(error),
      plan: { steps: [{ kind: "statement", sql, hazards: [] }] },
      shown: [{ sql: `-- first ${quotedName(reader.key)} writes both names, until its own row:\n${sql}`, hazards: [] }],
    },
  ];
}

/** A reader as the program declares it, in the engine's words. */
async function declaredReader(context: Context, reader: LiveObject, told: Declared) {
  const declaration = told.get(reader.key);
  if (declaration === undefined || context.config.scratch === "off") return undefined;
  const { spec } = declaration;
  // What it reads may be checked later than this.
  for (const source of "query" in spec ? mentionedNames(spec.query) : []) {
    const unchecked = context.checked.has(source) ? undefined : told.get(source)?.spec;
    const made = unchecked && (await context.world.canonicalize(unchecked).catch(() => undefined));
    if (made !== undefined) context.world.declare(source, made.definition);
  }
  const canonical = await context.world.canonicalize(spec).catch(() => undefined);
  return canonical && { options: declaration.options, to: canonical.definition.spec };
}

function readable(told: Told): ReturnType<typeof toldDeclaration> | undefined {
  try {
    return toldDeclaration(told);
  } catch {
    // Its own row says what is wrong with it.
    return undefined;
  }
}

/** For the plan of what they read. */
export function firstSteps(first: readonly First[]): ShownStep[] {
  return first.flatMap(({ shown }) => shown);
}

/**
 * Changes what has to be changed first, unless another resource of this run has done so by now.
 *
 * @returns whether anything was changed.
 * @throws {SchemaError} when a reader is no longer what the preview saw.
 */
export async function changeFirst(
  context: Context,
  connection: Connection,
  first: readonly First[],
  tell: (message: string) => void,
): Promise<boolean> {
  let changed = false;
  for (const { key, from, isDone, isHarmless, plan } of first) {
    const live = await context.live.findNow(key);
    if (live === undefined || (await isDone(live))) continue;
    if (live.statement !== from) {
      throw new SchemaError(
        "plan-changed",
        `${quotedName(key)}: is no longer what the preview saw, so nothing more was done. Look at the new preview and run again`,
      );
    }
    tell(`first ${quotedName(key)}`);
    const options = { operation: newOperation(), allow: [], rebuild: "online", tell } as const;
    await applyPlan(connection, undefined, plan, options).catch((error: unknown) => {
      if (!isHarmless?.(error)) throw error;
    });
    context.live.forget(key);
    changed = true;
  }
  return changed;
}
