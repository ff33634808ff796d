/** A type with values at its borders, as SQL expressions. */
export interface Sample {
  readonly type: string;
  readonly values: readonly string[];
}

const cast = (type: string, ...texts: readonly string[]): Sample => ({
  type,
  values: texts.map((text) => `CAST(${text}, '${type.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}')`),
});

const INTEGERS: readonly Sample[] = [
  cast("UInt8", "0", "1", "2", "127", "255"),
  cast("UInt16", "0", "1", "300", "65535"),
  cast("UInt32", "0", "1", "70000", "16777217", "4294967295"),
  cast("UInt64", "0", "1", "1767225600000", "9007199254740993", "18446744073709551615"),
  cast("UInt128", "0", "1", "'340282366920938463463374607431768211455'"),
  cast("UInt256", "0", "1", "'115792089237316195423570985008687907853269984665640564039457584007913129639935'"),
  cast("Int8", "0", "1", "-1", "127", "-128"),
  cast("Int16", "0", "1", "-1", "300", "-32768"),
  cast("Int32", "0", "1", "-1", "16777217", "-2147483648"),
  cast("Int64", "0", "1", "-1", "9007199254740993", "-9223372036854775808"),
  cast("Int128", "0", "1", "'-170141183460469231731687303715884105728'"),
  cast("Int256", "0", "1", "'-57896044618658097711785492504343953926634992332820282019728792003956564819968'"),
];

const FLOATS: readonly Sample[] = [
  cast("Float32", "0", "'-0'", "1", "0.5", "'nan'", "'inf'", "16777216", "300", "-1", "3.4e38"),
  cast("Float64", "0", "'-0'", "1", "0.1", "'nan'", "'-inf'", "9007199254740992", "1e300", "-1"),
  cast("BFloat16", "0", "1", "0.5", "'nan'"),
  cast("Decimal(9, 2)", "0", "1", "1.25", "9999999.99", "-1.5"),
  cast("Decimal(18, 4)", "0", "1", "1.2501", "9999999999999.9999"),
  cast("Decimal(38, 10)", "0", "1", "'0.0000000001'", "'9999999999999999999999999999.9'"),
  cast("Decimal(76, 20)", "0", "1", "'0.00000000000000000001'"),
];

const TIMES: readonly Sample[] = [
  cast("Bool", "0", "1"),
  cast("Date", "'1970-01-01'", "'2000-02-29'", "'2149-06-06'"),
  cast("Date32", "'1900-01-01'", "'1970-01-01'", "'2000-02-29'", "'2299-12-31'"),
  cast("DateTime", "0", "'2000-01-01 00:00:00'", "1", "4294967295"),
  cast("DateTime('UTC')", "0", "'2000-01-01 00:00:00'", "4294967295"),
  cast("DateTime('Asia/Tokyo')", "0", "'2000-01-01 00:00:00'", "'2000-01-01 12:34:56'"),
  cast("DateTime('Europe/Berlin')", "0", "972777600 + 1800", "972781200 + 1800"),
  cast("DateTime64(3, 'UTC')", "'2000-01-01 00:00:00.123'", "'2000-01-01 00:00:00'"),
  cast("DateTime64(0)", "'1970-01-01 00:00:00'", "'2000-01-01 00:00:01'", "'1900-01-01 00:00:00'"),
  cast(
    "DateTime64(3)",
    "'1970-01-01 00:00:00'",
    "'2000-01-01 00:00:00.123'",
    "'2000-01-01 00:00:00'",
    "'2299-12-31 23:59:59.999'",
  ),
  cast("DateTime64(6, 'UTC')", "'1970-01-01 00:00:00'", "'2000-01-01 00:00:00.123456'", "'1905-05-05 00:00:00.5'"),
  cast(
    "DateTime64(9, 'Asia/Tokyo')",
    "'2000-01-01 00:00:00'",
    "'2000-01-01 00:00:00.123456789'",
    "'1950-01-01 00:00:00'",
  ),
];

