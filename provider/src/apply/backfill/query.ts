import { SchemaError } from "../../errors";
import { type From, triggerIn } from "../../lineage/trigger";
import { backtick, qualifiedName, unquoteIdentifier } from "../../sql/identifiers";
import { lex, type Token } from "../../sql/lexer";
import type { MaterializedViewSpec, QualifiedName } from "../../sql/spec";

/** The table whose inserts trigger a view, and where the view's query names it. */
export interface ViewSource extends QualifiedName {
  readonly alias?: string;
  readonly final: boolean;
  /** Offsets of the name in the query. */
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the table that an incremental view reads: the first one of its innermost SELECT, as the engine does.
 *
 * @throws {SchemaError} when the query cannot be parsed, or names the table more than once: an insert replaces only the first mention, so
 *   one pass over the rows cannot compute the history.
 */
export function sourceOf({ query, ...view }: Pick<MaterializedViewSpec, "query"> & QualifiedName): ViewSource {
  const found = firstFrom(query);
  const name = found?.table;
  if (found === undefined || name?.database === undefined) {
    throw new SchemaError(
      "change-unsupported",
      `${qualifiedName(view)}: its query reads no table that can be told (one SELECT from \`database.table\` is expected), so it is not backfilled. ` +
        "Fill the target by INSERT … SELECT while nobody writes, or rewrite the query.",
    );
  }
  const tokens = tokensOf(query);
  const at = tokens.findIndex(({ start }) => start === found.start);
  const last = tokens[at + 2];
  const source = { database: name.database, name: name.name };
  if (last === undefined || !isPair(tokens, at, source)) {
    throw new SchemaError(
      "change-unsupported",
      `${qualifiedName(view)}: where its query names ${qualifiedName(source)} is unknown.`,
    );
  }
  const again = tokens.some((_, index) => index !== at && isPair(tokens, index, source) && !isDot(tokens[index + 3]));
  if (again) {
    throw new SchemaError(
      "change-unsupported",
      `${qualifiedName(view)}: its query names ${qualifiedName(source)} more than once. An insert takes the place of the first only, so what it would have ` +
        "made of older rows depends on when they came; it is not backfilled.",
    );
  }
  const alias = found.alias === undefined ? {} : { alias: found.alias };
  return { ...source, ...alias, final: found.final, start: found.start, end: last.end };
}

/** Replaces the source of a query, keeping the name by which the rest of the query refers to it. */
export function readingFrom(query: string, source: ViewSource, replacement: string): string {
  const alias = source.alias === undefined ? ` AS ${backtick(source.name)}` : "";
  let text = "";
  let from = 0;
  const tokens = tokensOf(query);
  for (const [index, token] of tokens.entries()) {
    if (token.start === source.start) {
      text += query.slice(from, token.start) + replacement + alias;
      from = source.end;
    } else if (token.start > from && isPair(tokens, index, source) && isDot(tokens[index + 3])) {
      // `database.table.column`: the replacement has no database.
      text += query.slice(from, token.start);
      from = tokens[index + 2]?.start ?? token.end;
    }
  }
  return text + query.slice(from);
}

/** A UNION has no single source. */
function firstFrom(query: string): From | undefined {
  const found = triggerIn(query);
  return found?.isUnion === false ? found.from : undefined;
}

function tokensOf(query: string): Token[] {
  return lex(query).filter(({ kind }) => kind !== "comment");
}

function isPair(tokens: readonly Token[], at: number, { database, name }: QualifiedName): boolean {
  const [first, second] = [tokens[at], tokens[at + 2]];
  return isNamed(first, database) && isDot(tokens[at + 1]) && isNamed(second, name) && !isDot(tokens[at - 1]);
}

function isNamed(token: Token | undefined, name: string): boolean {
  return (token?.kind === "word" || token?.kind === "quoted") && unquoteIdentifier(token.text) === name;
}

function isDot(token: Token | undefined): boolean {
  return token?.text === ".";
}
