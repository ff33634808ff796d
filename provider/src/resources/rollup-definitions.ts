import * as pulumi from "@pulumi/pulumi";
import { objectAt, Problems } from "../declare/fields";
import { declareOptions } from "../declare/options";
import { declareTable } from "../declare/table";
import { SchemaError } from "../errors";
import { KINDS } from "../kinds";
import {
  type Rollup as Definition,
  defineLevel,
  defineRollup,
  type Feed,
  renderFill,
  renderTarget,
  renderTruth,
  type Source,
  type Target,
} from "../rollup";
import { parseQualifiedName } from "../sql/fragments";
import { parseCreate } from "../sql/parse";
import type { TableSpec } from "../sql/spec";
import type { Input, Named } from "./args";
import { isRollup, misplacedIn, whatIs } from "./misplaced";
import type { RollupArgs, RollupLevelArgs, RollupSourceArgs } from "./rollup-args";
import { isNamed, nameIn } from "./sql";

/** The checked arguments of a rollup. */
export interface Definitions {
  readonly rollup: Definition;
  readonly sources: readonly SourceDefinition[];
  readonly levels: readonly Definition[];
  readonly levelArgs: readonly RollupLevelArgs[];
  /** The sources, once they are known. */
  readonly feeds: pulumi.Output<readonly Feed[]>;
}

/** A source, and the rollup as this source feeds it; `key` is its short name if there are several. */
export interface SourceDefinition {
  readonly key: string | undefined;
  readonly args: RollupSourceArgs;
  readonly rollup: Definition;
}

/** What follows from the arguments and the definitions of the sources. */
export interface First {
  readonly database: string;
  readonly target: Target;
  /** Queries of the views, in the order of the sources. */
  readonly fills: readonly string[];
  readonly truth: string;
}

/** The result, or what is wrong. */
export interface Attempt<T> {
  readonly value?: T;
  readonly problems?: readonly string[];
}

const SOURCE_KEYS: Record<keyof RollupSourceArgs, true> = {
  source: true,
  where: true,
  keys: true,
  time: true,
  measures: true,
  database: true,
  viewName: true,
};
const LEVEL_KEYS: Record<keyof RollupLevelArgs, true> = {
  every: true,
  name: true,
  viewName: true,
  read: true,
  bucket: true,
  ttl: true,
  partitionBy: true,
  columns: true,
};
const ROLLUP_KEYS: Record<keyof RollupArgs, true> = {
  source: true,
  sources: true,
  where: true,
  keys: true,
  bucket: true,
  measures: true,
  ttl: true,
  cascade: true,
  name: true,
  viewName: true,
  read: true,
  distributed: true,
  database: true,
  engine: true,
  partitionBy: true,
  orderBy: true,
  columns: true,
  settings: true,
  indexes: true,
  comment: true,
  backfill: true,
  deletion: true,
  allow: true,
  lint: true,
  adopt: true,
  cluster: true,
  rebuild: true,
  keepOld: true,
  materialize: true,
};

/** @throws {SchemaError} for unknown arguments, which a program in plain JavaScript may pass. */
function refuseUnknown(args: RollupArgs): void {
  const problems = new Problems();
  objectAt(args, "", Object.keys(ROLLUP_KEYS), problems);
  for (const [key, source] of Object.entries(args.sources ?? {}))
    objectAt(source, `sources.${key}`, Object.keys(SOURCE_KEYS), problems);
  for (const [index, level] of (args.cascade ?? []).entries())
    if (typeof level !== "string") objectAt(level, `cascade[${index}]`, Object.keys(LEVEL_KEYS), problems);
  for (const { path, problem } of misplacedIn(valuesOf(args), "", { plain: true })) problems.add(path, problem);
  const sources = Object.entries(args.sources ?? {}).map(([key, one]) => ({ [`sources.${key}.source`]: one.source }));
  for (const given of [{ source: args.source }, ...sources].flatMap((one) => Object.entries(one)))
    if (isRollup(given[1])) problems.add(given[0], whatIs(given[1]));
  problems.throwIfAny();
}

