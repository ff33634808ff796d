import { nullableInner, parseType } from "../sql/query/types";

/**
 * Condition that two values of a type are the same, apart from the rounding of floats.
 *
 * @param type type of both, as the engine names it.
 * @param tolerance largest relative difference of floats.
 */
export function same(type: string, left: string, right: string, tolerance: number): string {
  if (!/\bB?Float(?:16|32|64)\b/.test(type)) return plain(type, left, right);
  const inner = nullableInner(type);
  if (inner !== undefined) {
    const values = same(inner, `assumeNotNull(${left})`, `assumeNotNull(${right})`, tolerance);
    return `if(isNull(${left}) OR isNull(${right}), isNull(${left}) AND isNull(${right}), ${values})`;
  }
  const { name, args } = parseType(type);
  if (name === "LowCardinality") return same(args[0] ?? "Float64", left, right, tolerance);
  if (name === "Array") return sameArrays(args[0] ?? "Float64", left, right, tolerance);
  if (name === "Map") {
    const [keyType = "String", valueType = "Float64"] = args;
    const [a, b] = [`mapSort(${left})`, `mapSort(${right})`];
    return `(${plain(`Array(${keyType})`, `mapKeys(${a})`, `mapKeys(${b})`)} AND ${sameArrays(valueType, `mapValues(${a})`, `mapValues(${b})`, tolerance)})`;
  }
  if (name === "Tuple") {
    const parts = args.map((arg, index) =>
      same(withoutName(arg), `tupleElement(${left}, ${index + 1})`, `tupleElement(${right}, ${index + 1})`, tolerance),
    );
    return `(${parts.join(" AND ")})`;
  }
  return near(left, right, Math.max(tolerance, floor(name)));
}

/** Condition that two values differ by no more than a given share; arrays element by element. */
export function within(type: string, left: string, right: string, tolerance: number): string {
  const { name, args } = parseType(type);
  if (name === "Array") {
    const body = within(args[0] ?? "Float64", "x", "y", tolerance);
    return `(length(${left}) = length(${right}) AND arrayAll((x, y) -> ${body}, ${left}, ${right}))`;
  }
  const inner = nullableInner(type);
  if (inner !== undefined) {
    const values = within(inner, `assumeNotNull(${left})`, `assumeNotNull(${right})`, tolerance);
    return `if(isNull(${left}) OR isNull(${right}), isNull(${left}) AND isNull(${right}), ${values})`;
  }
  return near(`toFloat64(${left})`, `toFloat64(${right})`, tolerance);
}

/** Whether {@link within} can compare values of a type. */
export function isNumeric(type: string): boolean {
  const { name, args } = parseType(nullableInner(type) ?? type);
  return name === "Array" ? isNumeric(args[0] ?? "") : /^(?:U?Int\d+|B?Float\d+|Decimal\w*|Date\w*)$/.test(name);
}

function sameArrays(type: string, left: string, right: string, tolerance: number): string {
  const body = same(type, "x", "y", tolerance);
  return `(length(${left}) = length(${right}) AND arrayAll((x, y) -> ${body}, ${left}, ${right}))`;
}

function plain(type: string, left: string, right: string): string {
  if (/^Map\(/.test(type)) return `(mapSort(${left}) = mapSort(${right}))`;
  return nullableInner(type) === undefined ? `(${left} = ${right})` : `(${left} <=> ${right})`;
}

/** Equality first: the difference of infinities is undefined. */
function near(left: string, right: string, tolerance: number): string {
  const apart = `abs(${left} - ${right}) <= ${tolerance} * greatest(abs(${left}), abs(${right}))`;
  return `(${left} = ${right} OR (isNaN(${left}) AND isNaN(${right})) OR ${apart})`;
}

/** Relative difference that the type's own precision may cause after some additions. */
function floor(type: string): number {
  return type === "Float32" ? 1e-4 : type === "BFloat16" ? 1e-2 : 0;
}

/** An element of a named tuple is `name Type`. */
function withoutName(element: string): string {
  const [, type] = /^(?:[\w$]+|`(?:[^`\\]|\\.)*`) (.+)$/s.exec(element) ?? [];
  return type ?? element;
}
