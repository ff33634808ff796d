import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { quoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";

/** The question itself, which some releases repeat. */
const SCOPE = /:? In scope SELECT (?:[\s\S]* AS types\b|formatQuery\('[\s\S]*'\))/;
const TOLD: ReadonlySet<number> = new Set([
  50, // UNKNOWN_TYPE
  62, // SYNTAX_ERROR
  63, // UNKNOWN_AGGREGATE_FUNCTION
]);

/**
 * Asks a server's parser about statements, and whether it knows some types. Runs nothing.
 *
 * @returns the server's words on the first that it does not take; undefined when it takes all, or cannot be asked.
 */
export async function refusedByParser(
  connection: Connection,
  statements: readonly string[],
  types: readonly string[],
): Promise<string | undefined> {
  const texts = statements.map(withoutStrings);
  const parsed = texts.map((sql) => `isNotNull(formatQueryOrNull(${quoteString(sql)}))`);
  const known = types.map((type) => `toTypeName(defaultValueOfTypeName(${quoteString(type)}))`);
  try {
    const [row] = await connection.query<{ taken: readonly number[] }>(
      `SELECT [${parsed.join(", ")}] AS taken, [${known.join(", ")}] AS types`,
    );
    const first = texts.find((_, index) => row?.taken[index] === 0);
    if (first !== undefined) await connection.query(`SELECT formatQuery(${quoteString(first)})`);
    return undefined;
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    // A server too old for the question itself, or one that says something else of a type, is no witness.
    return TOLD.has(error.code) ? error.message.replace(SCOPE, "") : undefined;
  }
}

/** The server does not hide secrets in a question about a statement, as it does in the statement. */
function withoutStrings(sql: string): string {
  const strings = lex(sql).filter(({ kind }) => kind === "string");
  return strings.reduceRight((text, { start, end }) => `${text.slice(0, start)}''${text.slice(end)}`, sql);
}
