import type { Canonical } from "../canonical/canonical";
import { explainMissing, explainRefusal, explainUndeclaredDependency, withoutLiterals } from "../canonical/explain";
import { fingerprint } from "../canonical/fingerprint";
import { isMissingSource } from "../canonical/host";
import { ConnectionError, ServerError } from "../connection/errors";
import { isUnknownDatabase } from "../connection/server-message";
import { UNKNOWN } from "../declare/unknown";
import { diffAsWritten, normalize } from "../drift/as-written";
import { parseLive } from "../drift/compare";
import { SchemaError } from "../errors";
import { kindOf } from "../kinds";
import { mentionedFunctions, mentionedNames } from "../lineage/mentions";
import { type GrantSpec, isGrants } from "../sql/access/grant";
import type { GrantsSpec } from "../sql/access/grants";
import { granteesIn, referencesOf } from "../sql/access/references";
import type { AccessSpec } from "../sql/access/spec";
import { Definition } from "../sql/definition";
import { tablesOfSource } from "../sql/dictionary-source";
import { accessKindOf, isAccess, keyOf, keyParts, objectKey, quotedName } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";
import { canonicalGrants } from "./grants";
import { refusedArguments } from "./refused-arguments";
import { takenByServer } from "./served";
import type { Outs, Request } from "./state";

/** The stored statement if it still holds, otherwise the engine's new one. */
export async function canonicalText(
  context: Context,
  spec: ObjectSpec,
  key: string,
  request: Request,
  stored: Partial<Outs>,
) {
  const rendered = renderCreate(spec);
  const { urn, dependencies, sensitive, deletion } = request;
  const readsNothing = namesPeople(spec) && spec.kind !== "rowPolicy";
  const sources = readsNothing ? [] : [...mentionedNames(rendered)].filter((name) => name !== key);
  if ("attributes" in spec) sources.push(...tablesOfSource(spec.source));
  // Functions are inlined, so a declaration means something else once one has changed.
  for (const { key: name } of readsNothing ? [] : mentionedFunctions(rendered))
    if (name !== key && context.checked.has(name)) sources.push(name);
  if ("database" in spec) sources.push(objectKey(spec.database));
  const people = namesPeople(spec) ? peopleIn(spec) : [];
  refuseMissingDependency(context, key, [...sources, ...people], dependencies);
  const read = sources.flatMap((source) => context.checked.get(source) ?? []);
  const print = fingerprint(
    rendered,
    read.map((source) => source.fingerprint),
  );
  const uncertain = read.some((source) => source.definition === undefined);
  const kept = print === stored.__fingerprint ? stored.statement : undefined;
  const definition = uncertain
    ? undefined
    : kept === undefined
      ? await askEngine(context, spec, request, stored.statement)
      : Definition.read(kept);
  context.checked.set(key, {
    urn,
    dependencies,
    sensitive,
    deletion,
    definition,
    fingerprint: definition === undefined ? UNKNOWN : print,
  });
  if (definition !== undefined && kindOf(spec.kind).isOnScratch) context.scratch.declare(key, definition);
  return { definition, print, isNew: definition !== undefined && kept === undefined };
}

/** Whether it names users, roles and the like, and no tables that it reads. */
function namesPeople(spec: ObjectSpec): spec is AccessSpec | GrantsSpec | GrantSpec {
  return isAccess(spec) || isGrants(spec);
}

function peopleIn(spec: AccessSpec | GrantsSpec | GrantSpec): string[] {
  return isGrants(spec) ? granteesIn(spec) : referencesOf(spec);
}

/** Reading an object of the stack without depending on it only works by luck. */
function refuseMissingDependency(
  context: Context,
  key: string,
  sources: readonly string[],
  dependencies: readonly string[],
): void {
  const reachable = new Set<string>();
  const visit = (name: string): void => {
    if (reachable.has(name)) return;
    reachable.add(name);
    for (const checked of context.checked.values()) {
      if (checked.urn === name) checked.dependencies.forEach(visit);
    }
  };
  dependencies.forEach(visit);
  for (const source of sources) {
    const declared = context.checked.get(source);
    if (declared?.urn === undefined || source === key || reachable.has(declared.urn)) continue;
    const how = accessKindOf(key) === undefined ? "reads or writes" : "names";
    throw new SchemaError(
      "dependency-undeclared",
      explainUndeclaredDependency(quotedName(key), quotedName(source), how),
    );
  }
}

async function askEngine(
  context: Context,
  spec: ObjectSpec,
  request: Request,
  old: string | undefined,
): Promise<Definition> {
  if (isGrants(spec)) return canonicalGrants(context, spec, request);
  const written = Definition.of(spec);
  if (context.config.scratch === "off") {
    refuseWithoutEngine(spec);
    return written;
  }
  await refuseMissingDatabase(context, spec, request);
  let canonical: Canonical;
  try {
    canonical = await context.scratch.canonicalize(spec);
  } catch (error) {
    if (error instanceof ConnectionError) {
      refuseWithoutEngine(spec);
      await tellUnchecked(context, request, error.message);
      return written;
    }
    if (!(error instanceof ServerError)) throw error;
    const existing = await existsAsWritten(context, spec, request, error);
    if (existing !== undefined) return existing;
    throw await refusal(context, spec, request, error);
  }
  if (canonical.unchecked !== undefined) {
    refuseWithoutEngine(spec);
    await tellUnchecked(context, request, canonical.unchecked);
  }
  // An unchanged object was reported when it was new.
  const { definition } = canonical;
  if (old !== definition.text) await tellOf(context, canonical, request);
  // A newer engine may spell the same meaning differently; that is no change.
  if (old !== undefined && old !== definition.text) {
    const known = Definition.read(old);
    const respelled = await context.scratch.canonicalize(known.spec).catch(() => undefined);
    if (respelled?.definition.text === definition.text) return known;
  }
  return definition;
}

