import { isMissingSource } from "../../canonical/host";
import { codesOf, ERROR_CODES } from "../../clickhouse/error-codes";
import { ServerError } from "../../connection/errors";
import { isSyntaxError } from "../../connection/server-message";
import { mentionedNames } from "../../lineage/mentions";
import { rules } from "../../lint";
import { SqlParseError } from "../../sql/errors";
import { unquoteIdentifier } from "../../sql/identifiers";
import { lex } from "../../sql/lexer";
import { keyOf, quotedName } from "../../sql/object-key";
import { renderCreate } from "../../sql/render";
import { scopeOf } from "./create-header";
import { type Overrides, ownFinding, type Range, type RangedFinding } from "./file-finding";
import type { Outcome } from "./outcome";
import { EXPLAIN, type LintSession } from "./session";

/** Codes of a query that is wrong on any server. */
const WRONG_QUERY = codesOf(
  "NOT_FOUND_COLUMN_IN_BLOCK",
  "NO_SUCH_COLUMN_IN_TABLE",
  "NUMBER_OF_ARGUMENTS_DOESNT_MATCH",
  "ILLEGAL_TYPE_OF_ARGUMENT",
  "UNKNOWN_IDENTIFIER",
  "TYPE_MISMATCH",
  "SYNTAX_ERROR",
  "ILLEGAL_AGGREGATION",
  "NOT_AN_AGGREGATE",
  "NO_COMMON_TYPE",
);
/** A limit of the server's configuration, for which there is no separate code. */
const CONFIGURED = /\bconfig\.xml\b/;
/** Longest part of the engine's message that is shown, in characters. */
const MAX_WORDS = 400;

/**
 * What to report for a statement that the engine refused. A rule that names the same code explains it better: then the engine's words
 * are added to its finding.
 *
 * @param found what the rules found in the statement.
 * @param name where the statement's object is named.
 */
export function withRefusal(
  bench: LintSession,
  outcome: Outcome,
  found: readonly RangedFinding[],
  name: Range,
  overrides: Overrides,
): RangedFinding[] {
  const { refusal } = outcome;
  if (refusal === undefined) return [...found];
  if (refusal instanceof SqlParseError) return [...found, ...unread(outcome, refusal, name, overrides)];
  const better = found.find(({ rule, severity }) => severity === "error" && explains(rule, refusal.code));
  if (better !== undefined)
    return found.map((one) => (one === better ? { ...one, engine: words(refusal.message) } : one));
  return [...found, ...refused(bench, outcome, refusal, name, overrides)];
}

function explains(rule: string, code: number): boolean {
  const refusal = rules.find(({ id }) => id === rule)?.refusal;
  return refusal !== undefined && ERROR_CODES[refusal] === code;
}

function refused(
  bench: LintSession,
  outcome: Outcome,
  refusal: ServerError,
  name: Range,
  overrides: Overrides,
): RangedFinding[] {
  const isMissing: boolean = isMissingSource(refusal);
  if (isMissing) return missing(bench, outcome, refusal, name, overrides);
  const object = nameOf(outcome);
  // Valid by itself but not a view, such as WITH … INSERT.
  const isNoView = isSyntaxError(refusal) && !refusal.sql.startsWith(EXPLAIN);
  const isDoubtfulQuery =
    outcome.head === undefined && (isNoView || !WRONG_QUERY.has(refusal.code) || readsSystem(outcome));
  const isMoved = mentionedBy(outcome).some((key) => bench.isUnsure(key));
  const isDoubtful = isDoubtfulQuery || isMoved || CONFIGURED.test(refusal.message);
  const range = rangeOf(outcome, refusal) ?? name;
  return ownFinding(overrides, isDoubtful ? "not-checked" : "engine-refuses", range, {
    object,
    message: `${words(refusal.message)}`,
    why: isDoubtful
      ? "The server may accept it; it was linted as it is written."
      : `It fails on the server as well (code ${refusal.code}).`,
    fix: isDoubtful
      ? "Nothing to do, if the server accepts it."
      : "Fix it and run lint again: it may hide other findings.",
  });
}

