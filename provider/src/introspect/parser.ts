import { codesOf } from "../clickhouse/error-codes";
import type { Connection } from "../connection/connection";
import { ServerError } from "../connection/errors";
import { quoteString } from "../sql/identifiers";
import { lex } from "../sql/lexer";
import { unknownIn, type Word } from "./vocabulary";

/** Those of every supported release. */
const OLD_CODECS =
  /^\s*(?:NONE|Default|LZ4(?:HC)?|ZSTD(?:_QAT)?|Delta|DoubleDelta|Gorilla|T64|FPC|GCD|AES_\d+_GCM_SIV|DEFLATE_QPL)(?:\(|\s*$)/i;
/** The question itself, which some releases repeat. */
const SCOPE = /:? In scope SELECT (?:[\s\S]* AS types\b|formatQuery\('[\s\S]*'\))/;
const TOLD = codesOf("UNKNOWN_CODEC", "UNKNOWN_TYPE", "SYNTAX_ERROR", "UNKNOWN_AGGREGATE_FUNCTION");

/** What is asked of a server's parser and of what it knows. */
export interface Asked {
  readonly statements: readonly string[];
  readonly types: readonly string[];
  /** As in CODEC(…), with a type that they are for. */
  readonly codecs: readonly { readonly type: string; readonly codec: string }[];
  readonly words: readonly Word[];
}

/** What a server does not take. */
export interface Unread {
  /** Its words on the first thing that it does not read. */
  readonly said?: string;
  /** An answer for `knownElsewhere`: the words that are in no list of its own. */
  readonly unknown: readonly (readonly string[])[];
}

/**
 * Asks a server's parser about statements, and whether it knows some types, codecs and other words. Runs nothing. One query, and one more
 * for codecs that the oldest supported release does not have.
 *
 * @returns nothing said where it takes all, or cannot be asked.
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
    // A server too old for the question itself, or one that says something else of a type, is no witness.
    return { unknown: [], ...(TOLD.has(error.code) && { said: error.message.replace(SCOPE, "") }) };
  }
}

/** The server does not hide secrets in a question about a statement, as it does in the statement. */
function withoutStrings(sql: string): string {
  const strings = lex(sql).filter(({ kind }) => kind === "string");
  return strings.reduceRight((text, { start, end }) => `${text.slice(0, start)}''${text.slice(end)}`, sql);
}
