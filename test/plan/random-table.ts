import fc from "fast-check";

/** Two tables of one name, as CREATE statements, and which columns the second has from the first under another name. */
export interface TablePair {
  readonly from: string;
  readonly to: string;
  readonly renamedColumns: Readonly<Record<string, string>>;
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly codec: string;
  readonly comment: string;
  readonly ttl: number;
  readonly settings: string;
  readonly statistics: string;
}

interface Table {
  readonly columns: readonly Column[];
  readonly elements: readonly { readonly kind: string; readonly name: string; readonly on: number }[];
  readonly ttl: number;
  readonly settings: readonly string[];
  readonly comment: string;
  readonly keyColumn: boolean;
  readonly rebuilt: boolean;
  readonly sampled: boolean;
}

/** Types between which every value of the samples (small numbers, late dates) can be converted. */
const NUMBERS = [
  "UInt8",
  "UInt16",
  "UInt32",
  "Int64",
  "Float64",
  "String",
  "LowCardinality(String)",
  "Nullable(UInt32)",
  "Nullable(String)",
  "Decimal(18, 2)",
];
const DATES = ["DateTime", "DateTime('UTC')", "DateTime64(3)", "Date"];
const LISTS = ["Array(UInt8)", "Array(UInt32)", "Array(String)"];
const ENUMS = ["Enum8('x' = 1)", "Enum8('x' = 1, 'y' = 2)", "Enum16('x' = 1, 'z' = 9)"];

const FAMILIES: Readonly<Record<string, readonly string[]>> = { n: NUMBERS, d: DATES, l: LISTS, e: ENUMS };
const NAMES = ["n0", "n1", "n2", "n3", "n4", "n 5`", "d0", "d1", "l0", "e0"];

/** A pair of tables that the engine takes; every part of either comes from one generator, so all changes meet. */
export const tablePairs: fc.Arbitrary<TablePair> = fc
  .record({ from: randomTable(), to: randomTable(), renames: fc.boolean() })
  .map(({ from, to, renames }) => {
    const renamedColumns = renames ? pairRenames(from, to) : {};
    return { from: render({ ...from, keyColumn: false, rebuilt: false }), to: render(to), renamedColumns };
  });

function randomTable(): fc.Arbitrary<Table> {
  return fc.record({
    columns: fc.shuffledSubarray(NAMES).chain((names) => fc.tuple(...names.map(randomColumn))),
    elements: fc.uniqueArray(
      fc.record({
        kind: fc.constantFrom("minmax", "set", "bloom", "check", "sorted", "grouped"),
        name: fc.constantFrom("x0", "x1", "x2", "x3"),
        on: fc.nat(20),
      }),
      { maxLength: 4, selector: ({ name }) => name },
    ),
    ttl: fc.constantFrom(0, 0, 30, 90),
    settings: fc.subarray(["merge_with_ttl_timeout = 100", "ttl_only_drop_parts = 1", "max_part_loading_threads = 4"]),
    comment: fc.constantFrom("", "", "one", "it's"),
    keyColumn: fc.integer({ min: 0, max: 3 }).map((n) => n === 0),
    rebuilt: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
    sampled: fc.boolean(),
  });
}

function randomColumn(name: string): fc.Arbitrary<Column> {
  return fc.record({
    name: fc.constant(name),
    type: fc.constantFrom(...(FAMILIES[name.slice(0, 1)] ?? NUMBERS)),
    value: fc.constantFrom("", "", "", "DEFAULT", "computed", "MATERIALIZED", "ALIAS"),
    codec: fc.constantFrom("", "", "LZ4", "ZSTD(3)"),
    comment: fc.constantFrom("", "", "one", "it's"),
    ttl: fc.constantFrom(0, 0, 0, 5, 10),
    settings: fc.constantFrom("", "", "max_compress_block_size = 50000", "min_compress_block_size = 10000"),
    statistics: fc.constantFrom("", "", "uniq", "minmax, uniq", "tdigest"),
  });
}

/** One rename of a family, from what only the first has to what only the second has. */
function pairRenames(from: Table, to: Table): Record<string, string> {
  const gone = from.columns.filter(({ name, value }) => value !== "ALIAS" && !hasColumn(to, name));
  const fresh = to.columns.filter(({ name, value }) => value !== "ALIAS" && !hasColumn(from, name));
  for (const { name } of gone) {
    const match = fresh.find((column) => column.name.startsWith(name.slice(0, 1)));
    if (match) return { [match.name]: name };
  }
  return {};
}