/**
 * The statement of an object that exists on the server exactly as declared: the server that accepted it knows more than this engine, or
 * the session allowed more. Nothing would be run, so there is nothing to refuse.
 */
async function existsAsWritten(
  context: Context,
  spec: ObjectSpec,
  { urn, sensitive }: Request,
  refusal: ServerError,
): Promise<Definition | undefined> {
  const found = await context.reachableLive(urn, keyOf(spec));
  const live = found === undefined ? undefined : parseLive(found);
  if (live === undefined || live.kind !== spec.kind || diffAsWritten(live, spec).length > 0) return undefined;
  const [reason = ""] = sensitive ? ["its statement is secret"] : refusal.message.split("\n", 1);
  await context.log.info(urn, `exists on the server as declared; the embedded engine would refuse it (${reason}).`);
  return Definition.of(normalize(live, spec));
}

async function tellUnchecked(context: Context, { urn }: Request, why: string): Promise<void> {
  await context.warnOnce(urn, `Declarations are not checked before they run: ${why}`);
}

/** Only an engine knows the columns that come from elsewhere; without them nothing can be compared. */
function refuseWithoutEngine(spec: ObjectSpec): void {
  if (!("as" in spec) || spec.as === undefined || (!spec.as.empty && spec.as.text.includes("("))) return;
  throw new SchemaError(
    "engine-needed",
    `${quotedName(keyOf(spec))}: columns that come from a query or another table need the embedded engine, which says what types they have. ` +
      "Install chdb, leave `clickhouse:scratch` at embedded, or write all columns with their types",
  );
}

async function refuseMissingDatabase(context: Context, spec: ObjectSpec, request: Request): Promise<void> {
  if (!("database" in spec) || context.checked.has(objectKey(spec.database))) return;
  const found = await context.reachableLive(request.urn, objectKey(spec.database));
  if (found !== undefined || !context.reachable) return;
  throw new SchemaError(
    "object-missing",
    `${quotedName(keyOf(spec))}: its database \`${spec.database}\` is neither declared before it nor on the server. ` +
      "If this stack declares it, pass the resource (`database: db`)",
  );
}

async function refusal(context: Context, spec: ObjectSpec, request: Request, error: ServerError): Promise<SchemaError> {
  const [key, rendered] = [keyOf(spec), renderCreate(spec)];
  const missing: string[] = [];
  if (isMissingSource(error)) {
    for (const name of mentionedNames(rendered)) {
      const { database, name: object = "" } = keyParts(name);
      const named = isUnknownDatabase(error) ? database : object;
      if (name === key || context.checked.has(name) || !error.message.includes(named)) continue;
      if ((await context.reachableLive(request.urn, name)) === undefined) missing.push(name);
    }
  }
  const { sensitive } = request;
  const declared = [...context.checked.keys()];
  const columns = columnsInReach(context, spec, rendered);
  const circumstances = {
    label: quotedName(key),
    rendered,
    missing,
    declared,
    columns,
    serverKnown: context.reachable,
    sensitive,
    checker: context.checker,
  };
  if (missing.length > 0) return new SchemaError("object-missing", explainMissing(circumstances), { cause: error });
  const by = context.checker === undefined ? "" : `\nReported by ${context.checker}.`;
  const found = (await refusedArguments(context, spec, error, !sensitive)).map(({ code, message }) => ({
    code,
    message: `${sensitive ? withoutLiterals(message, rendered) : message}${by}`,
  }));
  const engine = await context.scratch.version();
  const there = sensitive || engine === undefined ? "" : await takenByServer(context, request.urn, spec, engine);
  if (found.length === 0) found.push({ code: "engine-refuses", message: explainRefusal(error, circumstances) });
  const [last] = found.splice(-1);
  if (last !== undefined) found.push(there === "" ? last : { ...last, message: `${last.message}\n${there}` });
  return new SchemaError("engine-refuses", found, { cause: error });
}

/** Columns of the object and of its sources. */
function columnsInReach(context: Context, own: ObjectSpec, rendered: string): string[] {
  const sources = [...mentionedNames(rendered)].flatMap((name) => context.checked.get(name)?.definition ?? []);
  return [own, ...sources.map((one) => one.spec)].flatMap((spec) =>
    "columns" in spec ? spec.columns.map((column) => column.name) : [],
  );
}

async function tellOf(context: Context, canonical: Canonical, request: Request): Promise<void> {
  if (canonical.standIn !== undefined) {
    const why = request.sensitive ? "" : `: ${canonical.standIn}`;
    await context.log.info(
      request.urn,
      `Checked as the nearest kind that the embedded engine can create${why}. The server decides.`,
    );
  }
  for (const source of canonical.fromServer) {
    const { database, name = "" } = keyParts(source);
    if (database === "") {
      const message = `uses the function \`${name}\`, which nothing in this stack declares; its definition was taken from the server.`;
      await context.log.warn(request.urn, message);
      continue;
    }
    const live = await context.reachableLive(request.urn, source).catch(() => undefined);
    if (live?.statement.startsWith("CREATE DICTIONARY")) {
      // Nobody can declare it here, so there is nothing to warn of.
      const message = `reads the dictionary \`${quotedName(source)}\`, which exists on the server; dictionaries are not managed here.`;
      await context.log.info(request.urn, message);
      continue;
    }
    await context.log.warn(
      request.urn,
      `reads or writes \`${quotedName(source)}\`, which nothing in this stack declares; its definition was taken from the server.`,
    );
  }
}
