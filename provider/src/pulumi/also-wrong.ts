import { engineWords } from "../canonical/engine-words";
import { isMissingSource } from "../canonical/host";
import { ServerError } from "../connection/errors";
import { SchemaError } from "../errors";
import { kindOf } from "../kinds";
import { keyOf, quotedName } from "../sql/object-key";
import type { ObjectSpec } from "../sql/spec";
import type { Properties } from "../util/properties";
import type { Context } from "./context";
import { refusedArguments, tryOnEngine } from "./refused-arguments";
import { declarationsIn, type Told, toldDeclaration } from "./told";

/** Most resources that are listed. */
const MOST = 20;
/** Longest time spent on looking for mistakes, in milliseconds. */
const LIMIT = 20_000;

/**
 * What else is wrong in the program, because Pulumi ends a run at the first refusal: declarations not checked yet are tried on the scratch
 * engine, as far as they are known. The server is not queried.
 *
 * @param told everything the program declares.
 * @param refused inputs of the refused resource, which is not listed again.
 */
export async function alsoWrong(context: Context, told: unknown, refused: Properties): Promise<string[]> {
  const isOther = ({ database, name }: Told): boolean => name !== refused["name"] || database !== refused["database"];
  const others = declarationsIn(told).filter(isOther);
  const found: string[] = [];
  const limit = Date.now() + LIMIT;
  for (const one of others) {
    if (Date.now() > limit) break;
    const problems = await problemsOf(context, one);
    if (problems.length > 0) found.push(`${one.resourceName}: ${problems.join("\n  ")}`);
  }
  if (found.length === 0) return [];
  const more = found.length > MOST ? [`and ${found.length - MOST} more`] : [];
  const count = found.length === 1 ? "1 more resource is" : `${found.length} more resources are`;
  return [[`${count} wrong in this program:`, ...found.slice(0, MOST), ...more].join("\n- ")];
}

async function problemsOf(context: Context, told: Told): Promise<string[]> {
  let spec: ObjectSpec;
  try {
    ({ spec } = toldDeclaration(told));
  } catch (error) {
    return error instanceof SchemaError ? error.problems.map(({ message }) => message) : [];
  }
  const key = keyOf(spec);
  if (context.checked.has(key) || context.config.scratch === "off") return [];
  const tried = await tryOnEngine(context, spec);
  if (!(tried instanceof ServerError)) {
    if (kindOf(spec.kind).isOnScratch) context.scratch.declare(key, tried);
    return [];
  }
  // A reader of something wrong would only repeat its error.
  const follows: boolean = isMissingSource(tried);
  if (follows) return [];
  const found = await refusedArguments(context, spec, tried, true);
  if (found.length === 0) return [`${quotedName(key)}: ${engineWords(tried.message)}`];
  return found.map(({ message }) => message);
}