/** Arguments that are passed on to the parts, which take Outputs and, some of them, resources. */
const PASSED_ON: ReadonlySet<string> = new Set(
  "source database deletion adopt allow lint rebuild keepOld materialize indexes backfill".split(" "),
);

/** The arguments that the rollup itself reads. */
function valuesOf(args: RollupArgs): object {
  const own = (values: object): object =>
    Object.fromEntries(Object.entries(values).filter(([key]) => !PASSED_ON.has(key)));
  const sources = Object.entries(args.sources ?? {}).map(([key, one]) => [key, own(one)]);
  return { ...own(args), sources: Object.fromEntries(sources) };
}

/** @throws {SchemaError} naming every wrong argument. */
export function definitionsOf(args: RollupArgs): Definitions {
  refuseUnknown(args);
  const { source, sources } = args;
  if ((source === undefined) === (sources === undefined || Object.keys(sources).length === 0))
    throw new SchemaError(
      "argument-invalid",
      "source: give the table that feeds the rollup, or several in `sources`; one of the two",
    );
  if (sources !== undefined && args.viewName !== undefined)
    throw new SchemaError(
      "argument-invalid",
      "viewName: each of several sources has a view; give `sources.NAME.viewName`",
    );
  const rollup = defineRollup(args);
  const given: [string | undefined, RollupSourceArgs][] =
    source === undefined ? Object.entries(sources ?? {}) : [[undefined, { source }]];
  const defined = given.map(([key, one]) => ({
    key,
    args: one,
    rollup: key === undefined ? rollup : defineRollup(args, one, `sources.${key}`),
  }));
  const levelArgs = (args.cascade ?? []).map((level) => (typeof level === "string" ? { every: level } : level));
  const levels: Definition[] = [];
  for (const [index, level] of levelArgs.entries())
    levels.push(defineLevel(levels.at(-1) ?? rollup, level, `cascade[${index}]`));
  const feeds = pulumi.all(
    defined.map((one) => sourceOf(one.args.source).apply((source) => ({ rollup: one.rollup, source }))),
  );
  return { rollup, sources: defined, levels, levelArgs, feeds };
}

/** Name and, for a table resource, definition. */
function sourceOf(source: Input<string> | Named): pulumi.Output<Source> {
  const statement = isNamed(source) && "statement" in source ? (source.statement as pulumi.Output<string>) : undefined;
  return pulumi.all([nameIn(source), statement]).apply(([name, text]) => {
    const table = tableIn(text);
    return { name, ...(table && { table }) };
  });
}

function tableIn(statement: string | undefined): TableSpec | undefined {
  if (statement === undefined) return undefined;
  // With Pulumi's mocks, in unit tests, nothing is checked, so these are the arguments as they were sent.
  if (statement.startsWith("{")) return declaredTable(statement);
  const spec = parseCreate(statement);
  return spec.kind === "table" ? spec : undefined;
}

function declaredTable(json: string): TableSpec | undefined {
  const { args } = declareOptions(KINDS.table.options, JSON.parse(json));
  return "columns" in args ? declareTable({ database: "", name: "" }, args) : undefined;
}

/** @throws {SchemaError} with what is wrong once the sources are known. */
export function renderFirst(feeds: readonly Feed[], args: RollupArgs): First {
  const source = feeds[0]?.source.name ?? "";
  const database = args.database === undefined ? parseQualifiedName(source)?.database : "";
  if (database === undefined)
    throw new SchemaError(
      "argument-invalid",
      `source: expected \`database.table\`, found \`${source}\`. Pass the table's resource, or its qualified name`,
    );
  return { database, target: renderTarget(feeds), fills: feeds.map(renderFill), truth: renderTruth(feeds) };
}

/** What is wrong once the sources are known, as a value: the caller explains why. */
export function attempt<T>(label: string, work: () => T): Attempt<T> {
  try {
    return { value: work() };
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    return { problems: error.problems.map(({ message }) => `${label}: ${message}`) };
  }
}

/** Reports wrong arguments as Pulumi reports errors of the program: without a stack trace. */
export function explained<T>(label: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    throw new pulumi.RunError(error.problems.map(({ message }) => `${label}: ${message}`).join("\n"));
  }
}
