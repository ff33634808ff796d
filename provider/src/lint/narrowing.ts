import { decimal, enumValues, integer, nullableInner, parseType, unwrap } from "../sql/query/types";

/** Floats hold integers exactly up to this many bits. */
const FLOAT_BITS: Readonly<Record<string, number>> = { BFloat16: 8, Float32: 24, Float64: 53 };

/**
 * What is lost when a value of type `from` is stored as `to`, as the end of a sentence; undefined if nothing is lost, or if that is
 * unknown. A change of sign or of time precision at equal width is ignored: counts never need the last bit.
 */
export function narrowing(from: string, to: string): string | undefined {
  const [source, target] = [unwrap(from), unwrap(to)];
  if (source === target) return undefined;
  const states = stateMismatch(from, to);
  if (states !== undefined) return states;
  const [inner, wanted] = [nullableInner(source), nullableInner(target)];
  if (inner !== undefined && wanted === undefined) {
    return narrowing(inner, target) ?? (target === "Nothing" ? undefined : "a NULL fails the insert (code 349)");
  }
  return narrowingOf(inner ?? source, wanted ?? target);
}

function narrowingOf(source: string, target: string): string | undefined {
  const { name, args } = parseType(source);
  const other = parseType(target);
  if (name === "Array" && other.name === "Array") return narrowing(args[0] ?? "", other.args[0] ?? "");
  return numbers(source, target) ?? texts(source, target) ?? enums(source, target);
}

function numbers(source: string, target: string): string | undefined {
  const [from, to] = [integer(source), integer(target)];
  const isFloat = source in FLOAT_BITS;
  if (from && to) {
    if (to.bits < from.bits) return `numbers beyond ${target} wrap around`;
    return from.signed && !to.signed ? "negative numbers wrap around" : undefined;
  }
  if (isFloat && to) return "fractions are cut off";
  if (isFloat && target in FLOAT_BITS && (FLOAT_BITS[target] ?? 0) < (FLOAT_BITS[source] ?? 0))
    return "digits are lost";
  const [precise, fixed] = [decimal(source), decimal(target)];
  if (precise && to && precise.scale > 0) return "fractions are cut off";
  if (precise && fixed && fixed.scale < precise.scale) return "digits behind the point are cut off";
  if (precise && fixed && fixed.whole < precise.whole) return "large numbers do not fit and the insert fails";
  return undefined;
}

/** A string is parsed when it is stored. */
function texts(source: string, target: string): string | undefined {
  if (source !== "String") return undefined;
  const { name, args } = parseType(target);
  if (name === "FixedString") return `strings longer than ${args[0]} bytes fail the insert`;
  const isParsed = /^(?:U?Int\d+|Float\d+|Decimal\d*|Date(?:Time)?\d*|UUID|IPv[46]|Enum\d*|Bool)$/.test(name);
  return isParsed ? `strings that are not a ${name} fail the insert` : undefined;
}

function enums(source: string, target: string): string | undefined {
  const [from, to] = [enumValues(source), enumValues(target)];
  const missing = from && to ? [...from.keys()].find((label) => !to.has(label)) : undefined;
  return missing === undefined ? undefined : `'${missing}' is not one of its labels and fails the insert`;
}

function stateMismatch(from: string, to: string): string | undefined {
  const [source, target] = [parseType(from), parseType(to)];
  const isState = (name: string): boolean => name === "AggregateFunction";
  if (isState(source.name) && isState(target.name)) {
    const [own, other] = [source, target].map(({ args }) => args[0]?.replaceAll(" ", ""));
    return own === other ? undefined : "states of another function, or with other parameters, cannot be merged";
  }
  return isState(source.name) && !isState(target.name) && target.name !== "String" && target.name !== "Nullable"
    ? "a state is no value"
    : undefined;
}
