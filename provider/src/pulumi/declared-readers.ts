import type { LiveObject } from "../introspect/live-object";
import { mentionedNames } from "../lineage/mentions";
import { NEED_ALLOW, type ShownStep } from "../plan";
import { keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import type { Context } from "./context";
import type { Declared, Tools } from "./first";
import { type Change, planChange } from "./planning";
import { declarationsIn, leavingIn, type Told, toldDeclaration } from "./told";

/** What the program declares, by key, and the keys of what leaves it. */
export async function declaredBy(context: Context): Promise<Pick<Tools, "told" | "leaving">> {
  const answer = await context.askProgram();
  const told = new Map(
    declarationsIn(answer).flatMap((one) => {
      const declaration = readable(one);
      return declaration === undefined ? [] : [[keyOf(declaration.spec), declaration] as const];
    }),
  );
  return { told, leaving: leavingIn(answer) };
}

/** The plan of a reader as it is declared. @returns undefined unless it needs only statements, and no permission that is not given. */
export async function inPlace(context: Context, reader: LiveObject, told: Declared) {
  const declared = await declaredReader(context, reader, told);
  if (declared === undefined) return undefined;
  const { options, to } = declared;
  const { database, name = "" } = keyParts(reader.key);
  const stored = { database, name, qualifiedName: quotedName(reader.key), statement: reader.statement };
  const change: Change = { urn: undefined, sensitive: false, stored, to, options };
  const planned = await planChange(context, context.lookFor(undefined), change);
  const { plan, live, pending } = planned;
  const allowed = new Set([...options.allow, ...context.config.allow]);
  const isSimple = plan.steps.every(
    ({ kind, hazards }) =>
      kind === "statement" && hazards.every((one) => !NEED_ALLOW.has(one.kind) || allowed.has(one.kind)),
  );
  return live === undefined || pending !== undefined || !isSimple ? undefined : { change, live, planned, to };
}

/** Steps with a reason before the first one. */
export function saidWith(why: string, shown: readonly ShownStep[]): ShownStep[] {
  return shown.map((step, index) => (index === 0 ? { ...step, sql: `${why}\n${step.sql}` } : step));
}

/** A reader as the program declares it, in the engine's words. */
export async function declaredReader(context: Context, reader: LiveObject, told: Declared) {
  const declaration = told.get(reader.key);
  if (declaration === undefined || context.config.scratch === "off") return undefined;
  const { spec } = declaration;
  // What it reads and writes may be checked later than this.
  const sources = new Set("query" in spec ? mentionedNames(spec.query) : []);
  if (spec.kind === "materializedView" && spec.to !== undefined) sources.add(objectKey(spec.to.database, spec.to.name));
  for (const source of sources) {
    const unchecked = context.checked.has(source) ? undefined : told.get(source)?.spec;
    const made = unchecked && (await context.scratch.canonicalize(unchecked).catch(() => undefined));
    if (made !== undefined) context.scratch.declare(source, made.definition);
  }
  const canonical = await context.scratch.canonicalize(spec).catch(() => undefined);
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
