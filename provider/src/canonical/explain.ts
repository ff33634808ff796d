import type { ServerError } from "../connection/errors";
import { fragmentAt, isUnknownColumn, pointAt } from "../connection/server-message";
import { lex } from "../sql/lexer";
import { keyParts, quotedName } from "../sql/object-key";
import { didYouMean } from "../util/near";
import { engineWords } from "./engine-words";

/** Facts for explaining a refused declaration. */
export interface Circumstances {
  /** Name of the object, for the start of the message. */
  readonly label: string;
  /** The statement as rendered. */
  readonly rendered: string;
  /** Names in the statement that are neither declared nor on the server. */
  readonly missing: readonly string[];
  /** Keys of the objects declared so far. */
  readonly declared: readonly string[];
  /** Names of the columns that the statement may mean. */
  readonly columns: readonly string[];
  /** Whether the server was queried. */
  readonly serverKnown: boolean;
  readonly sensitive: boolean;
  /** The engine that refused, if not the embedded one. */
  readonly checker?: string | undefined;
}

/** The engine's refusal, saying where, what, and what to do. */
export function explainRefusal(error: ServerError, circumstances: Circumstances): string {
  const { label, rendered, sensitive } = circumstances;
  const words = engineWords(error.message);
  const message = sensitive ? withoutLiterals(words, rendered) : words;
  const unknown = unknownColumn(error);
  const hint = unknown === undefined ? "" : didYouMean(unknown, circumstances.columns);
  const fragment = sensitive ? undefined : (fragmentAt(rendered, error.message) ?? fragmentOf(rendered, unknown));
  const speaker = circumstances.checker === undefined ? [] : [`Reported by ${circumstances.checker}.`];
  return [`${label}: ${message}${hint}`, ...(fragment === undefined ? [] : [fragment]), ...speaker].join("\n");
}

/** The name of an unknown column. The error code says that there is one; only the message names it. */
function unknownColumn(error: ServerError): string | undefined {
  if (!isUnknownColumn(error)) return undefined;
  return /(?:identifier|columns?:?|column) [`']([^`']+)[`']/i.exec(error.message)?.[1];
}

function fragmentOf(sql: string, name: string | undefined): string | undefined {
  const token = name === undefined ? undefined : lex(sql).find(({ text }) => text === name || text === `\`${name}\``);
  return token === undefined ? undefined : pointAt(sql, token.start);
}

/** A source that does not exist anywhere, as distinct from one that is merely not declared before its reader. */
export function explainMissing(circumstances: Circumstances): string {
  const { label, missing, declared, serverKnown } = circumstances;
  const names = declared.filter((key) => keyParts(key).name !== undefined).map(quotedName);
  const sentences = missing.map(
    (key) => `reads or writes \`${quotedName(key)}\`, which does not exist${didYouMean(quotedName(key), names)}`,
  );
  const where = serverKnown
    ? "It is neither declared before this resource nor on the server."
    : "It is not declared before this resource.";
  return (
    `${label}: ${sentences.join("; ")}\n${where} If this stack declares it, pass the resource instead of its name ` +
    "(`to: table`, or sql`… FROM ${table}`), or list it in `dependsOn`."
  );
}

/** A source that this stack declares, without the dependency that creates it first. */
export function explainUndeclaredDependency(label: string, source: string, how: "reads or writes" | "names"): string {
  const pass =
    how === "names"
      ? "Pass the resource instead of its name"
      : "Pass the resource instead of its name (`to: table`, or sql`… FROM ${table}`)";
  return (
    `${label}: ${how} ${source}, which this stack declares, but does not depend on it, so it may be created too early. ` +
    `${pass}, or list it in \`dependsOn\`.`
  );
}

/** A message without the string literals of statements that contain secrets. */
export function withoutLiterals(message: string, ...statements: readonly string[]): string {
  const literals = statements
    .flatMap((statement) => lex(statement))
    .filter((token) => token.kind === "string")
    .flatMap((token) => [token.text, token.text.slice(1, -1)])
    .filter((literal) => literal.length > 2)
    .sort((a, b) => b.length - a.length);
  return literals.reduce((text, literal) => text.split(literal).join("[secret]"), message);
}
