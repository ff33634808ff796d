import { differs, diffText } from "../apply/create";
import { label } from "../apply/drop";
import { explainMissing, explainRefusal, explainUndeclaredDependency, withoutLiterals } from "../canonical/explain";
import { fingerprint } from "../canonical/fingerprint";
import { keyParts, mentionedNames, objectKey } from "../canonical/mentions";
import { type Canonical, isMissingSource, keyOf } from "../canonical/world";
import { ConnectionError, ServerError } from "../connection/errors";
import { declareDatabase } from "../declare/database";
import { declareMaterializedView } from "../declare/materialized-view";
import { declareTable } from "../declare/table";
import { declareView } from "../declare/view";
import { messageOf, SchemaError } from "../errors";
import { SqlParseError } from "../sql/errors";
import { parseCreate } from "../sql/parse";
import { renderCreate } from "../sql/render";
import type { ObjectKind, ObjectSpec } from "../sql/spec";
import { sameObject } from "./compare";
import type { Context } from "./context";
import { type Inputs, type Outs, type Request, readRequest, readStored } from "./state";
import { isUnknown, UNKNOWN } from "./unknown";

type Bag = Readonly<Record<string, unknown>>;

/**
 * Turns a request into canonical inputs.
 *
 * @throws {SchemaError} with what the user has to mend.
 */
export async function checkInputs(context: Context, kind: ObjectKind, olds: Bag, news: Bag): Promise<Inputs> {
  const request = readRequest(news);
  const stored = readStored(olds);
  if (stored.statement !== undefined && request.urn !== undefined) context.replaced.add(request.urn);
  if (isUnknown(request.statement) || isUnknown(request.name) || isUnknown(request.database))
    return unknownInputs(context, kind, request);
  const spec = specOf(kind, request);
  const key = keyOf(spec);
  refuseTwins(context, key, request);
  const { text, print } = await canonicalText(context, spec, key, request, stored);
  const inputs: Inputs = {
    ...(spec.kind !== "database" && { database: spec.database }),
    name: spec.name,
    qualifiedName: label(key),
    statement: text,
    ...(request.deletion !== undefined && { deletion: request.deletion }),
    __fingerprint: print,
  };
  if (text === UNKNOWN) return inputs;
  if (stored.statement !== undefined) refuseUnmanagedUpdate(stored, inputs, request.sensitive);
  else await lookBeforeCreate(context, key, inputs, request);
  return inputs;
}

/** Names that are known stay known, so that what refers to them can be previewed. */
function unknownInputs(context: Context, kind: ObjectKind, request: Request): Inputs {
  const { database, name } = request;
  const known = !isUnknown(name) && !isUnknown(database);
  const key =
    known && name !== "" ? (kind === "database" ? objectKey(name) : objectKey(database ?? "", name)) : undefined;
  if (key !== undefined) {
    refuseTwins(context, key, request);
    const { urn, dependencies, sensitive } = request;
    context.checked.set(key, { urn, dependencies, sensitive, statement: undefined, fingerprint: UNKNOWN });
  }
  return {
    ...(database !== undefined && { database }),
    name,
    qualifiedName: key === undefined ? UNKNOWN : label(key),
    statement: UNKNOWN,
    ...(request.deletion !== undefined && { deletion: request.deletion }),
  };
}

function specOf(kind: ObjectKind, request: Request): ObjectSpec {
  if (
    request.deletion !== undefined &&
    !["refuse", "drop"].includes(request.deletion) &&
    !isUnknown(request.deletion)
  ) {
    throw new SchemaError('deletion: expected "refuse" or "drop"');
  }
  const args = parseArgs(request.statement);
  if ("sql" in args) return specOfSql(kind, args["sql"]);
  if (request.name === "") throw new SchemaError("name: is empty; expected the name of the object on the server");
  if (kind === "database") return declareDatabase(request.name, args);
  if (!request.database) throw new SchemaError("database: is missing; pass the Database resource, or its name");
  const name = { database: request.database, name: request.name };
  if (kind === "table") return declareTable(name, args);
  return kind === "view" ? declareView(name, args) : declareMaterializedView(name, args);
}

