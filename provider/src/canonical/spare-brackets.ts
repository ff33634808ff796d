import type { RowPolicySpec } from "../sql/access/spec";
import { withoutOuterBrackets } from "../sql/fragments";
import { lex, type Token } from "../sql/lexer";
import type { SqlFunctionSpec } from "../sql/spec";

/** A function with a plain expression. */
export function plainFunction(spec: SqlFunctionSpec): SqlFunctionSpec {
  return { ...spec, expression: plainExpression(spec.expression) };
}

/** A row policy with a plain condition. */
export function plainPolicy(spec: RowPolicySpec): RowPolicySpec {
  return spec.using === undefined ? spec : { ...spec, using: plainExpression(spec.using) };
}

/** Without brackets around a single name or value, and without doubled ones: newer engines keep them as written, older ones drop them. */
function plainExpression(text: string): string {
  let expression = withoutOuterBrackets(text);
  for (let before = ""; before !== expression; ) {
    before = expression;
    expression = withoutSpareBrackets(expression);
  }
  return expression;
}

function withoutSpareBrackets(text: string): string {
  const tokens = lex(text);
  for (const [index, token] of tokens.entries()) {
    const before = tokens[index - 1]?.kind;
    // After a name, a bracket is a call.
    if (token.text !== "(" || before === "word" || before === "quoted" || before === "close") continue;
    const close = closing(tokens, index);
    const isSingle = close === index + 2;
    const isDoubled = tokens[index + 1]?.text === "(" && closing(tokens, index + 1) === close - 1;
    if (!isSingle && !isDoubled) continue;
    const end = tokens[close] ?? token;
    return text.slice(0, token.start) + text.slice(token.end, end.start) + text.slice(end.end);
  }
  return text;
}

function closing(tokens: readonly Token[], open: number): number {
  let depth = 0;
  for (let index = open; index < tokens.length; index++) {
    if (tokens[index]?.kind === "open") depth += 1;
    if (tokens[index]?.kind === "close" && --depth === 0) return index;
  }
  return -1;
}
