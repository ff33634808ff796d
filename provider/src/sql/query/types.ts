import { splitArguments } from "../fragments";
import { unquoteString } from "../identifiers";

/** A parsed data type: `Array(UInt8)` is `{ name: "Array", args: ["UInt8"] }`. */
export interface TypeText {
  readonly name: string;
  readonly args: readonly string[];
}

export function parseType(text: string): TypeText {
  const open = text.indexOf("(");
  if (open < 0 || !text.endsWith(")")) return { name: text, args: [] };
  return { name: text.slice(0, open), args: splitArguments(text.slice(open + 1, -1)) };
}

/** Without the wrapper that only changes how values are stored or merged. */
export function unwrap(text: string): string {
  const { name, args } = parseType(text);
  if (name === "LowCardinality") return args[0] ?? text;
  return name === "SimpleAggregateFunction" ? (args.at(-1) ?? text) : text;
}

/** The inner type of `Nullable(T)`, also within LowCardinality; undefined when it is not nullable. */
export function nullableInner(text: string): string | undefined {
  const { name, args } = parseType(unwrap(text));
  return name === "Nullable" ? args[0] : undefined;
}

/** The number of each label of an Enum. */
export function enumValues(text: string): ReadonlyMap<string, string> | undefined {
  const { name, args } = parseType(text);
  if (name !== "Enum8" && name !== "Enum16") return undefined;
  return new Map(
    args.map((arg) => {
      const at = arg.lastIndexOf("=");
      return [unquoteString(arg.slice(0, at).trim()), arg.slice(at + 1).trim()];
    }),
  );
}

/** Bits and sign of an integer type. */
export function integer(text: string): { signed: boolean; bits: number } | undefined {
  const match = /^(U?)Int(8|16|32|64|128|256)$/.exec(text);
  if (match) return { signed: match[1] === "", bits: Number(match[2]) };
  return text === "Bool" ? { signed: false, bits: 1 } : undefined;
}

/** Digits before and after the decimal point of a decimal type. */
export function decimal(text: string): { whole: number; scale: number } | undefined {
  const { name, args } = parseType(text);
  const scale = Number(args[1] ?? 0);
  return name === "Decimal" ? { whole: Number(args[0]) - scale, scale } : undefined;
}
