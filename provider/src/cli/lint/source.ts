import { splitStatements } from "../../sql/fragments";
import { unquoteIdentifier } from "../../sql/identifiers";
import { lex } from "../../sql/lexer";
import { readHead, scopeOf } from "./create-header";

/** A file's text, and which parts of it are SQL. */
export interface Source {
  /** As given; `-` for standard input. */
  readonly name: string;
  readonly text: string;
  readonly isMarkdown: boolean;
  /** As long as `text`, with blanks for what is not SQL. */
  readonly sql: string;
  /** As long as `text`, with blanks for what is in code blocks; empty unless it is Markdown. */
  readonly prose: string;
}

/** One statement of a file. */
export interface Statement {
  readonly source: Source;
  readonly sql: string;
  /** Where it begins in the file's text. */
  readonly offset: number;
  /** First word, in capitals. */
  readonly verb: string;
  /** Database of names without one. */
  readonly database: string;
}

/** Database of names without one if nothing else is given. */
const DEFAULT_DATABASE = "default";
const SQL_BLOCK = /^(?:sql|clickhouse)$/i;

/** Recognises Markdown by its extension, and in standard input by a code block of SQL. */
export function readSource(name: string, text: string): Source {
  const isMarkdown = name === "-" ? /^\s*(?:`{3,}|~{3,})\s*sql\b/im.test(text) : /\.(?:md|mdx|markdown)$/i.test(name);
  return isMarkdown
    ? { name, text, isMarkdown, ...splitMarkdown(text) }
    : { name, text, isMarkdown, sql: text, prose: "" };
}

/**
 * The statements of a file in order.
 *
 * @param database of names without one. Default: the database of the last `USE` or `CREATE DATABASE` before the statement, else
 *   `default`. A `USE` wins over it.
 */
export function statementsOf(source: Source, database?: string): Statement[] {
  let current = database ?? DEFAULT_DATABASE;
  let end = 0;
  const starts = lineStarts(source.sql);
  return splitStatements(source.sql).map(({ sql, line }) => {
    const offset = source.sql.indexOf(sql, Math.max(end, starts[line - 1] ?? 0));
    end = offset + sql.length;
    const [verb, name] = lex(sql).filter(({ kind }) => kind !== "comment");
    const statement = { source, sql, offset, verb: verb?.text.toUpperCase() ?? "", database: current };
    if (statement.verb === "USE" && name !== undefined) current = unquoteIdentifier(name.text);
    const head = statement.verb === "CREATE" && database === undefined ? readHead(sql, current) : undefined;
    if (head !== undefined && scopeOf(head.kind) === "itself") current = head.name;
    return statement;
  });
}

/** Offset of each line. */
export function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
}

/** Keeps all offsets: SQL and prose are each blanked out in the other's text. */
function splitMarkdown(text: string): { sql: string; prose: string } {
  let [sql, prose] = ["", ""];
  let fence: { marks: string; isSql: boolean } | undefined;
  for (const line of text.split(/(?<=\n)/)) {
    const blank = line.replaceAll(/[^\r\n]/g, " ");
    const [, marks = "", language = ""] = /^[ \t]*(`{3,}|~{3,})[ \t]*([^\s`]*)/.exec(line) ?? [];
    if (fence === undefined) {
      if (marks !== "") fence = { marks, isSql: SQL_BLOCK.test(language) };
      sql += blank;
      prose += marks === "" ? line : blank;
    } else if (marks.startsWith(fence.marks) && language === "") {
      fence = undefined;
      // The end of a block ends its last statement.
      sql += blank.replace(" ", ";");
      prose += blank;
    } else {
      sql += fence.isSql ? line : blank;
      prose += blank;
    }
  }
  return { sql, prose };
}