/** A missing table: refused as well, moved by a statement that is not tracked, or in a file that was not given. */
function missing(
  bench: LintSession,
  outcome: Outcome,
  refusal: ServerError,
  name: Range,
  overrides: Overrides,
): RangedFinding[] {
  const { head } = outcome;
  const mentioned = mentionedBy(outcome);
  const absent = mentioned.find((key) => bench.outcomeOf(key)?.refusal !== undefined || isUnhosted(bench, key));
  const isMoved = mentioned.some((key) => bench.isUnsure(key));
  const range = rangeOf(outcome, refusal) ?? name;
  if (head === undefined && readsSystem(outcome)) return [];
  if (absent !== undefined || isMoved || head === undefined) {
    const reason =
      absent === undefined ? words(refusal.message) : `it reads ${quotedName(absent)}, which could not be created`;
    return ownFinding(overrides, "not-checked", range, {
      object: nameOf(outcome),
      message: `The engine could not try it: ${reason}.`.replace(/\.\.$/, "."),
      why: "It was linted as it is written, without types.",
      fix:
        absent === undefined
          ? "Give the files that create what it reads as well."
          : `Fix ${quotedName(absent)} first, and lint again.`,
    });
  }
  return ownFinding(overrides, "engine-refuses", range, {
    object: nameOf(outcome),
    message: words(refusal.message),
    why: `Nothing in the given files creates it (code ${refusal.code}).`,
    fix: "Give the files that create what it reads as well, or correct the name.",
  });
}

/** The engine's parser can read it, this package's cannot. */
function unread(
  outcome: Outcome,
  { fragment, problem }: SqlParseError,
  name: Range,
  overrides: Overrides,
): RangedFinding[] {
  return ownFinding(overrides, "not-checked", name, {
    object: nameOf(outcome),
    message: `The statement could not be read: ${problem} (${fragment === "" ? "at the end" : fragment}).`,
    why: "No rule has seen it.",
    fix: "Write it in the form that SHOW CREATE gives.",
  });
}

/** Keys of what a statement may read or write, except its own. */
function mentionedBy({ statement, spec }: Outcome): string[] {
  const names = [...mentionedNames(spec === undefined ? statement.sql : renderCreate(spec))];
  return names.filter((key) => spec === undefined || key !== keyOf(spec));
}

function isUnhosted(bench: LintSession, key: string): boolean {
  const outcome = bench.outcomeOf(key);
  return outcome?.standIn !== undefined && outcome.isHosted !== true;
}

/** Whether it queries the server about itself: versions differ in that. */
function readsSystem({ spec, refusal }: Outcome): boolean {
  if (refusal instanceof ServerError && isSyntaxError(refusal)) return false;
  return spec !== undefined && "query" in spec && /\b(?:system|information_schema)\s*\./i.test(spec.query);
}

function nameOf({ head, statement }: Outcome): string {
  if (head === undefined) return "query";
  return quotedName(
    scopeOf(head.kind) !== "database" ? head.name : `${head.database || statement.database}\0${head.name}`,
  );
}

/** Where the engine says, or the first of the names it quotes that is in the statement. */
function rangeOf({ statement: { sql }, head }: Outcome, { message, sql: tried }: ServerError): Range | undefined {
  const position = Number(/failed at position (\d+)/.exec(message)?.[1] ?? 0) - EXPLAIN.length;
  if (position > 0 && tried.startsWith(EXPLAIN)) {
    const start = Buffer.from(sql, "utf8")
      .subarray(0, position - 1)
      .toString("utf8").length;
    const token = lex(sql).find(({ end }) => end > start);
    return token === undefined
      ? { start: Math.max(sql.length - 1, 0), end: sql.length }
      : { start, end: Math.max(token.end, start + 1) };
  }
  const tokens = lex(sql).filter(({ start, kind }) => kind !== "comment" && start >= (head?.at.end ?? 0));
  for (const [, quoted = ""] of message.matchAll(/[`']([^`'\s]+)[`']/g)) {
    const last = quoted.split(".").at(-1);
    const token = tokens.find(({ text }) => [quoted, last].includes(unquoteIdentifier(text)));
    if (token) return { start: token.start, end: token.end };
  }
  const named = tokens.find(
    ({ kind, text }) => kind === "word" && new RegExp(`\\.${text.replaceAll("$", "\\$")}\\b`).test(message),
  );
  return named && { start: named.start, end: named.end };
}

/** Without the parts that repeat the statement. */
function words(message: string): string {
  const short = message
    .replaceAll(/\s+/g, " ")
    // The position is shown anyway, in the file's own lines.
    .replace(/ failed at position \d+(?: \(.*?\))?(?: \(line \d+, col \d+\))?(?=:|\.)/, "")
    .replace(/^(Syntax error): ?:/, "$1:")
    // Every table has the engine's virtual columns; listing them helps nobody.
    .replace(
      /(available columns:)((?: '[^']*')+)/,
      (_, head: string, list: string) => head + list.replaceAll(/ '_[^']*'/g, ""),
    )
    .replace(/ In scope .*?(?=\s\([A-Z_]+\)$|$)/, "")
    .replace(/ (?:in|In) scope (?:CREATE|SELECT|WITH) .*?(?=\.? ?(?:Maybe you meant|\([A-Z_]+\)$)|$)/, "");
  return short.length > MAX_WORDS ? `${short.slice(0, MAX_WORDS)}…` : short;
}
