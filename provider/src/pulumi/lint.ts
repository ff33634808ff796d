import { digest } from "../canonical/fingerprint";
import { ServerError } from "../connection/errors";
import type { ChangeOptions } from "../declare/options";
import { SchemaError } from "../errors";
import { HiddenError } from "../introspect/visibility";
import { mentionedNames } from "../lineage/mentions";
import {
  checkOverrides,
  describeFinding,
  type Finding,
  keysAround,
  type LintCatalog,
  type LintOverrides,
  lintObject,
  type OutputColumn,
  rules,
} from "../lint";
import { Definition } from "../sql/definition";
import { keyOf } from "../sql/object-key";
import { renderCreate } from "../sql/render";
import type { ObjectSpec } from "../sql/spec";
import type { Context } from "./context";
import type { Request } from "./state";

const ALL_OFF: LintOverrides = Object.fromEntries(rules.map(({ id }) => [id, "off" as const]));

/** Severities of the resource, then of the stack; all off if none is wanted. @throws {SchemaError} for an unknown rule or severity. */
export function lintOverrides(context: Context, { lint: own }: ChangeOptions): LintOverrides {
  const { lint: stack } = context.config;
  const overrides = { ...(stack === "off" ? ALL_OFF : stack), ...own };
  checkOverrides(overrides);
  return overrides as LintOverrides;
}

/**
 * Reports silent mistakes on the resource's row: each once, not again with every change of what the object reads.
 *
 * @param before what this returned when the object was last deployed.
 * @returns digests of the warnings, to be stored.
 * @throws {SchemaError} for findings that are errors.
 */
export async function lint(
  context: Context,
  spec: ObjectSpec,
  overrides: LintOverrides,
  request: Request,
  before = "",
): Promise<string | undefined> {
  if (rules.every(({ id }) => overrides[id] === "off")) return undefined;
  const findings = lintObject(spec, await catalogOf(context, spec, request.urn), overrides);
  const say = (finding: Finding): string => (request.sensitive ? withoutText(finding) : describeFinding(finding));
  const errors = findings.filter(({ severity }) => severity === "error");
  if (errors.length > 0) {
    const problems = errors.map((finding) => `${finding.object}: ${say(finding)}`);
    throw new SchemaError("lint-error", problems);
  }
  const known = new Set(before.split(" "));
  const warnings = findings.filter(({ severity }) => severity === "warning");
  for (const finding of warnings) {
    const text = say(finding);
    if (!known.has(digest(text))) await context.log.warn(request.urn, `${text}${silencing(finding)}`);
  }
  return warnings.map((finding) => digest(say(finding))).join(" ") || undefined;
}

function silencing({ rule }: Finding): string {
  return ` To silence it: lint: { "${rule}": "off" } on the resource.`;
}

/** The engine's refusal, and the explanation of a rule that knows the mistake. */
export async function explainByLint(
  context: Context,
  spec: ObjectSpec,
  overrides: LintOverrides,
  request: Request,
  error: unknown,
): Promise<never> {
  if (!(error instanceof SchemaError) || !(error.cause instanceof ServerError) || request.sensitive) throw error;
  const catalog = await catalogOf(context, spec, request.urn);
  const isSaid = ({ rule }: Finding): boolean =>
    rule === "key-names-missing-column" && error.problems.some(({ code }) => code === "key-refused");
  const errors = lintObject(spec, catalog, overrides).filter((one) => one.severity === "error" && !isSaid(one));
  const explained = errors.map((one) => ({ code: "lint-error", message: describeFinding(one) }) as const);
  throw new SchemaError(error.code, [...error.problems, ...explained], { cause: error });
}

/** What the object reads and writes, as declared or on the server, and what those read. */
async function catalogOf(context: Context, spec: ObjectSpec, urn: string | undefined): Promise<LintCatalog> {
  const known = new Map<string, ObjectSpec>();
  /** Whether something stands there; undefined where that is hidden or the server cannot be asked. */
  const stands = new Map<string, boolean | undefined>();
  const isReached = (await context.reachableServer(urn)) !== undefined;
  const visit = async (statement: string, own: string, around: readonly string[]): Promise<void> => {
    for (const key of [...mentionedNames(statement), ...around]) {
      if (key === own || stands.has(key)) continue;
      const declared = context.checked.get(key);
      const found = declared?.definition ?? (await liveDefinition(context, urn, key));
      const isThere = declared !== undefined || (found !== undefined && found !== "hidden");
      stands.set(key, isThere || (isReached && found !== "hidden" ? false : undefined));
      if (found === undefined || found === "hidden") continue;
      const source = parsed(found);
      if (source === undefined) continue;
      known.set(key, source);
      await visit(found.text, key, keysAround(source));
    }
  };
  await visit(renderCreate(spec), keyOf(spec), keysAround(spec));
  const outputs = "query" in spec ? await outputsOf(context, spec.query) : undefined;
  return {
    find: (key) => known.get(key),
    stands: (key) => stands.get(key),
    types: (query) => ("query" in spec && query === spec.query ? outputs : undefined),
  };
}

async function outputsOf(context: Context, query: string): Promise<readonly OutputColumn[] | undefined> {
  if (context.config.scratch === "off") return undefined;
  // Objects that the embedded engine cannot host have no types; rules that need them stay silent.
  return context.scratch.ask<{ name: string; type: string }>(`DESCRIBE (${query})`).catch(() => undefined);
}

async function liveDefinition(
  context: Context,
  urn: string | undefined,
  key: string,
): Promise<Definition | "hidden" | undefined> {
  try {
    const live = await context.reachableLive(urn, key);
    return live && Definition.read(live.statement);
  } catch (error) {
    if (!(error instanceof HiddenError)) throw error;
    return "hidden";
  }
}

function parsed(definition: Definition): ObjectSpec | undefined {
  try {
    return definition.spec;
  } catch {
    return undefined;
  }
}

/** For a statement with a secret, only the rule is named. */
function withoutText({ rule }: Finding): string {
  const summary = rules.find(({ id }) => id === rule)?.summary ?? "";
  return `${summary} (the statement is secret) [${rule}]`;
}
