import { ERROR_CODES } from "../clickhouse/error-codes";
import { ServerError } from "../connection/errors";
import { lex } from "../sql/lexer";
import { columnsUnknown } from "./outside";
import { localQuery, outsideFunction } from "./outside-calls";

/** Never run, only read. */
const UNRUN = /^\s*EXPLAIN\s+AST\b/i;

/**
 * A statement whose table functions that read from outside are replaced by local ones.
 *
 * @throws {ServerError} if the columns of one are not known, or for a disk within the statement.
 */
export function localStatement(sql: string): string {
  if (UNRUN.test(sql)) return sql;
  if (hasInlineDisk(sql))
    throw new ServerError(
      "disk(…) accesses something outside of the engine, which a check never does",
      ERROR_CODES.BAD_ARGUMENTS,
      sql,
    );
  const called = outsideFunction(sql);
  if (called === undefined) return sql;
  const local = localQuery(sql);
  if (local !== undefined) return local;
  throw new ServerError(
    columnsUnknown(`${called} accesses something outside of the engine, which a check never does`),
    ERROR_CODES.BAD_ARGUMENTS,
    sql,
  );
}

function hasInlineDisk(sql: string): boolean {
  const tokens = lex(sql).filter(({ kind }) => kind !== "comment");
  return tokens.some(
    ({ text }, index) =>
      text.toLowerCase() === "disk" && tokens[index + 1]?.text === "=" && tokens[index + 3]?.text === "(",
  );
}
