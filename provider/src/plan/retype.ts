import { decimal, enumValues, integer, parseType, unwrap } from "../sql/query/types";
import { elementsOf, nullable, plain, withoutLow, withoutSimple } from "./type-shape";

/** What another type means for the stored values. Every pair is measured: `test/plan/retype/`. */
export interface Retype {
  /** The engine reads the stored bytes as the new type: no mutation runs. */
  readonly metadataOnly: boolean;
  /** No value can fail or change, so the rows need not be queried. NULLs of the column itself are handled separately. */
  readonly isSafe: boolean;
  /** The engine accepts the type only with a DEFAULT, which replaces NULL. */
  readonly wantsDefault: boolean;
  /** NULLs have to be replaced: by that default or, without one, the type's initial value. */
  readonly losesNulls: boolean;
  /** Tuple elements that the new type lacks, as paths: `kind`, `address.city`. */
  readonly removed: readonly string[];
}

/** Types whose stored bytes are the same. */
const SAME_BYTES = new Set([
  "DateTime UInt32",
  "UInt32 DateTime",
  "Date UInt16",
  "UInt16 Date",
  "UInt8 Bool",
  "Bool UInt8",
  "Enum8 Int8",
  "Enum16 Int16",
]);

/** What `MODIFY COLUMN` from one type to the other does. */
export function classifyRetype(from: string, to: string): Retype {
  const [inner, outer] = [nullable(from), nullable(to)];
  return {
    metadataOnly: isMetadataOnly(from, to),
    isSafe: keepsValues(inner ?? from, outer ?? to),
    wantsDefault: inner !== undefined && outer === undefined,
    losesNulls: (inner !== undefined || takesNull(from)) && outer === undefined && !takesNull(to),
    removed: removedElements(from, to),
  };
}

/** Whether a key column may get the type in place: if it changes neither the order nor the hash of any row. */
export function isKeySafe(from: string, to: string): boolean {
  if (from.startsWith("SimpleAggregateFunction") || to.startsWith("SimpleAggregateFunction")) return false;
  return isMetadataOnly(from, to) || (withoutLow(from) === withoutLow(to) && from !== to);
}

/** As the engine decides it. */
function isMetadataOnly(from: string, to: string): boolean {
  if (from === to) return true;
  const [before, after] = [parseType(from), parseType(to)];
  if (before.name === "SimpleAggregateFunction" || after.name === "SimpleAggregateFunction") {
    return isMetadataOnly(withoutSimple(from), withoutSimple(to));
  }
  if (SAME_BYTES.has(`${before.name} ${after.name}`)) return true;
  if (before.name !== after.name) return false;
  switch (before.name) {
    case "Array":
    case "Nullable":
      return isMetadataOnly(before.args[0] ?? "", after.args[0] ?? "");
    case "DateTime":
      return true;
    case "DateTime64":
      return before.args[0] === after.args[0];
    case "Enum8":
    case "Enum16":
      return readsNumbers(from, to);
    default:
      return false;
  }
}

/** Whether each stored number has a label in the new Enum, and each remaining label keeps its number. */
function readsNumbers(from: string, to: string): boolean {
  const wanted = enumValues(to) ?? new Map<string, string>();
  const numbers = new Set(wanted.values());
  return [...(enumValues(from) ?? [])].every(([label, number]) => {
    const stays = wanted.get(label);
    return stays === undefined ? numbers.has(number) : stays === number;
  });
}

/** The structural rule: a compound type keeps its values if each of its parts does. */
function keepsValues(from: string, to: string): boolean {
  const [old, wanted] = [plain(from), plain(to)];
  if (old === wanted) return true;
  const [inner, outer] = [nullable(old), nullable(wanted)];
  if (outer !== undefined) return keepsValues(inner ?? old, outer);
  if (inner !== undefined) return false;
  const [before, after] = [parseType(old), parseType(wanted)];
  if (before.name === "Tuple" && after.name === "Tuple") return keepsElements(old, wanted);
  const holds = before.name === "Array" || before.name === "Map";
  if (before.name === after.name && holds) {
    return before.args.every((arg, index) => keepsValues(arg, after.args[index] ?? ""));
  }
  if (before.name === "Variant" && after.name === "Variant") {
    return before.args.every((member) => after.args.includes(member));
  }
  return keepsScalar(old, wanted);
}