function render(table: Table): string {
  const date = table.columns.find(({ name, type, value }) => name === "d0" && isDateTime(type) && value !== "ALIAS");
  const stored = table.columns.filter(({ value }) => value !== "ALIAS");
  const columns = table.columns.map((column, index) => renderColumn(column, table.columns.slice(0, index), date));
  const elements = stored.length === 0 ? [] : table.elements.map((element) => renderElement(element, stored));
  const items = ["k UInt64", ...columns, ...(table.keyColumn ? ["kx String"] : []), ...elements];
  const orderBy = table.rebuilt ? "tuple()" : table.keyColumn ? "(k, kx)" : "k";
  return [
    `CREATE TABLE p.t (${items.join(", ")}) ENGINE = MergeTree`,
    table.rebuilt ? "" : `PRIMARY KEY k`,
    `ORDER BY ${orderBy}`,
    table.sampled && !table.rebuilt ? "SAMPLE BY k" : "",
    table.ttl > 0 && date ? `TTL toDateTime(d0) + INTERVAL ${table.ttl} DAY` : "",
    `SETTINGS ${["min_bytes_for_wide_part = 0", ...table.settings].join(", ")}`,
    table.comment === "" ? "" : `COMMENT ${text(table.comment)}`,
  ].join(" ");
}

function renderColumn(column: Column, before: readonly Column[], date: Column | undefined): string {
  const { name, type, value, codec, comment, ttl, settings, statistics } = column;
  const isAlias = value === "ALIAS";
  return [
    quote(name),
    type,
    renderDefault(column, before),
    comment === "" ? "" : `COMMENT ${text(comment)}`,
    codec === "" || isAlias ? "" : `CODEC(${codec})`,
    statistics === "" || isAlias || !/^U?Int|^Float/.test(type) ? "" : `STATISTICS(${statistics})`,
    ttl === 0 || isAlias || !date || name === "d0" ? "" : `TTL toDateTime(d0) + INTERVAL ${ttl} DAY`,
    settings === "" || isAlias ? "" : `SETTINGS (${settings})`,
  ].join(" ");
}

/** A default that suits every type of the family, or reads a column before it. */
function renderDefault({ name, value, type }: Column, before: readonly Column[]): string {
  if (value === "") return "";
  const keyword = value === "computed" ? "DEFAULT" : value;
  const source = before.filter((column) => column.name.startsWith("n")).at(-1);
  if (name.startsWith("n")) {
    return value === "DEFAULT"
      ? `DEFAULT 7`
      : `${keyword} ${source ? `length(toString(${quote(source.name)}))` : "k % 100"}`;
  }
  if (name.startsWith("d")) return `${keyword} toDateTime('2101-01-01 00:00:00') + k`;
  return name.startsWith("l")
    ? `${keyword} [k]`
    : type === "String"
      ? `${keyword} 'x'`
      : `${keyword} CAST('x', ${text(type)})`;
}

function renderElement({ kind, name, on }: Table["elements"][number], stored: readonly Column[]): string {
  const column = stored[on % stored.length];
  const target = quote(column?.name ?? "k");
  switch (kind) {
    case "check":
      return `CONSTRAINT ${name} CHECK length(toString(${target})) < 1000`;
    case "sorted":
      return `PROJECTION ${name} (SELECT ${target}, k ORDER BY ${target})`;
    case "grouped":
      return `PROJECTION ${name} (SELECT ${target}, count() GROUP BY ${target})`;
    case "bloom":
      return `INDEX ${name} toString(${target}) TYPE bloom_filter`;
    default:
      return `INDEX ${name} ${target} TYPE ${kind === "set" ? "set(10)" : "minmax"}`;
  }
}

function hasColumn({ columns }: Table, name: string): boolean {
  return columns.some((column) => column.name === name);
}

function isDateTime(type: string): boolean {
  return type.startsWith("DateTime");
}

function quote(name: string): string {
  return `\`${name.replaceAll("`", "\\`")}\``;
}

function text(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
