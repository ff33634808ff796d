import { codesOf } from "../clickhouse/error-codes";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { quoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import { unknownIn, type Word } from "./vocabulary";

/** Codecs of every supported release. */
const OLD_CODECS =
  /^\s*(?:NONE|Default|LZ4(?:HC)?|ZSTD(?:_QAT)?|Delta|DoubleDelta|Gorilla|T64|FPC|GCD|AES_\d+_GCM_SIV|DEFLATE_QPL)(?:\(|\s*$)/i;
/** The query itself, which some releases repeat in the message. */
const SCOPE = /:? In scope SELECT (?:[\s\S]* AS types\b|formatQuery\('[\s\S]*'\))/;
const TOLD = codesOf("UNKNOWN_CODEC", "UNKNOWN_TYPE", "SYNTAX_ERROR", "UNKNOWN_AGGREGATE_FUNCTION");

/** What to check with a server's parser and its lists. */
export interface Asked {
  readonly statements: readonly string[];
  readonly types: readonly string[];
  /** As in CODEC(…), with a type that it applies to. */
  readonly codecs: readonly { readonly type: string; readonly codec: string }[];
  readonly words: readonly Word[];
}

/** What a server does not accept. */
export interface Unread {
  /** Its error message about the first thing that it cannot parse. */
  readonly said?: string;
  /** An answer for `knownElsewhere`: the words that are missing from its lists. */
  readonly unknown: readonly (readonly string[])[];
}

/**
 * Checks with a server's parser whether it accepts some statements, and whether it knows some types, codecs and other words. Executes
 * nothing. One query, and one more for codecs that the oldest supported release does not have.
 *
 * @returns no `said` where it accepts everything, or cannot be queried.
 */
export async function unreadBy(connection: Connection, { statements, types, codecs, words }: Asked): Promise<Unread> {
  const texts = statements.map(withoutStrings);
  const parsed = texts.map((sql) => `isNotNull(formatQueryOrNull(${quoteString(sql)}))`);
  const known = types.map((type) => `toTypeName(defaultValueOfTypeName(${quoteString(type)}))`);
  try {
    const [row] = await connection.query<{ taken: readonly number[]; unknown: Unread["unknown"] }>(
      `SELECT [${parsed.join(", ")}] AS taken, ${unknownIn(words)} AS unknown, [${known.join(", ")}] AS types`,
    );
    const first = texts.find((_, index) => row?.taken[index] === 0);
    if (first !== undefined) await connection.query(`SELECT formatQuery(${quoteString(first)})`);
    const structure = codecs
      .filter(({ codec }) => !codec.split(/,(?![^(]*\))/).every((one) => OLD_CODECS.test(one)))
      .map(({ codec, type }, index) => `c${index} ${type} CODEC(${codec})`);
    if (structure.length > 0) await connection.query(`DESCRIBE TABLE \`null\`(${quoteString(structure.join(", "))})`);
    return { unknown: row?.unknown ?? [] };
  } catch (error) {
    if (!(error instanceof ServerError)) throw error;
    // A server that is too old for the query itself, or that fails for another reason, proves nothing.
    return { unknown: [], ...(TOLD.has(error.code) && { said: error.message.replace(SCOPE, "") }) };
  }
}

/** The server hides secrets in a statement, but not in a query that quotes the statement. */
function withoutStrings(sql: string): string {
  const strings = lex(sql).filter(({ kind }) => kind === "string");
  return strings.reduceRight((text, { start, end }) => `${text.slice(0, start)}''${text.slice(end)}`, sql);
}
