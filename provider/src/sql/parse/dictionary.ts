import {
  atWords,
  type Cursor,
  fail,
  isAtEnd,
  peek,
  skipElement,
  sliceTokens,
  splitAtCommas,
  takeGroup,
  takeName,
  takeRest,
  takeWords,
} from "../cursor";
import { withoutOuterBrackets } from "../fragments";
import type { AttributeSpec, DictionarySpec, QualifiedName } from "../spec";
import { failLeftover, type TailDraft, takeComment } from "./clauses";
import { takeSettings } from "./storage";

const FLAGS = ["HIERARCHICAL", "BIDIRECTIONAL", "INJECTIVE", "IS_OBJECT_ID"];
const ATTRIBUTE_CLAUSES = ["DEFAULT", "EXPRESSION", ...FLAGS];
const CLAUSES = "PRIMARY KEY, SOURCE, LIFETIME, LAYOUT, RANGE, SETTINGS or COMMENT once each";

type Draft = { -readonly [Key in keyof DictionarySpec]?: DictionarySpec[Key] } & TailDraft;

/** Parses what follows the name of a dictionary. */
export function parseDictionary(cursor: Cursor, { database, name }: QualifiedName): DictionarySpec {
  const attributes = peek(cursor)?.text === "(" ? splitAtCommas(takeGroup(cursor, "the name")).map(takeAttribute) : [];
  const draft: Draft = {};
  while (!isAtEnd(cursor))
    if (!takeComment(cursor, draft) && !takeClause(cursor, draft)) throw failLeftover(cursor, CLAUSES);
  const { primaryKey, source, layout, lifetime, range, settings, comment } = draft;
  if (primaryKey === undefined) throw failLeftover(cursor, "PRIMARY KEY");
  if (source === undefined) throw failLeftover(cursor, "SOURCE(…)");
  if (layout === undefined) throw failLeftover(cursor, "LAYOUT(…)");
  return {
    kind: "dictionary",
    database,
    name,
    attributes,
    primaryKey,
    source,
    ...(lifetime !== undefined && { lifetime }),
    layout,
    ...(range !== undefined && { range }),
    ...(settings !== undefined && { settings }),
    ...(comment !== undefined && { comment }),
  };
}

function takeClause(cursor: Cursor, draft: Draft): boolean {
  if (draft.primaryKey === undefined && takeWords(cursor, "PRIMARY", "KEY")) draft.primaryKey = takeKey(cursor);
  else if (draft.source === undefined && takeWords(cursor, "SOURCE")) draft.source = takeGroupText(cursor, "SOURCE");
  else if (draft.lifetime === undefined && takeWords(cursor, "LIFETIME"))
    draft.lifetime = takeGroupText(cursor, "LIFETIME");
  else if (draft.layout === undefined && takeWords(cursor, "LAYOUT")) draft.layout = takeGroupText(cursor, "LAYOUT");
  else if (draft.range === undefined && takeWords(cursor, "RANGE")) draft.range = takeGroupText(cursor, "RANGE");
  else if (draft.settings === undefined && takeWords(cursor, "SETTINGS"))
    draft.settings = takeSettings(takeGroup(cursor, "SETTINGS"));
  else return false;
  return true;
}

function takeGroupText(cursor: Cursor, clause: string): string {
  return takeRest(takeGroup(cursor, clause));
}

function takeKey(cursor: Cursor): string {
  const from = cursor.position;
  const ends = ["SOURCE", "LIFETIME", "LAYOUT", "RANGE", "SETTINGS", "COMMENT"];
  while (!isAtEnd(cursor) && !ends.some((word) => atWords(cursor, word))) skipElement(cursor);
  const text = sliceTokens(cursor, from, cursor.position);
  if (text === "") throw fail(cursor, "Expected the key's attributes after PRIMARY KEY");
  // A key of several attributes is shown without parentheses, one with them means the same.
  return text.startsWith("(") && text.endsWith(")")
    ? withoutOuterBrackets(text).replace(/^\(([\s\S]*)\)$/, "$1")
    : text;
}

function takeAttribute(cursor: Cursor): AttributeSpec {
  const name = takeName(cursor, "name of an attribute");
  const type = takeUntilClause(cursor);
  if (type === "") throw fail(cursor, `Expected the type of attribute ${name}`);
  let [value, expression]: (string | undefined)[] = [];
  const flags: string[] = [];
  while (!isAtEnd(cursor)) {
    if (takeWords(cursor, "DEFAULT")) value = takeUntilClause(cursor);
    else if (takeWords(cursor, "EXPRESSION")) expression = takeUntilClause(cursor);
    else {
      const flag = FLAGS.find((word) => takeWords(cursor, word));
      if (flag === undefined)
        throw fail(cursor, `Found ${peek(cursor)?.text}: expected ${ATTRIBUTE_CLAUSES.join(", ")} after the type`);
      flags.push(flag);
    }
  }
  return {
    name,
    type,
    ...(value !== undefined && { default: value }),
    ...(expression !== undefined && { expression }),
    flags: flags.sort(),
  };
}

function takeUntilClause(cursor: Cursor): string {
  const from = cursor.position;
  while (!isAtEnd(cursor) && !ATTRIBUTE_CLAUSES.some((word) => atWords(cursor, word))) skipElement(cursor);
  return sliceTokens(cursor, from, cursor.position);
}
