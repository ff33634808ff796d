import assert from "node:assert/strict";
import { stopSharedServer } from "../support/server";
import { Managed } from "./managed";

interface Retyped {
  readonly name: string;
  readonly from: string;
  readonly to: string | { readonly type: string; readonly default: string };
  /** Values of the column, as SQL. */
  readonly values: readonly string[];
  /** What is said of it; then nothing is done without permission. */
  readonly refused?: RegExp;
  /** What is refused whatever is allowed. */
  readonly never?: RegExp;
  /** What is read afterwards, with permission where that is asked for. */
  readonly reads?: string;
  /** What is read, if not the column itself. */
  readonly show?: string;
}

const CASES: readonly Retyped[] = [
  {
    name: "a number in a string that does not fit",
    from: "String",
    to: "UInt8",
    values: ["'1'", "'300'"],
    refused:
      /drops-data: values of a_number_in_a_string_that_does_not_fit change when they are converted to UInt8 \(1 row would change, e\.g\. '300' → 44\)/,
    reads: "1;44",
  },
  {
    name: "a string that is not a number",
    from: "String",
    to: "UInt8",
    values: ["'1'", "'abc'"],
    never:
      /a_string_that_is_not_a_number cannot be converted from String to UInt8 \(\d rows?, e\.g\. 'abc'\); nothing was done/,
  },
  { name: "texts that are numbers", from: "String", to: "UInt8", values: ["'1'", "'255'"], reads: "1;255" },
  {
    name: "a number beyond Int32",
    from: "String",
    to: "Int32",
    values: ["'99999999999'"],
    refused: /'99999999999' → 1215752191/,
  },
  {
    name: "milliseconds as DateTime",
    from: "UInt64",
    to: "DateTime",
    values: ["1767225600000"],
    refused: /drops-data/,
  },
  {
    name: "a date before 1970",
    from: "String",
    to: "Date",
    values: ["'1900-05-05'"],
    refused: /'1900-05-05' → '1970-01-01'/,
  },
  {
    name: "NULL in an array",
    from: "Array(Nullable(UInt64))",
    to: "Array(UInt64)",
    values: ["[1, NULL]", "[2]"],
    never: /NULL_in_an_array cannot be converted from Array\(Nullable\(UInt64\)\) to Array\(UInt64\)/,
  },
  {
    name: "an array that could hold NULL",
    from: "Array(Nullable(UInt64))",
    to: "Array(UInt64)",
    values: ["[1]", "[2]"],
    reads: "1;2",
  },
  {
    name: "an element of a tuple that goes",
    from: "Tuple(name String, kind String)",
    to: "Tuple(name String)",
    values: ["('a', 'important')"],
    refused: /drops-data: the values of element kind of an_element_of_a_tuple_that_goes in all rows of \S+ are lost/,
  },
  {
    name: "an element of a tuple in an array that goes",
    from: "Array(Tuple(name String, at Tuple(city String, zip String)))",
    to: "Array(Tuple(name String, at Tuple(city String)))",
    values: ["[('b', ('x', 'important'))]"],
    refused: /the values of element at\.zip of an_element_of_a_tuple_in_an_array_that_goes/,
  },
  {
    name: "an element of a tuple in a map that goes",
    from: "Map(String, Tuple(name String, kind String))",
    to: "Map(String, Tuple(name String))",
    values: ["map('k', ('b', 'important'))"],
    refused: /the values of element kind of an_element_of_a_tuple_in_a_map_that_goes/,
  },
  {
    name: "elements of a tuple in another order, and one more",
    from: "Tuple(name String, kind String)",
    to: "Tuple(kind String, name String, more UInt8)",
    values: ["('a', 'b')"],
    reads: "b,a,0",
    show: "v.kind, v.name, v.more",
  },
  {
    name: "a label that reads as another one",
    from: "Enum8('x' = 1, 'y' = 2)",
    to: "Enum8('x' = 1, 'z' = 2)",
    values: ["'x'", "'y'"],
    refused: /1 row would change, e\.g\. 'y' → 'z'/,
    reads: "x;z",
  },
  {
    name: "a label without rows",
    from: "Enum8('x' = 1, 'y' = 2)",
    to: "Enum8('x' = 1)",
    values: ["'x'"],
    reads: "x",
  },
  {
    name: "a label that goes, and has rows",
    from: "Enum8('x' = 1, 'y' = 2)",
    to: "Enum8('x' = 1)",
    values: ["'x'", "'y'"],
    never: /cannot be converted/,
  },
  {
    name: "NULL, with a default that reads another column",
    from: "Nullable(DateTime('UTC'))",
    to: { type: "DateTime('UTC')", default: "toDateTime('2000-01-01 00:00:00') + id" },
    values: ["NULL"],
    refused:
      /drops-data: NULL in NULL_with_a_default_that_reads_another_column becomes the default of DateTime\('UTC'\), defaultValueOfTypeName\('DateTime\(\\'UTC\\'\)'\) \(\d rows?\)/,
    reads: "1970-01-01 00:00:00",
  },
  {
    name: "NULL, with a default",
    from: "Nullable(UInt8)",
    to: { type: "UInt8", default: "9" },
    values: ["NULL", "1"],
    refused: /drops-data: NULL in NULL_with_a_default becomes 9 \(1 row\)/,
    reads: "9;1",
  },
  { name: "no NULL where one could be", from: "Nullable(UInt8)", to: "UInt8", values: ["0", "1"], reads: "0;1" },
  {
    name: "a type the engine has no conversion to",
    from: "UUID",
    to: "Array(UInt8)",
    values: [],
    never:
      /a_type_the_engine_has_no_conversion_to cannot become Array\(UInt8\): the server has no conversion from UUID\. Add a column of the new type/,
  },
  {
    name: "a time in the hour that a clock goes twice through",
    from: "DateTime('Europe/Berlin')",
    to: "String",
    values: ["toDateTime(972781200 + 1800, 'UTC')", "toDateTime(972777600 + 1800, 'UTC')"],
    refused: /values of a_time_in_the_hour_that_a_clock_goes_twice_through change when they are converted to String/,
  },
];