const TEXTS: readonly Sample[] = [
  cast(
    "String",
    "''",
    "'a'",
    "'300'",
    "'0'",
    "'1'",
    "'007'",
    "'-1'",
    "'1.5'",
    "'abcdefghij'",
    "'1900-05-05'",
    "'2000-01-01'",
    "'2000-01-01 00:00:00'",
    "'99999999999'",
    "'true'",
    "'nan'",
    "'1.2.3.4'",
    "'[1, 2]'",
    "'a\\0'",
    "'61f0c404-5cb3-11e7-907b-a6006ad3dba0'",
  ),
  cast("LowCardinality(String)", "''", "'a'", "'300'", "'1'", "'b'"),
  cast("FixedString(2)", "''", "'a'", "'ab'", "'12'"),
  cast("FixedString(8)", "''", "'a'", "'abcdefgh'", "'20000101'"),
  cast("UUID", "'00000000-0000-0000-0000-000000000000'", "'61f0c404-5cb3-11e7-907b-a6006ad3dba0'"),
  cast("IPv4", "'0.0.0.0'", "'1.2.3.4'", "'255.255.255.255'"),
  cast("IPv6", "'::'", "'::ffff:1.2.3.4'", "'2001:db8::1'"),
  cast("Enum8('a' = 1, 'b' = 2)", "'a'", "'b'"),
  cast("Enum8('a' = 1)", "'a'"),
  cast("Enum8('a' = 1, 'c' = 2)", "'a'", "'c'"),
  cast("Enum8('a' = 2, 'b' = 1)", "'a'", "'b'"),
  cast("Enum16('a' = 1, 'b' = 2, 'x' = 300)", "'a'", "'x'"),
  cast("Enum16('1' = 10, '300' = 20)", "'1'", "'300'"),
];

const NULLABLE: readonly Sample[] = [
  cast("Nullable(UInt8)", "NULL", "0", "255"),
  cast("Nullable(UInt64)", "NULL", "0", "300", "18446744073709551615"),
  cast("Nullable(Int32)", "NULL", "0", "-1"),
  cast("Nullable(Float64)", "NULL", "0", "0.1", "'nan'"),
  cast("Nullable(String)", "NULL", "''", "'a'", "'1'", "'300'"),
  cast("Nullable(DateTime)", "NULL", "0", "'2000-01-01 00:00:00'"),
  cast("Nullable(Decimal(9, 2))", "NULL", "0", "1.25"),
  cast("Nullable(UUID)", "NULL", "'61f0c404-5cb3-11e7-907b-a6006ad3dba0'"),
  cast("LowCardinality(Nullable(String))", "NULL", "''", "'a'"),
  cast("LowCardinality(FixedString(2))", "''", "'ab'"),
];

const NESTED: readonly Sample[] = [
  cast("Array(UInt8)", "[]", "[0, 1, 255]"),
  cast("Array(UInt64)", "[]", "[0, 1]", "[300]", "[0, 18446744073709551615]"),
  cast("Array(Nullable(UInt64))", "[]", "[1, NULL]", "[2]"),
  cast("Array(String)", "[]", "['']", "['a', '1']", "['300']", "['7', '8']"),
  cast("Array(LowCardinality(String))", "[]", "['a', 'b']", "['1']"),
  cast("Array(Array(Int32))", "[]", "[[1], []]", "[[-1, 300]]"),
  cast("Array(Tuple(a UInt8, b String))", "[]", "[(1, 'x')]"),
  cast("Array(Tuple(a UInt8))", "[]", "[tuple(1)]"),
  cast("Tuple(UInt8, String)", "(0, '')", "(1, 'x')", "(255, '300')"),
  cast("Tuple(UInt64, String)", "(0, '')", "(300, 'x')"),
  cast("Tuple(a UInt8, b String)", "(0, '')", "(1, 'x')"),
  cast("Tuple(a UInt8)", "tuple(0)", "tuple(1)"),
  cast("Tuple(b String, a UInt8)", "('', 0)", "('x', 1)"),
  cast("Tuple(a UInt64, b String, c Nullable(String))", "(0, '', NULL)", "(300, 'x', 'y')"),
  cast("Tuple(a Tuple(x UInt8, y UInt8))", "tuple((0, 0))", "tuple((1, 2))"),
  cast("Tuple(a Tuple(x UInt8))", "tuple(tuple(0))", "tuple(tuple(2))"),
  cast("Map(String, UInt8)", "map()", "map('a', 1)", "map('1', 255)"),
  cast("Map(String, UInt64)", "map()", "map('a', 1)", "map('a', 300)"),
  cast("Map(String, Nullable(String))", "map()", "map('a', 'b')", "map('a', NULL)"),
  cast("Map(LowCardinality(String), String)", "map()", "map('a', '1')", "map('a', 'x', '1', '7')"),
  cast("Map(UInt8, Tuple(a String, b String))", "map()", "map(1, ('x', 'y'))"),
  cast("Map(UInt8, Tuple(a String))", "map()", "map(1, tuple('x'))"),
];

