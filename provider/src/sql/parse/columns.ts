import {
  atWords,
  type Cursor,
  fail,
  isAtEnd,
  isWord,
  peek,
  skipElement,
  sliceTokens,
  splitAtCommas,
  takeGroup,
  takeName,
  takeRest,
  takeString,
  takeWords,
} from "../cursor";
import { takeExpression } from "../expressions";
import type { ColumnSpec, ConstraintSpec, IndexSpec, ProjectionSpec, SettingSpec } from "../spec";
import { takeSettings } from "./storage";

/** What is in the parentheses after the name of a table. */
export interface TableElements {
  readonly columns: readonly ColumnSpec[];
  readonly indexes: readonly IndexSpec[];
  readonly constraints: readonly ConstraintSpec[];
  readonly projections: readonly ProjectionSpec[];
  /** `PRIMARY KEY (…)` written as an element. */
  readonly primaryKey?: string;
}

/** No parentheses at all. */
export const NO_ELEMENTS: TableElements = { columns: [], indexes: [], constraints: [], projections: [] };

/** Takes the parenthesised list at the cursor, if there is one. */
export function takeElements(cursor: Cursor): TableElements {
  if (peek(cursor)?.text !== "(") return NO_ELEMENTS;
  const columns: ColumnSpec[] = [];
  const indexes: IndexSpec[] = [];
  const constraints: ConstraintSpec[] = [];
  const projections: ProjectionSpec[] = [];
  let primaryKey: string | undefined;
  for (const item of splitAtCommas(takeGroup(cursor, "the name"))) {
    if (isIndex(item)) indexes.push(takeIndex(item));
    else if (isConstraint(item)) constraints.push(takeConstraint(item));
    else if (isProjection(item)) projections.push(takeProjection(item));
    else if (takeWords(item, "PRIMARY", "KEY")) primaryKey = takePrimaryKey(item, primaryKey);
    // The engine parses foreign keys for compatibility and discards them.
    else if (!atWords(item, "FOREIGN", "KEY")) columns.push(takeColumn(item));
  }
  return { columns, indexes, constraints, projections, ...(primaryKey !== undefined && { primaryKey }) };
}

function takePrimaryKey(item: Cursor, earlier: string | undefined): string {
  if (earlier !== undefined) throw fail(item, "Found a second PRIMARY KEY: write one");
  return takeExpression(item, "PRIMARY KEY", () => false);
}

// `index`, `constraint` and `projection` are valid column names too: what follows decides.
function isIndex(item: Cursor): boolean {
  return (
    atWords(item, "INDEX") && item.tokens.slice(item.position + 2, item.end).some((token) => isWord(token, "TYPE"))
  );
}

function isConstraint(item: Cursor): boolean {
  return atWords(item, "CONSTRAINT") && (isWord(peek(item, 2), "CHECK") || isWord(peek(item, 2), "ASSUME"));
}

function isProjection(item: Cursor): boolean {
  return atWords(item, "PROJECTION") && (peek(item, 2)?.text === "(" || isWord(peek(item, 2), "INDEX"));
}

function takeIndex(item: Cursor): IndexSpec {
  takeWords(item, "INDEX");
  const name = takeName(item, "name of the index");
  const expression = takeExpression(item, `INDEX ${name}`, (cursor) => atWords(cursor, "TYPE"));
  if (!takeWords(item, "TYPE")) throw fail(item, `Expected TYPE after the expression of index ${name}`);
  const from = item.position;
  while (!isAtEnd(item) && !(item.position > from && atWords(item, "GRANULARITY"))) skipElement(item);
  const type = sliceTokens(item, from, item.position);
  if (type === "") throw fail(item, `Expected a type after TYPE of index ${name}, e.g. minmax`);
  if (!takeWords(item, "GRANULARITY")) return { name, expression, type };
  const granularity = Number(takeRest(item));
  if (!Number.isInteger(granularity)) throw fail(item, `Expected a whole number after GRANULARITY of index ${name}`);
  return { name, expression, type, granularity };
}

function takeConstraint(item: Cursor): ConstraintSpec {
  takeWords(item, "CONSTRAINT");
  const name = takeName(item, "name of the constraint");
  const kind = takeWords(item, "CHECK") ? "CHECK" : "ASSUME";
  if (kind === "ASSUME") takeWords(item, "ASSUME");
  return { name, kind, expression: takeExpression(item, kind, () => false) };
}

