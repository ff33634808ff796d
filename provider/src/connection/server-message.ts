import { codesOf, type ErrorName } from "../clickhouse/error-codes";
import { ServerError } from "./errors";

/** The contents of an engine's raw error. */
export interface ServerMessage {
  /** ClickHouse error code; 0 if the error has none. */
  readonly code: number;
  /** The engine's words without prefix, version and stack trace; the error's name in parentheses stays at the end. */
  readonly message: string;
}

/** Longest part of an SQL line that {@link fragmentAt} shows, in characters. */
const MAX_FRAGMENT = 120;

/**
 * Parses the error of any engine, over HTTP or embedded.
 *
 * `Code: 60. DB::Exception: Unknown table x. (UNKNOWN_TABLE) (version 26.7.2.1)` gives
 * `{ code: 60, message: "Unknown table x. (UNKNOWN_TABLE)" }`.
 */
export function parseServerMessage(answer: string): ServerMessage {
  const raw = insideJson(answer);
  const code = Number(/\b(?:Code|Error): (\d+)/.exec(raw)?.[1] ?? 0);
  const message = raw
    .replace(/^\s*(?:Query failed: )+/, "")
    .replace(/,? Stack trace(?: \(when copying[^)]*\))?:[\s\S]*$/, "")
    // For a failed mutation, stack frames without that heading.
    .replace(/(?:\s*^\d+\. .* @ (?:0x)?[0-9a-f]+$)+\s*\.?/gm, "")
    .replace(/(Expected one of: (?:[^,]+, ){7}[^,]+)((?:, [^,.]+)+)/, (_, head: string, rest: string) => {
      return `${head} and ${rest.split(", ").length - 1} more`;
    })
    // Builds name themselves in nested parentheses: "(version 24.8.1.1 (official build))".
    .replace(/ ?\(version [^()]*(?:\([^()]*\)[^()]*)*\)/g, "")
    // A cluster repeats the prefix of the inner error, so every occurrence is removed.
    .replace(/\b(?:Code|Error): \d+\. (?:DB::)?(?:\w+::)*\w*Exception: /g, "")
    .replace(/^DB::\w*Exception: /, "")
    .replace(/(\([A-Z0-9_]{3,}\))(?:\.?\s*\1)+/g, "$1")
    .trim();
  return { code, message: message === "" ? `error ${code} without a message` : message };
}

/** Some releases write the error in the format of the rows: `{"exception": "Code: 62. …"}`. */
function insideJson(answer: string): string {
  const line = /^\s*(\{"exception":[\s\S]*\})\s*$/.exec(answer)?.[1];
  if (line === undefined) return answer;
  try {
    const { exception } = JSON.parse(line) as { exception: unknown };
    return typeof exception === "string" ? exception : answer;
  } catch {
    return answer;
  }
}

/**
 * Shows where a syntax error is.
 *
 * @param sql the statement as sent.
 * @param message the engine's message about it.
 * @returns the offending line, numbered, with a caret below; undefined if the message names no position in it.
 */
export function fragmentAt(sql: string, message: string): string | undefined {
  const position = Number(/failed at position (\d+)/.exec(message)?.[1] ?? 0);
  // The engine counts bytes from 1; "end of query" is one past the last.
  const bytes = Buffer.from(sql, "utf8");
  if (position < 1 || position > bytes.length + 1) return undefined;
  return pointAt(sql, bytes.subarray(0, position - 1).toString("utf8").length);
}

/** The line of a text at an offset, numbered, with a caret below. */
export function pointAt(sql: string, offset: number): string {
  const before = sql.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  const lineEnd = sql.indexOf("\n", before.length);
  const line = Array.from(sql.slice(lineStart, lineEnd === -1 ? undefined : lineEnd).replaceAll(/[\t\r]/g, " "));
  const column = Array.from(before.slice(lineStart)).length;

  const from = column > MAX_FRAGMENT - 20 ? column - Math.floor(MAX_FRAGMENT / 2) : 0;
  const shown = line.slice(from, from + MAX_FRAGMENT);
  const head = from > 0 ? "…" : "";
  const tail = from + MAX_FRAGMENT < line.length ? "…" : "";
  const gutter = `${before.split("\n").length} | `;
  const pointer = `${" ".repeat(gutter.length - 2)}| ${" ".repeat(column - from + head.length)}^`;
  return `${gutter}${head}${shown.join("").trimEnd()}${tail}\n${pointer}`;
}