function specOfSql(kind: ObjectKind, sql: unknown): ObjectSpec {
  if (typeof sql !== "string") throw new SchemaError("sql: expected one CREATE statement as a text");
  const spec = parseSql(sql);
  if (spec.kind !== kind)
    throw new SchemaError(
      `sql: expected a CREATE statement of a ${KIND_WORDS[kind]}, found one of a ${KIND_WORDS[spec.kind]}`,
    );
  if (spec.kind === "materializedView" && spec.populate === true) {
    throw new SchemaError(
      "sql: POPULATE loses the rows that are inserted while it runs. Create the view without it and fill it by an INSERT … SELECT",
    );
  }
  return spec;
}

function parseSql(sql: string): ObjectSpec {
  try {
    return parseCreate(sql);
  } catch (error) {
    if (error instanceof SqlParseError) throw new SchemaError(`sql: ${error.message}`, { cause: error });
    throw error;
  }
}

const KIND_WORDS: Record<ObjectKind, string> = {
  database: "database",
  table: "table",
  view: "view",
  materializedView: "materialized view",
};

function parseArgs(text: string): Bag {
  try {
    return JSON.parse(text) as Bag;
  } catch (error) {
    throw new SchemaError(
      `statement: expected the arguments this package sends, found something else (${messageOf(error)})`,
    );
  }
}

function refuseTwins(context: Context, key: string, request: Request): void {
  const other = context.checked.get(key);
  if (other === undefined || other.urn === undefined || other.urn === request.urn) return;
  const twin = other.urn.split("::").at(-1);
  throw new SchemaError(
    `${label(key)}: is declared twice in this stack, here and by resource "${twin}". Remove one, or give it another name`,
  );
}

/** The stored text where it still holds, else the engine's. */
async function canonicalText(context: Context, spec: ObjectSpec, key: string, request: Request, stored: Partial<Outs>) {
  const rendered = renderCreate(spec);
  const { urn, dependencies, sensitive } = request;
  const sources = [...mentionedNames(rendered)].filter((name) => name !== key);
  if (spec.kind !== "database") sources.push(objectKey(spec.database));
  refuseMissingDependency(context, key, sources, dependencies);
  const read = sources.flatMap((source) => context.checked.get(source) ?? []);
  const print = fingerprint(
    rendered,
    read.map((source) => source.fingerprint),
  );
  const uncertain = read.some((source) => source.statement === undefined);
  const text = uncertain
    ? UNKNOWN
    : print === stored.__fingerprint && stored.statement !== undefined
      ? stored.statement
      : await askEngine(context, spec, rendered, request, stored.statement);
  context.checked.set(key, {
    urn,
    dependencies,
    sensitive,
    statement: text === UNKNOWN ? undefined : text,
    fingerprint: text === UNKNOWN ? UNKNOWN : print,
  });
  if (text !== UNKNOWN && spec.kind !== "database") context.world.declare(key, text);
  return { text, print };
}

/** Reading what the stack declares without depending on it works by luck only. */
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
    if (declared?.urn !== undefined && !reachable.has(declared.urn))
      throw new SchemaError(explainUndeclaredDependency(label(key), label(source)));
  }
}

async function askEngine(
  context: Context,
  spec: ObjectSpec,
  rendered: string,
  request: Request,
  old: string | undefined,
): Promise<string> {
  if (context.config.scratch === "off") return rendered;
  const key = keyOf(spec);
  await refuseMissingDatabase(context, spec, request);
  let canonical: Canonical;
  try {
    canonical = await context.world.canonicalize(spec);
  } catch (error) {
    if (error instanceof ConnectionError) return unchecked(context, request, rendered, error);
    if (error instanceof ServerError) throw await refusal(context, key, rendered, request, error);
    throw error;
  }
  await tellOf(context, canonical, request);
  // A newer engine may spell the same meaning differently; that is no change.
  if (old !== undefined && old !== canonical.statement) {
    const respelled = await context.world.canonicalize(parseCreate(old)).catch(() => undefined);
    if (respelled?.statement === canonical.statement) return old;
  }
  return canonical.statement;
}