const OPEN: readonly Sample[] = [
  {
    type: "Variant(String, UInt64)",
    values: ["NULL", "CAST('a', 'Variant(String, UInt64)')", "CAST(toUInt64(7), 'Variant(String, UInt64)')"],
  },
  {
    type: "Variant(Array(UInt8), String, UInt64)",
    values: [
      "NULL",
      "CAST('a', 'Variant(Array(UInt8), String, UInt64)')",
      "CAST([toUInt8(1)], 'Variant(Array(UInt8), String, UInt64)')",
    ],
  },
  { type: "Variant(UInt64)", values: ["NULL", "CAST(toUInt64(7), 'Variant(UInt64)')"] },
  {
    type: "Dynamic",
    values: ["NULL", "CAST('a', 'Dynamic')", "CAST(toUInt8(7), 'Dynamic')", "CAST([1, 2], 'Dynamic')"],
  },
  {
    type: "Dynamic(max_types=1)",
    values: ["NULL", "CAST('a', 'Dynamic(max_types=1)')", "CAST(toUInt8(7), 'Dynamic(max_types=1)')"],
  },
  cast("JSON", "'{}'", `'{"a": 1}'`, `'{"a": 300, "b": {"c": "x"}}'`, `'{"a": "x"}'`),
  cast("JSON(a UInt64)", "'{}'", `'{"a": 1}'`, `'{"a": 300, "b": "x"}'`),
  cast("JSON(a UInt8)", "'{}'", `'{"a": 1}'`),
  cast("JSON(SKIP a)", "'{}'", `'{"b": 1}'`),
  cast("JSON(max_dynamic_paths=1)", "'{}'", `'{"a": 1, "b": 2, "c": "x"}'`),
];

const STATES: readonly Sample[] = [
  cast("SimpleAggregateFunction(sum, UInt64)", "0", "5", "18446744073709551615"),
  cast("SimpleAggregateFunction(max, UInt64)", "0", "5"),
  cast("SimpleAggregateFunction(max, UInt8)", "0", "5"),
  cast("SimpleAggregateFunction(anyLast, Nullable(String))", "NULL", "''", "'a'"),
  {
    type: "AggregateFunction(sum, UInt64)",
    values: ["arrayReduce('sumState', [toUInt64(0)])", "arrayReduce('sumState', [toUInt64(7)])"],
  },
  { type: "AggregateFunction(sum, UInt8)", values: ["arrayReduce('sumState', [toUInt8(7)])"] },
  { type: "AggregateFunction(max, UInt64)", values: ["arrayReduce('maxState', [toUInt64(7)])"] },
  { type: "AggregateFunction(uniq, String)", values: ["arrayReduce('uniqState', ['a', 'b'])"] },
];

/** By chapter of docs/retypes.md. */
export const CHAPTERS: Readonly<Record<string, readonly Sample[]>> = {
  Integers: INTEGERS,
  "Floats and decimals": FLOATS,
  "Bool, dates and times": TIMES,
  "Texts, identifiers, addresses, enums": TEXTS,
  Nullable: NULLABLE,
  "Arrays, tuples, maps": NESTED,
  "Variant, Dynamic, JSON": OPEN,
  "Aggregate functions": STATES,
};

/** Every kind of type, with its borders. */
export const SAMPLES: readonly Sample[] = Object.values(CHAPTERS).flat();

/** CAST to a type without a time zone keeps the zone of what it is given, and a time would be written as another text. */
export function inUtc(type: string): string {
  return type
    .replace(/\bDateTime(?![\w(])/g, "DateTime('UTC')")
    .replace(/\bDateTime64\((\d)\)/g, "DateTime64($1, 'UTC')");
}

/** A column that was of the one type and is of the other, read as it was, in a form that does not depend on the session's time zone. */
export function readBack(column: string, from: string, to: string): string {
  // From Enum to Enum labels count; a Variant of fewer types is made of none of more.
  if ([/Enum/, /^Variant/].some((type) => type.test(from) && type.test(to))) return column;
  const read = inUtc(from);
  if (from === to) return read === from ? column : castTo(column, read);
  // The byte stays, and is read as true.
  if (to === "Bool" && /^(?:SimpleAggregateFunction\(\w+, )?(?:U?Int|Float)/.test(from))
    return castTo(`toString(${column}) = 'true'`, read);
  // Only as a text does a longer FixedString fit a shorter one.
  const isText = /FixedString/.test(from) && /^FixedString/.test(to);
  return castTo(isText ? `toString(${column})` : column, read);
}

function castTo(value: string, type: string): string {
  return `CAST(${value}, '${type.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}')`;
}
