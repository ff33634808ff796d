import { HIDDEN, type Part, Reference, type Secret, Sql } from "../code/value";
import { unquoteIdentifier } from "../sql/identifiers";
import { lex, type Token } from "../sql/lexer";
import { objectKey, quotedName } from "../sql/object-key";

/**
 * Replaces names of objects in a piece of SQL by resources, where that leaves the text unchanged.
 *
 * @param canRefer whether the object of a key may be replaced by its resource there.
 */
export function linkNames(sql: Sql, canRefer: (key: string) => boolean): Sql {
  return new Sql(sql.parts.flatMap((part): Part[] => (typeof part === "string" ? linkText(part, canRefer) : [part])));
}

function linkText(text: string, canRefer: (key: string) => boolean): Part[] {
  const tokens = lex(text);
  const parts: Part[] = [];
  let position = 0;
  for (let index = 0; index + 2 < tokens.length; index++) {
    const [database, dot, name] = tokens.slice(index, index + 3);
    if (!isName(database) || dot?.text !== "." || !isName(name) || tokens[index - 1]?.text === ".") continue;
    const key = objectKey(unquoteIdentifier(database.text), unquoteIdentifier(name.text));
    if (!canRefer(key) || text.slice(database.start, name.end) !== quotedName(key)) continue;
    parts.push(text.slice(position, database.start), new Reference(key));
    position = name.end;
    index += 2;
  }
  return [...parts, text.slice(position)].filter((part) => part !== "");
}

function isName(token: Token | undefined): token is Token {
  return token?.kind === "word" || token?.kind === "quoted";
}

/** Takes values that the server hides from the config. @param take returns the object's next secret. */
export function linkSecrets(sql: Sql, take: () => Secret): Sql {
  const parts = sql.parts.flatMap((part): Part[] => {
    if (typeof part !== "string") return [part];
    const [first = "", ...rest] = part.split(HIDDEN);
    return [first, ...rest.flatMap((text): Part[] => [take(), text])].filter((piece) => piece !== "");
  });
  return new Sql(parts);
}