async function unchecked(
  context: Context,
  request: Request,
  rendered: string,
  error: ConnectionError,
): Promise<string> {
  await context.warnOnce(request.urn, `Declarations are not checked before they run: ${error.message}`);
  return rendered;
}

async function refuseMissingDatabase(context: Context, spec: ObjectSpec, request: Request): Promise<void> {
  if (spec.kind === "database" || context.checked.has(objectKey(spec.database))) return;
  const found = await context.reachableLive(request.urn, objectKey(spec.database));
  if (found !== undefined || !context.reachable) return;
  throw new SchemaError(
    `${label(keyOf(spec))}: its database \`${spec.database}\` is neither declared before it nor on the server. ` +
      "If this stack declares it, pass the resource (`database: db`)",
  );
}

async function refusal(
  context: Context,
  key: string,
  rendered: string,
  request: Request,
  error: ServerError,
): Promise<SchemaError> {
  const missing: string[] = [];
  if (isMissingSource(error)) {
    for (const name of mentionedNames(rendered)) {
      if (name === key || context.checked.has(name) || !error.message.includes(keyParts(name).name ?? "")) continue;
      if ((await context.reachableLive(request.urn, name)) === undefined) missing.push(name);
    }
  }
  const { sensitive } = request;
  const declared = [...context.checked.keys()];
  const columns = columnsInReach(context, rendered);
  const circumstances = {
    label: label(key),
    rendered,
    missing,
    declared,
    columns,
    serverKnown: context.reachable,
    sensitive,
  };
  return new SchemaError(missing.length > 0 ? explainMissing(circumstances) : explainRefusal(error, circumstances), {
    cause: error,
  });
}

/** Columns of the object and of what it reads. */
function columnsInReach(context: Context, rendered: string): string[] {
  const sources = [...mentionedNames(rendered)].flatMap((name) => context.checked.get(name)?.statement ?? []);
  return [rendered, ...sources].flatMap((statement) => {
    const spec = parseCreate(statement);
    return spec.kind === "database" ? [] : spec.columns.map((column) => column.name);
  });
}

async function tellOf(context: Context, canonical: Canonical, request: Request): Promise<void> {
  if (canonical.standIn !== undefined) {
    const why = request.sensitive ? "" : `: ${canonical.standIn}`;
    await context.log.info(
      request.urn,
      `Checked as the nearest local kind, because the scratch engine cannot host it${why}. The server decides.`,
    );
  }
  for (const source of canonical.borrowed) {
    await context.log.warn(
      request.urn,
      `reads or writes \`${label(source)}\`, which nothing in this stack declares; its definition was taken from the server.`,
    );
  }
}

function refuseUnmanagedUpdate(stored: Partial<Outs>, inputs: Inputs, sensitive: boolean): void {
  if (stored.statement === inputs.statement || stored.statement === undefined) return;
  const diff = sensitive
    ? "(the statement is secret)"
    : diffText(stored.statement, inputs.statement, "now", "declared");
  throw new SchemaError(
    `${stored.qualifiedName}: this change is not managed yet, and it is never done by dropping what holds rows. ` +
      `Make it by hand on the server and run \`pulumi refresh\`; when both agree, the diff is gone.\n${diff}`,
  );
}

/** An object that stands there already is adopted at `up` or, when it differs, refused now. */
async function lookBeforeCreate(context: Context, key: string, inputs: Inputs, request: Request): Promise<void> {
  const found = await context.reachableLive(request.urn, key);
  // A resource that this process has seen with a state is being replaced: its own object stands there.
  if (found === undefined || context.replaced.has(request.urn ?? "")) return;
  if (await sameObject(context, inputs.statement, found)) {
    await context.log.info(request.urn, "exists on the server and equals the declaration; it will be adopted.");
    return;
  }
  const text = differs(label(key), inputs.statement, found);
  throw new SchemaError(request.sensitive ? withoutLiterals(text, inputs.statement) : text);
}
