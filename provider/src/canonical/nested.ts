import { splitArguments } from "../sql/fragments";
import { lex } from "../sql/lexer";

/** Depth of a column's type in a CREATE statement. */
const COLUMN = 1;
const STEP = 4;

/**
 * A type as every session reads it. The `Nested(a UInt8)` that the engine shows means `Array(Tuple(a UInt8))`, created by a session without
 * `flatten_nested`; a session with it would turn each element into a column.
 */
export function withoutNested(type: string): string {
  return /\bNested\s*\(/.test(type) ? print(type, COLUMN) : type;
}

/** In the engine's layout: each element of a tuple on its own line, unless there is only one. */
function print(text: string, depth: number): string {
  const tokens = lex(text);
  const [first, second] = tokens;
  const isNamed = first !== undefined && (second?.kind === "word" || second?.kind === "quoted");
  if (isNamed && first.kind !== "string") return `${first.text} ${print(text.slice(second.start), depth)}`;
  const isCall = first?.kind === "word" && second?.text === "(" && text.trimEnd().endsWith(")");
  if (!isCall) return text.trim();
  const name = first.text;
  const args = splitArguments(text.slice(second.end, text.lastIndexOf(")")));
  if (name === "Nested") return `Array(${printTuple(args, depth)})`;
  return name === "Tuple" ? printTuple(args, depth) : `${name}(${args.map((arg) => print(arg, depth)).join(", ")})`;
}

function printTuple(elements: readonly string[], depth: number): string {
  if (elements.length === 1) return `Tuple(${elements.map((element) => print(element, depth)).join()})`;
  const line = `\n${" ".repeat(STEP * (depth + 1))}`;
  return `Tuple(${elements.map((element) => `${line}${print(element, depth + 1)}`).join(",")})`;
}
