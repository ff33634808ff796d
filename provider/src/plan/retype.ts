import { decimal, enumValues, integer, nullableInner, parseType, unwrap } from "../sql/query/types";

/** What another type means for the values that are stored. Measured on 26.7 with rows. */
export interface Retype {
  /** The engine reads the stored bytes as the new type. */
  readonly metadataOnly: boolean;
  /** `safe`: every value has its like. `narrows`: some values become others without an error. `parses`: some values fail. */
  readonly values: "safe" | "narrows" | "parses";
  /** NULLs have to become something. */
  readonly losesNulls: boolean;
  /** Stored numbers that get another label. */
  readonly relabels: readonly string[];
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
  const inner = nullableInner(from);
  const losesNulls = inner !== undefined && nullableInner(to) === undefined;
  return {
    metadataOnly: isMetadataOnly(from, to),
    values: valuesOf(plain(from), plain(to)),
    losesNulls,
    relabels: relabelled(plain(from), plain(to)),
  };
}

/** Whether a column of a key may take the type: what does not change the order or the hash of any row. */
export function isKeySafe(from: string, to: string): boolean {
  if (from.startsWith("SimpleAggregateFunction") || to.startsWith("SimpleAggregateFunction")) return false;
  return isMetadataOnly(from, to) || (unwrapLow(from) === unwrapLow(to) && from !== to);
}

function isMetadataOnly(from: string, to: string): boolean {
  if (from === to) return true;
  const before = parseType(from);
  const after = parseType(to);
  if (before.name === "SimpleAggregateFunction" || after.name === "SimpleAggregateFunction") {
    return isMetadataOnly(unwrapSimple(from), unwrapSimple(to));
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
    case "Enum16": {
      const numbers = new Set(enumValues(to)?.values());
      return [...(enumValues(from)?.values() ?? [])].every((number) => numbers.has(number));
    }
    default:
      return false;
  }
}

/** Both sides without NULL and storage wrappers. */
function valuesOf(from: string, to: string): Retype["values"] {
  if (from === to || isMetadataOnly(from, to)) return "safe";
  const before = parseType(from);
  const after = parseType(to);
  if (before.name === after.name && (before.name === "Array" || before.name === "Map")) {
    return worst(before.args.map((arg, index) => valuesOf(plain(arg), plain(after.args[index] ?? ""))));
  }
  return numbers(from, to) ?? dates(from, to) ?? texts(from, to) ?? "parses";
}

function numbers(from: string, to: string): Retype["values"] | undefined {
  const [i, j] = [integer(from), integer(to)];
  if (i && j) {
    const fits = i.signed ? j.signed && j.bits >= i.bits : j.signed ? j.bits > i.bits : j.bits >= i.bits;
    return fits ? "safe" : "narrows";
  }
  const [d, e] = [decimal(from), decimal(to)];
  if (d && e) return e.whole < d.whole ? "parses" : e.scale < d.scale ? "narrows" : "safe";
  const mantissa = to === "Float64" ? 53 : to === "Float32" ? 24 : 0;
  if (i && mantissa > 0) return i.bits <= mantissa ? "safe" : "narrows";
  if (from === "Float32" && to === "Float64") return "safe";
  if (isFloat(from) && (isFloat(to) || j)) return "narrows";
  return (i || isFloat(from)) && e ? "parses" : undefined;
}

function dates(from: string, to: string): Retype["values"] | undefined {
  const [before, after] = [parseType(from), parseType(to)];
  if (!isDate(before.name) || !isDate(after.name)) return undefined;
  if (before.name === "Date" && after.name === "Date32") return "safe";
  if (before.name === "DateTime" && after.name === "DateTime64") return "safe";
  const isFiner = before.name === "DateTime64" && Number(after.args[0]) >= Number(before.args[0]);
  return before.name === after.name && isFiner ? "safe" : "narrows";
}

function texts(from: string, to: string): Retype["values"] | undefined {
  const [before, after] = [parseType(from), parseType(to)];
  const [old, wanted] = [enumValues(from), enumValues(to)];
  if (old && wanted) {
    return [...old].every(([label, number]) => wanted.get(label) === number) ? "safe" : "parses";
  }
  if (before.name === "FixedString" && after.name === "FixedString") {
    return Number(after.args[0]) >= Number(before.args[0]) ? "safe" : "parses";
  }
  if (to === "String") return isScalar(before.name) ? "safe" : "parses";
  return from === "IPv4" && to === "IPv6" ? "safe" : undefined;
}

/** Labels that rows with their number lose to another one. */
function relabelled(from: string, to: string): string[] {
  const wanted = new Map([...(enumValues(to) ?? [])].map(([label, number]) => [number, label]));
  if (wanted.size === 0) return [];
  return [...(enumValues(from) ?? [])].flatMap(([label, number]) => {
    const other = wanted.get(number);
    return other === undefined || other === label ? [] : [`'${label}' reads as '${other}'`];
  });
}

function plain(type: string): string {
  return unwrap(nullableInner(type) ?? unwrap(type));
}

function unwrapSimple(type: string): string {
  return type.startsWith("SimpleAggregateFunction") ? unwrap(type) : type;
}

function unwrapLow(type: string): string {
  return type.startsWith("LowCardinality") ? unwrap(type) : type;
}

function worst(values: readonly Retype["values"][]): Retype["values"] {
  return values.includes("parses") ? "parses" : values.includes("narrows") ? "narrows" : "safe";
}

function isFloat(type: string): boolean {
  return type === "Float32" || type === "Float64";
}

function isDate(name: string): boolean {
  return ["Date", "Date32", "DateTime", "DateTime64"].includes(name);
}

function isScalar(name: string): boolean {
  return /^(?:U?Int\d+|Float\d+|Bool|Date(?:32|Time|Time64)?|UUID|IPv[46]|FixedString|Enum(?:8|16)|Decimal)$/.test(
    name,
  );
}
