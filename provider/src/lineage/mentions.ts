import { unquoteIdentifier, unquoteString } from "../sql/identifiers";
import { lex, type Token } from "../sql/lexer";
import { objectKey } from "../sql/object-key";

/**
 * Possible qualified names in a statement, as `database.name` keys: every `a.b` pair, every string literal of that shape
 * (`dictGet('db.dict', …)`), and every call of a quoted name of that shape. Over-approximates on purpose: a name without an object costs
 * a lookup, a missed one a wrong answer.
 */
export function mentionedNames(sql: string): Set<string> {
  const tokens = lex(sql).filter((token) => token.kind !== "comment");
  const found = new Set<string>();
  tokens.forEach((token, index) => {
    const name = tokens[index + 2];
    if (isName(token) && tokens[index + 1]?.text === "." && name !== undefined && isName(name)) {
      found.add(objectKey(unquoteIdentifier(token.text), unquoteIdentifier(name.text)));
    }
    // A call of a view with parameters, as the server shows it: `db.view`(p = 1).
    const called = token.kind === "quoted" && tokens[index + 1]?.text === "(";
    if (token.kind === "string" || called) {
      const text = called ? unquoteIdentifier(token.text) : unquoteString(token.text);
      const [database, object, ...rest] = text.split(".");
      if (database && object && rest.length === 0) found.add(objectKey(database, object));
    }
  });
  return found;
}

/**
 * Possible functions in a statement, as keys without a database: every name, because a function can be passed to another by name
 * (`arrayMap(f, x)`).
 */
export function mentionedFunctions(sql: string): { readonly key: string; readonly isCalled: boolean }[] {
  const tokens = lex(sql).filter((token) => token.kind !== "comment");
  const found = new Map<string, boolean>();
  tokens.forEach((token, index) => {
    if (!isName(token)) return;
    const key = objectKey("", unquoteIdentifier(token.text));
    found.set(key, found.get(key) === true || tokens[index + 1]?.text === "(");
  });
  return [...found].map(([key, isCalled]) => ({ key, isCalled }));
}

function isName(token: Token): boolean {
  return token.kind === "word" || token.kind === "quoted";
}