/** The table, view or dictionary does not exist (60). */
export const isUnknownTable = hasCode("UNKNOWN_TABLE");
/** The database does not exist (81). */
export const isUnknownDatabase = hasCode("UNKNOWN_DATABASE");
/** The name is taken by a table or view (57), or by a dictionary or a table of engine Dictionary (387). */
/** Another function has the name, or the server has one built in. */
export const isFunctionExists = hasCode("FUNCTION_ALREADY_EXISTS");
/** The name is taken by a named collection (670). */
export const isCollectionExists = hasCode("NAMED_COLLECTION_ALREADY_EXISTS");
export const isTableExists = hasCode("TABLE_ALREADY_EXISTS", "DICTIONARY_ALREADY_EXISTS");
/** The name is taken by a database (82). */
export const isDatabaseExists = hasCode("DATABASE_ALREADY_EXISTS");
/** The name is taken by a user, a role or the like (493). */
export const isEntityExists = hasCode("ACCESS_ENTITY_ALREADY_EXISTS");
/** A statement about users or roles names one that does not exist (192, 511). */
export const isMissingName = hasCode("UNKNOWN_USER", "UNKNOWN_ROLE");
/** The statement does not parse (62); see {@link fragmentAt}. */
export const isSyntaxError = hasCode("SYNTAX_ERROR");
/** The user lacks a grant (497); the message names it. */
export const isAccessDenied = hasCode("ACCESS_DENIED");
/** The user has read-only access, or may not change a setting (164). */
export const isReadonly = hasCode("READONLY");
/** No such function (46). */
export const isUnknownFunction = hasCode("UNKNOWN_FUNCTION");
/** No such column or alias (47, 16). */
export const isUnknownColumn = hasCode("UNKNOWN_IDENTIFIER", "NO_SUCH_COLUMN_IN_TABLE");
/** No such data type (50). */
export const isUnknownType = hasCode("UNKNOWN_TYPE");
/** No such table or database engine in this build (56, 336). */
export const isUnknownEngine = hasCode("UNKNOWN_STORAGE", "UNKNOWN_DATABASE_ENGINE");
/** No such compression codec (432). */
export const isUnknownCodec = hasCode("UNKNOWN_CODEC");
/** No such setting (115). */
export const isUnknownSetting = hasCode("UNKNOWN_SETTING");
/** User or password refused (516, 192, 193, 194). Becomes a ConnectionError over HTTP. */
export const isAuthenticationFailed = hasCode(
  "AUTHENTICATION_FAILED",
  "UNKNOWN_USER",
  "WRONG_PASSWORD",
  "REQUIRED_PASSWORD",
);
/** The statement needs more memory than its limit (241). */
export const isOutOfMemory = hasCode("MEMORY_LIMIT_EXCEEDED");
/** An inserted row does not satisfy a constraint (469). */
export const isConstraintViolated = hasCode("VIOLATED_CONSTRAINT");
/** The statement ran longer than the server allows (159, 160). */
export const isTooSlow = hasCode("TIMEOUT_EXCEEDED", "TOO_SLOW");
/** Keeper did not answer, or a node in it went away while it was read (999). */
export const isKeeperError = hasCode("KEEPER_EXCEPTION");
/** A replica has not applied the last change of its table yet (517). */
export const isBehind = hasCode("CANNOT_ASSIGN_ALTER");

function hasCode(...names: readonly ErrorName[]): (error: unknown) => error is ServerError {
  const codes = codesOf(...names);
  return (error): error is ServerError => error instanceof ServerError && codes.has(error.code);
}