function takeProjection(item: Cursor): ProjectionSpec {
  takeWords(item, "PROJECTION");
  return { name: takeName(item, "name of the projection"), body: takeRest(item) };
}

/** A column spec that is being filled. */
type ColumnDraft = { -readonly [Key in keyof ColumnSpec]: ColumnSpec[Key] };

const DEFAULT_KINDS = ["DEFAULT", "MATERIALIZED", "ALIAS", "EPHEMERAL"] as const;

function takeColumn(item: Cursor): ColumnSpec {
  const column: ColumnDraft = { name: takeName(item, "name of a column") };
  const from = item.position;
  while (!isAtEnd(item) && !atColumnClause(item)) skipElement(item);
  if (item.position > from) column.type = sliceTokens(item, from, item.position);
  while (!isAtEnd(item)) takeColumnClause(item, column);
  return column;
}

/** Whether a clause of a column begins; with what must follow, because each of these words is a valid column name. */
function atColumnClause(cursor: Cursor): boolean {
  const next = peek(cursor, 1);
  return (
    DEFAULT_KINDS.some((kind) => atWords(cursor, kind)) ||
    (atWords(cursor, "COMMENT") && next?.kind === "string") ||
    (["CODEC", "STATISTICS", "SETTINGS"].some((word) => atWords(cursor, word)) && next?.text === "(") ||
    atWords(cursor, "TTL") ||
    atWords(cursor, "PRIMARY", "KEY") ||
    atWords(cursor, "NULL") ||
    atWords(cursor, "NOT", "NULL") ||
    atWords(cursor, "COLLATE") ||
    atWords(cursor, "AUTO_INCREMENT")
  );
}

function takeColumnClause(item: Cursor, column: ColumnDraft): void {
  const kind = DEFAULT_KINDS.find((word) => takeWords(item, word));
  if (kind) column.default = takeDefault(item, kind);
  else if (takeWords(item, "COMMENT")) column.comment = takeString(item, "COMMENT");
  else if (takeWords(item, "CODEC")) column.codec = takeRest(takeGroup(item, "CODEC"));
  else if (takeWords(item, "STATISTICS")) column.statistics = takeRest(takeGroup(item, "STATISTICS"));
  else if (takeWords(item, "TTL")) column.ttl = takeExpression(item, "TTL", atColumnClause);
  else if (takeWords(item, "PRIMARY", "KEY")) column.primaryKey = true;
  else if (takeWords(item, "SETTINGS")) column.settings = takeColumnSettings(item);
  else if (atWords(item, "NULL") || atWords(item, "NOT", "NULL") || atWords(item, "COLLATE")) extendType(item, column);
  else if (atWords(item, "AUTO_INCREMENT")) throw fail(item, "Found AUTO_INCREMENT: ClickHouse has none, remove it");
  else
    throw fail(
      item,
      `Found ${peek(item)?.text} after column ${column.name}: expected a clause of the column or a comma`,
    );
}

function takeDefault(item: Cursor, kind: (typeof DEFAULT_KINDS)[number]): NonNullable<ColumnSpec["default"]> {
  // After EPHEMERAL the engine takes TTL and [NOT] NULL as the beginning of an expression.
  const isExpression = atWords(item, "TTL") || atWords(item, "NULL") || atWords(item, "NOT");
  const isBare = kind === "EPHEMERAL" && !isExpression && (isAtEnd(item) || atColumnClause(item));
  return isBare ? { kind } : { kind, expression: takeExpression(item, kind, atColumnClause) };
}

function takeColumnSettings(item: Cursor): readonly SettingSpec[] {
  return takeSettings(takeGroup(item, "SETTINGS"));
}

/** `NULL`, `NOT NULL` and `COLLATE x` are kept with the type, even if they were written after the default. */
function extendType(item: Cursor, column: ColumnDraft): void {
  const from = item.position;
  item.position += atWords(item, "NULL") ? 1 : 2;
  const modifier = sliceTokens(item, from, item.position);
  if (column.type === undefined) {
    item.position = from;
    throw fail(item, `Found ${modifier} on column ${column.name}, which has no type: write the type before it`);
  }
  column.type = `${column.type} ${modifier}`;
}
