import { type Expression, plainColumn, type Select, unwrapped } from "../sql/query";
import { parseType, unwrap } from "../sql/query/types";
import type { Subject } from "./subject";

/** Functions whose value is text. */
const TEXT_FUNCTIONS = new RegExp(
  "^(?:toString|lower|upper|trim\\w*|substring\\w*|concat|replace\\w*|extract|regexpExtract|JSON_VALUE|JSONExtractString|" +
    "visitParamExtractString|simpleJSONExtractString|extractURLParameter)$",
  "i",
);

/**
 * What an operand is called in messages, if it is known to be text: a String column, a value of a map with String values, or a
 * function that returns text. Undefined for what is not text, and for what is unknown.
 */
export function stringOperand(subject: Subject, select: Select, expression: Expression): string | undefined {
  const inner = unwrapped(expression);
  const column = plainColumn(inner);
  const isAlias = select.items.some(({ alias, expression: own }) => alias === column && plainColumn(own) !== column);
  if (column !== undefined) return !isAlias && isText(typeOf(subject, select, column)) ? `\`${column}\`` : undefined;
  const element = /^([A-Za-z_]\w*|`[^`]+`)\[.+\]$/.exec(inner.text);
  if (element) {
    const { name, args } = parseType(typeOf(subject, select, (element[1] ?? "").replaceAll("`", "")) ?? "");
    return name === "Map" && isText(args[1]) ? inner.text : undefined;
  }
  const call = /^(\w+)\(/.exec(inner.text);
  const isWhole = call && inner.cursor.closers.get(inner.cursor.position + 1) === inner.cursor.end - 1;
  return isWhole && TEXT_FUNCTIONS.test(call[1] ?? "") ? inner.text : undefined;
}

/** Type of a column of the tables in FROM, if only one of them has it. */
export function typeOf(subject: Subject, select: Select, column: string): string | undefined {
  const found = select.from.flatMap((source) => subject.columnsOf(source).filter(({ name }) => name === column));
  return found.length === 1 ? found[0]?.type : undefined;
}

function isText(type: string | undefined): boolean {
  const inner = unwrap(type ?? "");
  const { name, args } = parseType(inner);
  return inner === "String" || (name === "Nullable" && args[0] === "String");
}
