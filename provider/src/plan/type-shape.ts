import { unquoteIdentifier } from "../sql/identifiers";
import { nullableInner, parseType, unwrap } from "../sql/query/types";

/** One element of a tuple type; without a name in an unnamed tuple. */
export interface Element {
  readonly name?: string;
  readonly type: string;
}

/** The elements of `Tuple(a UInt8, b String)` or `Tuple(UInt8, String)`. */
export function elementsOf(tuple: string): Element[] {
  return parseType(tuple).args.map((text) => {
    const named = /^(`(?:[^`\\]|\\.|``)*`|[A-Za-z_][A-Za-z0-9_]*)\s+(\S[\s\S]*)$/.exec(text.trim());
    const [, name, type] = named ?? [];
    return name === undefined || type === undefined
      ? { type: text.trim() }
      : { name: unquoteIdentifier(name), type: type.trim() };
  });
}

/** The inner type of `Nullable(T)`, also within LowCardinality and SimpleAggregateFunction. */
export function nullable(type: string): string | undefined {
  return nullableInner(withoutSimple(type));
}

/** Without what only changes how values are stored or merged. */
export function plain(type: string): string {
  return withoutLow(withoutSimple(type));
}

/** `SimpleAggregateFunction(sum, UInt64)` is `UInt64`. */
export function withoutSimple(type: string): string {
  return type.startsWith("SimpleAggregateFunction") ? unwrap(type) : type;
}

/** `LowCardinality(String)` is `String`. */
export function withoutLow(type: string): string {
  return type.startsWith("LowCardinality") ? unwrap(type) : type;
}
