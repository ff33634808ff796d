import {
  atWords,
  type Cursor,
  fail,
  isAtEnd,
  peek,
  skipElement,
  sliceTokens,
  takeGroup,
  takeOperator,
  takeWords,
} from "../cursor";
import { takeExpression } from "../expressions";
import type { SettingSpec, StorageSpec } from "../spec";

/** A storage spec that is being filled; `settings` stays absent until some are found. */
export type StorageDraft = { -readonly [Key in keyof StorageSpec]?: StorageSpec[Key] };

/** Clauses that hold an expression, with the field they fill. */
const EXPRESSION_CLAUSES = [
  [["PARTITION", "BY"], "partitionBy"],
  [["PRIMARY", "KEY"], "primaryKey"],
  [["ORDER", "BY"], "orderBy"],
  [["SAMPLE", "BY"], "sampleBy"],
  [["TTL"], "ttl"],
] as const;

/** Targets of a TimeSeries table; each may be a table, or the layout of an inner one. */
const TIME_SERIES_TARGETS = ["SAMPLES", "DATA", "TAGS", "METRICS"];

/** The draft as a spec, with its fields in a fixed order, whatever order the clauses had. */
export function finishStorage(draft: StorageDraft): StorageSpec {
  const { engine, partitionBy, primaryKey, orderBy, sampleBy, ttl, settings = [] } = draft;
  return {
    ...(engine !== undefined && { engine }),
    ...(partitionBy !== undefined && { partitionBy }),
    ...(primaryKey !== undefined && { primaryKey }),
    ...(orderBy !== undefined && { orderBy }),
    ...(sampleBy !== undefined && { sampleBy }),
    ...(ttl !== undefined && { ttl }),
    settings,
  };
}

/**
 * Takes one storage clause, if one begins at the cursor. Any order of clauses is accepted: if the engine minds, it says so.
 *
 * @throws {SqlParseError} for a clause that occurred before.
 */
export function takeStorageClause(cursor: Cursor, draft: StorageDraft): boolean {
  if (atWords(cursor, "UNIQUE", "KEY")) {
    throw fail(
      cursor,
      "Found UNIQUE KEY: ClickHouse does not enforce one, remove it (ReplacingMergeTree drops duplicates)",
    );
  }
  if (atWords(cursor, "ENGINE")) {
    refuseSecond(cursor, draft.engine, "ENGINE");
    takeWords(cursor, "ENGINE");
    draft.engine = takeEngine(cursor);
    return true;
  }
  if (atWords(cursor, "SETTINGS")) {
    if (draft.settings) {
      throw fail(cursor, "Found SETTINGS twice: a declaration holds the object's settings only, not the statement's");
    }
    takeWords(cursor, "SETTINGS");
    draft.settings = takeSettings(cursor);
    return true;
  }
  for (const [words, field] of EXPRESSION_CLAUSES) {
    if (!atWords(cursor, ...words)) continue;
    refuseSecond(cursor, draft[field], words.join(" "));
    takeWords(cursor, ...words);
    draft[field] = takeExpression(cursor, words.join(" "), atClause);
    return true;
  }
  return false;
}

/** Takes `ENGINE`'s value, with or without `=`. */
export function takeEngine(cursor: Cursor): string {
  takeOperator(cursor, "=");
  const from = cursor.position;
  const token = peek(cursor);
  if (token?.kind !== "word" && token?.kind !== "quoted") throw fail(cursor, "Expected the engine's name after ENGINE");
  cursor.position++;
  if (peek(cursor)?.text === "(") takeGroup(cursor, "ENGINE");
  return sliceTokens(cursor, from, cursor.position);
}

/** Takes `name = value, …`. */
export function takeSettings(cursor: Cursor): SettingSpec[] {
  const settings: SettingSpec[] = [];
  do settings.push(takeSetting(cursor));
  while (takeOperator(cursor, ","));
  return settings;
}

/** Takes the targets of a TimeSeries table, verbatim, if they begin at the cursor. */
export function takeTimeSeriesTargets(cursor: Cursor, draft: StorageDraft): string | undefined {
  if (!draft.engine?.startsWith("TimeSeries") || !TIME_SERIES_TARGETS.some((word) => atWords(cursor, word)))
    return undefined;
  const from = cursor.position;
  while (!isAtEnd(cursor) && !atTail(cursor)) skipElement(cursor);
  return sliceTokens(cursor, from, cursor.position);
}

function takeSetting(cursor: Cursor): SettingSpec {
  const from = cursor.position;
  do {
    const token = peek(cursor);
    if (token?.kind !== "word" && token?.kind !== "quoted")
      throw fail(cursor, "Expected a setting's name after SETTINGS");
    cursor.position++;
  } while (takeOperator(cursor, "."));
  const name = sliceTokens(cursor, from, cursor.position);
  // A bare name switches the setting on.
  if (!takeOperator(cursor, "=")) return { name, value: "true" };
  const valueFrom = cursor.position;
  if (!takeOperator(cursor, "-")) takeOperator(cursor, "+");
  const isCall = peek(cursor)?.kind === "word" && peek(cursor, 1)?.text === "(";
  if (isAtEnd(cursor)) throw fail(cursor, `Expected a value for setting ${name}`);
  skipElement(cursor);
  if (isCall) skipElement(cursor);
  return { name, value: sliceTokens(cursor, valueFrom, cursor.position) };
}

/** Whether any clause begins that may follow a storage clause; called only where no value is expected. */
function atClause(cursor: Cursor): boolean {
  const next = peek(cursor, 1);
  return (
    EXPRESSION_CLAUSES.some(([words]) => atWords(cursor, ...words)) ||
    atWords(cursor, "UNIQUE", "KEY") ||
    (atWords(cursor, "ENGINE") && (next?.text === "=" || next?.kind === "word")) ||
    (atWords(cursor, "SETTINGS") && next !== undefined) ||
    atTail(cursor)
  );
}

/** Whether one of the clauses after the storage begins. */
function atTail(cursor: Cursor): boolean {
  return (
    (atWords(cursor, "COMMENT") && peek(cursor, 1)?.kind === "string") ||
    ["AS", "EMPTY", "POPULATE", "DEFINER"].some((word) => atWords(cursor, word)) ||
    atWords(cursor, "CLONE", "AS") ||
    atWords(cursor, "SQL", "SECURITY") ||
    atWords(cursor, "PARALLEL", "WITH") ||
    atWords(cursor, "INTO", "OUTFILE") ||
    (atWords(cursor, "FORMAT") && peek(cursor, 1)?.kind === "word")
  );
}

function refuseSecond(cursor: Cursor, earlier: string | undefined, clause: string): void {
  if (earlier !== undefined) throw fail(cursor, `Found a second ${clause}: write one`);
}
