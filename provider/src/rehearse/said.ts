import { codesOf } from "../clickhouse/error-codes";
import type { ServerError } from "../connection/errors";
import { messageOf } from "../errors";

/** An engine's refusal. */
export interface Said {
  /** ClickHouse's number of the error. */
  readonly code: number;
  /** The engine's words, and the next step where there is one. */
  readonly message: string;
}

/** Errors about names, types and clauses: their words hold no value of a row. Of all others it is not known. */
const ABOUT_SCHEMA = codesOf(
  "THERE_IS_NO_COLUMN",
  "NOT_FOUND_COLUMN_IN_BLOCK",
  "NO_SUCH_COLUMN_IN_TABLE",
  "NUMBER_OF_ARGUMENTS_DOESNT_MATCH",
  "ILLEGAL_TYPE_OF_ARGUMENT",
  "ILLEGAL_COLUMN",
  "UNKNOWN_FUNCTION",
  "UNKNOWN_IDENTIFIER",
  "NOT_IMPLEMENTED",
  "UNKNOWN_TYPE",
  "UNKNOWN_STORAGE",
  "TABLE_ALREADY_EXISTS",
  "UNKNOWN_TABLE",
  "SYNTAX_ERROR",
  "UNKNOWN_AGGREGATE_FUNCTION",
  "UNKNOWN_DATABASE",
  "UNKNOWN_SETTING",
  "ILLEGAL_AGGREGATION",
  "NOT_AN_AGGREGATE",
  "NO_COMMON_TYPE",
  "DICTIONARY_ALREADY_EXISTS",
  "UNKNOWN_CODEC",
  "HAVE_DEPENDENT_OBJECTS",
);

/** What an engine said. */
export function saidBy(error: ServerError): Said {
  return { code: error.code, message: messageOf(error) };
}

/** The same without a value of a row: of an error that may quote one, only its name is left. */
export function withoutRows({ code, message }: Said): Said {
  if (ABOUT_SCHEMA.has(code)) return { code, message };
  const name = [...message.matchAll(/\(([A-Z][A-Z0-9_]{3,})\)/g)].at(-1)?.[1];
  return {
    code,
    message: `${name === undefined ? "refused" : name} (code ${code}); --show-values prints the engine's words, which may quote rows`,
  };
}