/** By name if both have names, otherwise by position, as the engine does. */
function keepsElements(from: string, to: string): boolean {
  const [old, wanted] = [elementsOf(from), elementsOf(to)];
  const isNamed = [...old, ...wanted].every(({ name }) => name !== undefined);
  if (!isNamed && old.length !== wanted.length) return false;
  return old.every(({ name, type }, index) => {
    const other = isNamed ? wanted.find((one) => one.name === name) : wanted[index];
    return other !== undefined && keepsValues(type, other.type);
  });
}

function keepsScalar(from: string, to: string): boolean {
  return keepsNumber(from, to) || keepsDate(from, to) || keepsText(from, to);
}

function keepsNumber(from: string, to: string): boolean {
  const [i, j] = [integer(from), integer(to)];
  if (i && j) return i.signed ? j.signed && j.bits >= i.bits : j.signed ? j.bits > i.bits : j.bits >= i.bits;
  const [d, e] = [decimal(from), decimal(to)];
  if (d && e) return e.whole >= d.whole && e.scale >= d.scale;
  const mantissa = { Float64: 53, Float32: 24 }[to] ?? 0;
  if (i) return i.bits - (i.signed ? 1 : 0) <= mantissa;
  return from === "Float32" && to === "Float64";
}

function keepsDate(from: string, to: string): boolean {
  const [before, after] = [parseType(from), parseType(to)];
  if (isMetadataOnly(from, to) && before.name.startsWith("Date")) return true;
  if (isMetadataOnly(from, to) && after.name.startsWith("Date")) return true;
  if (before.name === "Date" && after.name === "Date32") return true;
  if (after.name !== "DateTime64") return false;
  // With nine digits it ends in the year 2262.
  const isFiner = Number(after.args[0]) >= Number(before.args[0]) && Number(after.args[0]) <= 8;
  return before.name === "DateTime" || (before.name === "DateTime64" && isFiner);
}

function keepsText(from: string, to: string): boolean {
  const [before, after] = [parseType(from), parseType(to)];
  const [old, wanted] = [enumValues(from), enumValues(to)];
  // The engine converts by number here, and nowhere by label.
  if (old && wanted) return [...old].every(([label, number]) => wanted.get(label) === number);
  if (old) return isMetadataOnly(from, to) || to === "String";
  if (before.name === "FixedString" && after.name === "FixedString") {
    return Number(after.args[0]) >= Number(before.args[0]);
  }
  if (to === "String") return PRINTED_EXACTLY.test(before.name);
  return from === "IPv4" && to === "IPv6";
}

/** Types whose text converts back to the same value. A DateTime's does not when clocks are set back. */
const PRINTED_EXACTLY = /^(?:U?Int\d+|Float(?:32|64)|Bool|Date(?:32)?|UUID|IPv[46]|FixedString|Decimal)$/;

/** Removed elements, at any depth. */
function removedElements(from: string, to: string): string[] {
  const [old, wanted] = [nullable(from) ?? plain(from), nullable(to) ?? plain(to)];
  const [before, after] = [parseType(old), parseType(wanted)];
  if (before.name !== after.name) return [];
  if (before.name === "Array" || before.name === "Map") {
    return before.args.flatMap((arg, index) => removedElements(arg, after.args[index] ?? ""));
  }
  if (before.name !== "Tuple") return [];
  const [elements, others] = [elementsOf(old), elementsOf(wanted)];
  if ([...elements, ...others].some(({ name }) => name === undefined)) return [];
  return elements.flatMap(({ name = "", type }) => {
    const other = others.find((one) => one.name === name);
    return other === undefined ? [name] : removedElements(type, other.type).map((path) => `${name}.${path}`);
  });
}

/** Whether the type itself can hold NULL. */
function takesNull(type: string): boolean {
  return /^(?:Variant|Dynamic)\b/.test(unwrap(type));
}