describe("a column of another type, with rows", () => {
  let table: Managed | undefined;

  afterEach(async () => {
    await table?.close();
    table = undefined;
  });

  after(stopSharedServer);

  // One table for all of an outcome, each case a column of it.
  it("needs no permission where every value stays the same", async () => {
    const cases = CASES.filter(({ refused, never }) => !refused && !never);
    const before = await create(cases);
    const { inputs, failures } = await before.check(argsOf(cases, "to"));
    assert.deepEqual(failures, []);
    assert.doesNotMatch(String(inputs?.["plan"]), /^-- (?:drops-data|may-fail): /m);
    await before.update(inputs);
    await compare(cases);
  });

  it("needs permission where values become others, and says which", async () => {
    const cases = CASES.filter(({ refused }) => refused);
    const before = await create(cases);
    const { failures } = await before.check(argsOf(cases, "to"));
    for (const { name, refused } of cases) assert.match(failures.join("\n"), refused ?? /./, name);
    const { inputs, failures: none } = await before.check({ ...argsOf(cases, "to"), allow: ["drops-data"] });
    assert.deepEqual(none, []);
    const lines = String(inputs?.["plan"])
      .split("\n")
      .filter((line) => line.startsWith("-- drops-data: "));
    for (const { name } of cases)
      assert.ok(
        lines.some((line) => line.includes(` ${columnOf(name)} `)),
        name,
      );
    await before.update(inputs);
    await compare(cases);
  });

  it("refuses what cannot be converted, whatever is allowed, and names every column", async () => {
    const cases = CASES.filter(({ never }) => never);
    const before = await create(cases);
    const { failures } = await before.check({ ...argsOf(cases, "to"), allow: ["drops-data"] });
    for (const { name, never } of cases) assert.match(failures.join("\n"), never ?? /./, name);
  });

  async function create(cases: readonly Retyped[]): Promise<Managed> {
    table = await Managed.create(argsOf(cases, "from"));
    const rows = Math.max(...cases.map(({ values }) => values.length));
    const names = ["id", ...cases.map(({ name }) => columnOf(name))].join(", ");
    for (let row = 0; row < rows; row += 1) {
      const values = cases.map(({ values, from }) => values[row] ?? values[0] ?? `defaultValueOfTypeName('${from}')`);
      await table.run(`INSERT INTO {db}.t (${names}) SELECT ${row}, ${values.join(", ")}`);
    }
    return table;
  }

  async function compare(cases: readonly Retyped[]): Promise<void> {
    for (const { name, reads, show = "v" } of cases) {
      if (reads === undefined) continue;
      const rows = reads.split(";").length;
      const shown = show.replace(/\bv\b/g, columnOf(name));
      assert.equal(await table?.ask(`SELECT ${shown} FROM {db}.t ORDER BY id LIMIT ${rows}`), reads, name);
    }
    assert.equal(await table?.ask("SELECT count() FROM system.mutations WHERE database = '{db}' AND NOT is_done"), "0");
  }

  it("asks again at `up`: a row that came after the preview is found before the first statement", async () => {
    const args = (v: string) => ({ columns: { id: "UInt64", v }, orderBy: "id" });
    table = await Managed.create(args("String"));
    await table.run("INSERT INTO {db}.t VALUES (1, '7')");
    const { inputs, failures } = await table.check(args("UInt8"));
    assert.deepEqual(failures, []);
    assert.match(String(inputs?.["plan"]), /every value of v is the same as UInt8 \(1 row asked\)/);
    await table.run("INSERT INTO {db}.t VALUES (2, '300')");
    await assert.rejects(table.update(inputs), /is no longer what the preview saw, so nothing was done/);
    assert.equal(await table.ask("SELECT v FROM {db}.t ORDER BY id"), "7;300");
  });

  it("asks the column by the name it still has, in a table that is still called as before", async () => {
    table = await Managed.create({ columns: { id: "UInt64", v: "String" }, orderBy: "id" });
    await table.run("INSERT INTO {db}.t VALUES (1, '300')");
    const { failures } = await table.check({
      columns: { id: "UInt64", w: { type: "UInt8", renamedFrom: "v" } },
      orderBy: "id",
    });
    assert.match(failures.join(), /1 row would change, e\.g\. '300' → 44/);
  });

  it("finds values in rows that DELETE has hidden, which the mutation converts too", async () => {
    table = await Managed.create({ columns: { id: "UInt64", v: "String" }, orderBy: "id" });
    await table.run("INSERT INTO {db}.t VALUES (1, '3'), (2, 'abc')");
    await table.run("DELETE FROM {db}.t WHERE id = 2");
    const wanted = { columns: { id: "UInt64", v: "UInt8" }, orderBy: "id" };
    const { failures } = await table.check(wanted);
    assert.match(failures.join(), /cannot be converted/);
  });

  it("counts what merges would have made of rows that are not merged, when another function merges them", async () => {
    const args = (type: string, more: object = {}) => ({
      columns: { k: "UInt64", n: type },
      engine: "AggregatingMergeTree",
      orderBy: "k",
      ...more,
    });
    table = await Managed.create(args("SimpleAggregateFunction(sum, UInt64)"));
    await table.run("SYSTEM STOP MERGES {db}.t");
    await table.run("INSERT INTO {db}.t VALUES (1, 5)");
    await table.run("INSERT INTO {db}.t VALUES (1, 7)");
    const max = args("SimpleAggregateFunction(max, UInt64)");
    const { failures } = await table.check(max);
    assert.match(
      failures.join(),
      /drops-data: rows of \S+ that are not merged yet are merged by max in n from now on[\s\S]*\(2 rows\)/,
    );
    // The way that the message names.
    await table.run("SYSTEM START MERGES {db}.t");
    await table.run("OPTIMIZE TABLE {db}.t FINAL");
    const merged = await table.check(max);
    assert.deepEqual(merged.failures, []);
    await table.update(merged.inputs);
    assert.equal(await table.ask("SELECT n FROM {db}.t"), "12");
  });

  it("rebuilds a table whose key column gets another type after asking its rows", async () => {
    const args = (a: string, more: object = {}) => ({ columns: { a, b: "String" }, orderBy: "a", ...more });
    table = await Managed.create(args("UInt64"));
    await table.run("INSERT INTO {db}.t VALUES (1, 'x'), (5000000000, 'y')");
    const { failures } = await table.check(args("UInt32"));
    assert.match(
      failures.join(),
      /drops-data: values of a change when they are converted to UInt32 \(1 row would change, e\.g\. 5000000000 → 705032704\)/,
    );
    await table.run("ALTER TABLE {db}.t DELETE WHERE a > 4 SETTINGS mutations_sync = 2");
    const { inputs, failures: none } = await table.check(args("UInt32"));
    assert.deepEqual(none, []);
    await table.update(inputs);
    assert.equal(await table.ask("SELECT a FROM {db}.t"), "1");
  });

  it("copies NULL as what the plan says it becomes, where the table is rebuilt", async () => {
    const args = (orderBy: string, more: object, allow: readonly string[] = []) => ({
      columns: { id: "UInt64", k: "UInt64", ...more },
      orderBy,
      allow,
    });
    table = await Managed.create(args("id", { v: "Nullable(UInt8)", w: "Nullable(UInt64)" }));
    await table.run("INSERT INTO {db}.t VALUES (1, 2, NULL, NULL), (2, 1, 3, 4)");
    const wanted = { v: { type: "UInt8", default: "9" }, w: { type: "UInt64", default: "id + 1" } };
    const { failures } = await table.check(args("k", wanted));
    assert.match(failures.join(), /NULL in v becomes 9 \(1 row\)[\s\S]*NULL in w becomes the default of UInt64/);
    const { inputs } = await table.check(args("k", wanted, ["drops-data"]));
    await table.update(inputs);
    assert.equal(await table.ask("SELECT v, w FROM {db}.t ORDER BY id"), "9,0;3,4");
  });
});

function argsOf(cases: readonly Retyped[], side: "from" | "to"): object {
  const columns = Object.fromEntries(cases.map((one) => [columnOf(one.name), one[side]]));
  return { columns: { id: "UInt64", ...columns }, orderBy: "id" };
}

/** `a number in a string` is column `a_number_in_a_string`. */
function columnOf(name: string): string {
  return name.replace(/\W+/g, "_");
}
